/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys that the certificate application puts beside its certificates: whose they are to give, and what stays of the old one. */
#include "tests/unit/opaque_rig.h"

#include "ta/certs/certs_protocol.h"

#define ROOT_KEY "com.seqlabs.oem_pub_key"
#define CERTS_TA "222a521c-62cb-0653-bce5-dd727660faf0"

static struct rig_session certs;
static EVP_PKEY *first, *second, *rsa;

/* A session of the certificate application, as the service tells it. */
static void open_certs(void)
{
    struct km_lane_call call = {.op = KM_LANE_OPEN};
    certs = (struct rig_session){
        .client = {.login = TEE_LOGIN_TRUSTED_APP, .uid = UINT32_MAX, .gid = UINT32_MAX}};
    assert_true(km_uuid_parse(CERTS_TA, &certs.client.uuid));
    assert_int_equal(km_rt_open_session(&certs.client, &call, &certs.at), TEE_SUCCESS);
}

static int up(void **state)
{
    (void)opaque_rig_bare(state);
    open_certs();
    first = maker_key("P-256");
    second = maker_key("P-384");
    rsa = maker_key("RSA");
    return 0;
}

static int down(void **state)
{
    EVP_PKEY_free(first);
    EVP_PKEY_free(second);
    EVP_PKEY_free(rsa);
    rig_close(&certs);
    return opaque_rig_down(state);
}

static uint32_t call_as(struct rig_session *session, uint32_t command, const char *name,
                        const EVP_PKEY *key)
{
    struct maker_bytes spki = {.len = 0};
    maker_spki(key, &spki);
    struct km_lane_param p[4] = {P_STR(name), P_MI(spki.at, spki.len), P_NONE, P_NONE};
    return rig_call(session, command, p);
}

static uint32_t put(const char *name, const EVP_PKEY *key)
{
    return call_as(&certs, KM_CRYPTO_CMD_PUBLIC_PUT, name, key);
}

static uint32_t hold(const char *name, const EVP_PKEY *key)
{
    return call_as(&certs, KM_CRYPTO_CMD_PUBLIC_HOLD, name, key);
}

static void assert_is(const char *name, const EVP_PKEY *key)
{
    struct maker_bytes spki = {.len = 0};
    uint8_t got[1024] = {0};
    size_t len = sizeof(got);
    uint32_t id = 0;
    maker_spki(key, &spki);
    assert_int_equal(rig_load(&opaque_rig.stranger, name, 0, &id), TEE_SUCCESS);
    assert_int_equal(rig_out(&opaque_rig.stranger, KM_CRYPTO_CMD_EXPORT_PUBLIC, id, 0, got, &len),
                     TEE_SUCCESS);
    assert_true(km_slice_equal(KM_SLICE(got, len), KM_SLICE(spki.at, spki.len)));
}

static uint32_t seal(void)
{
    struct km_lane_param p[4] = {P_NONE, P_NONE, P_NONE, P_NONE};
    return rig_call(&opaque_rig.admin, KM_CRYPTO_CMD_PROVISION_SEAL, p);
}

static void it_is_the_other_applications(void **state)
{
    (void)state;
    static const uint32_t COMMANDS[] = {KM_CRYPTO_CMD_PUBLIC_HOLD, KM_CRYPTO_CMD_PUBLIC_PUT};
    struct km_crypto_info info = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(COMMANDS); i++) {
        assert_int_equal(call_as(&opaque_rig.admin, COMMANDS[i], ROOT_KEY, first),
                         TEE_ERROR_ACCESS_DENIED);
        assert_int_equal(call_as(&opaque_rig.owner, COMMANDS[i], ROOT_KEY, first),
                         TEE_ERROR_ACCESS_DENIED);
        assert_int_equal(call_as(&certs, COMMANDS[i], "com.seqlabs.oem_device_pub_key", first),
                         KM_CRYPTO_E_BAD_NAME);
        assert_int_equal(call_as(&certs, COMMANDS[i], "com.example.key", first),
                         KM_CRYPTO_E_BAD_NAME);
    }
    certs.client.uuid.octet[15] ^= 1; /* another application */
    assert_int_equal(put(ROOT_KEY, first), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_describe(&opaque_rig.admin, ROOT_KEY, &info), TEE_ERROR_ITEM_NOT_FOUND);
}

static void keys_follow_each_other(void **state)
{
    (void)state;
    struct km_crypto_info was = {0};
    struct km_crypto_info is = {0};
    assert_int_equal(put(ROOT_KEY, first), TEE_SUCCESS);
    assert_is(ROOT_KEY, first);
    assert_int_equal(seal(), TEE_SUCCESS);
    assert_int_equal(rig_describe(&opaque_rig.admin, ROOT_KEY, &was), TEE_SUCCESS);
    assert_true((was.flags & KM_CRYPTO_INFO_PROVISIONED) != 0);
    /* The same again is the same key. */
    assert_int_equal(put(ROOT_KEY, first), TEE_SUCCESS);
    assert_int_equal(rig_describe(&opaque_rig.admin, ROOT_KEY, &is), TEE_SUCCESS);
    assert_memory_equal(was.id, is.id, sizeof(was.id));
    assert_int_equal(put(ROOT_KEY, second), TEE_SUCCESS);
    assert_is(ROOT_KEY, second);
    assert_int_equal(rig_describe(&opaque_rig.admin, ROOT_KEY, &is), TEE_SUCCESS);
    assert_int_equal(is.flags, was.flags);
    assert_int_equal(is.usage, was.usage);
    assert_int_equal(put(ROOT_KEY, rsa), TEE_SUCCESS);
    assert_is(ROOT_KEY, rsa);
    assert_int_equal(rig_delete(&opaque_rig.admin, ROOT_KEY, 0), KM_CRYPTO_E_IMMUTABLE);
}

/* A key that was provisioned for one thing alone is not good for more after a renewal. */
static void the_policy_stays(void **state)
{
    (void)state;
    struct maker_bytes spki = {.len = 0};
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_PUBLIC, 256);
    struct km_crypto_info is = {0};
    uint32_t id = 0;
    wish.usage = KM_CRYPTO_USAGE_VERIFY;
    maker_spki(first, &spki);
    assert_int_equal(
        rig_import(&opaque_rig.admin, &wish, KM_CRYPTO_FORM_DER, KM_SLICE(spki.at, spki.len), &id),
        TEE_SUCCESS);
    struct km_lane_param p[4] = {P_VI(id, 0), P_STR(ROOT_KEY), P_MI("", 0), P_NONE};
    assert_int_equal(rig_call(&opaque_rig.admin, KM_CRYPTO_CMD_PROVISION_KEY, p), TEE_SUCCESS);
    assert_int_equal(put(ROOT_KEY, second), TEE_SUCCESS);
    assert_int_equal(rig_describe(&opaque_rig.admin, ROOT_KEY, &is), TEE_SUCCESS);
    assert_int_equal(is.type, KM_CRYPTO_KEY_ECDSA_PUBLIC);
    assert_int_equal(is.bits, 384);
    assert_int_equal(is.usage, KM_CRYPTO_USAGE_VERIFY);
}

static void a_secret_is_not_replaced(void **state)
{
    (void)state;
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    uint32_t id = 0;
    assert_int_equal(rig_create(&opaque_rig.admin, &wish, &id), TEE_SUCCESS);
    assert_int_equal(rig_save(&opaque_rig.admin, id, ROOT_KEY, 0), TEE_SUCCESS);
    assert_int_equal(hold(ROOT_KEY, first), KM_CRYPTO_E_EXISTS);
    assert_int_equal(put(ROOT_KEY, first), KM_CRYPTO_E_EXISTS);
    assert_int_equal(rig_sign(&opaque_rig.admin, id), TEE_SUCCESS);
}

static void what_is_no_key(void **state)
{
    (void)state;
    uint8_t octets[KM_CRYPTO_SMALL_MAX + 1] = {0x30};
    struct maker_bytes spki = {.len = 0};
    maker_spki(first, &spki);
    for (size_t len = 1; len < spki.len; len++) {
        struct km_lane_param p[4] = {P_STR(ROOT_KEY), P_MI(spki.at, len), P_NONE, P_NONE};
        assert_int_equal(rig_call(&certs, KM_CRYPTO_CMD_PUBLIC_PUT, p), TEE_ERROR_BAD_FORMAT);
    }
    struct km_lane_param p[4] = {P_STR(ROOT_KEY), P_MI(octets, sizeof(octets)), P_NONE, P_NONE};
    assert_int_equal(rig_call(&certs, KM_CRYPTO_CMD_PUBLIC_PUT, p), KM_CRYPTO_E_TOO_LARGE);
}

static void no_time_passes(void)
{
}

/* Held: nobody provisions or seals; when the session ends, all go on. */
static void holding_keeps_others_out(void **state)
{
    (void)state;
    rig_host.waited = no_time_passes;
    assert_int_equal(hold(ROOT_KEY, first), TEE_SUCCESS);
    assert_int_equal(hold(ROOT_KEY, second), TEE_SUCCESS);
    assert_int_equal(seal(), TEE_ERROR_ACCESS_CONFLICT);
    assert_int_equal(put(ROOT_KEY, first), TEE_SUCCESS);
    rig_close(&certs);
    assert_int_equal(seal(), TEE_SUCCESS);
    open_certs();
    assert_int_equal(hold(ROOT_KEY, second), TEE_SUCCESS);
    rig_host.waited = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_the_other_applications),
        TEST(keys_follow_each_other),
        TEST(the_policy_stays),
        TEST(a_secret_is_not_replaced),
        TEST(what_is_no_key),
        TEST(holding_keeps_others_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
