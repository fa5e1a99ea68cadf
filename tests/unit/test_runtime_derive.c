/* SPDX-License-Identifier: Apache-2.0 */
/* Key agreement, key derivation and random: published vectors, and each way to misuse them. */
#include "tee/runtime/internal.h"
#include "tests/unit/runtime_fixture.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* NIST CAVP, ECC CDH primitive (SP 800-56A), P-256 count 0 and P-384 count 0. */
static const struct {
    uint32_t curve, bits;
    const char *d, *x, *y, *peer_x, *peer_y, *z;
} cdh[] = {
    {TEE_ECC_CURVE_NIST_P256, 256,
     "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
     "ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230",
     "28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141",
     "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287",
     "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
     "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b"},
    {TEE_ECC_CURVE_NIST_P384, 384,
     "3cc3122a68f0d95027ad38c067916ba0eb8c38894d22e1b15618b6818a661774ad463b205da88cf699ab4d43c9cf98a1",
     "9803807f2f6d2fd966cdd0290bd410c0190352fbec7ff6247de1302df86f25d34fe4a97bef60cff548355c015dbb3e5f",
     "ba26ca69ec2f5b5d9dad20cc9da711383a9dbe34ea3fa5a2af75b46502629ad54dd8b7d73a8abb06a3a3be47d650cc99",
     "a7c76b970c3b5fe8b05d2838ae04ab47697b9eaf52e764592efda27fe7513272734466b400091adbf2d68c58e0c50066",
     "ac68f19f2e1cb879aed43a9969b91a0839c4c38a49749b661efedf243451915ed0905a32b060992b468c64766fc8437a",
     "5f9d29dc5e31a163060356213669c8ce132e22f57c9a04f40ba7fcead493b457e5621e766c40a2e3d4d6a04b25e533f1"},
};

static TEE_ObjectHandle cdh_key(size_t i)
{
    TEE_ObjectHandle key = TEE_HANDLE_NULL;
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_ECC_PRIVATE_VALUE, cdh[i].d),
                             ref_hex(TEE_ATTR_ECC_PUBLIC_VALUE_X, cdh[i].x),
                             ref_hex(TEE_ATTR_ECC_PUBLIC_VALUE_Y, cdh[i].y),
                             val(TEE_ATTR_ECC_CURVE, cdh[i].curve)};
    RT_OK(TEE_AllocateTransientObject(TEE_TYPE_ECDH_KEYPAIR, cdh[i].bits, &key));
    RT_OK(TEE_PopulateTransientObject(key, attrs, 4));
    return key;
}

static TEE_ObjectHandle target(uint32_t type, uint32_t bits)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateTransientObject(type, bits, &object));
    return object;
}

static void expect_secret(TEE_ObjectHandle object, const char *want)
{
    uint8_t got[600];
    size_t len = sizeof(got);
    size_t want_len = 0;
    const uint8_t *bytes = unhex(want, &want_len);
    RT_OK(TEE_GetObjectBufferAttribute(object, TEE_ATTR_SECRET_VALUE, got, &len));
    assert_int_equal(len, want_len);
    assert_memory_equal(got, bytes, len);
}

static void ecdh_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(cdh); i++) {
        TEE_ObjectHandle key = cdh_key(i);
        TEE_OperationHandle op =
            keyed(TEE_ALG_ECDH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, cdh[i].bits, key);
        TEE_OperationHandle copy = TEE_HANDLE_NULL;
        TEE_ObjectHandle z = target(TEE_TYPE_GENERIC_SECRET, cdh[i].bits);
        TEE_Attribute peer[] = {ref_hex(TEE_ATTR_ECC_PUBLIC_VALUE_X, cdh[i].peer_x),
                                ref_hex(TEE_ATTR_ECC_PUBLIC_VALUE_Y, cdh[i].peer_y)};
        RT_OK(TEE_AllocateOperation(&copy, TEE_ALG_ECDH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE,
                                    cdh[i].bits));
        TEE_CopyOperation(copy, op);
        TEE_DeriveKey(op, peer, 2, z);
        expect_secret(z, cdh[i].z);
        TEE_ResetTransientObject(z);
        TEE_DeriveKey(copy, peer, 2, z);
        expect_secret(z, cdh[i].z);
        /* the public half that the extension computes is the vector's */
        uint8_t x[66];
        uint8_t y[66];
        size_t width = cdh[i].bits / 8;
        RT_OK(TEE_KmEccPublicValue(cdh[i].curve, unhex(cdh[i].d, NULL), width, x, y, width));
        assert_memory_equal(x, unhex(cdh[i].x, NULL), width);
        assert_memory_equal(y, unhex(cdh[i].y, NULL), width);
        TEE_FreeOperation(op);
        TEE_FreeOperation(copy);
        TEE_CloseObject(key);
        TEE_CloseObject(z);
    }
}

static void ecdh_both_ways_p521(void **state)
{
    (void)state;
    TEE_ObjectHandle keys[2] = {ec_generate(TEE_TYPE_ECDH_KEYPAIR, TEE_ECC_CURVE_NIST_P521, 521),
                                ec_generate(TEE_TYPE_ECDH_KEYPAIR, TEE_ECC_CURVE_NIST_P521, 521)};
    uint8_t z[2][66];
    for (int i = 0; i < 2; i++) {
        uint8_t x[66];
        uint8_t y[66];
        size_t x_len = sizeof(x);
        size_t y_len = sizeof(y);
        size_t z_len = sizeof(z[i]);
        RT_OK(TEE_GetObjectBufferAttribute(keys[1 - i], TEE_ATTR_ECC_PUBLIC_VALUE_X, x, &x_len));
        RT_OK(TEE_GetObjectBufferAttribute(keys[1 - i], TEE_ATTR_ECC_PUBLIC_VALUE_Y, y, &y_len));
        assert_int_equal(x_len, 66);
        TEE_Attribute peer[] = {ref(TEE_ATTR_ECC_PUBLIC_VALUE_X, x, 66),
                                ref(TEE_ATTR_ECC_PUBLIC_VALUE_Y, y, 66)};
        TEE_OperationHandle op =
            keyed(TEE_ALG_ECDH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, 521, keys[i]);
        TEE_ObjectHandle out = target(TEE_TYPE_GENERIC_SECRET, 528);
        TEE_DeriveKey(op, peer, 2, out);
        RT_OK(TEE_GetObjectBufferAttribute(out, TEE_ATTR_SECRET_VALUE, z[i], &z_len));
        assert_int_equal(z_len, 66);
        TEE_FreeOperation(op);
        TEE_CloseObject(out);
    }
    assert_memory_equal(z[0], z[1], 66);
    TEE_CloseObject(keys[0]);
    TEE_CloseObject(keys[1]);
}

static void ecdh_rules(void **state)
{
    (void)state;
    TEE_ObjectHandle key = cdh_key(0);
    TEE_OperationHandle op = keyed(TEE_ALG_ECDH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, 256, key);
    TEE_ObjectHandle z = target(TEE_TYPE_GENERIC_SECRET, 256);
    TEE_ObjectHandle small = target(TEE_TYPE_GENERIC_SECRET, 248);
    TEE_ObjectHandle pair = target(TEE_TYPE_ECDH_KEYPAIR, 256);
    uint8_t bad[32];
    copy(bad, unhex(cdh[0].peer_y, NULL), 32);
    bad[31] ^= 1;
    TEE_Attribute good[] = {ref_hex(TEE_ATTR_ECC_PUBLIC_VALUE_X, cdh[0].peer_x),
                            ref_hex(TEE_ATTR_ECC_PUBLIC_VALUE_Y, cdh[0].peer_y)};
    TEE_Attribute off[] = {good[0], ref(TEE_ATTR_ECC_PUBLIC_VALUE_Y, bad, 32)};
    TEE_Attribute twice[] = {good[0], good[0]};
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, off, 2, z));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, good, 1, z));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, twice, 2, z));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, good, 2, small));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, good, 2, pair));
    TEE_DeriveKey(op, good, 2, z);
    RT_PANICS(RT_STATE, TEE_DeriveKey(op, good, 2, z));
    uint8_t x[32];
    uint8_t y[32];
    uint8_t number[32] = {0};
    assert_int_equal(TEE_KmEccPublicValue(TEE_ECC_CURVE_NIST_P256, number, 32, x, y, 32), RT_BAD);
    const char *order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    assert_int_equal(
        TEE_KmEccPublicValue(TEE_ECC_CURVE_NIST_P256, unhex(order, NULL), 32, x, y, 32), RT_BAD);
    number[31] = 1;
    RT_OK(TEE_KmEccPublicValue(TEE_ECC_CURVE_NIST_P256, number, 32, x, y, 32));
    assert_int_equal(TEE_KmEccPublicValue(TEE_ECC_CURVE_NIST_P256, number, 32, x, y, 31), RT_BAD);
    assert_int_equal(TEE_KmEccPublicValue(TEE_ECC_CURVE_25519, number, 32, x, y, 32),
                     TEE_ERROR_NOT_SUPPORTED);
    TEE_FreeOperation(op);
    TEE_CloseObject(key);
    TEE_CloseObject(z);
    TEE_CloseObject(small);
    TEE_CloseObject(pair);
}

/* RFC 5869, appendix A, cases 1 to 4. */
static const struct {
    uint32_t alg, hash;
    const char *ikm, *salt, *info;
    const char *okm;
} hkdf[] = {
    {TEE_ALG_HKDF_SHA256_DERIVE_KEY, TEE_ALG_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {TEE_ALG_HKDF_SHA256_DERIVE_KEY, TEE_ALG_HMAC_SHA256,
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    {TEE_ALG_HKDF_SHA1_DERIVE_KEY, TEE_ALG_SHA1, "0b0b0b0b0b0b0b0b0b0b0b",
     "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
     "085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896"},
};

static void hkdf_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(hkdf); i++) {
        size_t len = 0;
        const uint8_t *ikm = unhex(hkdf[i].ikm, &len);
        uint32_t types[] = {TEE_TYPE_HKDF, TEE_TYPE_HKDF_IKM};
        for (size_t k = 0; k < 2; k++) {
            TEE_ObjectHandle key = secret_object(types[k], ikm, len);
            TEE_OperationHandle gp = keyed(TEE_ALG_HKDF, TEE_MODE_DERIVE, (uint32_t)len * 8, key);
            TEE_OperationHandle optee = keyed(hkdf[i].alg, TEE_MODE_DERIVE, (uint32_t)len * 8, key);
            TEE_ObjectHandle out = target(TEE_TYPE_GENERIC_SECRET, 42 * 8);
            TEE_Attribute gp_params[] = {val(TEE_ATTR_HKDF_HASH_ALGORITHM, hkdf[i].hash),
                                         val(TEE_ATTR_KDF_KEY_SIZE, 42),
                                         ref_hex(TEE_ATTR_HKDF_SALT, hkdf[i].salt),
                                         ref_hex(TEE_ATTR_HKDF_INFO, hkdf[i].info)};
            TEE_Attribute optee_params[] = {val(TEE_ATTR_HKDF_OKM_LENGTH, 42),
                                            ref_hex(__OPTEE_TEE_ATTR_HKDF_SALT, hkdf[i].salt),
                                            ref_hex(__OPTEE_ATTR_HKDF_INFO, hkdf[i].info)};
            TEE_DeriveKey(gp, gp_params, hkdf[i].salt[0] ? 4 : 2, out);
            expect_secret(out, hkdf[i].okm);
            TEE_ResetTransientObject(out);
            TEE_DeriveKey(optee, optee_params, hkdf[i].salt[0] ? 3 : 1, out);
            expect_secret(out, hkdf[i].okm);
            TEE_FreeOperation(gp);
            TEE_FreeOperation(optee);
            TEE_CloseObject(key);
            TEE_CloseObject(out);
        }
    }
}

/* RFC 6070 (SHA-1) cases 1, 2, 3, 5; for SHA-256 the vectors of RFC 7914, section 11. */
static const struct {
    uint32_t alg, rounds;
    const char *password, *salt, *key;
} pbkdf2[] = {
    {TEE_ALG_PBKDF2_HMAC_SHA1_DERIVE_KEY, 1, "password", "salt",
     "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
    {TEE_ALG_PBKDF2_HMAC_SHA1_DERIVE_KEY, 2, "password", "salt",
     "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
    {TEE_ALG_PBKDF2_HMAC_SHA1_DERIVE_KEY, 4096, "password", "salt",
     "4b007901b765489abead49d926f721d065a429c1"},
    {TEE_ALG_PBKDF2_HMAC_SHA1_DERIVE_KEY, 4096, "passwordPASSWORDpassword",
     "saltSALTsaltSALTsaltSALTsaltSALTsalt", "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"},
    {TEE_ALG_PBKDF2_HMAC_SHA256_DERIVE_KEY, 1, "passwd", "salt",
     "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
     "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
};

static void pbkdf2_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(pbkdf2); i++) {
        size_t len = strlen(pbkdf2[i].key) / 2;
        char want[200] = {0};
        copy(want, pbkdf2[i].key, len * 2);
        size_t password_len = strlen(pbkdf2[i].password);
        TEE_ObjectHandle key =
            secret_object(TEE_TYPE_PBKDF2_PASSWORD, pbkdf2[i].password, password_len);
        TEE_OperationHandle op =
            keyed(pbkdf2[i].alg, TEE_MODE_DERIVE, (uint32_t)password_len * 8, key);
        TEE_ObjectHandle out = target(TEE_TYPE_GENERIC_SECRET, (uint32_t)len * 8);
        TEE_Attribute params[] = {ref(TEE_ATTR_PBKDF2_SALT, pbkdf2[i].salt, strlen(pbkdf2[i].salt)),
                                  val(TEE_ATTR_PBKDF2_ITERATION_COUNT, pbkdf2[i].rounds),
                                  val(TEE_ATTR_PBKDF2_DKM_LENGTH, (uint32_t)len)};
        TEE_DeriveKey(op, params, 3, out);
        expect_secret(out, want);
        TEE_FreeOperation(op);
        TEE_CloseObject(key);
        TEE_CloseObject(out);
    }
}

/* One round of SHA-256 over counter 1, Z and the other information, by hand (SP 800-56A, 5.8.1). */
static void concat_kdf_agrees(void **state)
{
    (void)state;
    uint8_t z[32] = {1, 2, 3};
    uint8_t want[32];
    size_t len = sizeof(want);
    TEE_OperationHandle digest = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateOperation(&digest, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    TEE_DigestUpdate(digest, "\0\0\0\1", 4);
    TEE_DigestUpdate(digest, z, sizeof(z));
    RT_OK(TEE_DigestDoFinal(digest, "info", 4, want, &len));
    TEE_ObjectHandle key = secret_object(TEE_TYPE_CONCAT_KDF_Z, z, sizeof(z));
    TEE_OperationHandle op = keyed(TEE_ALG_CONCAT_KDF_SHA256_DERIVE_KEY, TEE_MODE_DERIVE, 256, key);
    TEE_ObjectHandle out = target(TEE_TYPE_AES, 256); /* straight into a key for use */
    TEE_Attribute params[] = {ref(TEE_ATTR_CONCAT_KDF_OTHER_INFO, "info", 4),
                              val(TEE_ATTR_CONCAT_KDF_DKM_LENGTH, 32)};
    TEE_DeriveKey(op, params, 2, out);
    uint8_t got[32];
    RT_OK(TEE_GetObjectBufferAttribute(out, TEE_ATTR_SECRET_VALUE, got, &len));
    assert_memory_equal(got, want, 32);
    TEE_FreeOperation(op);
    TEE_FreeOperation(digest);
    TEE_CloseObject(key);
    TEE_CloseObject(out);
}

/* ---- each hash, by the definitions: HMAC and digest of the runtime itself ---- */

static const struct by_hash {
    uint32_t digest, hmac, type, hkdf, concat, pbkdf2; /* 0: there is none */
    size_t len;
} by_hash[] = {
    {TEE_ALG_MD5, TEE_ALG_HMAC_MD5, TEE_TYPE_HMAC_MD5, TEE_ALG_HKDF_MD5_DERIVE_KEY, 0, 0, 16},
    {TEE_ALG_SHA1, TEE_ALG_HMAC_SHA1, TEE_TYPE_HMAC_SHA1, TEE_ALG_HKDF_SHA1_DERIVE_KEY,
     TEE_ALG_CONCAT_KDF_SHA1_DERIVE_KEY, TEE_ALG_PBKDF2_HMAC_SHA1_DERIVE_KEY, 20},
    {TEE_ALG_SHA224, TEE_ALG_HMAC_SHA224, TEE_TYPE_HMAC_SHA224, TEE_ALG_HKDF_SHA224_DERIVE_KEY,
     TEE_ALG_CONCAT_KDF_SHA224_DERIVE_KEY, TEE_ALG_PBKDF2_HMAC_SHA224_DERIVE_KEY, 28},
    {TEE_ALG_SHA256, TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256, TEE_ALG_HKDF_SHA256_DERIVE_KEY,
     TEE_ALG_CONCAT_KDF_SHA256_DERIVE_KEY, TEE_ALG_PBKDF2_HMAC_SHA256_DERIVE_KEY, 32},
    {TEE_ALG_SHA384, TEE_ALG_HMAC_SHA384, TEE_TYPE_HMAC_SHA384, TEE_ALG_HKDF_SHA384_DERIVE_KEY,
     TEE_ALG_CONCAT_KDF_SHA384_DERIVE_KEY, TEE_ALG_PBKDF2_HMAC_SHA384_DERIVE_KEY, 48},
    {TEE_ALG_SHA512, TEE_ALG_HMAC_SHA512, TEE_TYPE_HMAC_SHA512, TEE_ALG_HKDF_SHA512_DERIVE_KEY,
     TEE_ALG_CONCAT_KDF_SHA512_DERIVE_KEY, TEE_ALG_PBKDF2_HMAC_SHA512_DERIVE_KEY, 64},
    {TEE_ALG_SHA3_256, TEE_ALG_HMAC_SHA3_256, TEE_TYPE_HMAC_SHA3_256, 0, 0, 0, 32},
    {TEE_ALG_SHA3_512, TEE_ALG_HMAC_SHA3_512, TEE_TYPE_HMAC_SHA3_512, 0, 0, 0, 64},
    {TEE_ALG_SM3, TEE_ALG_HMAC_SM3, TEE_TYPE_HMAC_SM3, 0, 0, 0, 32},
};

static void hmac(const struct by_hash *row, const uint8_t *key, const uint8_t *text, size_t len,
                 uint8_t *out)
{
    TEE_ObjectHandle object = secret_object(row->type, key, row->len);
    TEE_OperationHandle op = keyed(row->hmac, TEE_MODE_MAC, (uint32_t)row->len * 8, object);
    size_t out_len = row->len;
    TEE_MACInit(op, NULL, 0);
    RT_OK(TEE_MACComputeFinal(op, text, len, out, &out_len));
    TEE_FreeOperation(op);
    TEE_CloseObject(object);
}

static void derives(uint32_t alg, uint32_t type, const uint8_t *secret, size_t len,
                    const TEE_Attribute *params, uint32_t count, const uint8_t *want)
{
    uint8_t got[64];
    size_t got_len = sizeof(got);
    TEE_ObjectHandle key = secret_object(type, secret, len);
    TEE_OperationHandle op = keyed(alg, TEE_MODE_DERIVE, (uint32_t)len * 8, key);
    TEE_ObjectHandle out = target(TEE_TYPE_GENERIC_SECRET, 512);
    TEE_DeriveKey(op, params, count, out);
    RT_OK(TEE_GetObjectBufferAttribute(out, TEE_ATTR_SECRET_VALUE, got, &got_len));
    assert_int_equal(got_len, len);
    assert_memory_equal(got, want, len);
    TEE_FreeOperation(op);
    TEE_CloseObject(key);
    TEE_CloseObject(out);
}

/* Secret, salt and result are as long as the hash, so that each definition has one step. */
static void kdf_each_hash(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(by_hash); i++) {
        const struct by_hash *row = &by_hash[i];
        uint32_t len = (uint32_t)row->len;
        uint8_t secret[64];
        uint8_t salt[64];
        uint8_t text[4 + 64 + 4];
        uint8_t prk[64];
        uint8_t want[64];
        for (size_t k = 0; k < sizeof(secret); k++) {
            secret[k] = (uint8_t)next_number();
            salt[k] = (uint8_t)next_number();
        }
        hmac(row, salt, secret, len, prk); /* RFC 5869: extract, and T(1) of "info" */
        hmac(row, prk, (const uint8_t *)"info\1", 5, want);
        TEE_Attribute gp[] = {val(TEE_ATTR_HKDF_HASH_ALGORITHM, row->digest),
                              val(TEE_ATTR_KDF_KEY_SIZE, len), ref(TEE_ATTR_HKDF_SALT, salt, len),
                              ref(TEE_ATTR_HKDF_INFO, "info", 4)};
        derives(TEE_ALG_HKDF, TEE_TYPE_HKDF, secret, len, gp, 4, want);
        if (row->hkdf == 0)
            continue;
        TEE_Attribute other[] = {val(TEE_ATTR_HKDF_OKM_LENGTH, len), gp[2], gp[3]};
        derives(row->hkdf, TEE_TYPE_HKDF_IKM, secret, len, other, 3, want);
        if (row->concat == 0)
            continue;
        TEE_OperationHandle op = TEE_HANDLE_NULL;
        size_t want_len = len;
        copy(text, "\0\0\0\1", 4); /* SP 800-56A, 5.8.1 */
        copy(text + 4, secret, len);
        copy(text + 4 + len, "info", 4);
        RT_OK(TEE_AllocateOperation(&op, row->digest, TEE_MODE_DIGEST, 0));
        RT_OK(TEE_DigestDoFinal(op, text, 4 + len + 4, want, &want_len));
        TEE_FreeOperation(op);
        TEE_Attribute concat[] = {ref(TEE_ATTR_CONCAT_KDF_OTHER_INFO, "info", 4),
                                  val(TEE_ATTR_CONCAT_KDF_DKM_LENGTH, len)};
        derives(row->concat, TEE_TYPE_CONCAT_KDF_Z, secret, len, concat, 2, want);
        copy(text, salt, len); /* RFC 8018, 5.2, one iteration */
        copy(text + len, "\0\0\0\1", 4);
        hmac(row, secret, text, len + 4, want);
        TEE_Attribute pbkdf[] = {ref(TEE_ATTR_PBKDF2_SALT, salt, len),
                                 val(TEE_ATTR_PBKDF2_ITERATION_COUNT, 1),
                                 val(TEE_ATTR_PBKDF2_DKM_LENGTH, len)};
        derives(row->pbkdf2, TEE_TYPE_PBKDF2_PASSWORD, secret, len, pbkdf, 3, want);
    }
}

static void kdf_rules(void **state)
{
    (void)state;
    TEE_ObjectHandle ikm = secret_object(TEE_TYPE_HKDF_IKM, "secret", 6);
    TEE_ObjectHandle password = secret_object(TEE_TYPE_PBKDF2_PASSWORD, "secret", 6);
    TEE_OperationHandle op = keyed(TEE_ALG_HKDF, TEE_MODE_DERIVE, 48, ikm);
    TEE_OperationHandle pb =
        keyed(TEE_ALG_PBKDF2_HMAC_SHA256_DERIVE_KEY, TEE_MODE_DERIVE, 48, password);
    TEE_ObjectHandle out = target(TEE_TYPE_GENERIC_SECRET, 256);
    TEE_ObjectHandle aes = target(TEE_TYPE_AES, 256);
    TEE_Attribute shake[] = {val(TEE_ATTR_HKDF_HASH_ALGORITHM, TEE_ALG_SHAKE128),
                             val(TEE_ATTR_KDF_KEY_SIZE, 32)};
    TEE_Attribute none[] = {val(TEE_ATTR_HKDF_HASH_ALGORITHM, TEE_ALG_SHA256),
                            val(TEE_ATTR_KDF_KEY_SIZE, 0)};
    TEE_Attribute odd[] = {none[0], val(TEE_ATTR_KDF_KEY_SIZE, 20)};
    TEE_Attribute huge[] = {none[0], val(TEE_ATTR_KDF_KEY_SIZE, 0xffffffffu)};
    TEE_Attribute strange[] = {none[0], val(TEE_ATTR_PBKDF2_ITERATION_COUNT, 1)};
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, shake, 2, out));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, none, 2, out));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, none, 1, out));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, odd, 2, aes));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, huge, 2, out));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, strange, 2, out));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, none, 9, out));
    TEE_Attribute zero_rounds[] = {ref(TEE_ATTR_PBKDF2_SALT, "salt", 4),
                                   val(TEE_ATTR_PBKDF2_ITERATION_COUNT, 0),
                                   val(TEE_ATTR_PBKDF2_DKM_LENGTH, 32)};
    RT_PANICS(RT_BAD, TEE_DeriveKey(pb, zero_rounds, 3, out));
    RT_PANICS(RT_BAD, TEE_DeriveKey(pb, zero_rounds + 1, 2, out));
    TEE_FreeOperation(op);
    TEE_FreeOperation(pb);
    TEE_CloseObject(ikm);
    TEE_CloseObject(password);
    TEE_CloseObject(out);
    TEE_CloseObject(aes);
}

/* ---- random ---- */

static void random_fills(void **state)
{
    (void)state;
    static uint8_t big[200000];
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    TEE_GenerateRandom(a, 32);
    TEE_GenerateRandom(b, 32);
    assert_memory_not_equal(a, b, 32);
    TEE_GenerateRandom(NULL, 0);
    TEE_GenerateRandom(big, sizeof(big));
    size_t zeros = 0;
    for (size_t i = 0; i < sizeof(big); i++)
        zeros += big[i] == 0;
    assert_in_range(zeros, 400, 1200);
    RT_PANICS(RT_BAD, TEE_GenerateRandom(NULL, 1));
}

static unsigned reseeds(EVP_RAND_CTX *generator)
{
    unsigned count = 0;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(OSSL_DRBG_PARAM_RESEED_COUNTER, &count),
                           OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_RAND_CTX_get_params(generator, params), 1);
    return count;
}

/* Additional input comes with a fresh seed, to both generators. */
static void random_takes_input(void **state)
{
    EVP_RAND_CTX *generators[] = {RAND_get0_public(km_rt_libctx()),
                                  RAND_get0_private(km_rt_libctx())};
    uint8_t drawn[2][32] = {{0}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        unsigned before[] = {reseeds(generators[0]), reseeds(generators[1])};
        TEE_KmAddRandomInput("input", 5);
        for (size_t g = 0; g < 2; g++)
            assert_int_not_equal(reseeds(generators[g]), before[g]);
        TEE_GenerateRandom(drawn[i], 32);
    }
    assert_memory_not_equal(drawn[0], drawn[1], 32);
    TEE_KmAddRandomInput(NULL, 0);
    RT_PANICS(RT_BAD, TEE_KmAddRandomInput(NULL, 1));
}

/* Instances forked from one template draw different numbers, even if the kernel gave them the same process id. */
static void random_differs_after_fork(void **state)
{
    (void)state;
    uint8_t got[5][32];
    TEE_GenerateRandom(got[4], 32); /* the generators exist before the fork */
    for (int i = 0; i < 4; i++) {
        int fds[2];
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            uint8_t mine[32];
            TEE_GenerateRandom(mine, 32);
            _exit(write(fds[1], mine, 32) == 32 ? 0 : 1);
        }
        assert_int_equal(read(fds[0], got[i], 32), 32);
        close(fds[0]);
        close(fds[1]);
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < i; k++)
            assert_memory_not_equal(got[i], got[k], 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(ecdh_known_answers, fixture_after),
        cmocka_unit_test_teardown(ecdh_both_ways_p521, fixture_after),
        cmocka_unit_test_teardown(ecdh_rules, fixture_after),
        cmocka_unit_test_teardown(hkdf_known_answers, fixture_after),
        cmocka_unit_test_teardown(pbkdf2_known_answers, fixture_after),
        cmocka_unit_test_teardown(concat_kdf_agrees, fixture_after),
        cmocka_unit_test_teardown(kdf_each_hash, fixture_after),
        cmocka_unit_test_teardown(kdf_rules, fixture_after),
        cmocka_unit_test_teardown(random_fills, fixture_after),
        cmocka_unit_test_teardown(random_takes_input, fixture_after),
        cmocka_unit_test_teardown(random_differs_after_fork, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
