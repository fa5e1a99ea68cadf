/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and the class key: what is taken, what is refused and how, and what an interruption leaves. */
#include "tests/unit/opaque_rig.h"

#include <openssl/x509.h>

#include "format/manifest.h"
#include "ta/certs/certs_protocol.h"
#include "ta/crypto/manifest_record.h"

#define ROOT_CERT "com.seqlabs.oem_root_cert"
#define CLOUD_CERT "com.seqlabs.oem_cloud_cert"
#define ROOT_KEY "com.seqlabs.oem_pub_key"
#define SECRET "com.example.secret"

/* What goes into one manifest; a row of the tables changes one thing. */
struct recipe {
    EVP_PKEY *signer;
    EVP_PKEY *class_key;
    const char *device_class;
    uint64_t sequence;
    bool is_update;
    EVP_PKEY *root;             /* whose certificate is in it; NULL: none */
    EVP_PKEY *root_key;         /* that ROOT_KEY stands for; NULL: none */
    const char *name;           /* of the one more key */
    const char *type;           /* of it */
    const char *data;           /* of it; NULL: 32 octets */
    bool comes_twice;           /* the one more key does */
    bool is_not_body;           /* what is sealed is something else */
    enum km_sign_digest digest; /* 0: SHA-256 */
};

static EVP_PKEY *oem, *other, *class_key;
static struct maker_bytes root_cert;

/* ---- certificates that the other application was given ---- */

static struct {
    unsigned n;
    unsigned fails_at; /* this call and later ones; 0: none */
    bool dies;         /* the process ends there instead */
} certs;

static uint32_t certs_peer(uint32_t command, uint32_t types, TEE_Param params[4])
{
    assert_int_equal(command, KM_CERTS_CMD_MANIFEST_PUT);
    assert_int_equal(
        types, TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_INPUT, 0, 0));
    assert_true(params[0].memref.size > 0 && params[1].memref.size > 64);
    certs.n++;
    if (certs.fails_at == 0 || certs.n < certs.fails_at)
        return TEE_SUCCESS;
    if (certs.dies)
        _exit(7);
    return TEE_ERROR_TARGET_DEAD;
}

static unsigned n_steps;

static void dies_at_audit(void)
{
    if (n_steps != 0 && --n_steps == 0)
        _exit(7);
}

/* ---- making one ---- */

static void certificate_of(EVP_PKEY *key, struct maker_bytes *ret)
{
    X509 *made = X509_new();
    X509_NAME *name = X509_get_subject_name(made);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)"test", -1, -1, 0),
        1);
    assert_int_equal(X509_set_issuer_name(made, name), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made), 7), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made), 1000));
    assert_int_equal(X509_set_pubkey(made, key), 1);
    assert_true(X509_sign(made, key, EVP_sha256()) > 0);
    uint8_t *at = ret->at;
    assert_in_range(i2d_X509(made, NULL), 1, MAKER_MAX);
    ret->len = (size_t)i2d_X509(made, &at);
    X509_free(made);
}

static void put_key(struct km_wr *wr, const char *name, const char *type, struct km_slice data)
{
    struct km_opaque_key key = {
        .type = KM_SLICE_STR(type), .name = KM_SLICE_STR(name), .data = data};
    km_opaque_key_put(wr, &key);
}

static void put_keys(struct km_wr *wr, const struct recipe *recipe)
{
    static const char octets[] = "0123456789abcdef0123456789abcdef";
    struct maker_bytes spki = {.len = 0};
    struct km_slice data =
        recipe->data != NULL ? KM_SLICE_STR(recipe->data) : KM_SLICE(octets, sizeof(octets) - 1);
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    if (recipe->root_key != NULL) {
        maker_spki(recipe->root_key, &spki);
        put_key(wr, ROOT_KEY, "KEY_EC_DUAL_PUBLIC", KM_SLICE(spki.at, spki.len));
    }
    put_key(wr, recipe->name, recipe->type, data);
    if (recipe->comes_twice)
        put_key(wr, recipe->name, recipe->type, data);
    km_der_end(wr, mark);
}

static void put_certificates(struct km_wr *wr, const struct recipe *recipe)
{
    struct maker_bytes der = {.len = 0};
    const char *names[] = {ROOT_CERT, CLOUD_CERT};
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    for (size_t i = recipe->root == NULL ? 1 : 0; i < KM_ARRAY_LEN(names); i++) {
        certificate_of(i == 0 ? recipe->root : other, &der);
        size_t one = km_der_begin(wr, KM_DER_SEQUENCE);
        km_der_put(wr, KM_DER_UTF8_STRING, KM_SLICE_STR(names[i]));
        km_wr_bytes(wr, KM_SLICE(der.at, der.len));
        km_der_end(wr, one);
    }
    km_der_end(wr, mark);
}

static void make(const struct recipe *recipe, struct maker_bytes *ret)
{
    uint8_t body[MAKER_MAX] = {0};
    uint8_t content[MAKER_MAX] = {0};
    struct maker_bytes spki = {.len = 0};
    struct km_slice plain = {0};
    struct km_slice whole = {0};
    struct maker_seal seal = {.to = recipe->class_key};
    enum km_sign_digest digest = recipe->digest != 0 ? recipe->digest : KM_SIGN_SHA256;
    const struct km_sign_alg *alg = km_sign_alg_find(KM_SIGN_EC, digest);
    struct km_wr wr = km_wr_init(body, sizeof(body));
    size_t mark = km_der_begin(&wr, KM_DER_SEQUENCE);
    put_certificates(&wr, recipe);
    put_keys(&wr, recipe);
    km_der_end(&wr, mark);
    assert_true(km_wr_finish(&wr, &plain));
    maker_spki(recipe->signer, &spki);
    struct km_manifest head = {.signer = KM_SLICE(spki.at, spki.len),
                               .device_class = KM_SLICE_STR(recipe->device_class),
                               .sequence = recipe->sequence,
                               .is_update = recipe->is_update};
    wr = km_wr_init(content, sizeof(content));
    mark = km_envelope_begin(&wr, KM_MANIFEST_KIND, alg);
    km_manifest_head_put(&wr, &head);
    maker_seal(&wr, &seal, recipe->is_not_body ? KM_SLICE(plain.ptr, plain.len - 1) : plain);
    km_der_end(&wr, mark);
    assert_true(km_wr_finish(&wr, &whole));
    maker_sign(recipe->signer, alg, whole, ret);
}

static struct recipe usual(void)
{
    return (struct recipe){.signer = oem,
                           .class_key = class_key,
                           .device_class = "door",
                           .sequence = 3,
                           .root = oem,
                           .root_key = oem,
                           .name = SECRET,
                           .type = "KEY_HMAC"};
}

static struct recipe update(uint64_t sequence)
{
    struct recipe recipe = usual();
    recipe.is_update = true;
    recipe.sequence = sequence;
    return recipe;
}

/* ---- calls ---- */

static uint32_t class_key_cmd(struct rig_session *s, struct km_slice der, EVP_PKEY **ret)
{
    uint8_t spki[256] = {0};
    struct km_lane_param p[4] = {P_MI(der.ptr, der.len), P_MO(spki, sizeof(spki)), P_NONE, P_NONE};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_MANIFEST_CLASS_KEY, p);
    const uint8_t *at = spki;
    if (result == TEE_SUCCESS && ret != NULL)
        *ret = d2i_PUBKEY(NULL, &at, (long)p[1].size);
    return result;
}

static uint32_t install_as(struct rig_session *s, struct km_slice package, struct km_slice root,
                           uint32_t flags, uint32_t *ret_is_new)
{
    struct km_lane_param p[4] = {P_MI(package.ptr, package.len), P_MI(root.ptr, root.len),
                                 P_VI(flags, 0), P_VO};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_MANIFEST_INSTALL, p);
    if (ret_is_new != NULL)
        *ret_is_new = p[3].a;
    return result;
}

static uint32_t install(const struct maker_bytes *package)
{
    return install_as(&opaque_rig.admin, KM_SLICE(package->at, package->len),
                      KM_SLICE(root_cert.at, root_cert.len), 0, NULL);
}

static uint32_t install_recipe(const struct recipe *recipe)
{
    struct maker_bytes package = {.len = 0};
    make(recipe, &package);
    return install(&package);
}

static uint32_t phase(void)
{
    uint8_t buf[KM_CRYPTO_MANIFEST_WIRE_MAX] = {0};
    struct km_lane_param p[4] = {P_VO, P_MO(buf, sizeof(buf)), P_NONE, P_NONE};
    assert_int_equal(rig_call(&opaque_rig.stranger, KM_CRYPTO_CMD_MANIFEST_STATE, p), TEE_SUCCESS);
    return p[0].a;
}

static uint32_t seal_device(void)
{
    struct km_lane_param p[4] = {P_NONE, P_NONE, P_NONE, P_NONE};
    return rig_call(&opaque_rig.admin, KM_CRYPTO_CMD_PROVISION_SEAL, p);
}

static int up(void **state)
{
    (void)opaque_rig_bare(state);
    rig_host.peer = certs_peer;
    memset(&certs, 0, sizeof(certs));
    n_steps = 0;
    oem = maker_key("P-256");
    other = maker_key("P-256");
    certificate_of(oem, &root_cert);
    assert_int_equal(class_key_cmd(&opaque_rig.admin, KM_SLICE("", 0), &class_key), TEE_SUCCESS);
    return 0;
}

static int down(void **state)
{
    EVP_PKEY_free(oem);
    EVP_PKEY_free(other);
    EVP_PKEY_free(class_key);
    return opaque_rig_down(state);
}

/* ---- the class key ---- */

static void the_class_key_can_do_nothing(void **state)
{
    (void)state;
    struct rig_session *admin = &opaque_rig.admin;
    struct km_crypto_info info = {0};
    uint8_t out[512] = {0};
    uint8_t point[65] = {4};
    size_t len = sizeof(out);
    uint32_t id = 0;
    assert_int_equal(rig_describe(admin, "org.keymoor.class_key", &info), TEE_SUCCESS);
    assert_int_equal(info.usage, 0);
    assert_int_equal(rig_load(admin, "org.keymoor.class_key", 0, &id), TEE_SUCCESS);
    struct km_lane_param agree[4] = {P_VI(id, 0), P_MI(point, sizeof(point)),
                                     P_MO(out, sizeof(out)), P_NONE};
    assert_int_equal(rig_call(admin, KM_CRYPTO_CMD_AGREE_RAW, agree), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_out(admin, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &len),
                     KM_CRYPTO_E_NOT_EXPORTABLE);
    /* Nobody else gets at the name first. */
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDH_KEYPAIR, 256);
    assert_int_equal(rig_create(&opaque_rig.owner, &wish, &id), TEE_SUCCESS);
    assert_int_equal(rig_save(&opaque_rig.owner, id, "org.keymoor.other", 0),
                     TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(class_key_cmd(&opaque_rig.owner, KM_SLICE("", 0), NULL),
                     TEE_ERROR_ACCESS_DENIED);
}

static void one_class_key_and_no_other(void **state)
{
    (void)state;
    struct maker_bytes der = {.len = 0};
    EVP_PKEY *again = NULL;
    maker_pkcs8(other, &der);
    assert_int_equal(class_key_cmd(&opaque_rig.admin, KM_SLICE(der.at, der.len), NULL),
                     KM_CRYPTO_E_EXISTS);
    assert_int_equal(class_key_cmd(&opaque_rig.admin, KM_SLICE("", 0), &again), TEE_SUCCESS);
    assert_int_equal(EVP_PKEY_eq(again, class_key), 1);
    EVP_PKEY_free(again);
    assert_int_equal(class_key_cmd(&opaque_rig.admin, KM_SLICE("junk", 4), NULL),
                     TEE_ERROR_BAD_FORMAT);
    assert_int_equal(seal_device(), TEE_SUCCESS);
    assert_int_equal(rig_delete(&opaque_rig.admin, "org.keymoor.class_key", 0),
                     KM_CRYPTO_E_IMMUTABLE);
}

static void an_imported_class_key_works(void **state)
{
    (void)state;
    struct maker_bytes der = {.len = 0};
    assert_int_equal(rig_delete(&opaque_rig.admin, "org.keymoor.class_key", 0), TEE_SUCCESS);
    maker_pkcs8(other, &der);
    EVP_PKEY_free(class_key);
    for (int i = 0; i < 2; i++) {
        class_key = NULL;
        assert_int_equal(class_key_cmd(&opaque_rig.admin, KM_SLICE(der.at, der.len), &class_key),
                         TEE_SUCCESS);
        assert_int_equal(EVP_PKEY_eq(class_key, other), 1);
        if (i == 0)
            EVP_PKEY_free(class_key);
    }
    struct recipe recipe = usual();
    assert_int_equal(install_recipe(&recipe), TEE_SUCCESS);
}

/* A key that the administrator put there by hand may be one that he used before. */
static void a_class_key_saved_by_hand_is_none(void **state)
{
    (void)state;
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDH_KEYPAIR, 256);
    struct recipe recipe = usual();
    uint32_t id = 0;
    assert_int_equal(rig_delete(&opaque_rig.admin, "org.keymoor.class_key", 0), TEE_SUCCESS);
    assert_int_equal(install_recipe(&recipe), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(rig_create(&opaque_rig.admin, &wish, &id), TEE_SUCCESS);
    assert_int_equal(rig_save(&opaque_rig.admin, id, "org.keymoor.class_key", 0), TEE_SUCCESS);
    assert_int_equal(install_recipe(&recipe), TEE_ERROR_ACCESS_DENIED);
}

/* ---- taken ---- */

static void it_is_installed_once(void **state)
{
    (void)state;
    struct recipe recipe = usual();
    struct maker_bytes package = {.len = 0};
    struct km_crypto_info info = {0};
    uint32_t is_new = 2;
    uint8_t before[32] = {0};
    uint8_t after[32] = {0};
    make(&recipe, &package);
    assert_int_equal(phase(), KM_CRYPTO_MANIFEST_NONE);
    assert_int_equal(install(&package), TEE_SUCCESS);
    assert_int_equal(phase(), KM_CRYPTO_MANIFEST_COMPLETE);
    assert_int_equal(certs.n, 2);
    assert_int_equal(rig_describe(&opaque_rig.stranger, ROOT_KEY, &info), TEE_SUCCESS);
    assert_int_equal(info.flags & KM_CRYPTO_INFO_PROVISIONED, KM_CRYPTO_INFO_PROVISIONED);
    assert_int_equal(rig_describe(&opaque_rig.stranger, SECRET, &info), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_describe(&opaque_rig.admin, SECRET, &info), TEE_SUCCESS);
    opaque_store_digest(before);
    assert_int_equal(install_as(&opaque_rig.admin, KM_SLICE(package.at, package.len),
                                KM_SLICE("", 0), 0, &is_new),
                     TEE_SUCCESS);
    assert_int_equal(is_new, 0);
    assert_int_equal(certs.n, 2);
    opaque_store_digest(after);
    assert_memory_equal(before, after, 32);
    assert_int_equal(seal_device(), TEE_SUCCESS);
    assert_int_equal(rig_delete(&opaque_rig.admin, SECRET, 0), KM_CRYPTO_E_IMMUTABLE);
    assert_int_equal(install(&package), TEE_SUCCESS);
}

static void an_update_changes_what_it_brings(void **state)
{
    (void)state;
    struct recipe recipe = usual();
    struct recipe next = update(4);
    struct km_crypto_info before = {0};
    struct km_crypto_info after = {0};
    assert_int_equal(install_recipe(&recipe), TEE_SUCCESS);
    assert_int_equal(seal_device(), TEE_SUCCESS);
    assert_int_equal(rig_describe(&opaque_rig.admin, SECRET, &before), TEE_SUCCESS);
    next.root = NULL;
    next.root_key = NULL;
    next.data = "another secret of some length...";
    assert_int_equal(install_recipe(&next), TEE_SUCCESS);
    assert_int_equal(rig_describe(&opaque_rig.admin, SECRET, &after), TEE_SUCCESS);
    assert_memory_not_equal(before.id, after.id, sizeof(before.id));
    assert_int_equal(rig_describe(&opaque_rig.stranger, ROOT_KEY, &after), TEE_SUCCESS);
    assert_int_equal(certs.n, 3);
    opaque_rig_restart();
    assert_int_equal(install_recipe(&recipe), KM_CRYPTO_E_EXISTS);
    next.sequence = 3;
    assert_int_equal(install_recipe(&next), KM_CRYPTO_E_ROLLBACK);
}

static void trust_on_first_use_is_asked_for(void **state)
{
    (void)state;
    struct recipe recipe = usual();
    struct recipe strange = update(9);
    struct maker_bytes package = {.len = 0};
    make(&recipe, &package);
    struct km_slice bytes = KM_SLICE(package.at, package.len);
    assert_int_equal(install_as(&opaque_rig.admin, bytes, KM_SLICE("", 0), 0, NULL),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(install_as(&opaque_rig.admin, bytes, KM_SLICE("", 0), 2, NULL),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(install_as(&opaque_rig.admin, bytes, KM_SLICE("junk", 4), 0, NULL),
                     TEE_ERROR_BAD_FORMAT);
    assert_int_equal(
        install_as(&opaque_rig.owner, bytes, KM_SLICE("", 0), KM_CRYPTO_MANIFEST_TRUST_FIRST, NULL),
        TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(
        install_as(&opaque_rig.admin, bytes, KM_SLICE("", 0), KM_CRYPTO_MANIFEST_TRUST_FIRST, NULL),
        TEE_SUCCESS);
    /* From now on it is pinned, whatever is asked for. */
    strange.signer = strange.root = strange.root_key = other;
    make(&strange, &package);
    assert_int_equal(install_as(&opaque_rig.admin, KM_SLICE(package.at, package.len),
                                KM_SLICE("", 0), KM_CRYPTO_MANIFEST_TRUST_FIRST, NULL),
                     KM_CRYPTO_E_SIGNER);
}

/* ---- refused ---- */

static void refusals_have_codes_and_change_nothing(void **state)
{
    (void)state;
    struct recipe r[] = {usual(), usual(), usual(), usual(), usual(), usual(), usual(), usual(),
                         usual(), usual(), usual(), usual(), usual(), usual(), usual(), update(4)};
    static const uint32_t results[KM_ARRAY_LEN(r)] = {
        KM_CRYPTO_E_SIGNER,      KM_CRYPTO_E_OTHER_DEVICE, TEE_ERROR_BAD_FORMAT,
        KM_CRYPTO_E_SIGNER,      KM_CRYPTO_E_SIGNER,       KM_CRYPTO_E_BAD_NAME,
        KM_CRYPTO_E_BAD_NAME,    TEE_ERROR_BAD_FORMAT,     TEE_ERROR_BAD_FORMAT,
        TEE_ERROR_NOT_SUPPORTED, TEE_ERROR_NOT_SUPPORTED,  TEE_ERROR_BAD_FORMAT,
        TEE_ERROR_NOT_SUPPORTED, KM_CRYPTO_E_EXISTS,       KM_CRYPTO_E_DES3_PARITY,
        TEE_ERROR_BAD_STATE,
    };
    uint8_t before[32] = {0};
    uint8_t after[32] = {0};
    uint32_t id = 0;
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 256);
    assert_int_equal(rig_create(&opaque_rig.owner, &wish, &id), TEE_SUCCESS);
    assert_int_equal(rig_save(&opaque_rig.owner, id, "mine", 0), TEE_SUCCESS);
    r[0].signer = other;
    r[1].class_key = other;
    r[2].root = NULL;
    r[3].root = other;
    r[4].root_key = other;
    r[5].name = "com.seqlabs.oem_device_key";
    r[6].name = "org.keymoor.class_key";
    r[7].comes_twice = true;
    r[8].is_not_body = true;
    r[9].type = "KEY_NONSENSE";
    r[10].data = "short";
    r[11].type = "KEY_ECDSA_KEYPAIR";
    r[12].digest = KM_SIGN_SHA1;
    r[13].name = "mine";
    r[14].type = "KEY_DES3";
    r[14].data = "0123456789abcdef";
    opaque_store_digest(before);
    for (size_t i = 0; i < KM_ARRAY_LEN(r); i++) {
        uint32_t result = install_recipe(&r[i]);
        if (result != results[i])
            fail_msg("row %zu: 0x%08x, expected 0x%08x", i, result, results[i]);
        assert_int_equal(phase(), KM_CRYPTO_MANIFEST_NONE);
    }
    opaque_store_digest(after);
    assert_memory_equal(before, after, 32);
    assert_int_equal(certs.n, 0);
    struct recipe good = usual();
    assert_int_equal(seal_device(), TEE_SUCCESS);
    assert_int_equal(install_recipe(&good), TEE_ERROR_BAD_STATE);
}

static void another_manifest_is_refused(void **state)
{
    (void)state;
    struct recipe first = usual();
    struct recipe r[] = {usual(), update(3), update(2), update(4), update(4), update(4)};
    static const uint32_t results[KM_ARRAY_LEN(r)] = {
        KM_CRYPTO_E_EXISTS,       KM_CRYPTO_E_ROLLBACK, KM_CRYPTO_E_ROLLBACK,
        KM_CRYPTO_E_OTHER_DEVICE, KM_CRYPTO_E_SIGNER,   KM_CRYPTO_E_SIGNER};
    uint8_t before[32] = {0};
    uint8_t after[32] = {0};
    assert_int_equal(install_recipe(&first), TEE_SUCCESS);
    r[0].sequence = 9;
    r[3].device_class = "gate";
    r[4].signer = other;
    r[5].root = other;
    opaque_store_digest(before);
    for (size_t i = 0; i < KM_ARRAY_LEN(r); i++) {
        uint32_t result = install_recipe(&r[i]);
        if (result != results[i])
            fail_msg("row %zu: 0x%08x, expected 0x%08x", i, result, results[i]);
    }
    opaque_store_digest(after);
    assert_memory_equal(before, after, 32);
}

static bool is_specific(uint32_t result)
{
    static const uint32_t codes[] = {TEE_ERROR_BAD_FORMAT,        TEE_ERROR_NOT_SUPPORTED,
                                     TEE_ERROR_SIGNATURE_INVALID, KM_CRYPTO_E_SIGNER,
                                     KM_CRYPTO_E_OTHER_DEVICE,    KM_CRYPTO_E_TOO_LARGE};
    for (size_t i = 0; i < KM_ARRAY_LEN(codes); i++) {
        if (codes[i] == result)
            return true;
    }
    return false;
}

static void every_flip_and_cut_is_refused(void **state)
{
    (void)state;
    static struct maker_bytes package, broken;
    static uint8_t large[KM_MANIFEST_MAX + 1];
    struct recipe recipe = usual();
    uint8_t before[32] = {0};
    uint8_t after[32] = {0};
    make(&recipe, &package);
    opaque_store_digest(before);
    for (size_t i = 0; i < package.len; i++) {
        broken = package;
        broken.at[i] ^= (uint8_t)(1u << (i % 8));
        uint32_t result = install(&broken);
        if (!is_specific(result))
            fail_msg("octet %zu: 0x%08x", i, result);
    }
    broken = package;
    for (broken.len = 1; broken.len < package.len; broken.len++)
        assert_int_equal(install(&broken), TEE_ERROR_BAD_FORMAT);
    broken.len = package.len + 1;
    assert_int_equal(install(&broken), TEE_ERROR_BAD_FORMAT);
    assert_int_equal(install_as(&opaque_rig.admin, KM_SLICE(large, sizeof(large)), KM_SLICE("", 0),
                                KM_CRYPTO_MANIFEST_TRUST_FIRST, NULL),
                     KM_CRYPTO_E_TOO_LARGE);
    assert_int_equal(phase(), KM_CRYPTO_MANIFEST_NONE);
    opaque_store_digest(after);
    assert_memory_equal(before, after, 32);
    assert_int_equal(certs.n, 0);
    assert_int_equal(install(&package), TEE_SUCCESS);
}

/* ---- interrupted ---- */

static void an_interruption_is_mended_by_the_same(void **state)
{
    (void)state;
    struct recipe recipe = usual();
    struct recipe next = update(4);
    struct maker_bytes package = {.len = 0};
    make(&recipe, &package);
    rig_host.peer = NULL;
    assert_int_equal(install(&package), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(phase(), KM_CRYPTO_MANIFEST_NONE);
    rig_host.peer = certs_peer;
    certs.fails_at = 2;
    assert_int_equal(install(&package), TEE_ERROR_TARGET_DEAD);
    assert_int_equal(phase(), KM_CRYPTO_MANIFEST_UNDER_WAY);
    assert_int_equal(seal_device(), TEE_ERROR_BAD_STATE);
    opaque_rig_restart();
    assert_int_equal(seal_device(), TEE_ERROR_BAD_STATE);
    assert_int_equal(install_recipe(&next), TEE_ERROR_BAD_STATE);
    recipe.sequence = 8;
    assert_int_equal(install_recipe(&recipe), TEE_ERROR_BAD_STATE);
    certs.fails_at = 0;
    assert_int_equal(install(&package), TEE_SUCCESS);
    assert_int_equal(phase(), KM_CRYPTO_MANIFEST_COMPLETE);
    assert_int_equal(seal_device(), TEE_SUCCESS);
    /* An update after the seal is ended the same way. */
    make(&next, &package);
    certs.n = 0;
    certs.fails_at = 1;
    assert_int_equal(install(&package), TEE_ERROR_TARGET_DEAD);
    assert_int_equal(phase(), KM_CRYPTO_MANIFEST_UNDER_WAY);
    certs.fails_at = 0;
    opaque_rig_restart();
    assert_int_equal(install(&package), TEE_SUCCESS);
    assert_int_equal(phase(), KM_CRYPTO_MANIFEST_COMPLETE);
}

static struct maker_bytes to_install;

/* Ends at its n-th step: a certificate handed over or an audit record written, of which each write of a key leaves one. */
static int install_and_die(void *arg)
{
    unsigned at = *(const unsigned *)arg;
    rig_start(opaque_rig.dir);
    rig_open(&opaque_rig.admin, 0, true);
    rig_host.audited = dies_at_audit;
    certs.dies = true;
    certs.n = 0;
    certs.fails_at = at <= 2 ? at : 0;
    n_steps = at > 2 ? at - 2 : 0;
    return install(&to_install) == TEE_SUCCESS ? 0 : 1;
}

static void a_kill_at_any_step_is_mended(void **state)
{
    (void)state;
    struct recipe recipe = usual();
    struct km_crypto_info info = {0};
    unsigned n_killed = 0;
    int wait_status = 0x700;
    for (unsigned at = 1; wait_status == 0x700; at++) {
        recipe.sequence = at;
        recipe.is_update = at > 1;
        make(&recipe, &to_install);
        rig_close(&opaque_rig.owner);
        rig_close(&opaque_rig.stranger);
        rig_close(&opaque_rig.admin);
        rig_stop();
        wait_status = km_test_in_child(install_and_die, &at);
        rig_start(opaque_rig.dir);
        rig_open(&opaque_rig.owner, OWNER, false);
        rig_open(&opaque_rig.stranger, STRANGER, false);
        rig_open(&opaque_rig.admin, 0, true);
        assert_true(wait_status == 0x700 || wait_status == 0);
        n_killed += wait_status == 0x700 ? 1 : 0;
        if (phase() == KM_CRYPTO_MANIFEST_UNDER_WAY)
            assert_int_equal(seal_device(), TEE_ERROR_BAD_STATE);
        assert_int_equal(install(&to_install), TEE_SUCCESS);
        assert_int_equal(phase(), KM_CRYPTO_MANIFEST_COMPLETE);
        assert_int_equal(rig_describe(&opaque_rig.admin, SECRET, &info), TEE_SUCCESS);
        assert_int_equal(rig_describe(&opaque_rig.admin, ROOT_KEY, &info), TEE_SUCCESS);
    }
    assert_true(n_killed >= 5);
}

/* What the store holds of it: octet by octet, and nothing near it. */
static void the_state_is_read_strictly(void **state)
{
    (void)state;
    struct km_manifest_record record = {.phase = KM_CRYPTO_MANIFEST_COMPLETE,
                                        .sequence = 7,
                                        .device_class = {.len = 4, .at = "door"}};
    struct km_manifest_record again = {0};
    uint8_t octets[KM_MANIFEST_RECORD_MAX + 1] = {0};
    size_t len = 0;
    assert_true(km_manifest_record_put(&record, KM_SPAN(octets, sizeof(octets)), &len));
    assert_true(km_manifest_record_parse(KM_SLICE(octets, len), &again));
    assert_int_equal(again.sequence, 7);
    for (size_t cut = 0; cut < len; cut++)
        assert_false(km_manifest_record_parse(KM_SLICE(octets, cut), &again));
    assert_false(km_manifest_record_parse(KM_SLICE(octets, len + 1), &again));
    assert_false(km_manifest_record_put(&record, KM_SPAN(octets, len - 1), &len));
    octets[4] = KM_CRYPTO_MANIFEST_NONE;
    assert_false(km_manifest_record_parse(KM_SLICE(octets, len), &again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_is_read_strictly),
        cmocka_unit_test_setup_teardown(the_class_key_can_do_nothing, up, down),
        cmocka_unit_test_setup_teardown(one_class_key_and_no_other, up, down),
        cmocka_unit_test_setup_teardown(an_imported_class_key_works, up, down),
        cmocka_unit_test_setup_teardown(a_class_key_saved_by_hand_is_none, up, down),
        cmocka_unit_test_setup_teardown(it_is_installed_once, up, down),
        cmocka_unit_test_setup_teardown(an_update_changes_what_it_brings, up, down),
        cmocka_unit_test_setup_teardown(trust_on_first_use_is_asked_for, up, down),
        cmocka_unit_test_setup_teardown(refusals_have_codes_and_change_nothing, up, down),
        cmocka_unit_test_setup_teardown(another_manifest_is_refused, up, down),
        cmocka_unit_test_setup_teardown(every_flip_and_cut_is_refused, up, down),
        cmocka_unit_test_setup_teardown(an_interruption_is_mended_by_the_same, up, down),
        cmocka_unit_test_setup_teardown(a_kill_at_any_step_is_mended, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
