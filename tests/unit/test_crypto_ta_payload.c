/* SPDX-License-Identifier: Apache-2.0 */
/* Payload packages in the crypto application: the signature first, then the target, then the version, which never goes back. */
#include "format/payload.h"
#include "ta/crypto/payload_wire.h"
#include "tests/unit/crypto_rig.h"

static char dir[64];
static struct rig_session s;
static uint32_t key;
static const char octets[] = "what the package brings";

static int set_up(void **state)
{
    (void)state;
    rig_fresh(dir, &s);
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    assert_int_equal(rig_create(&s, &wish, &key), TEE_SUCCESS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_gone(dir, &s);
    return 0;
}

/* A version of -1 is none. */
struct package {
    int version;
    const char *target;
    uint8_t head[256];
    size_t head_len;
    uint8_t signature[80];
    size_t signature_len;
};

static uint32_t op_update(uint32_t op, struct km_slice data)
{
    struct km_lane_param p[4] = {P_VI(op, 0), P_MI(data.ptr, data.len), P_MO(NULL, 0), P_NONE};
    return rig_call(&s, KM_CRYPTO_CMD_OP_UPDATE, p);
}

static void package_make(struct package *package, uint32_t signer)
{
    struct km_payload payload = {.alg = km_sign_alg_find(KM_SIGN_EC, KM_SIGN_SHA256),
                                 .has_version = package->version >= 0,
                                 .version = (uint64_t)package->version,
                                 .target = KM_SLICE_STR(package->target),
                                 .payload_len = sizeof(octets)};
    struct km_wr wr = km_wr_init(package->head, sizeof(package->head));
    struct km_slice head = {0};
    km_payload_put_content(&wr, &payload);
    assert_true(km_wr_finish(&wr, &head));
    package->head_len = head.len;
    struct km_lane_param begin[4] = {P_VI(signer, KM_CRYPTO_ECDSA),
                                     P_VI(KM_CRYPTO_MODE_SIGN, KM_CRYPTO_SHA256), P_MI("", 0),
                                     P_VIO(0)};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_NEW, begin), TEE_SUCCESS);
    assert_int_equal(op_update(begin[3].a, head), TEE_SUCCESS);
    assert_int_equal(op_update(begin[3].a, KM_SLICE(octets, sizeof(octets))), TEE_SUCCESS);
    struct km_lane_param end[4] = {P_VI(begin[3].a, 0), P_MO(NULL, 0),
                                   P_MO(package->signature, sizeof(package->signature)), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL, end), TEE_SUCCESS);
    package->signature_len = end[2].size;
}

static uint32_t begin_verify(const struct package *package, const struct km_payload_wish *wish,
                             uint32_t *ret_op)
{
    uint8_t wire[KM_CRYPTO_PAYLOAD_WISH_MAX] = {0};
    size_t len = 0;
    assert_true(km_payload_wish_put(wish, KM_SPAN(wire, sizeof(wire)), &len));
    struct km_lane_param p[4] = {P_VI(key, 0), P_MI(package->head, package->head_len),
                                 P_MI(wire, len), P_VO};
    uint32_t result = rig_call(&s, KM_CRYPTO_CMD_PAYLOAD_NEW, p);
    *ret_op = p[3].a;
    return result;
}

static uint32_t verify(const struct package *package, const struct km_payload_wish *wish)
{
    uint32_t op = 0;
    assert_int_equal(begin_verify(package, wish, &op), TEE_SUCCESS);
    assert_int_equal(op_update(op, KM_SLICE(octets, sizeof(octets))), TEE_SUCCESS);
    struct km_lane_param end[4] = {P_VI(op, 0), P_MO(NULL, 0),
                                   P_MI(package->signature, package->signature_len), P_NONE};
    uint32_t result = rig_call(&s, KM_CRYPTO_CMD_OP_FINAL_VERIFY, end);
    struct km_lane_param gone[4] = {P_VI(op, 0), P_NONE, P_NONE, P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FREE, gone), TEE_SUCCESS);
    return result;
}

static uint32_t deliver(int version, const char *target, uint64_t lowest, const char *expected)
{
    struct package package = {.version = version, .target = target};
    package_make(&package, key);
    const struct km_payload_wish wish = {.any_target = expected == NULL,
                                         .target = expected == NULL ? (struct km_slice){0}
                                                                    : KM_SLICE_STR(expected),
                                         .lowest = lowest};
    return verify(&package, &wish);
}

static void versions_only_grow(void **state)
{
    (void)state;
    static const struct {
        int version;
        const char *target;
        uint64_t lowest;
        const char *expected;
        uint32_t result;
    } rows[] = {
        {-1, "", 0, "", TEE_SUCCESS},
        {-1, "door", 0, "door", TEE_SUCCESS},
        {5, "door", 0, "door", TEE_SUCCESS},
        {5, "door", 0, "door", TEE_SUCCESS},
        {4, "door", 0, "door", KM_CRYPTO_E_DOWNGRADE},
        {-1, "door", 0, "door", KM_CRYPTO_E_DOWNGRADE},
        {-1, "", 0, "", TEE_SUCCESS},
        {4, "window", 0, "window", TEE_SUCCESS},
        {9, "door", 10, "door", KM_CRYPTO_E_DOWNGRADE},
        {5, "door", 0, "door", TEE_SUCCESS}, /* 9 was refused, so it was never seen */
        {11, "door", 0, "window", KM_CRYPTO_E_TARGET},
        {11, "door", 0, "", KM_CRYPTO_E_TARGET},
        {5, "door", 5, NULL, TEE_SUCCESS}, /* nor was 11 */
        {6, "door", 0, NULL, TEE_SUCCESS},
        {5, "door", 0, NULL, KM_CRYPTO_E_DOWNGRADE},
        {0, "", 0, "", TEE_SUCCESS},
        {-1, "", 0, "", KM_CRYPTO_E_DOWNGRADE},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_int_equal(deliver(rows[i].version, rows[i].target, rows[i].lowest, rows[i].expected),
                         rows[i].result);
}

static void refusals_are_audited(void **state)
{
    (void)state;
    assert_int_equal(deliver(3, "door", 0, "door"), TEE_SUCCESS);
    unsigned before = rig_host.n_audited;
    assert_int_equal(deliver(2, "door", 0, "door"), KM_CRYPTO_E_DOWNGRADE);
    assert_true(rig_host.n_audited > before);
    assert_string_equal(rig_host.last_audit, "payload");
}

static void another_instance_knows(void **state)
{
    (void)state;
    assert_int_equal(rig_save(&s, key, "signer", 0), TEE_SUCCESS);
    assert_int_equal(deliver(7, "door", 0, "door"), TEE_SUCCESS);
    rig_close(&s);
    rig_stop();
    rig_start(dir);
    rig_open(&s, 1000, false);
    assert_int_equal(rig_load(&s, "signer", 0, &key), TEE_SUCCESS);
    assert_int_equal(deliver(6, "door", 0, "door"), KM_CRYPTO_E_DOWNGRADE);
    /* Deleting the key forgets nothing, and another key has versions of its own. */
    struct package old = {.version = 6, .target = "door"};
    package_make(&old, key);
    assert_int_equal(rig_delete(&s, "signer", 0), TEE_SUCCESS);
    const struct km_payload_wish wish = {.any_target = true};
    assert_int_equal(verify(&old, &wish), KM_CRYPTO_E_DOWNGRADE);
    struct km_crypto_template other = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    assert_int_equal(rig_create(&s, &other, &key), TEE_SUCCESS);
    assert_int_equal(deliver(1, "door", 0, "door"), TEE_SUCCESS);
}

/* Wrong in one bit: refused as a signature, whatever it claims, and nothing is remembered. */
static void signature_comes_first(void **state)
{
    (void)state;
    assert_int_equal(deliver(3, "door", 0, "door"), TEE_SUCCESS);
    struct package package = {.version = 100, .target = "door"};
    package_make(&package, key);
    package.signature[package.signature_len - 1] ^= 1;
    static const struct km_payload_wish wishes[] = {
        {.any_target = true},
        {.target = OCTETS("window")},
        {.target = OCTETS("door"), .lowest = 200},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(wishes); i++)
        assert_int_equal(verify(&package, &wishes[i]), TEE_ERROR_SIGNATURE_INVALID);
    assert_int_equal(deliver(3, "door", 0, "door"), TEE_SUCCESS);
}

/* The head is what was signed: told to the application with another version, it does not verify. */
static void head_is_signed(void **state)
{
    (void)state;
    struct package package = {.version = 3, .target = "door"};
    package_make(&package, key);
    struct package lie = {.version = 4, .target = "door"};
    package_make(&lie, key);
    km_copy(package.head, sizeof(package.head), lie.head, lie.head_len);
    const struct km_payload_wish wish = {.any_target = true};
    assert_int_equal(verify(&package, &wish), TEE_ERROR_SIGNATURE_INVALID);
}

static void bad_calls(void **state)
{
    (void)state;
    struct package package = {.version = 3, .target = "door"};
    package_make(&package, key);
    uint8_t wire[KM_CRYPTO_PAYLOAD_WISH_MAX] = {0};
    const struct km_payload_wish wish = {.target = OCTETS("door"), .lowest = 2};
    size_t len = 0;
    assert_true(km_payload_wish_put(&wish, KM_SPAN(wire, sizeof(wire)), &len));
    for (size_t cut = 1; cut < package.head_len; cut++) {
        struct km_lane_param p[4] = {P_VI(key, 0), P_MI(package.head, cut), P_MI(wire, len), P_VO};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_PAYLOAD_NEW, p), TEE_ERROR_BAD_FORMAT);
    }
    for (size_t cut = 1; cut < len; cut++) {
        struct km_lane_param p[4] = {P_VI(key, 0), P_MI(package.head, package.head_len),
                                     P_MI(wire, cut), P_VO};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_PAYLOAD_NEW, p), TEE_ERROR_BAD_FORMAT);
    }
    struct km_crypto_template aes = rig_wish(KM_CRYPTO_KEY_AES, 128);
    uint32_t other = 0;
    assert_int_equal(rig_create(&s, &aes, &other), TEE_SUCCESS);
    struct km_lane_param p[4] = {P_VI(other, 0), P_MI(package.head, package.head_len),
                                 P_MI(wire, len), P_VO};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_PAYLOAD_NEW, p), TEE_ERROR_NOT_SUPPORTED);
    /* It can't be begun again without its head. */
    uint32_t op = 0;
    assert_int_equal(begin_verify(&package, &wish, &op), TEE_SUCCESS);
    struct km_lane_param reset[4] = {P_VI(op, 0), P_MI("", 0), P_NONE, P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_RESET, reset), TEE_ERROR_BAD_STATE);
}

/* The rig's application keeps 20. What is known goes on; a provisioned key's records have no such end. */
static void records_have_an_end(void **state)
{
    (void)state;
    char target[16] = {0};
    for (unsigned i = 0; i <= 20; i++) {
        (void)snprintf(target, sizeof(target), "t%u", i);
        assert_int_equal(deliver(1, target, 0, NULL),
                         i < 20 ? TEE_SUCCESS : TEE_ERROR_STORAGE_NO_SPACE);
    }
    assert_int_equal(deliver(2, "t7", 0, NULL), TEE_SUCCESS);
    assert_int_equal(deliver(1, "t7", 0, NULL), KM_CRYPTO_E_DOWNGRADE);
    assert_int_equal(deliver(-1, "t20", 0, NULL), TEE_SUCCESS);
    struct rig_session admin = {0};
    uint32_t pair = 0;
    rig_open(&admin, 0, true);
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    assert_int_equal(rig_create(&admin, &wish, &pair), TEE_SUCCESS);
    struct km_lane_param p[4] = {P_VI(pair, 0), P_STR("com.seqlabs.oem_payload_key"), P_MI("", 0),
                                 P_NONE};
    assert_int_equal(rig_call(&admin, KM_CRYPTO_CMD_PROVISION_KEY, p), TEE_SUCCESS);
    rig_close(&admin);
    assert_int_equal(rig_load(&s, "com.seqlabs.oem_payload_key", 0, &key), TEE_SUCCESS);
    assert_int_equal(deliver(1, "t20", 0, NULL), TEE_SUCCESS);
    assert_int_equal(deliver(0, "t20", 0, NULL), KM_CRYPTO_E_DOWNGRADE);
}

static void wish_has_one_form(void **state)
{
    static const struct {
        struct km_slice in;
        bool ok;
    } rows[] = {
        {OCTETS("\0\0\0\0"
                "\5\0\0\0\0\0\0\0"
                "\0\0\0\0"),
         true},
        {OCTETS("\1\0\0\0"
                "\5\0\0\0\0\0\0\0"
                "\0\0\0\0"),
         true},
        {OCTETS("\0\0\0\0"
                "\5\0\0\0\0\0\0\1"
                "\1\0\0\0x"),
         true},
        {OCTETS("\1\0\0\0"
                "\5\0\0\0\0\0\0\0"
                "\1\0\0\0x"),
         false},
        {OCTETS("\2\0\0\0"
                "\5\0\0\0\0\0\0\0"
                "\0\0\0\0"),
         false},
        {OCTETS("\0\0\0\0"
                "\5\0\0\0\0\0\0\0"
                "\0\0\0\0x"),
         false},
        {OCTETS("\0\0\0\0"
                "\5\0\0\0\0\0\0\0"
                "\2\0\0\0x"),
         false},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_payload_wish wish = {0};
        uint8_t out[KM_CRYPTO_PAYLOAD_WISH_MAX] = {0};
        size_t len = 0;
        assert_int_equal(km_payload_wish_parse(rows[i].in, &wish), rows[i].ok);
        if (!rows[i].ok)
            continue;
        assert_true(km_payload_wish_put(&wish, KM_SPAN(out, sizeof(out)), &len));
        assert_true(km_slice_equal(KM_SLICE(out, len), rows[i].in));
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(versions_only_grow),     TEST(refusals_are_audited),
        TEST(another_instance_knows), TEST(signature_comes_first),
        TEST(head_is_signed),         TEST(bad_calls),
        TEST(records_have_an_end),    cmocka_unit_test(wish_has_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
