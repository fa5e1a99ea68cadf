/* SPDX-License-Identifier: Apache-2.0 */
/* Signed commands: what is obeyed, what is refused and how, and that a refusal changes nothing. */
#include "tests/unit/certs_rig.h"

#include "ta/crypto/crypto_protocol.h"

static struct made_cert ca, leaf, stranger;

static int up(void **state)
{
    (void)certs_rig_up(state);
    cert_make("ca|cn=added|key=P-256/ca", NULL, &ca);
    cert_make("cn=leaf|key=P-256/leaf|serial=11", &ca, &leaf);
    cert_make("ca|cn=stranger|key=P-256/stranger", NULL, &stranger);
    return 0;
}

static int down(void **state)
{
    cert_free(&ca);
    cert_free(&leaf);
    cert_free(&stranger);
    return certs_rig_down(state);
}

static struct km_cert_command add_ca(uint64_t sequence)
{
    return (struct km_cert_command){
        .operation = KM_CERT_ADD_AUTHORITY, .sequence = sequence, .body = cert_der(&ca)};
}

/* ---- authorities ---- */

static void authorities_come_and_go(void **state)
{
    (void)state;
    struct made_cert renewed = {0};
    cert_make("ca|cn=added|key=P-256/ca|serial=8|na=20400101000000Z", NULL, &renewed);
    assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_UNTRUSTED);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 1, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_GOOD);
    assert_int_equal(certs_rig_verify(&ca, NULL), KM_CERTS_GOOD);
    assert_int_equal(certs_rig_verify(&stranger, NULL), KM_CERTS_UNTRUSTED);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 2, &ca), KM_CERTS_E_EXISTS);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 2, &renewed), KM_CERTS_E_EXISTS);
    assert_int_equal(certs_rig_simple(KM_CERT_UPDATE_AUTHORITY, 2, &renewed), TEE_SUCCESS);
    certs_rig_restart();
    assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_GOOD);
    assert_int_equal(certs_rig_simple(KM_CERT_DELETE_AUTHORITY, 3, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_UNTRUSTED);
    assert_int_equal(certs_rig_verify(&ca, NULL), KM_CERTS_UNTRUSTED);
    assert_int_equal(certs_rig_simple(KM_CERT_DELETE_AUTHORITY, 4, &ca), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(certs_rig_sequence(), 3);
    cert_free(&renewed);
}

static void a_leaf_is_kept_but_no_anchor(void **state)
{
    (void)state;
    struct made_cert below = {0};
    cert_make("cn=below|key=P-256/below", &leaf, &below);
    assert_int_equal(certs_rig_simple(KM_CERT_UPDATE_AUTHORITY, 1, &leaf), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_UNTRUSTED);
    assert_int_equal(certs_rig_verify(&below, NULL), KM_CERTS_UNTRUSTED);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 2, &leaf), KM_CERTS_E_EXISTS);
    assert_int_equal(certs_rig_simple(KM_CERT_DELETE_AUTHORITY, 2, &leaf), TEE_SUCCESS);
    cert_free(&below);
}

static void what_is_revoked_stays_so(void **state)
{
    (void)state;
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 1, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_REVOCATION, 2, &leaf), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_REVOKED);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_REVOCATION, 3, &leaf), KM_CERTS_E_EXISTS);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 3, &leaf), KM_CERTS_E_REVOKED);
    assert_int_equal(certs_rig_simple(KM_CERT_UPDATE_AUTHORITY, 3, &leaf), KM_CERTS_E_REVOKED);
    assert_int_equal(certs_rig_simple(KM_CERT_DELETE_AUTHORITY, 3, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 4, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_REVOKED);
}

/* A revoked authority is not believed itself; what it issued still is. */
static void revoking_an_authority(void **state)
{
    (void)state;
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 1, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_REVOCATION, 2, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&ca, NULL), KM_CERTS_REVOKED);
    assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_GOOD);
}

/* Anybody can make another signature from an ECDSA signature: n - s in the place of s. It is the same certificate. */
static void another_signature_does_not_revive(void **state)
{
    (void)state;
    const ASN1_BIT_STRING *bits = NULL;
    struct made_cert twin = {.key = leaf.key};
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 1, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_REVOCATION, 2, &leaf), TEE_SUCCESS);
    /* The same content signed again differs in the signature alone. */
    twin.x509 = X509_dup(leaf.x509);
    assert_true(X509_sign(twin.x509, ca.key, EVP_sha256()) > 0);
    X509_get0_signature(&bits, NULL, twin.x509);
    int len = i2d_X509(twin.x509, &twin.der);
    assert_true(len > 0);
    twin.len = (size_t)len;
    assert_false(km_slice_equal(cert_der(&twin), cert_der(&leaf)));
    assert_int_equal(certs_rig_verify(&twin, NULL), KM_CERTS_REVOKED);
    X509_free(twin.x509);
    OPENSSL_free(twin.der);
}

/* ---- who, for whom, in which order ---- */

static void sequences_only_rise(void **state)
{
    (void)state;
    struct km_cert_command command = add_ca(0);
    uint8_t first[RIG_COMMAND_MAX];
    assert_int_equal(certs_rig_command(&command), KM_CERTS_E_NUMBER);
    command.sequence = 5;
    struct km_slice package =
        certs_rig_sign(&command, certs_rig.command.key, KM_SIGN_SHA256, first);
    assert_int_equal(certs_rig_hand_in(&certs_rig.user, package), TEE_SUCCESS);
    assert_int_equal(certs_rig_hand_in(&certs_rig.user, package), KM_CERTS_E_REPLAYED);
    assert_int_equal(certs_rig_simple(KM_CERT_DELETE_AUTHORITY, 4, &ca), KM_CERTS_E_REPLAYED);
    assert_int_equal(certs_rig_simple(KM_CERT_DELETE_AUTHORITY, 5, &ca), KM_CERTS_E_REPLAYED);
    certs_rig_restart();
    assert_int_equal(certs_rig_hand_in(&certs_rig.user, package), KM_CERTS_E_REPLAYED);
    assert_int_equal(certs_rig_simple(KM_CERT_DELETE_AUTHORITY, INT64_MAX, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_sequence(), INT64_MAX);
    assert_int_equal(certs_rig_hand_in(&certs_rig.user, package), KM_CERTS_E_REPLAYED);
}

static uint32_t numbers(uint32_t takes_any)
{
    struct km_lane_param p[4] = {P_VI(takes_any, 0), P_NONE, P_NONE, P_NONE};
    return rig_call(&certs_rig.admin, KM_CERTS_CMD_PROVISION_NUMBERS, p);
}

static uint32_t takes_any(void)
{
    struct km_lane_param p[4] = {P_VO, P_VO, P_NONE, P_NONE};
    assert_int_equal(rig_call(&certs_rig.user, KM_CERTS_CMD_SEQUENCE, p), TEE_SUCCESS);
    return p[1].a;
}

static uint32_t numbers_only(uint64_t sequence)
{
    const struct km_cert_command command = {.operation = KM_CERT_NUMBERS_ONLY,
                                            .sequence = sequence};
    return certs_rig_command(&command);
}

/* A device that was told before its seal to obey commands without a number, until a command ends that. */
static void commands_without_a_number(void **state)
{
    (void)state;
    char dir[64] = {0};
    assert_int_equal(numbers(1), TEE_ERROR_BAD_STATE);
    /* The same device, once more, unsealed. */
    rig_close(&certs_rig.user);
    rig_close(&certs_rig.admin);
    rig_stop();
    rig_dir(dir);
    rig_start(dir);
    rig_open(&certs_rig.user, 1000, false);
    rig_open(&certs_rig.admin, 0, true);
    struct km_lane_param p[4] = {P_STR("com.seqlabs.oem_command_cert"),
                                 P_MI(certs_rig.command.der, certs_rig.command.len), P_NONE,
                                 P_NONE};
    struct km_cert_command command = add_ca(0);
    assert_int_equal(certs_rig_command(&command), TEE_ERROR_BAD_STATE); /* no command certificate */
    assert_int_equal(rig_call(&certs_rig.admin, KM_CERTS_CMD_PROVISION, p), TEE_SUCCESS);
    assert_int_equal(certs_rig_command(&command), KM_CERTS_E_NUMBER);
    assert_int_equal(numbers(2), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(numbers(1), TEE_SUCCESS);
    assert_int_equal(takes_any(), 1);
    assert_int_equal(certs_rig_command(&command), TEE_SUCCESS);
    assert_int_equal(certs_rig_sequence(), 0);
    assert_int_equal(numbers_only(3), TEE_SUCCESS);
    assert_int_equal(takes_any(), 0);
    command.operation = KM_CERT_DELETE_AUTHORITY;
    assert_int_equal(certs_rig_command(&command), KM_CERTS_E_NUMBER);
    assert_int_equal(numbers(1), TEE_ERROR_BAD_STATE);
    rig_dir_remove(dir);
}

static void others_are_not_believed(void **state)
{
    (void)state;
    uint8_t out[RIG_COMMAND_MAX];
    uint8_t before[32] = {0};
    uint8_t after[32] = {0};
    const struct km_cert_command command = add_ca(1);
    struct made_cert rsa = {0};
    cert_make("cn=rsa|key=RSA2048/other", NULL, &rsa);
    certs_rig_digest(before);
    assert_int_equal(certs_rig_hand_in(&certs_rig.admin,
                                       certs_rig_sign(&command, stranger.key, KM_SIGN_SHA256, out)),
                     KM_CERTS_E_SIGNATURE);
    assert_int_equal(
        certs_rig_hand_in(&certs_rig.admin, certs_rig_sign(&command, rsa.key, KM_SIGN_SHA256, out)),
        KM_CERTS_E_SIGNATURE);
    assert_int_equal(
        certs_rig_hand_in(&certs_rig.admin,
                          certs_rig_sign(&command, certs_rig.root.key, KM_SIGN_SHA256, out)),
        KM_CERTS_E_SIGNATURE);
    assert_int_equal(
        certs_rig_hand_in(&certs_rig.admin,
                          certs_rig_sign(&command, certs_rig.command.key, KM_SIGN_SHA1, out)),
        TEE_ERROR_NOT_SUPPORTED);
    certs_rig_digest(after);
    assert_memory_equal(before, after, sizeof(before));
    assert_int_equal(
        certs_rig_hand_in(&certs_rig.admin,
                          certs_rig_sign(&command, certs_rig.command.key, KM_SIGN_SHA512, out)),
        TEE_SUCCESS);
    cert_free(&rsa);
}

static void device_digest(uint8_t ret[32])
{
    struct km_slice spki = certs_rig_key("com.seqlabs.oem_device_pub_key");
    assert_int_equal(EVP_Digest(spki.ptr, spki.len, ret, NULL, EVP_sha256(), NULL), 1);
}

static void commands_for_one_device(void **state)
{
    (void)state;
    uint8_t digest[32] = {0};
    struct km_cert_command command = add_ca(1);
    device_digest(digest);
    command.device = KM_SLICE(digest, sizeof(digest));
    digest[31] ^= 1;
    assert_int_equal(certs_rig_command(&command), KM_CERTS_E_OTHER_DEVICE);
    digest[31] ^= 1;
    assert_int_equal(certs_rig_command(&command), TEE_SUCCESS);
}

/* Each octet changed, and each length that it can be cut to: refused, nothing changed. */
static void damaged_commands(void **state)
{
    (void)state;
    static uint8_t out[RIG_COMMAND_MAX];
    uint8_t before[32] = {0};
    uint8_t after[32] = {0};
    const struct km_cert_command command = add_ca(1);
    struct km_slice whole = certs_rig_sign(&command, certs_rig.command.key, KM_SIGN_SHA256, out);
    certs_rig_digest(before);
    for (size_t i = 0; i < whole.len; i++) {
        out[i] ^= 0x01;
        uint32_t result = certs_rig_hand_in(&certs_rig.admin, whole);
        out[i] ^= 0x01;
        assert_true(result == TEE_ERROR_BAD_FORMAT || result == TEE_ERROR_NOT_SUPPORTED ||
                    result == KM_CERTS_E_SIGNATURE);
        result = certs_rig_hand_in(&certs_rig.admin, KM_SLICE(out, i));
        assert_int_equal(result, TEE_ERROR_BAD_FORMAT);
    }
    out[whole.len] = 0;
    assert_int_equal(certs_rig_hand_in(&certs_rig.admin, KM_SLICE(out, whole.len + 1)),
                     TEE_ERROR_BAD_FORMAT);
    assert_int_equal(certs_rig_hand_in(&certs_rig.admin, KM_SLICE(out, KM_CERT_COMMAND_MAX + 1)),
                     KM_CERTS_E_TOO_LARGE);
    certs_rig_digest(after);
    assert_memory_equal(before, after, sizeof(before));
    assert_int_equal(certs_rig_hand_in(&certs_rig.admin, whole), TEE_SUCCESS);
}

static void bodies_that_are_no_certificate(void **state)
{
    (void)state;
    static uint8_t large[KM_CERTS_DER_MAX + 1] = {0x30, 0x82, 0x1f, 0xfd};
    struct km_cert_command command = add_ca(1);
    command.body = KM_SLICE(ca.der, ca.len - 1);
    assert_int_equal(certs_rig_command(&command), TEE_ERROR_BAD_FORMAT);
    command.body = KM_SLICE(large, sizeof(large));
    assert_int_equal(certs_rig_command(&command), KM_CERTS_E_TOO_LARGE);
    assert_int_equal(certs_rig_sequence(), 0);
}

/* ---- named certificates ---- */

#define ROOT "com.seqlabs.oem_root_cert"
#define CLOUD "com.seqlabs.oem_cloud_cert"
#define COMMAND "com.seqlabs.oem_command_cert"
#define DEVICE "com.seqlabs.oem_device_cert"

static void assert_named(const char *name, const struct made_cert *cert)
{
    uint8_t der[KM_CERTS_DER_MAX] = {0};
    assert_true(km_slice_equal(certs_rig_get(name, der), cert_der(cert)));
}

static void assert_key(const char *name, const struct made_cert *cert)
{
    uint8_t *spki = NULL;
    int len = i2d_PUBKEY(cert->key, &spki);
    assert_true(len > 0);
    assert_true(km_slice_equal(certs_rig_key(name), KM_SLICE(spki, (size_t)len)));
    OPENSSL_free(spki);
}

static void named_with_its_key(void **state)
{
    (void)state;
    struct made_cert under = {0};
    cert_make("cn=under|key=P-256/under", &stranger, &under);
    assert_int_equal(certs_rig_verify(&under, NULL), KM_CERTS_UNTRUSTED);
    assert_int_equal(certs_rig_named(ROOT, 1, &stranger), TEE_SUCCESS);
    assert_named(ROOT, &stranger);
    assert_key("com.seqlabs.oem_pub_key", &stranger);
    assert_int_equal(certs_rig_verify(&under, NULL), KM_CERTS_GOOD);
    assert_int_equal(certs_rig_named(CLOUD, 2, &ca), TEE_SUCCESS);
    assert_named(CLOUD, &ca);
    assert_key("com.seqlabs.oem_cloud_pub_key", &ca);
    assert_int_equal(certs_rig.keys->n_puts, 2);
    assert_int_equal(certs_rig_named("com.example.unknown", 3, &ca), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(certs_rig_named("com.seqlabs.oem_device_csr", 3, &ca), TEE_ERROR_BAD_FORMAT);
    cert_free(&under);
}

static void named_is_the_administrators(void **state)
{
    (void)state;
    uint8_t out[RIG_COMMAND_MAX];
    const struct km_cert_command command = {.operation = KM_CERT_UPDATE_NAMED,
                                            .sequence = 1,
                                            .name = KM_SLICE_STR(ROOT),
                                            .body = cert_der(&stranger)};
    struct km_slice package = certs_rig_sign(&command, certs_rig.command.key, KM_SIGN_SHA256, out);
    assert_int_equal(certs_rig_hand_in(&certs_rig.user, package), TEE_ERROR_ACCESS_DENIED);
    assert_named(ROOT, &certs_rig.root);
    assert_int_equal(certs_rig_hand_in(&certs_rig.admin, package), TEE_SUCCESS);
}

static void roots_have_to_be_authorities(void **state)
{
    (void)state;
    assert_int_equal(certs_rig_named(ROOT, 1, &leaf), KM_CERTS_E_NOT_AUTHORITY);
    assert_named(ROOT, &certs_rig.root);
    assert_int_equal(certs_rig_named(CLOUD, 1, &leaf), TEE_SUCCESS);
}

static void device_certificates_keep_their_key(void **state)
{
    (void)state;
    struct made_cert renewed = {0};
    cert_make("cn=device again|key=P-256/device", &stranger, &renewed);
    assert_int_equal(certs_rig_named(DEVICE, 1, &leaf), KM_CERTS_E_KEY_MISMATCH);
    assert_named(DEVICE, &certs_rig.device);
    assert_int_equal(certs_rig_named(DEVICE, 1, &renewed), TEE_SUCCESS);
    assert_named(DEVICE, &renewed);
    assert_int_equal(certs_rig.keys->n_puts, 0);
    assert_int_equal(certs_rig_named("com.seqlabs.emp_device_cert", 2, &renewed),
                     KM_CERTS_E_KEY_MISMATCH);
    cert_free(&renewed);
}

static void the_command_certificate_is_replaced(void **state)
{
    (void)state;
    struct made_cert next = {0};
    cert_make("cn=next commands|key=P-256/next commands", NULL, &next);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_REVOCATION, 1, &certs_rig.command),
                     KM_CERTS_E_LOCKOUT);
    assert_int_equal(certs_rig_sequence(), 0);
    assert_int_equal(certs_rig_named(COMMAND, 1, &next), TEE_SUCCESS);
    const struct km_cert_command revoke = {
        .operation = KM_CERT_ADD_REVOCATION, .sequence = 2, .body = cert_der(&certs_rig.command)};
    uint8_t out[RIG_COMMAND_MAX];
    assert_int_equal(
        certs_rig_hand_in(&certs_rig.user, certs_rig_sign(&revoke, next.key, KM_SIGN_SHA256, out)),
        TEE_SUCCESS);
    cert_free(&next);
}

static void what_would_lock_out(void **state)
{
    static const char *const BAD[] = {
        "cn=c|key=P-224/c",
        "cn=c|key=RSA1024/c",
        "cn=c|key=ED25519/c",
        "cn=c|key=P-256/c|ku=critical,keyAgreement",
        "cn=c|key=P-256/c|na=20200101000000Z",
        "cn=c|key=P-256/c|nb=20300101000000Z",
    };
    (void)state;
    struct made_cert next = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(BAD); i++) {
        cert_make(BAD[i], NULL, &next);
        assert_int_equal(certs_rig_named(COMMAND, 1, &next), KM_CERTS_E_LOCKOUT);
        cert_free(&next);
    }
    cert_make("cn=c|key=RSA2048/c", NULL, &next);
    assert_int_equal(certs_rig_named(COMMAND, 1, &next), TEE_SUCCESS);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 2, &ca), KM_CERTS_E_SIGNATURE);
    cert_free(&certs_rig.command);
    certs_rig.command = next;
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 2, &ca), TEE_SUCCESS);
}

static void what_the_other_application_refuses(void **state)
{
    (void)state;
    certs_rig.keys->refuses = TEE_ERROR_BAD_STATE;
    assert_int_equal(certs_rig_named(ROOT, 1, &stranger), TEE_ERROR_BAD_STATE);
    certs_rig.keys->refuses = KM_CRYPTO_E_EXISTS;
    assert_int_equal(certs_rig_named(ROOT, 1, &stranger), KM_CERTS_E_EXISTS);
    certs_rig.keys->refuses = TEE_ERROR_TARGET_DEAD;
    assert_int_equal(certs_rig_named(ROOT, 1, &stranger), TEE_ERROR_STORAGE_NOT_AVAILABLE);
    /* What is old, or not numbered, does not get so far. */
    assert_int_equal(certs_rig_named(ROOT, 0, &stranger), KM_CERTS_E_NUMBER);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 1, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_named(ROOT, 1, &stranger), KM_CERTS_E_REPLAYED);
    certs_rig.keys->refuses = TEE_SUCCESS;
    assert_named(ROOT, &certs_rig.root);
    assert_int_equal(certs_rig_sequence(), 1);
    assert_int_equal(certs_rig_named(ROOT, 2, &stranger), TEE_SUCCESS);
}

/* A revocation that is acknowledged is one, wherever memory was short. */
static void without_memory_for_a_certificate(void **state)
{
    (void)state;
    uint64_t sequence = 1;
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, sequence++, &ca), TEE_SUCCESS);
    for (unsigned at = 1; at < 4; at++) {
        assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_GOOD);
        certs_rig.n_reads = 0;
        certs_rig.misread = at;
        uint32_t result = certs_rig_simple(KM_CERT_ADD_REVOCATION, sequence, &leaf);
        certs_rig.misread = 0;
        if (result != TEE_SUCCESS)
            continue;
        assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_REVOKED);
        return;
    }
    fail_msg("it was never obeyed");
}

/* ---- the administrator's, and the list ---- */

static void lists_tell_what_is_there(void **state)
{
    (void)state;
    static uint8_t page[KM_CERTS_LIST_MAX];
    size_t crl_len = 0;
    uint8_t *crl = crl_make("serials=99", &ca, &crl_len);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 1, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 2, &leaf), TEE_SUCCESS);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_REVOCATION, 3, &leaf), TEE_SUCCESS);
    assert_int_equal(certs_rig_crl(KM_SLICE(crl, crl_len)), TEE_SUCCESS);
    uint32_t seen = 0;
    uint32_t cursor = 0;
    do {
        /* One entry a page. */
        struct km_lane_param p[4] = {P_VIO(cursor), P_MO(page, 70), P_NONE, P_NONE};
        assert_int_equal(rig_call(&certs_rig.user, KM_CERTS_CMD_STORE_LIST, p), TEE_SUCCESS);
        struct km_rd rd = km_rd_init(KM_SLICE(page, p[1].size));
        uint8_t digest[32] = {0};
        uint32_t kind = 0;
        uint32_t len = 0;
        struct km_slice subject = {0};
        assert_true(km_rd_u32le(&rd, &kind) && km_rd_copy(&rd, digest, 32) &&
                    km_rd_u32le(&rd, &len) && km_rd_blob32le(&rd, 255, &subject) &&
                    km_rd_done(&rd));
        assert_true(
            km_slice_equal(subject, KM_SLICE_STR(kind == 1 || kind == 4 ? "CN=added" : "CN=leaf")));
        struct km_lane_param q[4] = {P_MI(digest, 32), P_MO(page, sizeof(page)), P_NONE, P_NONE};
        uint32_t got = rig_call(&certs_rig.user, KM_CERTS_CMD_STORE_GET, q);
        if (kind == KM_CERTS_ENTRY_CRL)
            assert_true(got == TEE_SUCCESS &&
                        km_slice_equal(KM_SLICE(page, q[1].size), KM_SLICE(crl, crl_len)));
        else
            assert_int_equal(got, TEE_SUCCESS);
        seen |= 1u << kind;
        cursor = p[0].a;
    } while (cursor != 0);
    assert_int_equal(seen, 0x1e);
    struct km_lane_param p[4] = {P_VIO(0), P_MO(page, 10), P_NONE, P_NONE};
    assert_int_equal(rig_call(&certs_rig.user, KM_CERTS_CMD_STORE_LIST, p), TEE_ERROR_SHORT_BUFFER);
    OPENSSL_free(crl);
}

static void what_is_the_administrators(void **state)
{
    (void)state;
    struct km_lane_param crl[4] = {P_STR("x"), P_NONE, P_NONE, P_NONE};
    struct km_lane_param numbers_[4] = {P_VI(0, 0), P_NONE, P_NONE, P_NONE};
    assert_int_equal(rig_call(&certs_rig.user, KM_CERTS_CMD_CRL, crl), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_call(&certs_rig.user, KM_CERTS_CMD_PROVISION_NUMBERS, numbers_),
                     TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_call(&certs_rig.admin, KM_CERTS_CMD_CRL, crl), TEE_ERROR_BAD_FORMAT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(authorities_come_and_go),
        TEST(a_leaf_is_kept_but_no_anchor),
        TEST(what_is_revoked_stays_so),
        TEST(revoking_an_authority),
        TEST(another_signature_does_not_revive),
        TEST(sequences_only_rise),
        TEST(commands_without_a_number),
        TEST(others_are_not_believed),
        TEST(commands_for_one_device),
        TEST(damaged_commands),
        TEST(bodies_that_are_no_certificate),
        TEST(named_with_its_key),
        TEST(named_is_the_administrators),
        TEST(roots_have_to_be_authorities),
        TEST(device_certificates_keep_their_key),
        TEST(the_command_certificate_is_replaced),
        TEST(what_would_lock_out),
        TEST(what_the_other_application_refuses),
        TEST(without_memory_for_a_certificate),
        TEST(lists_tell_what_is_there),
        TEST(what_is_the_administrators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
