/* SPDX-License-Identifier: Apache-2.0 */
/* Opaque key packages into the key store, and every way in which they must not get there. */
#include "common/km_des.h"
#include "tests/unit/opaque_rig.h"

static struct km_opaque_key key_of(const char *type, const char *name, struct km_slice data)
{
    return (struct km_opaque_key){
        .type = KM_SLICE_STR(type), .name = KM_SLICE_STR(name), .data = data};
}

static void plain_of(const struct km_opaque_key *key, struct maker_bytes *ret)
{
    struct km_wr wr = km_wr_init(ret->at, sizeof(ret->at));
    struct km_slice whole = {0};
    km_opaque_key_put(&wr, key);
    assert_true(km_wr_finish(&wr, &whole));
    ret->len = whole.len;
}

static void package_of(const struct km_opaque_key *key, struct maker_bytes *ret)
{
    struct maker_bytes plain = {.len = 0};
    struct maker_seal seal = {.to = opaque_rig.device};
    plain_of(key, &plain);
    maker_opaque_key(opaque_rig.oem, &seal, KM_SLICE(plain.at, plain.len), ret);
}

static const uint8_t AES_OCTETS[32] = {7, 7, 7};

static void aes_package(const char *name, struct maker_bytes *ret)
{
    struct km_opaque_key key = key_of("KEY_AES", name, KM_SLICE(AES_OCTETS, 32));
    package_of(&key, ret);
}

static uint32_t save(const struct maker_bytes *package)
{
    return opaque_save_key(&opaque_rig.owner, KM_SLICE(package->at, package->len), 0, 0);
}

/* The same octets come out under the name, as far as they may: nothing but an exportable key shows them. */
static void types(void **state)
{
    static const struct {
        const char *type;
        const char *kind; /* of libcrypto's key, or NULL for octets */
        size_t n_octets;
        uint32_t bits;
    } CASES[] = {
        {"KEY_AES", NULL, 16, 128},
        {"KEY_AES", NULL, 32, 256},
        {"KEY_HMAC", NULL, 20, 160},
        {"KEY_GENERIC_SECRET", NULL, 48, 384},
        {"KEY_ECDSA_KEYPAIR", "P-256", 0, 256},
        {"KEY_ECDSA_KEYPAIR", "P-384", 0, 384},
        {"KEY_ECDSA_KEYPAIR", "P-521", 0, 521},
        {"KEY_ECDSA_PUBLIC", "P-256", 0, 256},
        {"KEY_ECDH_KEYPAIR", "P-256", 0, 256},
        {"KEY_ECDH_PUBLIC", "P-384", 0, 384},
        {"KEY_EC_DUAL_KEYPAIR", "P-521", 0, 521},
        {"KEY_EC_DUAL_PUBLIC", "P-256", 0, 256},
        {"KEY_RSA_KEYPAIR", "RSA", 0, 2048},
        {"KEY_RSA_PUBLIC", "RSA", 0, 2048},
        {"KEY_CHACHA20", NULL, 32, 256},
        {"KEY_DES3", NULL, 24, 192},
        {"KEY_ECDSA_KEYPAIR", "P-224", 0, 224},
        {"KEY_DSA_KEYPAIR", "DSA", 0, 2048},
        {"KEY_DSA_PUBLIC", "DSA", 0, 2048},
        {"KEY_DH_KEYPAIR", "DH", 0, 2048},
        {"KEY_DH_PUBLIC", "DH", 0, 2048},
        {"KEY_ED25519_KEYPAIR", "ED25519", 0, 256},
        {"KEY_ED25519_PUBLIC", "ED25519", 0, 256},
        {"KEY_X25519_KEYPAIR", "X25519", 0, 256},
        {"KEY_X25519_PUBLIC", "X25519", 0, 256},
        {"KEY_ED448_KEYPAIR", "ED448", 0, 448},
        {"KEY_ED448_PUBLIC", "ED448", 0, 448},
        {"KEY_X448_KEYPAIR", "X448", 0, 448},
        {"KEY_X448_PUBLIC", "X448", 0, 448},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(CASES); i++) {
        struct maker_bytes data = {.len = CASES[i].n_octets};
        struct maker_bytes package = {.len = 0};
        struct km_crypto_info info = {0};
        uint8_t out[4096] = {0};
        size_t len = sizeof(out);
        char name[16] = {0};
        uint32_t id = 0;
        bool is_public = strstr(CASES[i].type, "PUBLIC") != NULL;
        (void)snprintf(name, sizeof(name), "key %zu", i);
        for (size_t o = 0; o < data.len; o++)
            data.at[o] = (uint8_t)(3 * o + i + 3);
        if (strcmp(CASES[i].type, "KEY_DES3") == 0)
            km_des_set_parity(KM_SPAN(data.at, data.len));
        EVP_PKEY *made = CASES[i].kind == NULL ? NULL : maker_key(CASES[i].kind);
        if (made != NULL && is_public)
            maker_spki(made, &data);
        else if (made != NULL)
            maker_pkcs8(made, &data);
        struct km_opaque_key key = key_of(CASES[i].type, name, KM_SLICE(data.at, data.len));
        key.has_policy = true;
        key.policy.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
        package_of(&key, &package);
        assert_int_equal(save(&package), TEE_SUCCESS);
        assert_int_equal(save(&package), KM_CRYPTO_E_EXISTS);
        opaque_rig_restart();
        assert_int_equal(rig_describe(&opaque_rig.stranger, name, &info), TEE_ERROR_ACCESS_DENIED);
        assert_int_equal(rig_load(&opaque_rig.owner, name, 0, &id), TEE_SUCCESS);
        assert_int_equal(rig_info(&opaque_rig.owner, id, &info), TEE_SUCCESS);
        assert_string_equal(km_crypto_type_name(info.type), CASES[i].type);
        assert_int_equal(info.bits, CASES[i].bits);
        assert_int_equal(info.owner_uid, OWNER);
        uint32_t command = is_public ? KM_CRYPTO_CMD_EXPORT_PUBLIC : KM_CRYPTO_CMD_EXPORT_PRIVATE;
        assert_int_equal(rig_out(&opaque_rig.owner, command, id, 0, out, &len), TEE_SUCCESS);
        assert_int_equal(len, data.len);
        assert_memory_equal(out, data.at, len);
        EVP_PKEY_free(made);
    }
}

static void stays_inside(void **state)
{
    struct maker_bytes package = {.len = 0};
    uint8_t out[64] = {0};
    size_t len = sizeof(out);
    uint32_t id = 0;
    (void)state;
    aes_package("inside", &package);
    assert_int_equal(save(&package), TEE_SUCCESS);
    assert_int_equal(rig_load(&opaque_rig.owner, "inside", 0, &id), TEE_SUCCESS);
    assert_int_equal(rig_out(&opaque_rig.owner, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &len),
                     KM_CRYPTO_E_NOT_EXPORTABLE);
}

static void policy(void **state)
{
    static const uint8_t EXE[32] = {0xab, 0xcd};
    struct maker_bytes data = {.len = 0};
    struct maker_bytes package = {.len = 0};
    struct km_crypto_info info = {0};
    uint32_t id = 0;
    (void)state;
    EVP_PKEY *made = maker_key("P-256");
    maker_pkcs8(made, &data);
    struct km_opaque_key key =
        key_of("KEY_ECDSA_KEYPAIR", "with rules", KM_SLICE(data.at, data.len));
    key.has_policy = true;
    key.policy = (struct km_opaque_policy){
        .usage = KM_CRYPTO_USAGE_SIGN,
        .attributes = KM_CRYPTO_ATTR_AUDIT_EACH_USE,
        .max_uses = 2,
        .not_after = 1000000500,
        .n_grants = 2,
        .grants = {{.fields = KM_OPAQUE_GRANT_UID | KM_OPAQUE_GRANT_GID,
                    .uid = STRANGER,
                    .gid = STRANGER},
                   {.fields = KM_OPAQUE_GRANT_EXECUTABLE | KM_OPAQUE_GRANT_UNIT,
                    .executable = KM_SLICE(EXE, 32),
                    .unit = KM_SLICE_STR("x.service")}},
    };
    package_of(&key, &package);
    assert_int_equal(save(&package), TEE_SUCCESS);
    assert_int_equal(rig_load(&opaque_rig.stranger, "with rules", 0, &id), TEE_SUCCESS);
    assert_int_equal(rig_info(&opaque_rig.stranger, id, &info), TEE_SUCCESS);
    assert_int_equal(info.usage, KM_CRYPTO_USAGE_SIGN);
    assert_int_equal(info.attributes, KM_CRYPTO_ATTR_AUDIT_EACH_USE);
    assert_int_equal(info.max_uses, 2);
    assert_int_equal(info.not_after, 1000000500);
    assert_int_equal(rig_sign(&opaque_rig.stranger, id), TEE_SUCCESS);
    assert_int_equal(rig_sign(&opaque_rig.stranger, id), TEE_SUCCESS);
    assert_int_equal(rig_sign(&opaque_rig.stranger, id), KM_CRYPTO_E_USED_UP);
    rig_host.now = 1000000501;
    assert_int_equal(rig_sign(&opaque_rig.stranger, id), KM_CRYPTO_E_EXPIRED);
    EVP_PKEY_free(made);
}

/* ---- refusals ---- */

/* Nothing that is refused leaves a trace in the store. */
static uint32_t refused(struct km_slice package, uint32_t device)
{
    uint8_t before[32] = {0};
    uint8_t after[32] = {0};
    opaque_store_digest(before);
    uint32_t result = opaque_save_key(&opaque_rig.owner, package, device, 0);
    opaque_store_digest(after);
    assert_memory_equal(before, after, sizeof(before));
    assert_int_not_equal(result, TEE_SUCCESS);
    return result;
}

static void every_octet(void **state)
{
    struct maker_bytes package = {.len = 0};
    uint8_t before[32] = {0};
    uint8_t after[32] = {0};
    (void)state;
    aes_package("flipped", &package);
    opaque_store_digest(before);
    for (size_t i = 0; i < package.len; i++) {
        package.at[i] ^= 0x01;
        uint32_t result = save(&package);
        package.at[i] ^= 0x01;
        if (result != TEE_ERROR_SIGNATURE_INVALID && result != TEE_ERROR_BAD_FORMAT &&
            result != TEE_ERROR_NOT_SUPPORTED)
            fail_msg("octet %zu: 0x%08x", i, result);
    }
    for (size_t len = 0; len < package.len; len++) {
        uint32_t result = opaque_save_key(&opaque_rig.owner, KM_SLICE(package.at, len), 0, 0);
        assert_int_equal(result, len == 0 ? TEE_ERROR_BAD_PARAMETERS : TEE_ERROR_BAD_FORMAT);
    }
    package.at[package.len] = 0;
    assert_int_equal(
        opaque_save_key(&opaque_rig.owner, KM_SLICE(package.at, package.len + 1), 0, 0),
        TEE_ERROR_BAD_FORMAT);
    opaque_store_digest(after);
    assert_memory_equal(before, after, sizeof(before));
    assert_int_equal(save(&package), TEE_SUCCESS);
}

/* What the OEM signed although it was changed before: the seal alone has to notice. */
static void every_signed_octet(void **state)
{
    struct maker_bytes package = {.len = 0};
    struct maker_bytes content = {.len = 0};
    struct km_envelope envelope = {0};
    uint8_t before[32] = {0};
    uint8_t after[32] = {0};
    (void)state;
    aes_package("flipped", &package);
    assert_true(
        km_envelope_parse(KM_SLICE(package.at, package.len), KM_OPAQUE_KEY_KIND, &envelope));
    content.len = envelope.content.len;
    km_copy(content.at, sizeof(content.at), envelope.content.ptr, content.len);
    opaque_store_digest(before);
    for (size_t i = 0; i < content.len; i++) {
        struct maker_bytes again = {.len = 0};
        content.at[i] ^= 0x01;
        maker_sign(opaque_rig.oem, maker_alg(opaque_rig.oem), KM_SLICE(content.at, content.len),
                   &again);
        content.at[i] ^= 0x01;
        uint32_t result = save(&again);
        /* SIGNATURE_INVALID: the algorithm that is named is no longer the one that signed. */
        if (result != TEE_ERROR_BAD_FORMAT && result != KM_CRYPTO_E_OTHER_DEVICE &&
            result != TEE_ERROR_MAC_INVALID && result != TEE_ERROR_NOT_SUPPORTED &&
            result != TEE_ERROR_SIGNATURE_INVALID)
            fail_msg("octet %zu of the content: 0x%08x", i, result);
    }
    opaque_store_digest(after);
    assert_memory_equal(before, after, sizeof(before));
}

/* What was sealed is no key. */
static void every_cut_inside(void **state)
{
    struct km_opaque_key key = key_of("KEY_AES", "cut", KM_SLICE(AES_OCTETS, 32));
    struct maker_bytes plain = {.len = 0};
    struct maker_seal seal = {.to = opaque_rig.device};
    (void)state;
    plain_of(&key, &plain);
    for (size_t len = 0; len < plain.len; len++) {
        struct maker_bytes package = {.len = 0};
        maker_opaque_key(opaque_rig.oem, &seal, KM_SLICE(plain.at, len), &package);
        assert_int_equal(refused(KM_SLICE(package.at, package.len), 0), TEE_ERROR_BAD_FORMAT);
    }
}

static void wrong_hands(void **state)
{
    struct km_opaque_key key = key_of("KEY_AES", "wrong", KM_SLICE(AES_OCTETS, 32));
    struct maker_bytes plain = {.len = 0};
    struct maker_bytes package = {.len = 0};
    (void)state;
    plain_of(&key, &plain);
    struct km_slice octets = KM_SLICE(plain.at, plain.len);
    static const char *const OTHERS[] = {"P-256", "P-384", "RSA"};
    struct maker_seal seal = {.to = opaque_rig.device};
    for (size_t i = 0; i < KM_ARRAY_LEN(OTHERS); i++) {
        EVP_PKEY *other = maker_key(OTHERS[i]);
        maker_opaque_key(other, &seal, octets, &package);
        assert_int_equal(refused(KM_SLICE(package.at, package.len), 0),
                         TEE_ERROR_SIGNATURE_INVALID);
        EVP_PKEY_free(other);
    }
    static const char *const DEVICES[] = {"P-256", "P-384", "P-521"};
    for (size_t i = 0; i < KM_ARRAY_LEN(DEVICES); i++) {
        EVP_PKEY *other = maker_key(DEVICES[i]);
        struct maker_seal elsewhere = {.to = other};
        maker_opaque_key(opaque_rig.oem, &elsewhere, octets, &package);
        assert_int_equal(refused(KM_SLICE(package.at, package.len), 0), KM_CRYPTO_E_OTHER_DEVICE);
        EVP_PKEY_free(other);
    }
    /* An object's identifier is no key package, whoever signed it. */
    maker_object_id(opaque_rig.oem, &seal, KM_SLICE(AES_OCTETS, 16), octets, &package);
    assert_int_equal(refused(KM_SLICE(package.at, package.len), 0), TEE_ERROR_BAD_FORMAT);
    struct maker_seal padded = {
        .to = opaque_rig.device, .cipher = KM_PACK_AES_CBC, .bad_padding = 17};
    maker_opaque_key(opaque_rig.oem, &padded, octets, &package);
    assert_int_equal(refused(KM_SLICE(package.at, package.len), 0), TEE_ERROR_BAD_FORMAT);
}

static void wrong_contents(void **state)
{
    struct maker_bytes der = {.len = 0};
    (void)state;
    EVP_PKEY *made = maker_key("P-256");
    maker_pkcs8(made, &der);
    EVP_PKEY_free(made);
    const struct {
        const char *type;
        const char *name;
        struct km_slice data;
        uint32_t usage;
        uint32_t result;
    } cases[] = {
        {"KEY_FISH", "a", KM_SLICE(AES_OCTETS, 32), 0, TEE_ERROR_NOT_SUPPORTED},
        {"KEY_NONE", "a", KM_SLICE(AES_OCTETS, 32), 0, TEE_ERROR_NOT_SUPPORTED},
        {"KEY_AES", "a", KM_SLICE(AES_OCTETS, 31), 0, TEE_ERROR_NOT_SUPPORTED},
        {"KEY_AES", "a", KM_SLICE(der.at, der.len), 0, TEE_ERROR_NOT_SUPPORTED},
        {"KEY_ECDSA_KEYPAIR", "a", KM_SLICE(AES_OCTETS, 32), 0, TEE_ERROR_BAD_FORMAT},
        {"KEY_RSA_KEYPAIR", "a", KM_SLICE(der.at, der.len), 0, TEE_ERROR_BAD_FORMAT},
        {"KEY_ECDSA_PUBLIC", "a", KM_SLICE(der.at, der.len), 0, TEE_ERROR_BAD_FORMAT},
        {"KEY_ECDSA_KEYPAIR", "a", KM_SLICE(der.at, der.len - 1), 0, TEE_ERROR_BAD_FORMAT},
        {"KEY_AES", "a", KM_SLICE(AES_OCTETS, 32), KM_CRYPTO_USAGE_SIGN, TEE_ERROR_BAD_PARAMETERS},
        {"KEY_AES", "a", KM_SLICE(AES_OCTETS, 32), 0x10000000, TEE_ERROR_BAD_PARAMETERS},
        {"KEY_DES3", "a", OCTETS_OF("0123456789abcdef"), 0, KM_CRYPTO_E_DES3_PARITY},
        {"KEY_DES3", "a", OCTETS_OF("0123456701234567"), 0, KM_CRYPTO_E_DES3_PARTS},
        {"KEY_AES", "com.seqlabs.mine", KM_SLICE(AES_OCTETS, 32), 0, TEE_ERROR_ACCESS_DENIED},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        struct km_opaque_key key = key_of(cases[i].type, cases[i].name, cases[i].data);
        struct maker_bytes package = {.len = 0};
        key.has_policy = cases[i].usage != 0;
        key.policy.usage = cases[i].usage;
        package_of(&key, &package);
        assert_int_equal(refused(KM_SLICE(package.at, package.len), 0), cases[i].result);
    }
    uint8_t large[KM_CRYPTO_PACKAGE_MAX + 1] = {0x30};
    assert_int_equal(refused(KM_SLICE(large, sizeof(large)), 0), KM_CRYPTO_E_TOO_LARGE);
}

/* ---- whose key opens it ---- */

static void other_device_keys(void **state)
{
    struct km_opaque_key key = key_of("KEY_AES", "", KM_SLICE(AES_OCTETS, 32));
    static const uint32_t BITS[] = {256, 384, 521};
    struct maker_bytes plain = {.len = 0};
    struct maker_bytes package = {.len = 0};
    struct rig_session *owner = &opaque_rig.owner;
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(BITS); i++) {
        static const char *const NAMES[] = {"a", "b", "c"};
        EVP_PKEY *mine = NULL;
        uint32_t id = opaque_made(owner, KM_CRYPTO_KEY_ECDH_KEYPAIR, BITS[i], &mine);
        struct maker_seal seal = {.to = mine};
        key.name = KM_SLICE_STR(NAMES[i]);
        plain_of(&key, &plain);
        maker_opaque_key(opaque_rig.oem, &seal, KM_SLICE(plain.at, plain.len), &package);
        struct km_slice octets = KM_SLICE(package.at, package.len);
        assert_int_equal(refused(octets, 0), KM_CRYPTO_E_OTHER_DEVICE);
        assert_int_equal(opaque_save_key(owner, octets, id, 0), TEE_SUCCESS);
        assert_int_equal(refused(octets, id), KM_CRYPTO_E_EXISTS);
        assert_int_equal(rig_free_key(owner, id), TEE_SUCCESS);
        assert_int_equal(refused(octets, id), KM_CRYPTO_E_STALE_ID);
        EVP_PKEY_free(mine);
    }
}

static void unfit_device_keys(void **state)
{
    struct maker_bytes package = {.len = 0};
    struct rig_session *owner = &opaque_rig.owner;
    EVP_PKEY *mine = NULL;
    (void)state;
    aes_package("unfit", &package);
    struct km_slice octets = KM_SLICE(package.at, package.len);
    static const struct {
        uint32_t type, bits;
    } UNFIT[] = {{KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256}, {KM_CRYPTO_KEY_RSA_KEYPAIR, 2048}};
    for (size_t i = 0; i < KM_ARRAY_LEN(UNFIT); i++) {
        uint32_t id = opaque_made(owner, UNFIT[i].type, UNFIT[i].bits, &mine);
        assert_int_equal(refused(octets, id), TEE_ERROR_NOT_SUPPORTED);
        EVP_PKEY_free(mine);
    }
    uint32_t public_half = opaque_import(owner, KM_CRYPTO_KEY_EC_DUAL_PUBLIC, opaque_rig.device);
    assert_int_equal(refused(octets, public_half), TEE_ERROR_NOT_SUPPORTED);
    /* A key that may not derive, and one whose only use is gone after a package that is for it. */
    struct maker_bytes plain = {.len = 0};
    struct km_opaque_key key = key_of("KEY_AES", "counted", KM_SLICE(AES_OCTETS, 32));
    plain_of(&key, &plain);
    for (unsigned is_counted = 0; is_counted < 2; is_counted++) {
        EVP_PKEY *made = maker_key("P-256");
        struct maker_bytes der = {.len = 0};
        uint32_t id = 0;
        struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 256);
        struct maker_seal seal = {.to = made};
        wish.usage = is_counted ? 0 : KM_CRYPTO_USAGE_SIGN;
        wish.max_uses = is_counted;
        maker_pkcs8(made, &der);
        assert_int_equal(
            rig_import(owner, &wish, KM_CRYPTO_FORM_DER, KM_SLICE(der.at, der.len), &id),
            TEE_SUCCESS);
        maker_opaque_key(opaque_rig.oem, &seal, KM_SLICE(plain.at, plain.len), &package);
        octets = KM_SLICE(package.at, package.len);
        if (is_counted)
            assert_int_equal(opaque_save_key(owner, octets, id, 0), TEE_SUCCESS);
        assert_int_equal(refused(octets, id),
                         is_counted ? KM_CRYPTO_E_USED_UP : TEE_ERROR_ACCESS_DENIED);
        EVP_PKEY_free(made);
    }
}

static void passwords(void **state)
{
    struct maker_bytes package = {.len = 0};
    struct rig_session *owner = &opaque_rig.owner;
    uint32_t password = 0;
    uint32_t id = 0;
    (void)state;
    aes_package("under a password", &package);
    struct km_slice octets = KM_SLICE(package.at, package.len);
    assert_int_equal(rig_password(owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_password(owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &password),
                     TEE_SUCCESS);
    assert_int_equal(opaque_save_key(owner, octets, 0, password + 1), KM_CRYPTO_E_STALE_ID);
    assert_int_equal(opaque_save_key(owner, octets, 0, password), TEE_SUCCESS);
    assert_int_equal(rig_load(owner, "under a password", 0, &id), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_load(owner, "under a password", password, &id), TEE_SUCCESS);
}

static void algorithms(void **state)
{
    struct km_opaque_key key = key_of("KEY_AES", "", KM_SLICE(AES_OCTETS, 32));
    (void)state;
    for (unsigned c = KM_PACK_AES_CTR; c <= KM_PACK_AES_CFB; c++) {
        for (unsigned m = KM_PACK_HMAC_SHA1; m <= KM_PACK_HMAC_SHA512; m++) {
            struct maker_seal seal = {.to = opaque_rig.device,
                                      .cipher = (enum km_pack_cipher)c,
                                      .mac = (enum km_pack_mac)m};
            struct maker_bytes plain = {.len = 0};
            struct maker_bytes package = {.len = 0};
            char name[16] = {0};
            (void)snprintf(name, sizeof(name), "%u %u", c, m);
            key.name = KM_SLICE_STR(name);
            plain_of(&key, &plain);
            maker_opaque_key(opaque_rig.oem, &seal, KM_SLICE(plain.at, plain.len), &package);
            assert_int_equal(save(&package), TEE_SUCCESS);
        }
    }
}

static void not_provisioned(void **state)
{
    struct maker_bytes package = {.len = 0};
    (void)state;
    EVP_PKEY *stranger = maker_key("P-256");
    opaque_rig.oem = EVP_PKEY_dup(stranger);
    opaque_rig.device = EVP_PKEY_dup(stranger);
    aes_package("early", &package);
    assert_int_equal(save(&package), TEE_ERROR_ITEM_NOT_FOUND);
    /* The administrator's own key under the name is not the device's. */
    uint32_t id = opaque_import(&opaque_rig.admin, KM_CRYPTO_KEY_ECDSA_PUBLIC, stranger);
    assert_int_equal(rig_save(&opaque_rig.admin, id, "com.seqlabs.oem_pub_key", 0), TEE_SUCCESS);
    struct km_slice octets = KM_SLICE(package.at, package.len);
    assert_int_equal(opaque_save_key(&opaque_rig.admin, octets, 0, 0), TEE_ERROR_ITEM_NOT_FOUND);
    EVP_PKEY_free(stranger);
}

#define ON_DEVICE(test) cmocka_unit_test_setup_teardown(test, opaque_rig_up, opaque_rig_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DEVICE(types),
        ON_DEVICE(stays_inside),
        ON_DEVICE(policy),
        ON_DEVICE(every_octet),
        ON_DEVICE(every_signed_octet),
        ON_DEVICE(every_cut_inside),
        ON_DEVICE(wrong_hands),
        ON_DEVICE(wrong_contents),
        ON_DEVICE(other_device_keys),
        ON_DEVICE(unfit_device_keys),
        ON_DEVICE(passwords),
        ON_DEVICE(algorithms),
        cmocka_unit_test_setup_teardown(not_provisioned, opaque_rig_bare, opaque_rig_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
