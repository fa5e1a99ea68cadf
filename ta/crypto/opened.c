/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/opened.h"

#include "format/opaque_key.h"
#include "ta/crypto/key_der.h"

#define KDF_LEN 32u
#define DERIVED_LEN 48u /* an AES-256 key and an IV */

static TEE_Result digest_of(uint32_t algorithm, struct km_slice octets, struct km_span out,
                            size_t *ret_len)
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    *ret_len = out.len;
    KM_TRY_TEE(TEE_AllocateOperation(&op, algorithm, TEE_MODE_DIGEST, 0));
    return TEE_DigestDoFinal(op, octets.ptr, octets.len, out.ptr, ret_len);
}

TEE_Result km_sha256(struct km_slice octets, uint8_t ret[32])
{
    size_t len = 0;
    return digest_of(TEE_ALG_SHA256, octets, KM_SPAN(ret, 32), &len);
}

TEE_Result km_key_spki(const struct km_key *key, struct km_span buf, struct km_slice *ret)
{
    struct km_crypto_attrs attrs = {0};
    size_t len = 0;
    if ((key->type->family & KM_FAMILY_SYMMETRIC) != 0)
        return TEE_ERROR_NOT_SUPPORTED;
    km_key_attrs(key, &attrs);
    if (!km_der_key_put_spki(&attrs, buf, &len))
        km_ta_unreached();
    *ret = KM_SLICE(buf.ptr, len);
    return TEE_SUCCESS;
}

/* ---- signatures ---- */

static const struct {
    enum km_sign_digest digest;
    uint32_t tee;
    uint32_t rsa;
} SIGNED_DIGESTS[] = {
    {KM_SIGN_SHA256, TEE_ALG_SHA256, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA256},
    {KM_SIGN_SHA384, TEE_ALG_SHA384, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA384},
    {KM_SIGN_SHA512, TEE_ALG_SHA512, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA512},
};

static TEE_Result verifying_key(struct km_slice spki, bool is_rsa, struct km_key **ret_key)
{
    struct km_crypto_template wish = {.type = is_rsa ? KM_CRYPTO_KEY_RSA_PUBLIC
                                                     : KM_CRYPTO_KEY_ECDSA_PUBLIC};
    struct km_caller nobody = {0};
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    KM_TRY_TEE(km_key_new(&wish, &nobody, &key));
    KM_TRY_TEE(km_key_set_der(key, spki));
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}

TEE_Result km_package_verify(struct km_slice spki, const struct km_envelope *envelope)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    bool is_rsa = envelope->alg->family == KM_SIGN_RSA;
    uint8_t digest[KM_CRYPTO_DIGEST_MAX] = {0};
    size_t len = 0;
    size_t at = 0;
    while (at < KM_ARRAY_LEN(SIGNED_DIGESTS) &&
           SIGNED_DIGESTS[at].digest != envelope->alg->digest)
        at++;
    if (at == KM_ARRAY_LEN(SIGNED_DIGESTS) || envelope->alg->family == KM_SIGN_DSA)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(verifying_key(spki, is_rsa, &key));
    KM_TRY_TEE(digest_of(SIGNED_DIGESTS[at].tee, envelope->content, KM_SPAN(digest, sizeof(digest)),
                         &len));
    struct km_signing with = {.alg = km_alg_find(is_rsa ? SIGNED_DIGESTS[at].rsa : KM_CRYPTO_ECDSA),
                              .bits = key->meta.bits};
    KM_TRY_TEE(km_key_operation(key, with.alg, TEE_MODE_VERIFY, &with.op));
    return km_verify(&with, KM_SLICE(digest, len), envelope->signature);
}

/* ---- what is sealed ---- */

static TEE_Result secret_of(TEE_ObjectHandle object, struct km_span out)
{
    size_t len = out.len;
    KM_TRY_TEE(TEE_GetObjectBufferAttribute(object, TEE_ATTR_SECRET_VALUE, out.ptr, &len));
    if (len > out.len)
        return TEE_ERROR_GENERIC;
    TEE_MemMove(out.ptr + (out.len - len), out.ptr, len);
    TEE_MemFill(out.ptr, 0, out.len - len);
    return TEE_SUCCESS;
}

static TEE_Result agree(const struct km_key *key, const struct km_sealed *sealed, struct km_span z)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle peer = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle shared = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute attrs[3] = {0};
    TEE_InitRefAttribute(&attrs[0], TEE_ATTR_ECC_PUBLIC_VALUE_X, sealed->point.ptr + 1, z.len);
    TEE_InitRefAttribute(&attrs[1], TEE_ATTR_ECC_PUBLIC_VALUE_Y, sealed->point.ptr + 1 + z.len,
                         z.len);
    TEE_InitValueAttribute(&attrs[2], TEE_ATTR_ECC_CURVE, km_curve_of(key->meta.bits), 0);
    /* The Core API panics on a point off the curve, so it is asked in a way that answers. */
    TEE_Result result =
        km_object_new(TEE_TYPE_ECDH_PUBLIC_KEY, key->meta.bits, attrs, 3, 0, &peer);
    if (result == TEE_ERROR_BAD_PARAMETERS)
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(result);
    KM_TRY_TEE(km_key_operation_own(key, km_alg_find(KM_CRYPTO_ECDH), TEE_MODE_DERIVE, &op));
    KM_TRY_TEE(TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, (uint32_t)z.len * 8u, &shared));
    TEE_DeriveKey(op, attrs, 2, shared);
    return secret_of(shared, z);
}

/* ANSI X9.63 with SHA-256: one block of it. */
static TEE_Result kdf(struct km_slice z, uint8_t count, const struct km_sealed *sealed,
                      uint8_t ret[KDF_LEN])
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    uint8_t counter[4] = {0, 0, 0, count};
    size_t len = KDF_LEN;
    KM_TRY_TEE(TEE_AllocateOperation(&op, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    TEE_DigestUpdate(op, z.ptr, z.len);
    TEE_DigestUpdate(op, counter, sizeof(counter));
    TEE_DigestUpdate(op, sealed->random.ptr, sealed->random.len);
    return TEE_DigestDoFinal(op, sealed->ephemeral.ptr, sealed->ephemeral.len, ret, &len);
}

/* Everything secret of one opening; wiped whole. */
struct opening {
    uint8_t z[66];
    uint8_t enc[KDF_LEN];
    uint8_t mac[KDF_LEN];
    char password[2 * KDF_LEN + 1];
    uint8_t derived[DERIVED_LEN];
};

static const struct {
    enum km_pack_mac mac;
    uint32_t tee, type;
} MACS[] = {
    {KM_PACK_HMAC_SHA256, TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256},
    {KM_PACK_HMAC_SHA384, TEE_ALG_HMAC_SHA384, TEE_TYPE_HMAC_SHA384},
    {KM_PACK_HMAC_SHA512, TEE_ALG_HMAC_SHA512, TEE_TYPE_HMAC_SHA512},
};

static TEE_Result check_tag(const struct opening *opening, const struct km_sealed *sealed)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle key = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    enum km_pack_mac mac = 0;
    TEE_Attribute attr = {0};
    size_t at = 0;
    if (!km_pack_mac_find(sealed->mac_name, &mac))
        return TEE_ERROR_NOT_SUPPORTED;
    while (at < KM_ARRAY_LEN(MACS) && MACS[at].mac != mac)
        at++;
    if (at == KM_ARRAY_LEN(MACS))
        return TEE_ERROR_NOT_SUPPORTED;
    if (sealed->tag.len != km_pack_mac_len(mac))
        return TEE_ERROR_MAC_INVALID;
    TEE_InitRefAttribute(&attr, TEE_ATTR_SECRET_VALUE, opening->mac, KDF_LEN);
    KM_TRY_TEE(km_object_new(MACS[at].type, KDF_LEN * 8u, &attr, 1, TEE_USAGE_MAC, &key));
    KM_TRY_TEE(TEE_AllocateOperation(&op, MACS[at].tee, TEE_MODE_MAC, KDF_LEN * 8u));
    KM_TRY_TEE(TEE_SetOperationKey(op, key));
    TEE_MACInit(op, NULL, 0);
    return TEE_MACCompareFinal(op, sealed->authentic.ptr, sealed->authentic.len, sealed->tag.ptr,
                               sealed->tag.len);
}

static TEE_Result derive(struct opening *opening, const struct km_sealed *sealed)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle password = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle derived = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute attrs[3] = {0};
    uint32_t bits = 2 * KDF_LEN * 8u;
    km_hex(KM_SLICE(opening->enc, KDF_LEN), opening->password, sizeof(opening->password));
    TEE_InitRefAttribute(&attrs[0], TEE_ATTR_PBKDF2_PASSWORD, opening->password, 2 * KDF_LEN);
    KM_TRY_TEE(km_object_new(TEE_TYPE_PBKDF2_PASSWORD, bits, attrs, 1, TEE_USAGE_DERIVE, &password));
    KM_TRY_TEE(TEE_AllocateOperation(&op, TEE_ALG_PBKDF2_HMAC_SHA256_DERIVE_KEY, TEE_MODE_DERIVE,
                                     bits));
    KM_TRY_TEE(TEE_SetOperationKey(op, password));
    KM_TRY_TEE(TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, DERIVED_LEN * 8u, &derived));
    TEE_InitRefAttribute(&attrs[0], TEE_ATTR_PBKDF2_SALT, sealed->random.ptr, KM_SEALED_SALT_LEN);
    TEE_InitValueAttribute(&attrs[1], TEE_ATTR_PBKDF2_ITERATION_COUNT, 1, 0);
    TEE_InitValueAttribute(&attrs[2], TEE_ATTR_PBKDF2_DKM_LENGTH, DERIVED_LEN, 0);
    TEE_DeriveKey(op, attrs, 3, derived);
    return secret_of(derived, KM_SPAN(opening->derived, DERIVED_LEN));
}

static TEE_Result decrypt(const struct opening *opening, const struct km_sealed *sealed,
                          struct km_span out, struct km_slice *ret)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle key = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    enum km_pack_cipher cipher = 0;
    TEE_Attribute attr = {0};
    size_t len = out.len;
    if (!km_pack_cipher_find(sealed->cipher_name, &cipher) ||
        (cipher != KM_PACK_AES_CTR && cipher != KM_PACK_AES_CBC))
        return TEE_ERROR_NOT_SUPPORTED;
    if (cipher == KM_PACK_AES_CBC && sealed->ciphertext.len % KM_SEALED_BLOCK != 0)
        return TEE_ERROR_BAD_FORMAT;
    TEE_InitRefAttribute(&attr, TEE_ATTR_SECRET_VALUE, opening->derived, 32);
    KM_TRY_TEE(km_object_new(TEE_TYPE_AES, 256, &attr, 1, TEE_USAGE_DECRYPT, &key));
    KM_TRY_TEE(TEE_AllocateOperation(
        &op, cipher == KM_PACK_AES_CTR ? TEE_ALG_AES_CTR : TEE_ALG_AES_CBC_NOPAD, TEE_MODE_DECRYPT,
        256));
    KM_TRY_TEE(TEE_SetOperationKey(op, key));
    TEE_CipherInit(op, opening->derived + 32, 16);
    KM_TRY_TEE(TEE_CipherDoFinal(op, sealed->ciphertext.ptr, sealed->ciphertext.len, out.ptr, &len));
    if (cipher == KM_PACK_AES_CBC && !km_pkcs7_len(KM_SLICE(out.ptr, len), &len))
        return TEE_ERROR_BAD_FORMAT;
    *ret = KM_SLICE(out.ptr, len);
    return TEE_SUCCESS;
}

static TEE_Result open_with(struct opening *opening, const struct km_key *key,
                            const struct km_sealed *sealed, struct km_span out,
                            struct km_slice *ret)
{
    struct km_span z = KM_SPAN(opening->z, km_curve_len(key->meta.bits));
    KM_TRY_TEE(agree(key, sealed, z));
    KM_TRY_TEE(kdf(KM_SLICE(z.ptr, z.len), 1, sealed, opening->enc));
    KM_TRY_TEE(kdf(KM_SLICE(z.ptr, z.len), 2, sealed, opening->mac));
    KM_TRY_TEE(check_tag(opening, sealed));
    KM_TRY_TEE(derive(opening, sealed));
    return decrypt(opening, sealed, out, ret);
}

TEE_Result km_sealed_open(const struct km_key *key, const struct km_sealed *sealed,
                          struct km_span out, struct km_slice *ret)
{
    uint8_t der[KM_CRYPTO_DER_KEY_MAX] = {0};
    uint8_t recipient[KM_SEALED_RECIPIENT_LEN] = {0};
    struct km_slice spki = {0};
    struct opening opening = {0};
    KM_TRY_TEE(km_key_spki(key, KM_SPAN(der, sizeof(der)), &spki));
    KM_TRY_TEE(km_sha256(spki, recipient));
    if (!km_slice_equal(sealed->recipient, KM_SLICE(recipient, sizeof(recipient))))
        return KM_CRYPTO_E_OTHER_DEVICE;
    if (sealed->curve_bits != key->meta.bits)
        return TEE_ERROR_BAD_FORMAT;
    TEE_Result result = open_with(&opening, key, sealed, out, ret);
    TEE_MemFill(&opening, 0, sizeof(opening));
    return result;
}

/* ---- keys ---- */

static const struct {
    const char *name;
    uint32_t type;
} TYPES[] = {
    {"KEY_AES", KM_CRYPTO_KEY_AES},
    {"KEY_HMAC", KM_CRYPTO_KEY_HMAC},
    {"KEY_GENERIC_SECRET", KM_CRYPTO_KEY_GENERIC_SECRET},
    {"KEY_RSA_PUBLIC", KM_CRYPTO_KEY_RSA_PUBLIC},
    {"KEY_RSA_KEYPAIR", KM_CRYPTO_KEY_RSA_KEYPAIR},
    {"KEY_ECDSA_PUBLIC", KM_CRYPTO_KEY_ECDSA_PUBLIC},
    {"KEY_ECDSA_KEYPAIR", KM_CRYPTO_KEY_ECDSA_KEYPAIR},
    {"KEY_ECDH_PUBLIC", KM_CRYPTO_KEY_ECDH_PUBLIC},
    {"KEY_ECDH_KEYPAIR", KM_CRYPTO_KEY_ECDH_KEYPAIR},
    {"KEY_EC_DUAL_PUBLIC", KM_CRYPTO_KEY_EC_DUAL_PUBLIC},
    {"KEY_EC_DUAL_KEYPAIR", KM_CRYPTO_KEY_EC_DUAL_KEYPAIR},
};

static bool grant_from(const struct km_opaque_grant *from, struct km_crypto_grant *ret)
{
    ret->fields = from->fields;
    ret->uid = from->uid;
    ret->gid = from->gid;
    if (from->executable.len != 0)
        km_copy(ret->exe_sha256, sizeof(ret->exe_sha256), from->executable.ptr,
                from->executable.len);
    return from->unit.len == 0 || km_crypto_name_parse(from->unit, &ret->unit);
}

static bool template_from(const struct km_opaque_key *key, struct km_crypto_template *ret)
{
    size_t at = 0;
    while (at < KM_ARRAY_LEN(TYPES) && !km_slice_equal(key->type, KM_SLICE_STR(TYPES[at].name)))
        at++;
    if (at == KM_ARRAY_LEN(TYPES))
        return false;
    *ret = (struct km_crypto_template){.type = TYPES[at].type,
                                       .usage = key->policy.usage,
                                       .attributes = key->policy.attributes,
                                       .max_uses = key->policy.max_uses,
                                       .not_after = key->policy.not_after,
                                       .n_grants = key->policy.n_grants};
    for (uint32_t i = 0; i < key->policy.n_grants; i++) {
        if (!grant_from(&key->policy.grants[i], &ret->grants[i]))
            return false;
    }
    return true;
}

TEE_Result km_opened_key(struct km_session *session, struct km_slice opaque,
                         struct km_crypto_name *ret_name, struct km_key **ret_key)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_opaque_key parsed = {0};
    struct km_crypto_template wish = {0};
    if (!km_opaque_key_parse(opaque, &parsed) || !km_crypto_name_parse(parsed.name, ret_name))
        return TEE_ERROR_BAD_FORMAT;
    if (!template_from(&parsed, &wish))
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_key_new(&wish, &session->caller, &key));
    bool is_secret = (key->type->family & KM_FAMILY_SYMMETRIC) != 0;
    KM_TRY_TEE(is_secret ? km_key_set_secret(key, parsed.data) : km_key_set_der(key, parsed.data));
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}
