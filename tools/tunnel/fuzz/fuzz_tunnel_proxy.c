/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a peer is called, a header's lengths add up, or there is none. */
#include <netinet/in.h>
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "tools/tunnel/proxy2.h"

/* The next text of the input, cut to what a field may have. */
static const char *text(struct km_rd *rd, char *ret, size_t cap)
{
    uint8_t len = 0;
    struct km_slice bytes = {0};
    ret[0] = '\0';
    if (!km_rd_u8(rd, &len) || len >= cap || !km_rd_bytes(rd, len, &bytes))
        return ret;
    km_copy(ret, cap, bytes.ptr, bytes.len);
    ret[bytes.len] = '\0';
    return ret;
}

static void check_tlvs(struct km_rd rd)
{
    while (km_rd_left(&rd) > 0) {
        uint8_t type = 0;
        uint16_t len = 0;
        struct km_slice value = {0};
        KM_FUZZ_CHECK(km_rd_u8(&rd, &type) && km_rd_u16be(&rd, &len) &&
                      km_rd_bytes(&rd, len, &value));
        if (type == 0x20) {
            KM_FUZZ_CHECK(len >= 5);
            check_tlvs(km_rd_init(KM_SLICE(value.ptr + 5, value.len - 5)));
        }
    }
}

static void check_header(struct km_slice header)
{
    struct km_rd rd = km_rd_init(header);
    struct km_slice part = {0};
    uint8_t command = 0, over = 0;
    uint16_t len = 0;
    KM_FUZZ_CHECK(km_rd_bytes(&rd, 12, &part) && km_rd_u8(&rd, &command) && km_rd_u8(&rd, &over) &&
                  km_rd_u16be(&rd, &len));
    KM_FUZZ_CHECK(command == 0x21 && km_rd_left(&rd) == len);
    KM_FUZZ_CHECK(km_rd_bytes(&rd, over == 0x11 ? 12 : over == 0x21 ? 36 : 0, &part));
    check_tlvs(rd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char alpn[256], name[256], suite[64];
    uint8_t buf[PROXY2_MAX] = {0}, flags = 0;
    struct km_rd rd = km_rd_init(KM_SLICE(data, size));
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice header = {0};
    if (!km_rd_u8(&rd, &flags))
        return 0;
    struct proxy2 about = {
        .version = "TLSv1.3", .has_certificate = (flags & 1) != 0, .is_resumed = (flags & 2) != 0};
    about.from.ss_family = (flags & 4) != 0 ? AF_INET : AF_INET6;
    about.to.ss_family = (flags & 8) != 0 ? AF_INET : AF_INET6;
    about.alpn = text(&rd, alpn, sizeof(alpn));
    about.peer_name = text(&rd, name, sizeof(name));
    about.suite = text(&rd, suite, sizeof(suite));
    proxy2_put(&wr, &about);
    KM_FUZZ_CHECK(km_wr_finish(&wr, &header)); /* the longest of all fits */
    check_header(header);
    return 0;
}
