/* SPDX-License-Identifier: Apache-2.0 */
/* Ed448 and X448 through the PKCS#11 module, with the numbers of RFC 8032, 7.4 ("1 octet") and RFC 7748, 6.2; lengths of EC private values. */
#include "common/km_bytes.h"
#include "tests/interop/pkcs11_calls.h"

static CK_BYTE ed448[12] = {0x13, 10, 'e', 'd', 'w', 'a', 'r', 'd', 's', '4', '4', '8'};
static CK_BYTE curve448[10] = {0x13, 8, 'c', 'u', 'r', 'v', 'e', '4', '4', '8'};
static CK_BYTE ed448_oid[5] = {6, 3, 0x2b, 0x65, 0x71};
static CK_BYTE x448_oid[5] = {6, 3, 0x2b, 0x65, 0x6f};

static CK_OBJECT_HANDLE create(CK_OBJECT_CLASS class, CK_KEY_TYPE type, const CK_ATTRIBUTE *value,
                               CK_BYTE *params, CK_ULONG params_len)
{
    CK_ATTRIBUTE template[] = {ATTR(CKA_CLASS, class),
                               ATTR(CKA_KEY_TYPE, type),
                               *value,
                               {CKA_EC_PARAMS, params, params_len}};
    CK_OBJECT_HANDLE made = 0;
    OK(p11->C_CreateObject(session, template, KM_ARRAY_LEN(template), &made));
    return made;
}

static void bytes(const char *text, CK_BYTE *out, size_t len)
{
    assert_true(km_unhex(text, out, len));
}

/* The point of 57 or 56 octets in its OCTET STRING, and the curve by its name, however it was asked for. */
static void says_curve(CK_OBJECT_HANDLE key, const CK_BYTE *params, CK_ULONG params_len,
                       CK_ULONG point_len)
{
    CK_BYTE said[80] = {0};
    CK_ULONG len = sizeof(said);
    value_of(key, CKA_EC_PARAMS, said, &len);
    assert_int_equal(len, params_len);
    assert_memory_equal(said, params, params_len);
    len = sizeof(said);
    value_of(key, CKA_EC_POINT, said, &len);
    assert_int_equal(len, point_len + 2);
    assert_int_equal(said[0], 4);
    assert_int_equal(said[1], point_len);
}

static void ed448_published(void **state)
{
    CK_BYTE secret[57] = {0};
    CK_BYTE point[57] = {0};
    CK_BYTE expected[114] = {0};
    CK_BYTE signature[114] = {0};
    CK_BYTE one[] = {3};
    CK_ULONG len = sizeof(signature);
    CK_EDDSA_PARAMS params = {CK_FALSE, 0, NULL};
    CK_MECHANISM bare = {CKM_EDDSA, NULL, 0};
    CK_MECHANISM with_params = {CKM_EDDSA, &params, sizeof(params)};
    (void)state;
    bytes("c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463a"
          "fbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e",
          secret, sizeof(secret));
    bytes("43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c086"
          "6aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
          point, sizeof(point));
    bytes("26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f435"
          "2541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cb"
          "cee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0f"
          "f3348ab21aa4adafd1d234441cf807c03a00",
          expected, sizeof(expected));
    CK_ATTRIBUTE value = ATTR(CKA_VALUE, secret);
    CK_ATTRIBUTE public_value = ATTR(CKA_EC_POINT, point);
    CK_OBJECT_HANDLE private_key =
        create(CKO_PRIVATE_KEY, CKK_EC_EDWARDS, &value, ed448_oid, sizeof(ed448_oid));
    CK_OBJECT_HANDLE public_key =
        create(CKO_PUBLIC_KEY, CKK_EC_EDWARDS, &public_value, ed448, sizeof(ed448));
    says_curve(public_key, ed448, sizeof(ed448), 57);
    OK(p11->C_SignInit(session, &with_params, private_key));
    OK(p11->C_Sign(session, one, sizeof(one), signature, &len));
    assert_int_equal(len, 114);
    assert_memory_equal(signature, expected, 114);
    OK(p11->C_VerifyInit(session, &bare, public_key));
    OK(p11->C_Verify(session, one, sizeof(one), expected, 114));
    sign_and_verify(&bare, private_key, public_key);
    params.ulContextDataLen = 1;
    params.pContextData = one;
    assert_int_equal(p11->C_SignInit(session, &with_params, private_key),
                     CKR_MECHANISM_PARAM_INVALID);
}

static void ed448_made(void **state)
{
    CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
    CK_OBJECT_HANDLE keys[2] = {0};
    CK_BBOOL *tokens[] = {&no, &yes};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(tokens); i++) {
        pair(CKM_EC_EDWARDS_KEY_PAIR_GEN, ed448_oid, sizeof(ed448_oid), tokens[i], &keys[0],
             &keys[1]);
        says_curve(keys[0], ed448, sizeof(ed448), 57);
        sign_and_verify(&mechanism, keys[1], keys[0]);
        OK(p11->C_DestroyObject(session, keys[1]));
    }
}

static void x448_published(void **state)
{
    CK_BYTE secret[56] = {0};
    CK_BYTE peer[56] = {0};
    CK_BYTE expected[56] = {0};
    CK_BYTE shared[56] = {0};
    CK_ULONG len = sizeof(shared);
    CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, sizeof(peer), peer};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof(params)};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ATTRIBUTE wish[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type),
                           ATTR_BOOL(CKA_SENSITIVE, no), ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_OBJECT_HANDLE derived = 0;
    (void)state;
    bytes("9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf5"
          "74a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
          secret, sizeof(secret));
    bytes("3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972"
          "fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
          peer, sizeof(peer));
    bytes("07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56"
          "fd2464c335543936521c24403085d59a449a5037514a879d",
          expected, sizeof(expected));
    CK_ATTRIBUTE value = ATTR(CKA_VALUE, secret);
    CK_OBJECT_HANDLE key =
        create(CKO_PRIVATE_KEY, CKK_EC_MONTGOMERY, &value, x448_oid, sizeof(x448_oid));
    OK(p11->C_DeriveKey(session, &mechanism, key, wish, KM_ARRAY_LEN(wish), &derived));
    value_of(derived, CKA_VALUE, shared, &len);
    assert_int_equal(len, 56);
    assert_memory_equal(shared, expected, 56);
    memset(peer, 0, sizeof(peer));
    assert_int_equal(p11->C_DeriveKey(session, &mechanism, key, wish, KM_ARRAY_LEN(wish), &derived),
                     CKR_MECHANISM_PARAM_INVALID);
}

/* A curve is of one key type alone, and has values of one length. */
static void curves_apart(void **state)
{
    CK_BYTE *params[] = {ed448, curve448};
    CK_ULONG lens[] = {sizeof(ed448), sizeof(curve448)};
    CK_MECHANISM_TYPE types[] = {CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKM_EC_EDWARDS_KEY_PAIR_GEN};
    CK_BYTE octets[56] = {9};
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_EC_EDWARDS;
    CK_ATTRIBUTE template[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type),
                               ATTR(CKA_EC_POINT, octets), ATTR(CKA_EC_PARAMS, ed448)};
    CK_OBJECT_HANDLE keys[2] = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(types); i++) {
        CK_MECHANISM mechanism = {types[i], NULL, 0};
        CK_ATTRIBUTE of_public[] = {{CKA_EC_PARAMS, params[i], lens[i]}};
        assert_int_equal(
            p11->C_GenerateKeyPair(session, &mechanism, of_public, 1, NULL, 0, &keys[0], &keys[1]),
            CKR_CURVE_NOT_SUPPORTED);
        mechanism.mechanism = types[1 - i];
        OK(p11->C_GenerateKeyPair(session, &mechanism, of_public, 1, NULL, 0, &keys[0], &keys[1]));
        says_curve(keys[0], params[i], lens[i], i == 0 ? 57 : 56);
    }
    assert_int_equal(p11->C_CreateObject(session, template, KM_ARRAY_LEN(template), &keys[0]),
                     CKR_ATTRIBUTE_VALUE_INVALID);
    type = CKK_EC;
    assert_int_equal(p11->C_CreateObject(session, template, KM_ARRAY_LEN(template), &keys[0]),
                     CKR_CURVE_NOT_SUPPORTED);
}

/* A big integer may have zeros in front, and be shorter than the curve. */
static void scalar_lengths(void **state)
{
    static const struct {
        CK_BYTE first;
        CK_ULONG len;
        CK_RV rv;
    } ROWS[] = {{0, 33, CKR_OK},
                {0, 35, CKR_OK},
                {1, 33, CKR_ATTRIBUTE_VALUE_INVALID},
                {1, 31, CKR_OK},
                {0, 0, CKR_ATTRIBUTE_VALUE_INVALID}};
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = CKK_EC;
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        CK_BYTE scalar[35] = {[0] = ROWS[i].first, [20] = 7};
        CK_ATTRIBUTE template[] = {ATTR(CKA_CLASS, class),
                                   ATTR(CKA_KEY_TYPE, type),
                                   ATTR(CKA_EC_PARAMS, p256),
                                   ATTR_BOOL(CKA_SIGN, yes),
                                   {CKA_VALUE, scalar, ROWS[i].len}};
        CK_OBJECT_HANDLE key = 0;
        assert_int_equal(p11->C_CreateObject(session, template, KM_ARRAY_LEN(template), &key),
                         ROWS[i].rv);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        T(ed448_published), T(ed448_made), T(x448_published), T(curves_apart), T(scalar_lengths),
    };
    rig_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
