/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for the rarer key types alike: locked memory that runs short, and a life in the store. */
#include "tests/unit/runtime_keys.h"

#include <string.h>

/* ---- the locked heap full, and a little less full each time ---- */

static struct {
    TEE_ObjectHandle ec, rsa, aes;
    TEE_OperationHandle sign;
} scarce;

static TEE_Result generate(uint32_t type, uint32_t bits, const TEE_Attribute *attrs, uint32_t count)
{
    TEE_ObjectHandle object = fresh(type, bits);
    TEE_Result result = TEE_GenerateKey(object, bits, attrs, count);
    TEE_CloseObject(object);
    return result;
}

static TEE_Result scarce_ed25519(void)
{
    return generate(TEE_TYPE_ED25519_KEYPAIR, 256, NULL, 0);
}

static TEE_Result scarce_dsa(void)
{
    TEE_Attribute attrs[5];
    dsa_attrs(attrs);
    TEE_ObjectHandle object = fresh(TEE_TYPE_DSA_KEYPAIR, DSA_BITS);
    TEE_Result result = TEE_PopulateTransientObject(object, attrs, 5);
    TEE_CloseObject(object);
    return result == TEE_SUCCESS ? generate(TEE_TYPE_DSA_KEYPAIR, DSA_BITS, attrs, 3) : result;
}

static TEE_Result scarce_dh(void)
{
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_DH_PRIME, DH_P), ref_hex(TEE_ATTR_DH_BASE, DH_G)};
    return generate(TEE_TYPE_DH_KEYPAIR, DH_BITS, attrs, 2);
}

static TEE_Result scarce_fixed(void)
{
    uint8_t hash[32] = {1};
    uint8_t sig[64];
    size_t len = sizeof(sig);
    return TEE_AsymmetricSignDigest(scarce.sign, NULL, 0, hash, 32, sig, &len);
}

static TEE_Result scarce_key(uint32_t alg, uint32_t bits, TEE_ObjectHandle key)
{
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateOperation(&op, alg, TEE_MODE_DECRYPT, bits));
    TEE_Result result = TEE_SetOperationKey(op, key);
    TEE_FreeOperation(op);
    return result;
}

static TEE_Result scarce_rsaes(void)
{
    return scarce_key(TEE_ALG_RSAES_PKCS1_V1_5, 2048, scarce.rsa);
}

static TEE_Result scarce_ccm(void)
{
    return scarce_key(TEE_ALG_AES_CCM, 128, scarce.aes);
}

static TEE_Result scarce_wrap(void)
{
    uint8_t text[40] = {0};
    size_t len = sizeof(text);
    TEE_OperationHandle op = keyed(TEE_ALG_AES_KW, TEE_MODE_ENCRYPT, 128, scarce.aes);
    TEE_CipherInit(op, NULL, 0);
    TEE_Result result = TEE_CipherDoFinal(op, text, 32, text, &len);
    TEE_FreeOperation(op);
    return result;
}

/* Whatever runs short of locked memory says so: nothing else is blamed, and nothing dies. */
static void locked_heap_runs_short(void **state)
{
    (void)state;
    static TEE_Result (*const calls[])(void) = {
        scarce_ed25519, scarce_dsa, scarce_dh, scarce_fixed, scarce_rsaes, scarce_ccm, scarce_wrap};
    uint8_t bytes[16] = {1};
    scarce.rsa = rsa_pair();
    scarce.aes = secret_object(TEE_TYPE_AES, bytes, 16);
    scarce.ec = ec_generate(TEE_TYPE_ECDSA_KEYPAIR, TEE_ECC_CURVE_NIST_P256, 256);
    scarce.sign = keyed(TEE_ALG_ECDSA_RFC6979_SHA256, TEE_MODE_SIGN, 256, scarce.ec);
    for (size_t i = 0; i < KM_ARRAY_LEN(calls); i++) {
        fill_locked_heap();
        TEE_Result result = calls[i]();
        assert_int_equal(result, TEE_ERROR_OUT_OF_MEMORY);
        while (result != TEE_SUCCESS && give_one_back()) {
            result = calls[i]();
            assert_true(result == TEE_SUCCESS || result == TEE_ERROR_OUT_OF_MEMORY);
        }
        assert_int_equal(result, TEE_SUCCESS);
        while (give_one_back())
            ;
    }
    TEE_FreeOperation(scarce.sign);
    TEE_CloseObject(scarce.ec);
    TEE_CloseObject(scarce.rsa);
    TEE_CloseObject(scarce.aes);
}

/* The new types survive the store, and what comes back works. */
static void stored(void **state)
{
    (void)state;
    TEE_Attribute attrs[5];
    dsa_attrs(attrs);
    TEE_ObjectHandle keys[] = {populated(TEE_TYPE_DSA_KEYPAIR, DSA_BITS, attrs, 5),
                               fresh(TEE_TYPE_ED25519_KEYPAIR, 256), dh_pair(false, 200)};
    static const char *const names[] = {"dsa", "ed25519", "dh"};
    RT_OK(TEE_GenerateKey(keys[1], 256, NULL, 0));
    for (size_t i = 0; i < KM_ARRAY_LEN(keys); i++) {
        RT_OK(TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, names[i], strlen(names[i]), 0,
                                         keys[i], NULL, 0, NULL));
        TEE_CloseObject(keys[i]);
    }
    fixture_reopen_store();
    for (size_t i = 0; i < KM_ARRAY_LEN(keys); i++)
        RT_OK(TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, names[i], strlen(names[i]),
                                       TEE_DATA_FLAG_ACCESS_READ, &keys[i]));
    uint8_t hash[64];
    size_t len = digest(TEE_ALG_SHA256, "text", 4, hash);
    sign_and_verify(TEE_ALG_DSA_SHA256, DSA_BITS, keys[0], keys[0], hash, len);
    sign_and_verify(TEE_ALG_ED25519, 256, keys[1], keys[1], hash, len);
    uint32_t x_bits = 0;
    RT_OK(TEE_GetObjectValueAttribute(keys[2], TEE_ATTR_DH_X_BITS, &x_bits, NULL));
    assert_int_equal(x_bits, 200);
    TEE_FreeOperation(keyed(TEE_ALG_DH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, DH_BITS, keys[2]));
    for (size_t i = 0; i < KM_ARRAY_LEN(keys); i++)
        TEE_CloseObject(keys[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(locked_heap_runs_short, fixture_after),
        cmocka_unit_test_teardown(stored, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
