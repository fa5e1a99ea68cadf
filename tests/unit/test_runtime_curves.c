/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519, X25519, Ed448, X448, deterministic ECDSA and the small curves: published vectors, and keys that must be refused. */
#include "tests/unit/runtime_keys.h"

#include <stdlib.h>

/* ---- Ed25519: RFC 8032, 7.1 ---- */

static const struct {
    const char *secret, *open, *message, *sig;
} eddsa[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
};

static void eddsa_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(eddsa); i++) {
        TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_ED25519_PUBLIC_VALUE, eddsa[i].open),
                                 ref_hex(TEE_ATTR_ED25519_PRIVATE_VALUE, eddsa[i].secret)};
        TEE_ObjectHandle pair = populated(TEE_TYPE_ED25519_KEYPAIR, 256, attrs, 2);
        TEE_ObjectHandle open = populated(TEE_TYPE_ED25519_PUBLIC_KEY, 256, attrs, 1);
        TEE_OperationHandle op = keyed(TEE_ALG_ED25519, TEE_MODE_SIGN, 256, pair);
        uint8_t sig[64];
        size_t sig_len = sizeof(sig);
        size_t len = 0;
        const uint8_t *message = unhex(eddsa[i].message, &len);
        RT_OK(TEE_AsymmetricSignDigest(op, NULL, 0, message, len, sig, &sig_len));
        assert_int_equal(sig_len, 64);
        assert_memory_equal(sig, unhex(eddsa[i].sig, NULL), 64);
        TEE_FreeOperation(op);
        sign_and_verify(TEE_ALG_ED25519, 256, pair, open, message, len);
        TEE_CloseObject(pair);
        TEE_CloseObject(open);
    }
    uint8_t *large = calloc(1, 100000);
    TEE_ObjectHandle pair = fresh(TEE_TYPE_ED25519_KEYPAIR, 256);
    RT_OK(TEE_GenerateKey(pair, 256, NULL, 0));
    sign_and_verify(TEE_ALG_ED25519, 256, pair, pair, large, 100000);
    TEE_CloseObject(pair);
    free(large);
}

static void eddsa_rules(void **state)
{
    (void)state;
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_ED25519_PUBLIC_VALUE, eddsa[0].open),
                             ref_hex(TEE_ATTR_ED25519_PRIVATE_VALUE, eddsa[1].secret)};
    refuse(TEE_TYPE_ED25519_KEYPAIR, 256, attrs, 2); /* of another pair */
    for (size_t len = 0; len < 40; len++) {
        uint8_t bytes[40] = {1};
        TEE_Attribute cut[] = {attrs[0], ref(TEE_ATTR_ED25519_PRIVATE_VALUE, bytes, len)};
        if (len != 32)
            refuse(TEE_TYPE_ED25519_KEYPAIR, 256, cut, 2);
    }
    attrs[0] = ref_hex(TEE_ATTR_ED25519_PUBLIC_VALUE, eddsa[1].open);
    TEE_ObjectHandle pair = populated(TEE_TYPE_ED25519_KEYPAIR, 256, attrs, 2);
    TEE_OperationHandle op = keyed(TEE_ALG_ED25519, TEE_MODE_SIGN, 256, pair);
    uint8_t sig[64];
    size_t len = sizeof(sig);
    TEE_Attribute context = ref(TEE_ATTR_EDDSA_CTX, "context", 7);
    TEE_Attribute prehash = val(TEE_ATTR_EDDSA_PREHASH, 1);
    TEE_Attribute plain = val(TEE_ATTR_EDDSA_PREHASH, 0);
    TEE_Attribute strange = val(TEE_ATTR_RSA_PSS_SALT_LENGTH, 1);
    assert_int_equal(TEE_AsymmetricSignDigest(op, &context, 1, "x", 1, sig, &len),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AsymmetricSignDigest(op, &prehash, 1, "x", 1, sig, &len),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AsymmetricSignDigest(op, &strange, 1, "x", 1, sig, &len),
                     TEE_ERROR_BAD_PARAMETERS);
    RT_OK(TEE_AsymmetricSignDigest(op, &plain, 1, "x", 1, sig, &len));
    RT_OK(TEE_IsAlgorithmSupported(TEE_ALG_ED25519, TEE_ECC_CURVE_25519));
    assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_ED25519, TEE_CRYPTO_ELEMENT_NONE),
                     TEE_ERROR_NOT_SUPPORTED);
    TEE_FreeOperation(op);
    TEE_CloseObject(pair);
}

/* ---- X25519: RFC 7748, 6.1 ---- */

#define ALICE "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
#define ALICE_OPEN "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
#define BOB_OPEN "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
#define SHARED "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

static void x25519(void **state)
{
    (void)state;
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_X25519_PUBLIC_VALUE, ALICE_OPEN),
                             ref_hex(TEE_ATTR_X25519_PRIVATE_VALUE, ALICE)};
    TEE_ObjectHandle pair = populated(TEE_TYPE_X25519_KEYPAIR, 256, attrs, 2);
    TEE_OperationHandle op = keyed(TEE_ALG_X25519, TEE_MODE_DERIVE, 256, pair);
    uint8_t z[DH_LEN];
    assert_int_equal(derive(op, ref_hex(TEE_ATTR_X25519_PUBLIC_VALUE, BOB_OPEN), z), 32);
    assert_memory_equal(z, unhex(SHARED, NULL), 32);
    /* Values of low order: 0, 1, p - 1, and one of order 8. */
    static const char *const low[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    };
    TEE_ObjectHandle out = fresh(TEE_TYPE_GENERIC_SECRET, 256);
    for (size_t i = 0; i < KM_ARRAY_LEN(low); i++) {
        TEE_Attribute peer = ref_hex(TEE_ATTR_X25519_PUBLIC_VALUE, low[i]);
        RT_PANICS(RT_BAD, TEE_DeriveKey(op, &peer, 1, out));
        refuse(TEE_TYPE_X25519_PUBLIC_KEY, 256, &peer, 1);
        peer.content.ref.length = 31;
        RT_PANICS(RT_BAD, TEE_DeriveKey(op, &peer, 1, out));
        refuse(TEE_TYPE_X25519_PUBLIC_KEY, 256, &peer, 1);
    }
    attrs[0] = ref_hex(TEE_ATTR_X25519_PUBLIC_VALUE, BOB_OPEN);
    refuse(TEE_TYPE_X25519_KEYPAIR, 256, attrs, 2);
    TEE_CloseObject(populated(TEE_TYPE_X25519_PUBLIC_KEY, 256, attrs, 1));
    TEE_ObjectHandle made = fresh(TEE_TYPE_X25519_KEYPAIR, 256);
    RT_OK(TEE_GenerateKey(made, 256, NULL, 0));
    TEE_OperationHandle other = keyed(TEE_ALG_X25519, TEE_MODE_DERIVE, 256, made);
    uint8_t made_open[DH_LEN];
    uint8_t z2[DH_LEN];
    size_t len = attribute(made, TEE_ATTR_X25519_PUBLIC_VALUE, made_open);
    derive(op, ref(TEE_ATTR_X25519_PUBLIC_VALUE, made_open, len), z);
    derive(other, ref_hex(TEE_ATTR_X25519_PUBLIC_VALUE, ALICE_OPEN), z2);
    assert_memory_equal(z, z2, 32);
    TEE_FreeOperation(op);
    TEE_FreeOperation(other);
    TEE_CloseObject(out);
    TEE_CloseObject(made);
    TEE_CloseObject(pair);
}

/* ---- Ed448 and X448: RFC 8032, 7.4; RFC 7748, 6.2 ---- */

#define ED448                                                                                      \
    "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"                             \
    "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b"
#define ED448_OPEN                                                                                 \
    "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"                             \
    "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180"
#define ED448_SIG                                                                                  \
    "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f"                             \
    "2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a"                             \
    "9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db"                             \
    "b61149f05a7363268c71d95808ff2e652600"
#define X448                                                                                       \
    "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf5"                             \
    "74a9419744897391006382a6f127ab1d9ac2d8c0a598726b"
#define X448_OPEN                                                                                  \
    "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bb"                             \
    "c836647241d953d40c5b12da88120d53177f80e532c41fa0"
#define X448_BOB                                                                                   \
    "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972"                             \
    "fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609"
#define X448_SHARED                                                                                \
    "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56"                             \
    "fd2464c335543936521c24403085d59a449a5037514a879d"

static void curve_448(void **state)
{
    (void)state;
    TEE_Attribute ed[] = {ref_hex(TEE_ATTR_ED448_PUBLIC_VALUE, ED448_OPEN),
                          ref_hex(TEE_ATTR_ED448_PRIVATE_VALUE, ED448)};
    TEE_ObjectHandle pair = populated(TEE_TYPE_ED448_KEYPAIR, 448, ed, 2);
    TEE_ObjectHandle open = populated(TEE_TYPE_ED448_PUBLIC_KEY, 448, ed, 1);
    TEE_OperationHandle op = keyed(TEE_ALG_ED448, TEE_MODE_SIGN, 448, pair);
    uint8_t sig[114];
    size_t len = sizeof(sig);
    RT_OK(TEE_AsymmetricSignDigest(op, NULL, 0, NULL, 0, sig, &len));
    assert_int_equal(len, 114);
    assert_memory_equal(sig, unhex(ED448_SIG, NULL), len);
    TEE_FreeOperation(op);
    sign_and_verify(TEE_ALG_ED448, 448, pair, open, (const uint8_t *)"message", 7);
    TEE_CloseObject(pair);
    TEE_CloseObject(open);
    ed[1].content.ref.length = 56;
    refuse(TEE_TYPE_ED448_KEYPAIR, 448, ed, 2);

    TEE_Attribute x[] = {ref_hex(TEE_ATTR_X448_PUBLIC_VALUE, X448_OPEN),
                         ref_hex(TEE_ATTR_X448_PRIVATE_VALUE, X448)};
    pair = populated(TEE_TYPE_X448_KEYPAIR, 448, x, 2);
    op = keyed(TEE_ALG_X448, TEE_MODE_DERIVE, 448, pair);
    uint8_t z[DH_LEN];
    assert_int_equal(derive(op, ref_hex(TEE_ATTR_X448_PUBLIC_VALUE, X448_BOB), z), 56);
    assert_memory_equal(z, unhex(X448_SHARED, NULL), 56);
    uint8_t zero[56] = {0};
    TEE_Attribute low = ref(TEE_ATTR_X448_PUBLIC_VALUE, zero, 56);
    refuse(TEE_TYPE_X448_PUBLIC_KEY, 448, &low, 1);
    zero[0] = 1;
    refuse(TEE_TYPE_X448_PUBLIC_KEY, 448, &low, 1);
    TEE_CloseObject(populated(TEE_TYPE_X448_PUBLIC_KEY, 448, x, 1));
    RT_OK(TEE_IsAlgorithmSupported(TEE_ALG_X448, TEE_ECC_CURVE_448));
    assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_X448, TEE_ECC_CURVE_25519),
                     TEE_ERROR_NOT_SUPPORTED);
    TEE_FreeOperation(op);
    TEE_CloseObject(pair);
    pair = fresh(TEE_TYPE_ED448_KEYPAIR, 448);
    RT_OK(TEE_GenerateKey(pair, 448, NULL, 0));
    sign_and_verify(TEE_ALG_ED448, 448, pair, pair, (const uint8_t *)"message", 7);
    TEE_CloseObject(pair);
}

/* ---- ECDSA with the nonce of RFC 6979: A.2.3 to A.2.7, "sample" ---- */

static const struct {
    uint32_t alg, hash, curve, bits;
    const char *secret, *sig;
} fixed[] = {
    {TEE_ALG_ECDSA_RFC6979_SHA1, TEE_ALG_SHA1, TEE_ECC_CURVE_NIST_P192, 192,
     "6FAB034934E4C0FC9AE67F5B5659A9D7D1FEFD187EE09FD4",
     "98C6BD12B23EAF5E2A2045132086BE3EB8EBD62ABF6698FF"
     "57A22B07DEA9530F8DE9471B1DC6624472E8E2844BC25B64"},
    {TEE_ALG_ECDSA_RFC6979_SHA256, TEE_ALG_SHA256, TEE_ECC_CURVE_NIST_P192, 192,
     "6FAB034934E4C0FC9AE67F5B5659A9D7D1FEFD187EE09FD4",
     "4B0B8CE98A92866A2820E20AA6B75B56382E0F9BFD5ECB55"
     "CCDB006926EA9565CBADC840829D8C384E06DE1F1E381B85"},
    {TEE_ALG_ECDSA_RFC6979_SHA256, TEE_ALG_SHA256, TEE_ECC_CURVE_NIST_P224, 224,
     "F220266E1105BFE3083E03EC7A3A654651F45E37167E88600BF257C1",
     "61AA3DA010E8E8406C656BC477A7A7189895E7E840CDFE8FF42307BA"
     "BC814050DAB5D23770879494F9E0A680DC1AF7161991BDE692B10101"},
    {TEE_ALG_ECDSA_RFC6979_SHA1, TEE_ALG_SHA1, TEE_ECC_CURVE_NIST_P256, 256,
     "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
     "61340C88C3AAEBEB4F6D667F672CA9759A6CCAA9FA8811313039EE4A35471D32"
     "6D7F147DAC089441BB2E2FE8F7A3FA264B9C475098FDCF6E00D7C996E1B8B7EB"},
    {TEE_ALG_ECDSA_RFC6979_SHA256, TEE_ALG_SHA256, TEE_ECC_CURVE_NIST_P256, 256,
     "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
     "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
     "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
    {TEE_ALG_ECDSA_RFC6979_SHA384, TEE_ALG_SHA384, TEE_ECC_CURVE_NIST_P384, 384,
     "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8"
     "96D5724E4C70A825F872C9EA60D2EDF5",
     "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
     "81A648152E44ACF96E36DD1E80FABE46"
     "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
     "A329C145786E679E7B82C71A38628AC8"},
    {TEE_ALG_ECDSA_RFC6979_SHA512, TEE_ALG_SHA512, TEE_ECC_CURVE_NIST_P521, 521,
     "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75"
     "CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
     "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F"
     "174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA"
     "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF"
     "282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A"},
};

static TEE_ObjectHandle ec_pair(uint32_t curve, uint32_t bits, const char *secret)
{
    uint8_t x[66];
    uint8_t y[66];
    size_t len = 0;
    const uint8_t *d = unhex(secret, &len);
    RT_OK(TEE_KmEccPublicValue(curve, d, len, x, y, len));
    TEE_Attribute attrs[] = {
        ref(TEE_ATTR_ECC_PUBLIC_VALUE_X, x, len), ref(TEE_ATTR_ECC_PUBLIC_VALUE_Y, y, len),
        val(TEE_ATTR_ECC_CURVE, curve), ref(TEE_ATTR_ECC_PRIVATE_VALUE, d, len)};
    return populated(TEE_TYPE_ECDSA_KEYPAIR, bits, attrs, 4);
}

static void ecdsa_fixed(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(fixed); i++) {
        TEE_ObjectHandle pair = ec_pair(fixed[i].curve, fixed[i].bits, fixed[i].secret);
        TEE_OperationHandle op = keyed(fixed[i].alg, TEE_MODE_SIGN, fixed[i].bits, pair);
        TEE_OperationHandle other = TEE_HANDLE_NULL;
        RT_OK(TEE_AllocateOperation(&other, fixed[i].alg, TEE_MODE_SIGN, fixed[i].bits));
        TEE_CopyOperation(other, op);
        uint8_t hash[64];
        uint8_t sig[2][132];
        size_t hash_len = digest(fixed[i].hash, "sample", 6, hash);
        size_t want_len = 0;
        const uint8_t *want = unhex(fixed[i].sig, &want_len);
        size_t len = sizeof(sig[0]);
        RT_OK(TEE_AsymmetricSignDigest(op, NULL, 0, hash, hash_len, sig[0], &len));
        assert_int_equal(len, want_len);
        assert_memory_equal(sig[0], want, len);
        RT_OK(TEE_AsymmetricSignDigest(other, NULL, 0, hash, hash_len, sig[1], &len));
        assert_memory_equal(sig[1], want, len);
        TEE_FreeOperation(op);
        TEE_FreeOperation(other);
        sign_and_verify(fixed[i].alg, fixed[i].bits, pair, pair, hash, hash_len);
        TEE_CloseObject(pair);
    }
}

/* What the nonce is made from does not matter to who verifies: any hash on any curve, digests of any length. */
static void ecdsa_all(void **state)
{
    (void)state;
    static const uint32_t algs[] = {
        TEE_ALG_ECDSA_SHA1,         TEE_ALG_ECDSA_SHA3_224,         TEE_ALG_ECDSA_SHA3_256,
        TEE_ALG_ECDSA_SHA3_384,     TEE_ALG_ECDSA_SHA3_512,         TEE_ALG_ECDSA_RFC6979_SHA224,
        TEE_ALG_ECDSA_RFC6979_SHA1, TEE_ALG_ECDSA_RFC6979_SHA3_512, TEE_ALG_ECDSA_RFC6979_SHA3_224};
    static const uint32_t curves[][2] = {{TEE_ECC_CURVE_NIST_P192, 192},
                                         {TEE_ECC_CURVE_NIST_P224, 224},
                                         {TEE_ECC_CURVE_NIST_P256, 256},
                                         {TEE_ECC_CURVE_NIST_P384, 384},
                                         {TEE_ECC_CURVE_NIST_P521, 521}};
    uint8_t hash[80];
    for (size_t i = 0; i < sizeof(hash); i++)
        hash[i] = (uint8_t)next_number();
    for (size_t c = 0; c < KM_ARRAY_LEN(curves); c++) {
        TEE_ObjectHandle pair = ec_generate(TEE_TYPE_ECDSA_KEYPAIR, curves[c][0], curves[c][1]);
        for (size_t a = 0; a < KM_ARRAY_LEN(algs); a++) {
            RT_OK(TEE_IsAlgorithmSupported(algs[a], curves[c][0]));
            sign_and_verify(algs[a], curves[c][1], pair, pair, hash,
                            1 + next_number() % sizeof(hash));
        }
        TEE_CloseObject(pair);
    }
}

/* P-192 and P-224 agree with themselves, and refuse a point that is not theirs. */
static void small_curves(void **state)
{
    (void)state;
    static const uint32_t curves[][2] = {{TEE_ECC_CURVE_NIST_P192, 192},
                                         {TEE_ECC_CURVE_NIST_P224, 224}};
    for (size_t c = 0; c < KM_ARRAY_LEN(curves); c++) {
        uint32_t bits = curves[c][1];
        uint8_t x[2][DH_LEN];
        uint8_t y[2][DH_LEN];
        uint8_t z[2][DH_LEN];
        TEE_ObjectHandle pairs[2];
        for (size_t i = 0; i < 2; i++) {
            pairs[i] = ec_generate(TEE_TYPE_ECDH_KEYPAIR, curves[c][0], bits);
            attribute(pairs[i], TEE_ATTR_ECC_PUBLIC_VALUE_X, x[i]);
            attribute(pairs[i], TEE_ATTR_ECC_PUBLIC_VALUE_Y, y[i]);
        }
        for (size_t i = 0; i < 2; i++) {
            TEE_OperationHandle op =
                keyed(TEE_ALG_ECDH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, bits, pairs[i]);
            TEE_Attribute peer[] = {ref(TEE_ATTR_ECC_PUBLIC_VALUE_X, x[1 - i], bits / 8),
                                    ref(TEE_ATTR_ECC_PUBLIC_VALUE_Y, y[1 - i], bits / 8)};
            TEE_ObjectHandle out = fresh(TEE_TYPE_GENERIC_SECRET, bits);
            TEE_DeriveKey(op, peer, 2, out);
            assert_int_equal(attribute(out, TEE_ATTR_SECRET_VALUE, z[i]), bits / 8);
            TEE_CloseObject(out);
            TEE_FreeOperation(op);
            TEE_CloseObject(pairs[i]);
        }
        assert_memory_equal(z[0], z[1], bits / 8);
        x[0][5] ^= 1;
        TEE_Attribute off[] = {ref(TEE_ATTR_ECC_PUBLIC_VALUE_X, x[0], bits / 8),
                               ref(TEE_ATTR_ECC_PUBLIC_VALUE_Y, y[0], bits / 8),
                               val(TEE_ATTR_ECC_CURVE, curves[c][0])};
        refuse(TEE_TYPE_ECDH_PUBLIC_KEY, bits, off, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(eddsa_known_answers, fixture_after),
        cmocka_unit_test_teardown(eddsa_rules, fixture_after),
        cmocka_unit_test_teardown(x25519, fixture_after),
        cmocka_unit_test_teardown(curve_448, fixture_after),
        cmocka_unit_test_teardown(ecdsa_fixed, fixture_after),
        cmocka_unit_test_teardown(ecdsa_all, fixture_after),
        cmocka_unit_test_teardown(small_curves, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
