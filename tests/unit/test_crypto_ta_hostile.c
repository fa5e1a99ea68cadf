/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that means harm: parameter types no command has, sizes none should have, and a search of everything that comes back
 * for the private value of a key that may not leave.
 */
#include "tests/unit/crypto_rig.h"

#define COMMANDS 0x90u
#define ROOM 8192u

RIG_FIXTURE

/* Every command with every combination of parameter types: one at most is let in. */
static void every_type_signature(void **state)
{
    (void)state;
    for (uint32_t command = 0; command < COMMANDS; command++)
        assert_true(rig_type_signatures(&s, command) <= 1);
}

/* One well-formed call of every command with the key; %K is its id. */
struct call {
    uint32_t command;
    struct km_lane_param params[4];
};

static uint8_t out[4][ROOM];
static uint8_t in[5][ROOM];
static size_t in_len[5];

#define ALL_CALLS 75u

static void make_inputs(uint32_t key)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_GENERIC_SECRET, 256);
    struct km_crypto_aead aead = {
        .key = key, .algorithm = KM_CRYPTO_AES_GCM, .tag_len = 16, .nonce = OCTETS("twelve octet")};
    struct km_crypto_hkdf hkdf = {OCTETS("salt"), OCTETS("info")};
    assert_true(km_crypto_template_put(&wish, KM_SPAN(in[0], ROOM), &in_len[0]));
    assert_true(km_crypto_aead_put(&aead, KM_SPAN(in[1], ROOM), &in_len[1]));
    assert_true(km_crypto_hkdf_put(&hkdf, KM_SPAN(in[2], ROOM), &in_len[2]));
    struct km_crypto_pbkdf2 pbkdf2 = {.iterations = 1000, .salt = OCTETS("salt")};
    assert_true(km_crypto_pbkdf2_put(&pbkdf2, KM_SPAN(in[4], ROOM), &in_len[4]));
    in_len[3] = 32;
}

/* Wraps keys, and whatever it is given in these tests may not be wrapped. */
static uint32_t wrapping;

static size_t all_calls(uint32_t key, uint32_t algorithm, struct call ret[ALL_CALLS])
{
    static uint8_t point[65] = {4};
    struct km_lane_param none = P_NONE;
    struct km_lane_param id = P_VI(key, 0);
    struct km_lane_param use = P_VI(key, algorithm);
    struct km_lane_param vo = P_VO;
    struct km_lane_param wish = P_MI(in[0], in_len[0]);
    struct km_lane_param data = P_MI(in[3], 32);
    struct km_lane_param iv = P_MI(in[3], algorithm == KM_CRYPTO_AES_ECB_NOPAD ? 0 : 16);
    struct km_lane_param peer = P_MI(point, 65);
    struct km_lane_param name = P_STR("name");
    struct km_lane_param empty = P_MI("", 0);
    struct km_lane_param o1 = P_MO(out[1], ROOM);
    struct km_lane_param o2 = P_MO(out[2], ROOM);
    struct km_lane_param o3 = P_MO(out[3], ROOM);
    struct km_lane_param cursor = P_VIO(0);
    const struct call calls[] = {
        {KM_CRYPTO_CMD_VERSION, {vo, none, none, none}},
        {KM_CRYPTO_CMD_ALGORITHM_SUPPORTED, {P_VI(algorithm, 0), none, none, none}},
        {KM_CRYPTO_CMD_RANDOM, {P_MO(out[0], ROOM), none, none, none}},
        {KM_CRYPTO_CMD_ADD_RANDOM, {data, none, none, none}},
        {KM_CRYPTO_CMD_CREATE_KEY, {wish, vo, none, none}},
        {KM_CRYPTO_CMD_IMPORT_KEY, {wish, data, P_VI(KM_CRYPTO_FORM_RAW, 0), vo}},
        {KM_CRYPTO_CMD_EXPORT_PUBLIC, {id, o1, none, none}},
        {KM_CRYPTO_CMD_EXPORT_PRIVATE, {id, o1, none, none}},
        {KM_CRYPTO_CMD_GET_ATTRIBUTE, {use, o1, none, none}},
        {KM_CRYPTO_CMD_KEY_INFO, {id, o1, none, none}},
        {KM_CRYPTO_CMD_KEY_CHECK, {id, o1, none, none}},
        {KM_CRYPTO_CMD_SAVE_KEY, {id, name, none, none}},
        {KM_CRYPTO_CMD_LOAD_KEY, {name, P_VI(0, 0), empty, vo}},
        {KM_CRYPTO_CMD_DESCRIBE_KEY, {name, o1, none, none}},
        {KM_CRYPTO_CMD_LIST_KEYS, {cursor, empty, o2, none}},
        {KM_CRYPTO_CMD_CREATE_RECOVERABLE, {name, data, data, none}},
        {KM_CRYPTO_CMD_CHECK_PASSWORD, {name, P_VI(0, 0), data, none}},
        {KM_CRYPTO_CMD_CHANGE_PASSWORD, {name, P_VI(0, 1), data, data}},
        {KM_CRYPTO_CMD_SAVE_DATA, {P_VI(0, 0), name, data, data}},
        {KM_CRYPTO_CMD_LOAD_DATA, {name, P_VI(0, 0), o2, none}},
        {KM_CRYPTO_CMD_DELETE_DATA, {name, P_VI(0, 0), none, none}},
        {KM_CRYPTO_CMD_LIST_DATA, {cursor, o2, none, none}},
        {KM_CRYPTO_CMD_LIST_NOTED, {cursor, o2, none, none}},
        {KM_CRYPTO_CMD_LIST_OBJECTS, {cursor, o2, none, none}},
        {KM_CRYPTO_CMD_STORAGE_STATE, {o1, none, none, none}},
        {KM_CRYPTO_CMD_SAVE_KEY_NOTED, {P_VI(1, 0), name, data, none}},
        {KM_CRYPTO_CMD_SET_NOTE, {name, data, data, none}},
        {KM_CRYPTO_CMD_CREATE_PASSWORD, {name, data, none, none}},
        {KM_CRYPTO_CMD_LOAD_PASSWORD, {name, data, vo, none}},
        {KM_CRYPTO_CMD_PASSWORD_WAIT, {name, vo, none, none}},
        {KM_CRYPTO_CMD_LIST_PASSWORDS, {cursor, o1, none, none}},
        {KM_CRYPTO_CMD_DELETE_PASSWORD, {name, data, none, none}},
        {KM_CRYPTO_CMD_FREE_PASSWORD, {P_VI(1025, 0), none, none, none}},
        {KM_CRYPTO_CMD_DIGEST, {P_VI(algorithm, 0), data, o2, none}},
        {KM_CRYPTO_CMD_SIGN_DIGEST, {use, data, o2, none}},
        {KM_CRYPTO_CMD_VERIFY_DIGEST, {use, data, data, none}},
        {KM_CRYPTO_CMD_SIGN_DIGEST_PSS, {use, data, o2, P_VI(32, 0)}},
        {KM_CRYPTO_CMD_VERIFY_DIGEST_PSS, {use, data, data, P_VI(32, 0)}},
        {KM_CRYPTO_CMD_MAC, {use, data, o2, none}},
        {KM_CRYPTO_CMD_VERIFY_MAC, {use, data, data, none}},
        {KM_CRYPTO_CMD_CIPHER_ENCRYPT, {use, iv, data, o3}},
        {KM_CRYPTO_CMD_CIPHER_DECRYPT, {use, iv, data, o3}},
        {KM_CRYPTO_CMD_AEAD_ENCRYPT, {P_MIO(in[1], in_len[1]), empty, data, o3}},
        {KM_CRYPTO_CMD_AEAD_DECRYPT, {P_MI(in[1], in_len[1]), empty, data, o3}},
        {KM_CRYPTO_CMD_ASYM_ENCRYPT, {use, empty, data, o3}},
        {KM_CRYPTO_CMD_ASYM_DECRYPT, {use, empty, data, o3}},
        {KM_CRYPTO_CMD_AGREE, {wish, id, peer, vo}},
        {KM_CRYPTO_CMD_AGREE_RAW, {id, peer, o2, none}},
        {KM_CRYPTO_CMD_DERIVE, {wish, use, P_MI(in[2], in_len[2]), vo}},
        {KM_CRYPTO_CMD_WRAP_KEY, {use, id, o2, none}},
        {KM_CRYPTO_CMD_WRAP_KEY, {P_VI(wrapping, KM_CRYPTO_AES_KWP), id, o2, none}},
        {KM_CRYPTO_CMD_UNWRAP_KEY, {wish, use, data, vo}},
        {KM_CRYPTO_CMD_UNWRAP_KEY, {wish, P_VI(wrapping, KM_CRYPTO_AES_KWP), data, vo}},
        {KM_CRYPTO_CMD_CREATE_KEY_WITH, {wish, data, P_VI(KM_CRYPTO_FORM_DER, 0), vo}},
        {KM_CRYPTO_CMD_DERIVE_PASSWORD, {wish, use, P_MI(in[4], in_len[4]), vo}},
        {KM_CRYPTO_CMD_COPY_KEY, {wish, id, vo, none}},
        {KM_CRYPTO_CMD_OP_NEW, {use, P_VI(KM_CRYPTO_MODE_SIGN, 0), empty, cursor}},
        {KM_CRYPTO_CMD_OP_UPDATE_AAD, {P_VI(1025, 0), data, none, none}},
        {KM_CRYPTO_CMD_OP_UPDATE, {P_VI(1025, 0), data, o2, none}},
        {KM_CRYPTO_CMD_OP_FINAL, {P_VI(1025, 0), o1, o2, none}},
        {KM_CRYPTO_CMD_OP_FINAL_VERIFY, {P_VI(1025, 0), o1, data, none}},
        {KM_CRYPTO_CMD_OP_RESET, {P_VI(1025, 0), empty, none, none}},
        {KM_CRYPTO_CMD_OP_FREE, {P_VI(1025, 0), none, none, none}},
        {KM_CRYPTO_CMD_OP_COPY, {P_VI(1025, 0), vo, none, none}},
        {KM_CRYPTO_CMD_PROVISION_KEY, {id, name, empty, none}},
        {KM_CRYPTO_CMD_PROVISION_SEAL, {none, none, none, none}},
        {KM_CRYPTO_CMD_PROVISION_STATE, {vo, none, none, none}},
        {KM_CRYPTO_CMD_SAVE_OPAQUE_KEY, {data, id, none, none}},
        {KM_CRYPTO_CMD_OBJECT_OPEN, {data, P_VI(key, key), o1, vo}},
        {KM_CRYPTO_CMD_OBJECT_UPDATE, {P_VI(1025, 0), data, o2, none}},
        {KM_CRYPTO_CMD_OBJECT_FINISH, {P_VI(1025, 0), none, none, none}},
        {KM_CRYPTO_CMD_OBJECT_REWIND, {P_VI(1025, 0), none, none, none}},
        {KM_CRYPTO_CMD_OBJECT_FREE, {P_VI(1025, 0), none, none, none}},
        {KM_CRYPTO_CMD_DELETE_KEY, {name, P_VI(0, 0), none, none}},
        {KM_CRYPTO_CMD_FREE_KEY, {id, none, none, none}},
    };
    _Static_assert(KM_ARRAY_LEN(calls) == ALL_CALLS, "each command");
    km_copy(ret, ALL_CALLS * sizeof(*ret), calls, sizeof(calls));
    return KM_ARRAY_LEN(calls);
}

/* Whether any 12 octets of the secret stand in the memory, forwards or backwards. */
static bool holds(const uint8_t *memory, size_t len, const uint8_t *secret, size_t secret_len)
{
    uint8_t reversed[512] = {0};
    for (size_t i = 0; i < secret_len; i++)
        reversed[i] = secret[secret_len - 1 - i];
    for (size_t at = 0; at + 12 <= secret_len; at++) {
        if (memmem(memory, len, secret + at, 12) != NULL ||
            memmem(memory, len, reversed + at, 12) != NULL)
            return true;
    }
    return false;
}

static const uint32_t ALGORITHMS[] = {
    KM_CRYPTO_SHA256,
    KM_CRYPTO_AES_ECB_NOPAD,
    KM_CRYPTO_AES_CBC_NOPAD,
    KM_CRYPTO_AES_CTR,
    KM_CRYPTO_AES_GCM,
    KM_CRYPTO_AES_CMAC,
    KM_CRYPTO_HMAC_SHA256,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA256,
    KM_CRYPTO_ECDSA,
    KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA256,
    KM_CRYPTO_ECDH,
    KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA256,
    KM_CRYPTO_HKDF_SHA256,
    KM_CRYPTO_SHAKE128,
    KM_CRYPTO_AES_OFB,
    KM_CRYPTO_AES_XTS_NOPAD,
    KM_CRYPTO_AES_CTS,
    KM_CRYPTO_DES3_CFB_64,
    KM_CRYPTO_AES_CCM,
    KM_CRYPTO_CHACHA20_POLY1305,
    KM_CRYPTO_AES_KW,
    KM_CRYPTO_AES_KWP,
    KM_CRYPTO_HMAC_SHA3_224,
    KM_CRYPTO_DES3_CMAC,
    KM_CRYPTO_DSA_SHA256,
    KM_CRYPTO_ED25519,
    KM_CRYPTO_ED448,
    KM_CRYPTO_ECDSA_DETERMINISTIC,
    KM_CRYPTO_RSAES_PKCS1_V1_5,
    KM_CRYPTO_RSA_NOPAD,
    KM_CRYPTO_CONCAT_KDF_SHA256,
    KM_CRYPTO_PBKDF2_HMAC_SHA256,
    KM_CRYPTO_HKDF_EXTRACT_SHA256,
    KM_CRYPTO_HKDF_EXPAND_SHA256,
    18, /* as an attribute: private values of DSA, DH, Ed25519, X25519, Ed448 and X448 */
    23,
    25,
    27,
    29,
    31,
    4,  /* as an attribute: PRIME1 */
    12, /* as an attribute: the EC private value */
    13, /* as an attribute: the secret value */
};

/* What depends on the algorithm; all else is called with the first one alone. */
static bool uses_algorithm(uint32_t command)
{
    return command == KM_CRYPTO_CMD_GET_ATTRIBUTE ||
           (command >= KM_CRYPTO_CMD_DIGEST && command < KM_CRYPTO_CMD_PROVISION_KEY);
}

static void nothing_tells(uint32_t key, uint32_t algorithm, bool is_first, const uint8_t *secret,
                          size_t len)
{
    static struct call calls[ALL_CALLS];
    make_inputs(key);
    size_t n = all_calls(key, algorithm, calls);
    for (size_t i = 0; i + 1 < n; i++) {
        if (!is_first && !uses_algorithm(calls[i].command))
            continue;
        memset(out, 0, sizeof(out));
        (void)rig_call(&s, calls[i].command, calls[i].params);
        assert_false(holds(&out[0][0], sizeof(out), secret, len));
        assert_false(holds(&in[0][0], sizeof(in), secret, len));
        assert_false(holds((const uint8_t *)calls[i].params, sizeof(calls[i].params), secret, len));
    }
}

static void no_command_tells(void **state)
{
    static const uint32_t TYPES[][2] = {{KM_CRYPTO_KEY_AES, 256},
                                        {KM_CRYPTO_KEY_AES, 512},
                                        {KM_CRYPTO_KEY_DES3, 192},
                                        {KM_CRYPTO_KEY_CHACHA20, 256},
                                        {KM_CRYPTO_KEY_DH_KEYPAIR, 2048},
                                        {KM_CRYPTO_KEY_ED25519_KEYPAIR, 256},
                                        {KM_CRYPTO_KEY_X25519_KEYPAIR, 256},
                                        {KM_CRYPTO_KEY_ED448_KEYPAIR, 448},
                                        {KM_CRYPTO_KEY_X448_KEYPAIR, 448},
                                        {KM_CRYPTO_KEY_HMAC, 512},
                                        {KM_CRYPTO_KEY_GENERIC_SECRET, 256},
                                        {KM_CRYPTO_KEY_RSA_KEYPAIR, 2048},
                                        {KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256},
                                        {KM_CRYPTO_KEY_ECDH_KEYPAIR, 256},
                                        {KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 256}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(TYPES); i++) {
        struct km_crypto_template wish = rig_wish(TYPES[i][0], TYPES[i][1]);
        uint8_t secret[512] = {0};
        size_t len = sizeof(secret);
        uint32_t id = 0;
        assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
        assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_TELL_PRIVATE, id, 0, secret, &len), TEE_SUCCESS);
        assert_true(len >= 24);
        struct km_crypto_template kek = rig_wish(KM_CRYPTO_KEY_AES, 256);
        kek.usage = KM_CRYPTO_USAGE_WRAP | KM_CRYPTO_USAGE_UNWRAP;
        assert_int_equal(rig_create(&s, &kek, &wrapping), TEE_SUCCESS);
        /* The search finds what is there. */
        km_copy(out[2] + 77, ROOM - 77, secret, len);
        assert_true(holds(&out[0][0], sizeof(out), secret, len));
        for (size_t a = 0; a < KM_ARRAY_LEN(ALGORITHMS); a++)
            nothing_tells(id, ALGORITHMS[a], a == 0, secret, len);
        rig_close(&s);
        rig_open(&s, 1000, false);
    }
}

/* Each memref of each command: empty, longer than any small input may be, and outputs without room. */
static void sizes(void **state)
{
    static struct call calls[ALL_CALLS];
    (void)state;
    for (size_t i = 0; i < ALL_CALLS; i++) {
        for (unsigned which = 0; which < 4; which++) {
            for (size_t k = 0; k < 4; k++) {
                struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 256);
                static const size_t SIZES[] = {0, 1, 4097, ROOM};
                uint32_t id = 0;
                assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
                make_inputs(id);
                (void)all_calls(id, KM_CRYPTO_ECDSA, calls);
                struct km_lane_param *p = &calls[i].params[which];
                if (p->type >= KM_PARAM_MEM_IN && p->type != KM_PARAM_MEM_OUT) {
                    p->buffer = in[3];
                    p->size = SIZES[k];
                    p->in_place = SIZES[k] > KM_LANE_COPY_MAX;
                } else if (p->type == KM_PARAM_MEM_OUT) {
                    p->size = k == 0 ? 0 : k;
                }
                uint32_t result = rig_call(&s, calls[i].command, calls[i].params);
                if (result != TEE_SUCCESS && result != TEE_ERROR_SHORT_BUFFER &&
                    p->type >= KM_PARAM_MEM_OUT)
                    assert_int_equal(p->size, 0);
                (void)rig_free_key(&s, id);
                (void)rig_delete(&s, "name", 0);
            }
        }
    }
}

/* Input and output in one registered memory: the same place or apart, but not half over each other. */
static void overlaps(void **state)
{
    static uint8_t memory[32768];
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 128);
    uint32_t id = 0;
    (void)state;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    for (size_t at = 0; at <= 16384; at += 1024) {
        struct km_lane_param p[4] = {P_VI(id, KM_CRYPTO_AES_CTR), P_MI("sixteen octets!!", 16),
                                     P_MI(memory, 8192), P_MO(memory + at, 8192)};
        uint32_t wanted = at == 0 || at >= 8192 ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CIPHER_ENCRYPT, p), wanted);
    }
    struct km_lane_param p[4] = {P_VI(id, KM_CRYPTO_AES_CTR), P_MI("sixteen octets!!", 16),
                                 P_MI(NULL, 8192), P_MO(memory, 8192)};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CIPHER_ENCRYPT, p), TEE_ERROR_BAD_PARAMETERS);
}

/* Decryption writes to the shared output once, after its tag was found right. */
static void unverified_plaintext_stays(void **state)
{
    static uint8_t memory[16384];
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 256);
    uint32_t id = 0;
    (void)state;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    make_inputs(id);
    memset(memory, 0x5c, sizeof(memory));
    struct km_lane_param in_place[4] = {P_MI(in[1], in_len[1]), P_MI("", 0), P_MI(memory, 16384),
                                        P_MO(memory, 16384)};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AEAD_DECRYPT, in_place), TEE_ERROR_MAC_INVALID);
    for (size_t i = 0; i < sizeof(memory); i++)
        assert_int_equal(memory[i], 0x5c);
}

/* The TLS application was taken over by a peer: it loads and signs for its client, which it is there for, and that is all. */
static void delegate_only_signs(void **state)
{
    static const struct km_uuid TLSIO = {{0xa3, 0x7f, 0x95, 0x4e, 0x30, 0x3f, 0x6d, 0x5d, 0xb8,
                                          0x16, 0x85, 0x15, 0x79, 0x29, 0xad, 0xa2}};
    struct rig_session delegate = {0};
    struct km_crypto_info info = {0};
    struct call calls[ALL_CALLS];
    uint32_t id = 0;
    (void)state;
    id = rig_made(&s, KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    assert_int_equal(rig_save(&s, id, "name", 0), TEE_SUCCESS);
    rig_open_ta(&delegate, &TLSIO, s.client.uid, true);
    assert_int_equal(rig_load(&delegate, "name", 0, &id), TEE_SUCCESS);
    assert_int_equal(rig_info(&delegate, id, &info), TEE_SUCCESS);
    assert_int_equal(rig_sign(&delegate, id), TEE_SUCCESS);
    make_inputs(id);
    size_t n = all_calls(id, KM_CRYPTO_ECDSA, calls);
    for (size_t i = 0; i < n; i++) {
        uint32_t command = calls[i].command;
        bool may = command == KM_CRYPTO_CMD_LOAD_KEY || command == KM_CRYPTO_CMD_KEY_INFO ||
                   command == KM_CRYPTO_CMD_EXPORT_PUBLIC || command == KM_CRYPTO_CMD_SIGN_DIGEST ||
                   command == KM_CRYPTO_CMD_SIGN_DIGEST_PSS;
        uint32_t result = rig_call(&delegate, command, calls[i].params);
        assert_true(may || result == TEE_ERROR_ACCESS_DENIED || result == TEE_ERROR_BAD_PARAMETERS);
    }
    assert_int_equal(rig_delete(&delegate, "name", 0), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_free_key(&delegate, id), TEE_ERROR_ACCESS_DENIED);
    rig_close(&delegate);
    assert_int_equal(rig_delete(&s, "name", 0), TEE_SUCCESS);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(every_type_signature),       T(no_command_tells),    T(sizes), T(overlaps),
        T(unverified_plaintext_stays), T(delegate_only_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
