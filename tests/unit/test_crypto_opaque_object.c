/* SPDX-License-Identifier: Apache-2.0 */
/* Opaque objects: what an identifier opens, how often, for whom, and what is believed of the data. */
#include <openssl/sha.h>

#include "tests/unit/opaque_rig.h"

#define DATA_MAX 200000u

static uint8_t clear[DATA_MAX];
static uint8_t encrypted[DATA_MAX + 16];
static uint8_t got[DATA_MAX + 64];
static size_t encrypted_len;

static const uint8_t OBJECT_KEY[32] = {9, 8, 7};
static const uint8_t OBJECT_IV[16] = {5, 4, 3};
static const uint8_t OBJECT_ID[16] = {0x11, 0x22, 0x33};

/* What an identifier says; tests change what they are about. */
struct made {
    EVP_PKEY *signer;
    EVP_PKEY *to;
    const char *signed_id; /* instead of OBJECT_ID, outside */
    const uint8_t *fingerprint;
    struct km_object_info info;
    struct km_object_policy policy;
    uint8_t digest[32];
    uint8_t of_signer[32];
    struct maker_bytes identifier;
};

static void make_object(enum km_pack_cipher cipher, size_t len, struct made *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < len; i++)
        clear[i] = (uint8_t)(i * 7u + (i >> 8));
    maker_encrypt(cipher, OBJECT_KEY, OBJECT_IV, KM_SLICE(clear, len), encrypted, &encrypted_len);
    assert_non_null(SHA256(clear, len, ret->digest));
    ret->signer = opaque_rig.oem;
    ret->to = opaque_rig.device;
    ret->info = (struct km_object_info){
        .cipher = KM_SLICE_STR(km_pack_cipher_name(cipher)),
        .key = KM_SLICE(OBJECT_KEY, 32),
        .iv = KM_SLICE(OBJECT_IV, 16),
        .digest_name = KM_SLICE_STR("SHA256"),
        .digest = KM_SLICE(ret->digest, 32),
        .size = len,
    };
}

static void make_identifier(struct made *made)
{
    struct maker_bytes plain = {.len = 0};
    struct km_slice whole = {0};
    struct km_wr wr = km_wr_init(plain.at, sizeof(plain.at));
    maker_fingerprint(made->signer, made->of_signer);
    struct km_object_policy none = {0};
    struct km_object_secret secret = {
        .object_id = KM_SLICE(OBJECT_ID, 16),
        .signer = KM_SLICE(made->fingerprint != NULL ? made->fingerprint : made->of_signer, 32),
        .info = made->info,
        .has_policy = memcmp(&made->policy, &none, sizeof(none)) != 0,
        .policy = made->policy,
    };
    struct maker_seal seal = {.to = made->to};
    km_object_secret_put(&wr, &secret);
    assert_true(km_wr_finish(&wr, &whole));
    maker_object_id(
        made->signer, &seal,
        KM_SLICE(made->signed_id != NULL ? (const uint8_t *)made->signed_id : OBJECT_ID, 16), whole,
        &made->identifier);
}

static uint32_t open_as(struct rig_session *s, const struct made *made, uint32_t verifier,
                        uint32_t *ret_id)
{
    struct km_crypto_object told = {0};
    return opaque_open(s, KM_SLICE(made->identifier.at, made->identifier.len), verifier, 0, &told,
                       ret_id);
}

static uint32_t try_open(const struct made *made)
{
    uint32_t id = 0;
    uint32_t result = open_as(&opaque_rig.owner, made, 0, &id);
    if (result == TEE_SUCCESS)
        assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_FREE, id),
                         TEE_SUCCESS);
    return result;
}

static uint32_t update(uint32_t id, const uint8_t *in, size_t len, uint8_t *out, size_t *room)
{
    struct km_lane_param p[4] = {P_VI(id, 0), P_MI(in, len), P_MO(out, *room), P_NONE};
    uint32_t result = rig_call(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_UPDATE, p);
    *room = p[2].size;
    return result;
}

/* All of `encrypted` in pieces; *ret_len is what came out. */
static uint32_t decrypt(uint32_t id, size_t piece, bool is_wanted, size_t *ret_len)
{
    *ret_len = 0;
    for (size_t at = 0; at < encrypted_len; at += piece) {
        size_t len = encrypted_len - at < piece ? encrypted_len - at : piece;
        size_t room = is_wanted ? sizeof(got) - *ret_len : 0;
        uint32_t result = update(id, encrypted + at, len, is_wanted ? got + *ret_len : NULL, &room);
        if (result != TEE_SUCCESS)
            return result;
        *ret_len += room;
    }
    return opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_FINISH, id);
}

static void opened(const struct made *made, uint32_t *ret_id)
{
    assert_int_equal(open_as(&opaque_rig.owner, made, 0, ret_id), TEE_SUCCESS);
}

/* ---- what comes out ---- */

static void sizes_and_pieces(void **state)
{
    static const size_t SIZES[] = {0, 1, 15, 16, 17, 4096, 65535, 65536, 65537, DATA_MAX};
    static const size_t PIECES[] = {1, 7, 16, 4097, 65536, DATA_MAX + 16};
    struct made made;
    (void)state;
    for (unsigned c = KM_PACK_AES_CTR; c <= KM_PACK_AES_CFB; c++) {
        for (size_t i = 0; i < KM_ARRAY_LEN(SIZES); i++) {
            uint32_t id = 0;
            make_object((enum km_pack_cipher)c, SIZES[i], &made);
            make_identifier(&made);
            opened(&made, &id);
            for (size_t k = 0; k < KM_ARRAY_LEN(PIECES); k++) {
                size_t len = 0;
                if (encrypted_len / PIECES[k] > 5000)
                    continue;
                memset(got, 0xee, sizeof(got));
                assert_int_equal(decrypt(id, PIECES[k], true, &len), TEE_SUCCESS);
                assert_int_equal(len, SIZES[i]);
                assert_memory_equal(got, clear, len);
                assert_int_equal(got[len], 0xee);
                assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_REWIND, id),
                                 TEE_SUCCESS);
            }
            assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_FREE, id),
                             TEE_SUCCESS);
        }
    }
}

static void in_place(void **state)
{
    struct made made;
    (void)state;
    for (unsigned c = KM_PACK_AES_CTR; c <= KM_PACK_AES_CFB; c++) {
        uint32_t id = 0;
        size_t room = DATA_MAX;
        make_object((enum km_pack_cipher)c, DATA_MAX - 5, &made);
        make_identifier(&made);
        opened(&made, &id);
        km_copy(got, sizeof(got), encrypted, encrypted_len);
        assert_int_equal(update(id, got, encrypted_len, got, &room), TEE_SUCCESS);
        assert_int_equal(room, DATA_MAX - 5);
        assert_memory_equal(got, clear, room);
        assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_FINISH, id),
                         TEE_SUCCESS);
    }
}

static void told(void **state)
{
    struct made made;
    struct km_crypto_object object = {0};
    uint32_t id = 0;
    (void)state;
    make_object(KM_PACK_AES_CBC, 1000, &made);
    made.info.has_policy = true;
    made.info.policy.max_opens = 7;
    made.info.policy.not_after = 1000000700;
    made.policy.max_opens = 5;
    make_identifier(&made);
    struct km_slice identifier = KM_SLICE(made.identifier.at, made.identifier.len);
    assert_int_equal(opaque_open(&opaque_rig.owner, identifier, 0, 0, &object, &id), TEE_SUCCESS);
    assert_int_equal(object.size, 1000);
    assert_int_equal(object.opens_left, 4);
    assert_int_equal(object.not_after, 1000000700);
    assert_int_equal(object.algorithm, KM_CRYPTO_AES_CBC_NOPAD);
    assert_memory_equal(object.id, OBJECT_ID, 16);
}

static void two_passes(void **state)
{
    struct made made;
    uint32_t id = 0;
    size_t len = 0;
    (void)state;
    make_object(KM_PACK_AES_CTR, 100000, &made);
    make_identifier(&made);
    opened(&made, &id);
    assert_int_equal(decrypt(id, 30000, false, &len), TEE_SUCCESS);
    assert_int_equal(len, 0);
    /* Over is over, until it is rewound; and the second pass is believed no sooner than the first. */
    size_t room = sizeof(got);
    assert_int_equal(update(id, encrypted, 16, got, &room), TEE_ERROR_BAD_STATE);
    assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_FINISH, id),
                     TEE_ERROR_BAD_STATE);
    assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_REWIND, id), TEE_SUCCESS);
    encrypted[77777] ^= 1;
    assert_int_equal(decrypt(id, 30000, true, &len), KM_CRYPTO_E_OTHER_OBJECT);
    encrypted[77777] ^= 1;
    assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_REWIND, id), TEE_SUCCESS);
    assert_int_equal(decrypt(id, 30000, true, &len), TEE_SUCCESS);
    assert_memory_equal(got, clear, len);
}

static void other_data(void **state)
{
    struct made made;
    (void)state;
    for (unsigned c = KM_PACK_AES_CTR; c <= KM_PACK_AES_CFB; c++) {
        uint32_t id = 0;
        size_t len = 0;
        make_object((enum km_pack_cipher)c, 100, &made);
        make_identifier(&made);
        opened(&made, &id);
        for (size_t i = 0; i < encrypted_len; i++) {
            encrypted[i] ^= 0x80;
            assert_int_equal(decrypt(id, 1000, true, &len), KM_CRYPTO_E_OTHER_OBJECT);
            encrypted[i] ^= 0x80;
            assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_REWIND, id),
                             TEE_SUCCESS);
        }
        size_t whole = encrypted_len;
        for (encrypted_len = 0; encrypted_len <= whole + 1; encrypted_len++) {
            uint32_t expected = encrypted_len == whole ? TEE_SUCCESS : KM_CRYPTO_E_OTHER_OBJECT;
            assert_int_equal(decrypt(id, 1000, true, &len), expected);
            assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_REWIND, id),
                             TEE_SUCCESS);
        }
    }
}

static void short_buffer(void **state)
{
    struct made made;
    uint32_t id = 0;
    size_t room = 99;
    (void)state;
    make_object(KM_PACK_AES_CTR, 100, &made);
    make_identifier(&made);
    opened(&made, &id);
    assert_int_equal(update(id, encrypted, 100, got, &room), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(room, 100);
    assert_int_equal(update(id, encrypted, 100, got, &room), TEE_SUCCESS);
    assert_memory_equal(got, clear, 100);
    assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_FINISH, id), TEE_SUCCESS);
    assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_FREE, id), TEE_SUCCESS);
    for (uint32_t c = KM_CRYPTO_CMD_OBJECT_FINISH; c <= KM_CRYPTO_CMD_OBJECT_FREE; c++)
        assert_int_equal(opaque_step(&opaque_rig.owner, c, id), KM_CRYPTO_E_STALE_ID);
    /* An id of another table is none here. */
    uint32_t key = opaque_import(&opaque_rig.owner, KM_CRYPTO_KEY_ECDSA_PUBLIC, opaque_rig.oem);
    (void)key;
    assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OP_FREE, id),
                     KM_CRYPTO_E_STALE_ID);
}

static void no_more_than_fit(void **state)
{
    struct made made;
    uint32_t id = 0;
    (void)state;
    make_object(KM_PACK_AES_CTR, 10, &made);
    made.policy.max_opens = KM_CRYPTO_OBJECTS_MAX + 1;
    make_identifier(&made);
    for (unsigned i = 0; i < KM_CRYPTO_OBJECTS_MAX; i++)
        opened(&made, &id);
    uint32_t other = 0;
    assert_int_equal(open_as(&opaque_rig.owner, &made, 0, &other), KM_CRYPTO_E_TOO_LARGE);
    /* What there was no room for did not count. */
    assert_int_equal(opaque_step(&opaque_rig.owner, KM_CRYPTO_CMD_OBJECT_FREE, id), TEE_SUCCESS);
    opened(&made, &id);
}

/* ---- who, when, how often ---- */

static void counted(void **state)
{
    struct made made;
    uint32_t id = 0;
    (void)state;
    make_object(KM_PACK_AES_CTR, 10, &made);
    made.policy.max_opens = 3;
    make_identifier(&made);
    assert_int_equal(try_open(&made), TEE_SUCCESS);
    opaque_rig_restart();
    assert_int_equal(open_as(&opaque_rig.stranger, &made, 0, &id), TEE_SUCCESS);
    assert_int_equal(try_open(&made), TEE_SUCCESS);
    opaque_rig_restart();
    assert_int_equal(try_open(&made), KM_CRYPTO_E_USED_UP);
    assert_int_equal(open_as(&opaque_rig.admin, &made, 0, &id), KM_CRYPTO_E_USED_UP);
    /* A fresh identifier with the same number, more openings and another key goes on counting. */
    make_identifier(&made);
    assert_int_equal(try_open(&made), KM_CRYPTO_E_USED_UP);
    made.policy.max_opens = 4;
    make_identifier(&made);
    assert_int_equal(try_open(&made), TEE_SUCCESS);
    assert_int_equal(try_open(&made), KM_CRYPTO_E_USED_UP);
}

/* Nobody reaches the count by a name: it is no key and no password, whatever it is called. */
static void count_is_out_of_reach(void **state)
{
    struct made made;
    uint8_t list[4096] = {0};
    (void)state;
    make_object(KM_PACK_AES_CTR, 10, &made);
    made.policy.max_opens = 1;
    make_identifier(&made);
    assert_int_equal(try_open(&made), TEE_SUCCESS);
    struct km_lane_param p[4] = {P_VIO(0), P_MI(NULL, 0), P_MO(list, sizeof(list)), P_NONE};
    assert_int_equal(rig_call(&opaque_rig.admin, KM_CRYPTO_CMD_LIST_KEYS, p), TEE_SUCCESS);
    struct km_rd rd = km_rd_init(KM_SLICE(list, p[2].size));
    struct km_slice entry = {0};
    while (km_crypto_list_next(&rd, sizeof(list), &entry)) {
        struct km_crypto_info info = {0};
        assert_true(km_crypto_info_parse(entry, &info));
        assert_memory_equal(info.name.at, "com.seqlabs.", 12);
    }
    assert_int_equal(try_open(&made), KM_CRYPTO_E_USED_UP);
}

/* An instance killed after it counted gives nothing out, and the opening is spent. */
static int open_and_die(void *arg)
{
    const struct made *made = arg;
    struct rig_session session = {0};
    uint32_t id = 0;
    rig_start(opaque_rig.dir);
    rig_open(&session, OWNER, false);
    if (open_as(&session, made, 0, &id) != TEE_SUCCESS)
        return 1;
    (void)kill(getpid(), SIGKILL);
    return 2;
}

static void killed(void **state)
{
    struct made made;
    (void)state;
    make_object(KM_PACK_AES_CTR, 10, &made);
    made.policy.max_opens = 2;
    make_identifier(&made);
    rig_close(&opaque_rig.owner);
    rig_close(&opaque_rig.stranger);
    rig_close(&opaque_rig.admin);
    rig_stop();
    int status = km_test_in_child(open_and_die, &made);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    rig_start(opaque_rig.dir);
    rig_open(&opaque_rig.owner, OWNER, false);
    rig_open(&opaque_rig.stranger, STRANGER, false);
    rig_open(&opaque_rig.admin, 0, true);
    assert_int_equal(try_open(&made), TEE_SUCCESS);
    assert_int_equal(try_open(&made), KM_CRYPTO_E_USED_UP);
}

static void times(void **state)
{
    struct made made;
    (void)state;
    for (unsigned is_inside = 0; is_inside < 2; is_inside++) {
        make_object(KM_PACK_AES_CTR, 10, &made);
        struct km_object_policy *policy = is_inside ? &made.info.policy : &made.policy;
        made.info.has_policy = is_inside;
        policy->not_before = 1000000100;
        policy->not_after = 1000000200;
        make_identifier(&made);
        static const struct {
            uint64_t now;
            uint32_t result;
        } CASES[] = {{1000000099, KM_CRYPTO_E_NOT_YET_VALID},
                     {1000000100, TEE_SUCCESS},
                     {1000000200, TEE_SUCCESS},
                     {1000000201, KM_CRYPTO_E_EXPIRED}};
        for (size_t i = 0; i < KM_ARRAY_LEN(CASES); i++) {
            rig_host.now = CASES[i].now;
            assert_int_equal(try_open(&made), CASES[i].result);
        }
    }
}

static void executable(void **state)
{
    static const uint8_t EXE[32] = {0xaa, 0xbb};
    static const char *const TEXT =
        "aabb000000000000000000000000000000000000000000000000000000000000";
    static const char *const OTHER =
        "aabb000000000000000000000000000000000000000000000000000000000001";
    struct made made;
    uint32_t id = 0;
    (void)state;
    make_object(KM_PACK_AES_CTR, 10, &made);
    made.policy.executable = KM_SLICE(EXE, 32);
    made.policy.max_opens = 1;
    make_identifier(&made);
    rig_host.exe_sha256 = NULL;
    assert_int_equal(try_open(&made), TEE_ERROR_ACCESS_DENIED);
    rig_host.exe_sha256 = OTHER;
    assert_int_equal(open_as(&opaque_rig.stranger, &made, 0, &id), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(open_as(&opaque_rig.admin, &made, 0, &id), TEE_ERROR_ACCESS_DENIED);
    /* A trusted application is not the program that it was called by. */
    struct rig_session other = {0};
    rig_host.exe_sha256 = TEXT;
    rig_open_ta(&other, &(const struct km_uuid){{1}}, 0, true);
    assert_int_equal(open_as(&other, &made, 0, &id), TEE_ERROR_ACCESS_DENIED);
    rig_close(&other);
    /* Those who were refused used nothing up. */
    opaque_rig_restart();
    assert_int_equal(try_open(&made), TEE_SUCCESS);
}

/* ---- whose identifier ---- */

static void signers(void **state)
{
    static const struct {
        const char *kind;
        uint32_t type;
    } SIGNERS[] = {{"P-256", KM_CRYPTO_KEY_ECDSA_PUBLIC},
                   {"P-384", KM_CRYPTO_KEY_ECDSA_PUBLIC},
                   {"P-521", KM_CRYPTO_KEY_EC_DUAL_PUBLIC},
                   {"RSA", KM_CRYPTO_KEY_RSA_PUBLIC},
                   {"DSA", KM_CRYPTO_KEY_DSA_PUBLIC}};
    struct made made;
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(SIGNERS); i++) {
        uint32_t id = 0;
        make_object(KM_PACK_AES_CTR, 10, &made);
        made.signer = maker_key(SIGNERS[i].kind);
        made.policy.max_opens = 1; /* each signer has a count of its own */
        make_identifier(&made);
        uint32_t key = opaque_import(&opaque_rig.owner, SIGNERS[i].type, made.signer);
        assert_int_equal(try_open(&made), TEE_ERROR_SIGNATURE_INVALID);
        assert_int_equal(open_as(&opaque_rig.owner, &made, key, &id), TEE_SUCCESS);
        assert_int_equal(open_as(&opaque_rig.owner, &made, key, &id), KM_CRYPTO_E_USED_UP);
        assert_int_equal(open_as(&opaque_rig.owner, &made, key + 1, &id), KM_CRYPTO_E_STALE_ID);
        EVP_PKEY_free(made.signer);
    }
}

/* Somebody takes what was sealed for this device and signs it himself, to have a count or a number of his own. */
static void signed_anew(void **state)
{
    struct made made;
    uint8_t of_oem[32] = {0};
    uint32_t id = 0;
    (void)state;
    make_object(KM_PACK_AES_CTR, 10, &made);
    maker_fingerprint(opaque_rig.oem, of_oem);
    made.signer = maker_key("P-256");
    made.fingerprint = of_oem;
    make_identifier(&made);
    uint32_t key = opaque_import(&opaque_rig.owner, KM_CRYPTO_KEY_ECDSA_PUBLIC, made.signer);
    assert_int_equal(open_as(&opaque_rig.owner, &made, key, &id), TEE_ERROR_SIGNATURE_INVALID);
    EVP_PKEY_free(made.signer);
    made.signer = opaque_rig.oem;
    made.fingerprint = NULL;
    made.signed_id = "another object's";
    make_identifier(&made);
    assert_int_equal(try_open(&made), TEE_ERROR_SIGNATURE_INVALID);
    made.signed_id = NULL;
    made.to = maker_key("P-256");
    make_identifier(&made);
    assert_int_equal(try_open(&made), KM_CRYPTO_E_OTHER_DEVICE);
    EVP_PKEY_free(made.to);
}

static void every_octet(void **state)
{
    struct made made;
    uint32_t id = 0;
    struct km_crypto_object object = {0};
    (void)state;
    make_object(KM_PACK_AES_CTR, 10, &made);
    made.policy.max_opens = 1;
    make_identifier(&made);
    for (size_t i = 0; i < made.identifier.len; i++) {
        made.identifier.at[i] ^= 0x40;
        uint32_t result = try_open(&made);
        made.identifier.at[i] ^= 0x40;
        if (result != TEE_ERROR_SIGNATURE_INVALID && result != TEE_ERROR_BAD_FORMAT &&
            result != TEE_ERROR_NOT_SUPPORTED)
            fail_msg("octet %zu: 0x%08x", i, result);
    }
    for (size_t len = 1; len < made.identifier.len; len++)
        assert_int_equal(
            opaque_open(&opaque_rig.owner, KM_SLICE(made.identifier.at, len), 0, 0, &object, &id),
            TEE_ERROR_BAD_FORMAT);
    /* None of them was counted. */
    assert_int_equal(try_open(&made), TEE_SUCCESS);
    assert_int_equal(try_open(&made), KM_CRYPTO_E_USED_UP);
}

static void unknown_algorithms(void **state)
{
    struct made made;
    (void)state;
    make_object(KM_PACK_AES_CTR, 10, &made);
    made.info.cipher = KM_SLICE_STR("AES_GCM");
    make_identifier(&made);
    assert_int_equal(try_open(&made), TEE_ERROR_NOT_SUPPORTED);
    make_object(KM_PACK_AES_CTR, 10, &made);
    made.info.digest_name = KM_SLICE_STR("MD5");
    make_identifier(&made);
    assert_int_equal(try_open(&made), TEE_ERROR_NOT_SUPPORTED);
    make_object(KM_PACK_AES_CTR, 10, &made);
    made.info.digest_name = KM_SLICE_STR("SHA512");
    make_identifier(&made);
    assert_int_equal(try_open(&made), TEE_ERROR_BAD_FORMAT);
}

#define ON_DEVICE(test) cmocka_unit_test_setup_teardown(test, opaque_rig_up, opaque_rig_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DEVICE(sizes_and_pieces),
        ON_DEVICE(in_place),
        ON_DEVICE(told),
        ON_DEVICE(two_passes),
        ON_DEVICE(other_data),
        ON_DEVICE(short_buffer),
        ON_DEVICE(no_more_than_fit),
        ON_DEVICE(counted),
        ON_DEVICE(count_is_out_of_reach),
        ON_DEVICE(killed),
        ON_DEVICE(times),
        ON_DEVICE(executable),
        ON_DEVICE(signers),
        ON_DEVICE(signed_anew),
        ON_DEVICE(every_octet),
        ON_DEVICE(unknown_algorithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
