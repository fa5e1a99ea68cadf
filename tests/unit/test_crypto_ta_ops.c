/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, MACs, ciphers and AEAD through the command interface: published vectors, and parts against the whole. */
#include "tests/unit/crypto_rig.h"

RIG_FIXTURE

/* ---- digests, MACs, ciphers: published vectors ---- */

static void digests(void **state)
{
    static const struct {
        uint32_t algorithm;
        const char *abc; /* FIPS 180-4 examples */
    } rows[] = {
        {KM_CRYPTO_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {KM_CRYPTO_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
        {KM_CRYPTO_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {KM_CRYPTO_SHA384,
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc"
         "2358baeca134c825a7"},
        {KM_CRYPTO_SHA512,
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1"
         "a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t expected[64] = {0};
        uint8_t out[64] = {0};
        size_t len = rig_unhex(rows[i].abc, expected);
        struct km_lane_param p[4] = {P_VI(rows[i].algorithm, 0), P_STR("abc"), P_MO(out, len),
                                     P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_DIGEST, p), TEE_SUCCESS);
        assert_memory_equal(out, expected, len);
        p[2].size = len - 1;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_DIGEST, p), TEE_ERROR_SHORT_BUFFER);
        assert_int_equal(p[2].size, len);
    }
}

/* RFC 4231 (cases 1 and 6: a key longer than a block) and RFC 4493. */
static void macs(void **state)
{
    static uint8_t long_key[131];
    static const struct {
        uint32_t algorithm;
        const char *key, *data, *mac;
    } rows[] = {
        {KM_CRYPTO_HMAC_SHA224, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
         "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"},
        {KM_CRYPTO_HMAC_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {KM_CRYPTO_HMAC_SHA384, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
         "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"},
        {KM_CRYPTO_HMAC_SHA512, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
         "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4b"
         "e9d914eeb61f1702e696c203a126854"},
        {KM_CRYPTO_HMAC_SHA256, NULL,
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b657920"
         "4669727374",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {KM_CRYPTO_HMAC_SHA512, NULL,
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b657920"
         "4669727374",
         "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52"
         "95e64f73f63f0aec8b915a985d786598"},
        {KM_CRYPTO_AES_CMAC, "2b7e151628aed2a6abf7158809cf4f3c", "",
         "bb1d6929e95937287fa37d129b756746"},
        {KM_CRYPTO_AES_CMAC, "2b7e151628aed2a6abf7158809cf4f3c", "6bc1bee22e409f96e93d7e117393172a",
         "070a16b46b4d4144f79bdd9dd04a287c"},
    };
    (void)state;
    memset(long_key, 0xaa, sizeof(long_key));
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t key[64] = {0};
        uint8_t data[128] = {0};
        uint8_t expected[64] = {0};
        uint8_t out[64] = {0};
        size_t data_len = rig_unhex(rows[i].data, data);
        size_t len = rig_unhex(rows[i].mac, expected);
        struct km_slice secret = KM_SLICE(long_key, sizeof(long_key));
        if (rows[i].key != NULL)
            secret = KM_SLICE(key, rig_unhex(rows[i].key, key));
        uint32_t type =
            rows[i].algorithm == KM_CRYPTO_AES_CMAC ? KM_CRYPTO_KEY_AES : KM_CRYPTO_KEY_HMAC;
        uint32_t id = rig_raw(&s, type, secret, 0);
        struct km_lane_param p[4] = {P_VI(id, rows[i].algorithm), P_MI(data, data_len),
                                     P_MO(out, 64), P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_MAC, p), TEE_SUCCESS);
        assert_int_equal(p[2].size, len);
        assert_memory_equal(out, expected, len);
        struct km_lane_param v[4] = {P_VI(id, rows[i].algorithm), P_MI(data, data_len),
                                     P_MI(expected, len), P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_VERIFY_MAC, v), TEE_SUCCESS);
        expected[len - 1] ^= 1;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_VERIFY_MAC, v), TEE_ERROR_MAC_INVALID);
        expected[len - 1] ^= 1;
        v[2].size = len - 1;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_VERIFY_MAC, v), TEE_ERROR_MAC_INVALID);
    }
}

#define SP_KEY "2b7e151628aed2a6abf7158809cf4f3c"
#define SP_IN "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"

/* NIST SP 800-38A, F.1, F.2, F.5; one-shot, in place, and cut into parts at every octet. */
static const struct {
    uint32_t algorithm;
    const char *iv, *out;
} CIPHERS[] = {
    {KM_CRYPTO_AES_ECB_NOPAD, "",
     "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"},
    {KM_CRYPTO_AES_CBC_NOPAD, "000102030405060708090a0b0c0d0e0f",
     "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"},
    {KM_CRYPTO_AES_CTR, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"},
};

static void ciphers(void **state)
{
    uint8_t key[16] = {0};
    uint8_t in[32] = {0};
    uint32_t id = rig_raw(&s, KM_CRYPTO_KEY_AES, KM_SLICE(key, rig_unhex(SP_KEY, key)), 0);
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(CIPHERS); i++) {
        uint8_t iv[16] = {0};
        uint8_t expected[32] = {0};
        uint8_t out[32] = {0};
        uint32_t op = 0;
        size_t iv_len = rig_unhex(CIPHERS[i].iv, iv);
        rig_unhex(SP_IN, in);
        rig_unhex(CIPHERS[i].out, expected);
        struct km_lane_param p[4] = {P_VI(id, CIPHERS[i].algorithm), P_MI(iv, iv_len), P_MI(in, 32),
                                     P_MO(out, 32)};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CIPHER_ENCRYPT, p), TEE_SUCCESS);
        assert_memory_equal(out, expected, 32);
        struct km_lane_param d[4] = {P_VI(id, CIPHERS[i].algorithm), P_MI(iv, iv_len),
                                     P_MI(out, 32), P_MO(out, 32)};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CIPHER_DECRYPT, d), TEE_SUCCESS);
        assert_memory_equal(out, in, 32);
        assert_int_equal(rig_op_new(&s, id, CIPHERS[i].algorithm, KM_CRYPTO_MODE_ENCRYPT, 0,
                                    KM_SLICE(iv, iv_len), 0, &op),
                         TEE_SUCCESS);
        for (size_t at = 0; at <= 32; at++) {
            uint8_t none[1] = {0};
            memset(out, 0, sizeof(out));
            assert_int_equal(rig_feed(&s, op, KM_SLICE(in, 32), at, out, 32), 32);
            assert_memory_equal(out, expected, 32);
            struct km_lane_param f[4] = {P_VI(op, 0), P_MO(none, 0), P_MO(none, 0), P_NONE};
            assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL, f), TEE_SUCCESS);
            assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL, f), TEE_ERROR_BAD_STATE);
            struct km_lane_param r[4] = {P_VI(op, 0), P_MI(iv, iv_len), P_NONE, P_NONE};
            assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_RESET, r), TEE_SUCCESS);
        }
        p[2].size = 31;
        uint32_t wanted =
            CIPHERS[i].algorithm == KM_CRYPTO_AES_CTR ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CIPHER_ENCRYPT, p), wanted);
        p[2].size = 32;
        p[1].size = iv_len == 0 ? 16 : 15;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CIPHER_ENCRYPT, p), TEE_ERROR_BAD_PARAMETERS);
    }
}

/* Who may decrypt only gets no key stream, from which a GCM message could be forged: counter mode asks for both usages. */
static void counter_mode_is_both(void **state)
{
    static const uint32_t USAGES[] = {KM_CRYPTO_USAGE_ENCRYPT, KM_CRYPTO_USAGE_DECRYPT,
                                      KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_DECRYPT};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(USAGES); i++) {
        struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 128);
        uint32_t wanted = i == 2 ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED;
        uint8_t block[16] = {0};
        uint32_t id = 0;
        uint32_t op = 0;
        wish.usage = USAGES[i];
        assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
        for (uint32_t mode = KM_CRYPTO_MODE_ENCRYPT; mode <= KM_CRYPTO_MODE_DECRYPT; mode++) {
            uint32_t command = mode == KM_CRYPTO_MODE_ENCRYPT ? KM_CRYPTO_CMD_CIPHER_ENCRYPT
                                                              : KM_CRYPTO_CMD_CIPHER_DECRYPT;
            struct km_lane_param p[4] = {P_VI(id, KM_CRYPTO_AES_CTR), P_MI(block, 16),
                                         P_MI(block, 16), P_MO(block, 16)};
            assert_int_equal(rig_call(&s, command, p), wanted);
            assert_int_equal(
                rig_op_new(&s, id, KM_CRYPTO_AES_CTR, mode, 0, KM_SLICE(block, 16), 0, &op),
                wanted);
            struct km_lane_param c[4] = {P_VI(id, KM_CRYPTO_AES_CBC_NOPAD), P_MI(block, 16),
                                         P_MI(block, 16), P_MO(block, 16)};
            bool may =
                (USAGES[i] & (mode == KM_CRYPTO_MODE_ENCRYPT ? KM_CRYPTO_USAGE_ENCRYPT
                                                             : KM_CRYPTO_USAGE_DECRYPT)) != 0;
            assert_int_equal(rig_call(&s, command, c), may ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED);
        }
        if (i == 2) {
            struct km_lane_param r[4] = {P_VI(op, 0), P_MI(block, 16), P_NONE, P_NONE};
            assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_RESET, r), TEE_SUCCESS);
        }
    }
}

/* ---- AEAD: test case 4 of the GCM specification ---- */

#define GCM_KEY "feffe9928665731c6d6a8f9467308308"
#define GCM_IV "cafebabefacedbaddecaf888"
#define GCM_AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_IN                                                                                     \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6" \
    "b525b16aedf5aa0de657ba637b39"
#define GCM_OUT                                                                                    \
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84" \
    "aa051ba30b396a0aac973d58e091"
#define GCM_TAG "5bc94fbc3221a5db94fae95ae7121a47"

struct gcm {
    uint32_t id;
    uint8_t iv[12], aad[20], in[60], out[60], tag[16];
};

static void gcm_init(struct gcm *g)
{
    uint8_t key[16] = {0};
    g->id = rig_raw(&s, KM_CRYPTO_KEY_AES, KM_SLICE(key, rig_unhex(GCM_KEY, key)), 0);
    rig_unhex(GCM_IV, g->iv);
    rig_unhex(GCM_AAD, g->aad);
    rig_unhex(GCM_IN, g->in);
    rig_unhex(GCM_OUT, g->out);
    rig_unhex(GCM_TAG, g->tag);
}

static size_t gcm_head(const struct gcm *g, uint32_t tag_len, uint8_t ret[KM_CRYPTO_AEAD_WIRE_MAX])
{
    size_t len = 0;
    struct km_crypto_aead aead = {.key = g->id,
                                  .algorithm = KM_CRYPTO_AES_GCM,
                                  .tag_len = tag_len,
                                  .nonce = KM_SLICE(g->iv, 12)};
    km_copy(aead.tag, 16, g->tag, tag_len);
    assert_true(km_crypto_aead_put(&aead, KM_SPAN(ret, KM_CRYPTO_AEAD_WIRE_MAX), &len));
    return len;
}

static void aead(void **state)
{
    struct gcm g = {0};
    uint8_t head[KM_CRYPTO_AEAD_WIRE_MAX] = {0};
    uint8_t out[60] = {0};
    (void)state;
    gcm_init(&g);
    for (uint32_t tag_len = 12; tag_len <= 16; tag_len++) {
        size_t len = gcm_head(&g, tag_len, head);
        memset(head + len - tag_len, 0, tag_len);
        struct km_lane_param p[4] = {P_MIO(head, len), P_MI(g.aad, 20), P_MI(g.in, 60),
                                     P_MO(out, 60)};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AEAD_ENCRYPT, p), TEE_SUCCESS);
        assert_memory_equal(out, g.out, 60);
        assert_int_equal(p[0].size, len);
        assert_memory_equal(head + len - tag_len, g.tag, tag_len);
        struct km_lane_param d[4] = {P_MI(head, len), P_MI(g.aad, 20), P_MI(out, 60),
                                     P_MO(out, 60)};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AEAD_DECRYPT, d), TEE_SUCCESS);
        assert_memory_equal(out, g.in, 60);
    }
    /* A wrong tag, wrong data, wrong additional data: nothing is written. */
    for (unsigned i = 0; i < 3; i++) {
        size_t len = gcm_head(&g, 16, head);
        uint8_t canary[60];
        memset(canary, 0xcc, sizeof(canary));
        head[len - 1] ^= i == 0;
        g.out[59] ^= i == 1;
        g.aad[0] ^= i == 2;
        struct km_lane_param d[4] = {P_MI(head, len), P_MI(g.aad, 20), P_MI(g.out, 60),
                                     P_MO(canary, 60)};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AEAD_DECRYPT, d), TEE_ERROR_MAC_INVALID);
        assert_int_equal(d[3].size, 0);
        for (unsigned k = 0; k < 60; k++)
            assert_int_equal(canary[k], 0xcc);
        g.out[59] ^= i == 1;
        g.aad[0] ^= i == 2;
    }
    size_t len = gcm_head(&g, 16, head);
    struct km_lane_param d[4] = {P_MI(head, len), P_MI(g.aad, 20), P_MI(g.out, 60), P_MO(out, 59)};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AEAD_DECRYPT, d), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(d[3].size, 60);
    /* No data at all: only the tag. */
    struct km_lane_param e[4] = {P_MIO(head, len), P_MI("", 0), P_MI("", 0), P_MO(out, 0)};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AEAD_ENCRYPT, e), TEE_SUCCESS);
    struct km_lane_param f[4] = {P_MI(head, len), P_MI("", 0), P_MI("", 0), P_MO(out, 0)};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AEAD_DECRYPT, f), TEE_SUCCESS);
}

static uint32_t aad_part(uint32_t op, struct km_slice aad)
{
    struct km_lane_param p[4] = {P_VI(op, 0), P_MI(aad.ptr, aad.len), P_NONE, P_NONE};
    return rig_call(&s, KM_CRYPTO_CMD_OP_UPDATE_AAD, p);
}

static void aead_in_parts(void **state)
{
    struct gcm g = {0};
    uint32_t op = 0;
    uint8_t out[60] = {0};
    uint8_t tag[16] = {0};
    (void)state;
    gcm_init(&g);
    for (size_t at = 0; at <= 60; at += 7) {
        assert_int_equal(rig_op_new(&s, g.id, KM_CRYPTO_AES_GCM, KM_CRYPTO_MODE_ENCRYPT, 0,
                                    KM_SLICE(g.iv, 12), 16, &op),
                         TEE_SUCCESS);
        assert_int_equal(aad_part(op, KM_SLICE(g.aad, 7)), TEE_SUCCESS);
        assert_int_equal(aad_part(op, KM_SLICE(g.aad + 7, 13)), TEE_SUCCESS);
        assert_int_equal(rig_feed(&s, op, KM_SLICE(g.in, 60), at, out, 60), 60);
        assert_int_equal(aad_part(op, KM_SLICE(g.aad, 1)), TEE_ERROR_BAD_STATE);
        struct km_lane_param f[4] = {P_VI(op, 0), P_MO(out, 0), P_MO(tag, 15), P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL, f), TEE_ERROR_SHORT_BUFFER);
        f[2].size = 16;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL, f), TEE_SUCCESS);
        assert_memory_equal(out, g.out, 60);
        assert_memory_equal(tag, g.tag, 16);
        struct km_lane_param r[4] = {P_VI(op, 0), P_MI("", 0), P_NONE, P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_RESET, r), TEE_ERROR_BAD_PARAMETERS);
        struct km_lane_param x[4] = {P_VI(op, 0), P_NONE, P_NONE, P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FREE, x), TEE_SUCCESS);
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FREE, x), KM_CRYPTO_E_STALE_ID);
    }
    assert_int_equal(rig_op_new(&s, g.id, KM_CRYPTO_AES_GCM, KM_CRYPTO_MODE_DECRYPT, 0,
                                KM_SLICE(g.iv, 12), 16, &op),
                     TEE_SUCCESS);
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        memset(out, 0xcc, sizeof(out));
        assert_int_equal(aad_part(op, KM_SLICE(g.aad, 20)), TEE_SUCCESS);
        /* Nothing comes out before the tag was checked, nor when it is wrong. */
        assert_int_equal(rig_feed(&s, op, KM_SLICE(g.out, 60), 31, out, 60), 0);
        struct km_lane_param f[4] = {P_VI(op, 0), P_MO(out, 59), P_MI(g.tag, 16), P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL_VERIFY, f), TEE_ERROR_SHORT_BUFFER);
        assert_int_equal(f[1].size, 60);
        g.tag[0] ^= (uint8_t)wrong;
        uint32_t wanted = wrong != 0 ? TEE_ERROR_MAC_INVALID : TEE_SUCCESS;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL_VERIFY, f), wanted);
        uint8_t canary[60];
        memset(canary, 0xcc, sizeof(canary));
        assert_memory_equal(out, wrong != 0 ? canary : g.in, 60);
        struct km_lane_param r[4] = {P_VI(op, 0), P_MI("", 0), P_NONE, P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_RESET, r), TEE_SUCCESS);
    }
}

/* ---- parts of the rest ---- */

static void macs_and_digests_in_parts(void **state)
{
    static const char DATA[] = "forty-one octets that are cut into parts.";
    struct km_slice data = KM_SLICE_STR(DATA);
    uint32_t key = rig_made(&s, KM_CRYPTO_KEY_HMAC, 256);
    uint8_t whole[2][64] = {{0}};
    uint8_t none[1] = {0};
    uint32_t op[2] = {0};
    (void)state;
    struct km_lane_param m[4] = {P_VI(key, KM_CRYPTO_HMAC_SHA384), P_MI(data.ptr, data.len),
                                 P_MO(whole[0], 64), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_MAC, m), TEE_SUCCESS);
    struct km_lane_param d[4] = {P_VI(KM_CRYPTO_SHA512, 0), P_MI(data.ptr, data.len),
                                 P_MO(whole[1], 64), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_DIGEST, d), TEE_SUCCESS);
    assert_int_equal(rig_op_new(&s, key, KM_CRYPTO_HMAC_SHA384, KM_CRYPTO_MODE_MAC, 0,
                                KM_SLICE(none, 0), 0, &op[0]),
                     TEE_SUCCESS);
    assert_int_equal(
        rig_op_new(&s, 0, KM_CRYPTO_SHA512, KM_CRYPTO_MODE_DIGEST, 0, KM_SLICE(none, 0), 0, &op[1]),
        TEE_SUCCESS);
    for (size_t at = 0; at <= data.len; at++) {
        for (size_t i = 0; i < 2; i++) {
            uint8_t out[64] = {0};
            assert_int_equal(rig_feed(&s, op[i], data, at, none, 0), 0);
            struct km_lane_param f[4] = {P_VI(op[i], 0), P_MO(none, 0), P_MO(out, 64), P_NONE};
            assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL, f), TEE_SUCCESS);
            assert_int_equal(f[2].size, i == 0 ? 48 : 64);
            assert_memory_equal(out, whole[i], f[2].size);
            struct km_lane_param r[4] = {P_VI(op[i], 0), P_MI("", 0), P_NONE, P_NONE};
            assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_RESET, r), TEE_SUCCESS);
        }
    }
    assert_int_equal(rig_feed(&s, op[0], data, 3, none, 0), 0);
    struct km_lane_param v[4] = {P_VI(op[0], 0), P_MO(none, 0), P_MI(whole[0], 48), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL_VERIFY, v), TEE_SUCCESS);
    struct km_lane_param w[4] = {P_VI(op[1], 0), P_MO(none, 0), P_MI(whole[1], 64), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL_VERIFY, w), TEE_ERROR_BAD_STATE);
}

static uint32_t copy_of(uint32_t op, uint32_t expected)
{
    struct km_lane_param c[4] = {P_VI(op, 0), P_VO, P_NONE, P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_COPY, c), expected);
    return expected == TEE_SUCCESS ? c[1].a : 0;
}

/* What a copy gives after the octets that it is fed is what the one it was made of would have given. */
static void copy_goes_on(uint32_t op, struct km_slice data, size_t at, const uint8_t *whole)
{
    uint8_t none[1] = {0};
    assert_int_equal(rig_feed(&s, op, KM_SLICE(data.ptr, at), at / 2, none, 0), 0);
    uint32_t copy = copy_of(op, TEE_SUCCESS);
    assert_int_equal(rig_feed(&s, copy, KM_SLICE(data.ptr + at, data.len - at), 0, none, 0), 0);
    /* The copied one is fed something else, and is none the worse. */
    assert_int_equal(rig_feed(&s, op, KM_SLICE_STR("else"), 2, none, 0), 0);
    const uint32_t both[2] = {copy, op};
    for (size_t i = 0; i < 2; i++) {
        uint8_t out[64] = {0};
        struct km_lane_param f[4] = {P_VI(both[i], 0), P_MO(none, 0), P_MO(out, 64), P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL, f), TEE_SUCCESS);
        assert_int_equal(memcmp(out, whole, f[2].size) == 0, i == 0);
        (void)copy_of(both[i], TEE_ERROR_BAD_STATE);
    }
    struct km_lane_param x[4] = {P_VI(copy, 0), P_NONE, P_NONE, P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FREE, x), TEE_SUCCESS);
    struct km_lane_param r[4] = {P_VI(op, 0), P_MI("", 0), P_NONE, P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_RESET, r), TEE_SUCCESS);
}

static void copies(void **state)
{
    struct km_slice data = KM_SLICE_STR("what two messages have in common, and what not");
    uint32_t key = rig_made(&s, KM_CRYPTO_KEY_AES, 128);
    uint8_t whole[2][64] = {{0}};
    uint8_t none[1] = {0};
    uint32_t op[2] = {0};
    (void)state;
    struct km_lane_param m[4] = {P_VI(key, KM_CRYPTO_AES_CMAC), P_MI(data.ptr, data.len),
                                 P_MO(whole[0], 64), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_MAC, m), TEE_SUCCESS);
    struct km_lane_param d[4] = {P_VI(KM_CRYPTO_SHA3_256, 0), P_MI(data.ptr, data.len),
                                 P_MO(whole[1], 64), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_DIGEST, d), TEE_SUCCESS);
    assert_int_equal(rig_op_new(&s, key, KM_CRYPTO_AES_CMAC, KM_CRYPTO_MODE_MAC, 0,
                                KM_SLICE(none, 0), 0, &op[0]),
                     TEE_SUCCESS);
    assert_int_equal(rig_op_new(&s, 0, KM_CRYPTO_SHA3_256, KM_CRYPTO_MODE_DIGEST, 0,
                                KM_SLICE(none, 0), 0, &op[1]),
                     TEE_SUCCESS);
    for (size_t at = 0; at <= data.len; at++)
        for (size_t i = 0; i < 2; i++)
            copy_goes_on(op[i], data, at, whole[i]);
    /* Not of a cipher; and no more than there is room for. */
    uint8_t iv[16] = {0};
    uint32_t cipher = 0;
    assert_int_equal(rig_op_new(&s, key, KM_CRYPTO_AES_CTR, KM_CRYPTO_MODE_ENCRYPT, 0,
                                KM_SLICE(iv, 16), 0, &cipher),
                     TEE_SUCCESS);
    (void)copy_of(cipher, TEE_ERROR_NOT_SUPPORTED);
    for (unsigned n = 3; n < KM_CRYPTO_OPERATIONS_MAX; n++)
        (void)copy_of(op[n % 2], TEE_SUCCESS);
    (void)copy_of(op[0], KM_CRYPTO_E_TOO_LARGE);
}

/* A copy counts as a use, and there are none beyond the last. */
static void copies_are_counted(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_HMAC, 256);
    uint8_t none[1] = {0};
    uint32_t id = 0;
    uint32_t op = 0;
    (void)state;
    wish.max_uses = 2;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    assert_int_equal(
        rig_op_new(&s, id, KM_CRYPTO_HMAC_SHA256, KM_CRYPTO_MODE_MAC, 0, KM_SLICE(none, 0), 0, &op),
        TEE_SUCCESS);
    (void)copy_of(op, TEE_SUCCESS);
    (void)copy_of(op, KM_CRYPTO_E_USED_UP);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(digests),
        T(macs),
        T(ciphers),
        T(counter_mode_is_both),
        T(aead),
        T(aead_in_parts),
        T(macs_and_digests_in_parts),
        T(copies),
        T(copies_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
