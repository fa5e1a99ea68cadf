/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/runtime_keys.h"

TEE_ObjectHandle fresh(uint32_t type, uint32_t bits)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateTransientObject(type, bits, &object));
    return object;
}

TEE_ObjectHandle populated(uint32_t type, uint32_t bits, const TEE_Attribute *attrs, uint32_t count)
{
    TEE_ObjectHandle object = fresh(type, bits);
    RT_OK(TEE_PopulateTransientObject(object, attrs, count));
    return object;
}

void refuse(uint32_t type, uint32_t bits, const TEE_Attribute *attrs, uint32_t count)
{
    TEE_ObjectHandle object = fresh(type, bits);
    assert_int_equal(TEE_PopulateTransientObject(object, attrs, count), TEE_ERROR_BAD_PARAMETERS);
    TEE_ObjectInfo info;
    RT_OK(TEE_GetObjectInfo1(object, &info));
    assert_int_equal(info.handleFlags & TEE_HANDLE_FLAG_INITIALIZED, 0);
    TEE_CloseObject(object);
}

size_t digest(uint32_t alg, const void *text, size_t len, uint8_t out[64])
{
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    size_t out_len = 64;
    RT_OK(TEE_AllocateOperation(&op, alg, TEE_MODE_DIGEST, 0));
    RT_OK(TEE_DigestDoFinal(op, text, len, out, &out_len));
    TEE_FreeOperation(op);
    return out_len;
}

void sign_and_verify(uint32_t alg, uint32_t bits, TEE_ObjectHandle pair, TEE_ObjectHandle open,
                     const uint8_t *hash, size_t hash_len)
{
    TEE_OperationHandle sign = keyed(alg, TEE_MODE_SIGN, bits, pair);
    TEE_OperationHandle verify = keyed(alg, TEE_MODE_VERIFY, bits, open);
    uint8_t sig[512];
    size_t len = 0;
    assert_int_equal(TEE_AsymmetricSignDigest(sign, NULL, 0, hash, hash_len, sig, &len),
                     TEE_ERROR_SHORT_BUFFER);
    assert_true(len != 0 && len <= sizeof(sig));
    RT_OK(TEE_AsymmetricSignDigest(sign, NULL, 0, hash, hash_len, sig, &len));
    RT_OK(TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, hash_len, sig, len));
    assert_int_equal(TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, hash_len, sig, len - 1),
                     TEE_ERROR_SIGNATURE_INVALID);
    for (size_t i = 0; i < len; i += 1 + len / 16) {
        sig[i] ^= 0x10;
        assert_int_equal(TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, hash_len, sig, len),
                         TEE_ERROR_SIGNATURE_INVALID);
        sig[i] ^= 0x10;
    }
    TEE_FreeOperation(sign);
    TEE_FreeOperation(verify);
}

size_t attribute(TEE_ObjectHandle object, uint32_t id, uint8_t out[DH_LEN])
{
    size_t len = DH_LEN;
    RT_OK(TEE_GetObjectBufferAttribute(object, id, out, &len));
    return len;
}

size_t derive(TEE_OperationHandle op, TEE_Attribute peer, uint8_t out[DH_LEN])
{
    TEE_ObjectHandle secret = fresh(TEE_TYPE_GENERIC_SECRET, 8 * DH_LEN);
    size_t len = DH_LEN;
    TEE_DeriveKey(op, &peer, 1, secret);
    RT_OK(TEE_GetObjectBufferAttribute(secret, TEE_ATTR_SECRET_VALUE, out, &len));
    TEE_CloseObject(secret);
    return len;
}

/* ---- DSA ---- */

#define DSA_X "411602cb19a6ccc34494d79d98ef1e7ed5af25f7"
#define DSA_Y                                                                                      \
    "5df5e01ded31d0297e274e1691c192fe5868fef9e19a84776454b100cf16f65392195a38b90523e2"             \
    "542ee61871c0440cb87c322fc4b4d2ec5e1e7ec766e1be8d4ce935437dc11c3c8fd426338933ebfe"             \
    "739cb3465f4d3668c5e473508253b1e682f65cbdc4fae93c2ea212390e54905a86e2223170b44eaa"             \
    "7da5dd9ffcfb7f3b"

void dsa_attrs(TEE_Attribute attrs[5])
{
    attrs[0] = ref_hex(TEE_ATTR_DSA_PRIME, DSA_P);
    attrs[1] = ref_hex(TEE_ATTR_DSA_SUBPRIME, DSA_Q);
    attrs[2] = ref_hex(TEE_ATTR_DSA_BASE, DSA_G);
    attrs[3] = ref_hex(TEE_ATTR_DSA_PUBLIC_VALUE, DSA_Y);
    attrs[4] = ref_hex(TEE_ATTR_DSA_PRIVATE_VALUE, DSA_X);
}

/* ---- DH ---- */

/* RFC 2409, 6.2: a safe prime, whose base is 2 */
#define OAKLEY_P                                                                                   \
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74"                             \
    "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"                             \
    "4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"                             \
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff"

TEE_ObjectHandle dh_pair(bool with_order, uint32_t x_bits)
{
    TEE_Attribute attrs[3] = {ref_hex(TEE_ATTR_DH_PRIME, x_bits != 0 ? OAKLEY_P : DH_P),
                              ref_hex(TEE_ATTR_DH_BASE, x_bits != 0 ? "02" : DH_G)};
    uint32_t n = 2;
    if (with_order)
        attrs[n++] = ref_hex(TEE_ATTR_DH_SUBPRIME, DH_Q);
    if (x_bits != 0)
        attrs[n++] = val(TEE_ATTR_DH_X_BITS, x_bits);
    TEE_ObjectHandle pair = fresh(TEE_TYPE_DH_KEYPAIR, DH_BITS);
    RT_OK(TEE_GenerateKey(pair, DH_BITS, attrs, n));
    return pair;
}

/* ---- RSA ---- */

#define GUIDANCE_N                                                                                 \
    "c8cc839714098da56caa23640f93dc8997c16372968fc1b0c6df5113c1c94e8b21e48ad2297e6541"             \
    "9011b4e6d8f5e73b1b78b257400321d1ef6b602d4ec8ce8d141c94905eb4ad306639a49206534b6e"             \
    "7f2607423e97dffd133c88d721399defbc7e96ccdcbd7f3aae1fe892712bfb4929817d511666440a"             \
    "1facb7a208f5ea165910add8a3f2d497202360ccb632024f0d07169c1918f316f794b143aef54ec8"             \
    "7522a4c02978f9689980bffbf649c307e81819bff88409638d48bd94be152b59ff649fa0bd629d0f"             \
    "fa1813c3abf4b56bd3c2ea5465dffa14589292a9d8a24ad26be7ee0510741b6382d43c83d5bfa40a"             \
    "46613d062be445517dbcaf0cb4e1a769"
#define GUIDANCE_D                                                                                 \
    "1455010e0f2d587663a666a6ff1ccdbbf0edd8100646d02a023922908992c4ad39e5565929726ef6"             \
    "508c3a71158ef0b6ff751d39d07580bb2d2f063210442d0603ff50dbbd7b35fe2c9bb19a47a1af85"             \
    "a4c24901e02ca8b58b7919b20edf32aacfbf51adb4bc4b61b9b7e968caa4d570f70ef18d80632288"             \
    "93e47d439efca793259bcf2cd108a3d8688cdf078e7ac799969f2339d2c1f522b969684629a933ba"             \
    "aec2681625eab84f4e56f4447e9d88fb9a199cf71023e0e257b14441b33c84d3bc67ca8031d26126"             \
    "18103a7a0a40844262f75d8890cd616e51f9035488fd6e099de8ff6d65a4ff118254807c9f58d2fb"             \
    "ba8ba151dc8c68be349c977a204e04c1"

TEE_ObjectHandle rsa_pair(void)
{
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_RSA_MODULUS, GUIDANCE_N),
                             ref_hex(TEE_ATTR_RSA_PUBLIC_EXPONENT, "010001"),
                             ref_hex(TEE_ATTR_RSA_PRIVATE_EXPONENT, GUIDANCE_D)};
    return populated(TEE_TYPE_RSA_KEYPAIR, 2048, attrs, 3);
}
