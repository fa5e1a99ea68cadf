/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STEP with a peer and a client that are up to anything. Two good ends talk to each other; the input says what becomes of their octets
 * on the way (carried, changed, cut, repeated, made up), and with which parameters the steps are called. No answer may go beyond its
 * room (the rig checks), a failure is for good, and nothing is given out that was not sent.
 */
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "tests/unit/tlsio_rig.h"

#define MOVES_MAX 64u

static struct tlsio_end ends[2];

static void once(void)
{
    static bool is_started;
    if (is_started)
        return;
    is_started = true;
    tlsio_rig_start();
    (void)atexit(tlsio_rig_stop);
}

static bool begin(uint8_t how)
{
    struct km_tlsio_settings client = tlsio_settings(KM_TLSIO_CLIENT);
    struct km_tlsio_settings server = tlsio_settings(KM_TLSIO_SERVER);
    client.max_version = (how & 1u) != 0 ? KM_TLSIO_VERSION_1_2 : KM_TLSIO_VERSION_1_3;
    server.verify = (how >> 1) % 3u;
    client.alpn = server.alpn = (how & 8u) != 0 ? KM_SLICE("\x02h2", 3) : KM_SLICE(NULL, 0);
    if ((how & 16u) != 0) {
        client.psk_identity = server.psk_identity = KM_SLICE_STR("me");
        client.psk = server.psk = KM_SLICE_STR("0123456789abcdef");
    }
    tlsio_peers.verdict = (how & 64u) != 0 ? KM_CERTS_EXPIRED : KM_CERTS_GOOD;
    memset(ends, 0, sizeof(ends));
    const struct tlsio_pem *pem = tlsio_pem(false);
    return tlsio_setup(&ends[0], &client, (how & 32u) != 0 ? pem : NULL) == TEE_SUCCESS &&
           tlsio_setup(&ends[1], &server, pem) == TEE_SUCCESS &&
           tlsio_connect(&ends[0], "localhost") == TEE_SUCCESS &&
           tlsio_connect(&ends[1], "") == TEE_SUCCESS;
}

static void step(struct tlsio_end *end, const struct tlsio_wish *wish)
{
    uint32_t before = end->last.state;
    if (tlsio_step(end, wish) != TEE_SUCCESS)
        return;
    bool has_failed = (end->last.state & KM_TLSIO_FAILED) != 0;
    KM_FUZZ_CHECK((before & KM_TLSIO_FAILED) == 0 || has_failed);
    KM_FUZZ_CHECK(has_failed == (end->last.failure != 0));
    KM_FUZZ_CHECK(end->last.failure != KM_TLSIO_FAIL_INTERNAL);
    for (size_t i = 0; i < end->n_got; i++)
        KM_FUZZ_CHECK(end->got[i] == 'p');
}

/* What one end sent goes to the other; what that one took is gone, unless it is to be repeated. */
static void carry(unsigned from, size_t len, uint8_t flags, size_t room)
{
    struct tlsio_end *a = &ends[from], *b = &ends[1u - from];
    if (len > a->n_sent)
        len = a->n_sent;
    const struct tlsio_wish wish = {.flags = flags & 3u,
                                    .cipher = KM_SLICE(a->sent, len),
                                    .cipher_room = room,
                                    .plain_room = room};
    step(b, &wish);
    size_t taken = b->last.cipher_taken <= len ? b->last.cipher_taken : 0;
    if ((flags & 4u) != 0)
        return;
    memmove(a->sent, a->sent + taken, a->n_sent - taken);
    a->n_sent -= taken;
}

static void move(struct km_rd *rd)
{
    static uint8_t plain[4096];
    uint8_t what = 0, flags = 0;
    uint16_t a = 0, b = 0;
    struct km_slice octets = {0};
    if (!km_rd_u8(rd, &what) || !km_rd_u8(rd, &flags) || !km_rd_u16le(rd, &a) ||
        !km_rd_u16le(rd, &b))
        return;
    struct tlsio_end *end = &ends[what & 1u];
    memset(plain, 'p', sizeof(plain));
    struct tlsio_wish wish = {.flags = flags & 3u, .cipher_room = b};
    switch ((what >> 1) % 5u) {
    case 0: /* carried */
        carry(what & 1u, a, flags, b);
        break;
    case 1: /* all of it, both ways */
        tlsio_pump(&ends[0], &ends[1], a % 2048u + 1u);
        break;
    case 2: /* changed on the way */
        if (end->n_sent > 0)
            end->sent[a % end->n_sent] ^= (uint8_t)(b | 1u);
        break;
    case 3: /* made up */
        if (!km_rd_bytes(rd, a % 512u < km_rd_left(rd) ? a % 512u : km_rd_left(rd), &octets))
            return;
        wish.cipher = octets;
        step(end, &wish);
        break;
    default: /* plaintext */
        wish.plain = KM_SLICE(plain, a % sizeof(plain));
        step(end, &wish);
        break;
    }
    /* Room for what comes; a peer that is not heard loses what it sent. */
    for (unsigned i = 0; i < 2; i++) {
        if (ends[i].n_sent > sizeof(ends[i].sent) / 2)
            ends[i].n_sent = 0;
        if (ends[i].n_got > sizeof(ends[i].got) / 2)
            ends[i].n_got = 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_rd rd = km_rd_init(KM_SLICE(data, size));
    uint8_t how = 0;
    once();
    if (!km_rd_u8(&rd, &how))
        return 0;
    if (begin(how)) {
        const struct tlsio_wish hello = {0};
        step(&ends[0], &hello);
        for (unsigned i = 0; i < MOVES_MAX && !km_rd_done(&rd); i++)
            move(&rd);
    }
    tlsio_end_close(&ends[0]);
    tlsio_end_close(&ends[1]);
    return 0;
}
