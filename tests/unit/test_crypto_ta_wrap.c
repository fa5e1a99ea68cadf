/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys under keys, and groups of the caller's own, through the command interface: what is refused, and that a refusal leaves
 * everything as it was.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "ta/crypto/record.h"
#include "tests/unit/crypto_rig.h"

#define WRAPS (KM_CRYPTO_USAGE_WRAP | KM_CRYPTO_USAGE_UNWRAP)

RIG_FIXTURE

static uint32_t make(uint32_t type, uint32_t bits, uint32_t usage, uint32_t attributes)
{
    struct km_crypto_template wish = rig_wish(type, bits);
    uint32_t id = 0;
    wish.usage = usage;
    wish.attributes = attributes;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    return id;
}

static uint32_t import_raw(struct km_slice octets, uint32_t usage, uint32_t attributes)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 0);
    uint32_t id = 0;
    wish.usage = usage;
    wish.attributes = attributes;
    assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_RAW, octets, &id), TEE_SUCCESS);
    return id;
}

static uint32_t unwrap(uint32_t by, const struct km_crypto_template *wish, struct km_slice wrapped,
                       uint32_t *ret_id)
{
    return rig_with_wish(&s, KM_CRYPTO_CMD_UNWRAP_KEY, wish, by, KM_CRYPTO_AES_KWP, wrapped,
                         ret_id);
}

/* Which wrapping keys let a wrappable key out: the one that nobody outside has or will have, and nothing else can be done with. */
static void closed_keys_alone(void **state)
{
    static const uint8_t KNOWN[32] = {1, 2, 3, 4};
    uint8_t out[256] = {0};
    (void)state;
    uint32_t movable = make(KM_CRYPTO_KEY_GENERIC_SECRET, 256, 0, KM_CRYPTO_ATTR_WRAPPABLE);
    const uint32_t open_keys[] = {
        import_raw(KM_SLICE(KNOWN, 32), WRAPS, 0),
        make(KM_CRYPTO_KEY_AES, 256, WRAPS, KM_CRYPTO_ATTR_EXPORT_AS_PLAIN),
        make(KM_CRYPTO_KEY_AES, 256, WRAPS, KM_CRYPTO_ATTR_WRAPPABLE),
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(open_keys); i++) {
        size_t len = sizeof(out);
        assert_int_equal(rig_wrap(&s, open_keys[i], KM_CRYPTO_AES_KWP, movable, out, &len),
                         KM_CRYPTO_E_NOT_EXPORTABLE);
        assert_int_equal(len, 0);
    }
    /* A key for data does not wrap keys at all, nor does one of another kind. */
    size_t len = sizeof(out);
    uint32_t for_data = make(KM_CRYPTO_KEY_AES, 256, 0, 0);
    assert_int_equal(rig_wrap(&s, for_data, KM_CRYPTO_AES_KWP, movable, out, &len),
                     TEE_ERROR_ACCESS_DENIED);
    len = sizeof(out);
    assert_int_equal(rig_wrap(&s, movable, KM_CRYPTO_AES_KWP, movable, out, &len),
                     TEE_ERROR_NOT_SUPPORTED);
    uint32_t closed = make(KM_CRYPTO_KEY_AES, 128, WRAPS, 0);
    len = sizeof(out);
    assert_int_equal(rig_wrap(&s, closed, KM_CRYPTO_AES_GCM, movable, out, &len),
                     TEE_ERROR_NOT_SUPPORTED);
    len = sizeof(out);
    assert_int_equal(rig_wrap(&s, closed, KM_CRYPTO_AES_KWP, 999, out, &len), KM_CRYPTO_E_STALE_ID);
    len = sizeof(out);
    assert_int_equal(rig_wrap(&s, closed, KM_CRYPTO_AES_KWP, movable, out, &len), TEE_SUCCESS);
    /* The size that is told is the size that is needed, and a call without room changes nothing. */
    size_t needed = 3;
    assert_int_equal(rig_wrap(&s, closed, KM_CRYPTO_AES_KWP, movable, out, &needed),
                     TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(needed, len);
    /* And for nothing but that. */
    struct km_lane_param p[4] = {P_VI(closed, KM_CRYPTO_AES_ECB_NOPAD), P_MI("", 0),
                                 P_MI(KNOWN, 32), P_MO(out, sizeof(out))};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CIPHER_DECRYPT, p), TEE_ERROR_ACCESS_DENIED);
    p[0] = (struct km_lane_param)P_VI(closed, KM_CRYPTO_AES_KWP);
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CIPHER_DECRYPT, p), TEE_ERROR_ACCESS_DENIED);
}

/* The policy comes back: type, usages, expiry; cut and flipped at every octet nothing does. */
static void policy_returns(void **state)
{
    uint8_t wrapped[256] = {0};
    uint8_t longer[256] = {0};
    size_t len = sizeof(wrapped);
    uint32_t id = 0;
    uint32_t movable = 0;
    struct km_crypto_info info = {0};
    (void)state;
    uint32_t closed = make(KM_CRYPTO_KEY_AES, 256, WRAPS, 0);
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 128);
    wish.usage = KM_CRYPTO_USAGE_MAC;
    wish.attributes = KM_CRYPTO_ATTR_WRAPPABLE | KM_CRYPTO_ATTR_AUDIT_EACH_USE;
    wish.not_after = rig_host.now + 100;
    assert_int_equal(rig_create(&s, &wish, &movable), TEE_SUCCESS);
    assert_int_equal(rig_wrap(&s, closed, KM_CRYPTO_AES_KWP, movable, wrapped, &len), TEE_SUCCESS);
    struct km_crypto_template back = rig_wish(KM_CRYPTO_KEY_AES, 0);
    back.not_after = rig_host.now + 1000;
    assert_int_equal(unwrap(closed, &back, KM_SLICE(wrapped, len), &id), TEE_SUCCESS);
    assert_int_equal(rig_info(&s, id, &info), TEE_SUCCESS);
    assert_int_equal(info.usage, KM_CRYPTO_USAGE_MAC);
    assert_int_equal(info.attributes, wish.attributes);
    assert_true(info.not_after == wish.not_after);
    back.not_after = rig_host.now + 10;
    assert_int_equal(unwrap(closed, &back, KM_SLICE(wrapped, len), &id), TEE_SUCCESS);
    assert_int_equal(rig_info(&s, id, &info), TEE_SUCCESS);
    assert_true(info.not_after == back.not_after);
    back.bits = 256;
    assert_int_equal(unwrap(closed, &back, KM_SLICE(wrapped, len), &id), TEE_ERROR_BAD_FORMAT);
    back.bits = 0;
    back.max_uses = 3; /* it stays wrappable, which does not go with a count */
    assert_int_equal(unwrap(closed, &back, KM_SLICE(wrapped, len), &id), TEE_ERROR_BAD_PARAMETERS);
    back.max_uses = 0;
    for (size_t at = 0; at < len; at++) {
        if (at != 0)
            assert_int_equal(unwrap(closed, &back, KM_SLICE(wrapped, at), &id),
                             TEE_ERROR_MAC_INVALID);
        wrapped[at] ^= 1;
        assert_int_equal(unwrap(closed, &back, KM_SLICE(wrapped, len), &id), TEE_ERROR_MAC_INVALID);
        wrapped[at] ^= 1;
    }
    km_copy(longer, sizeof(longer), wrapped, len);
    assert_int_equal(unwrap(closed, &back, KM_SLICE(longer, len + 8), &id), TEE_ERROR_MAC_INVALID);
    /* After its last day it does not leave. */
    rig_host.now += 101;
    len = sizeof(wrapped);
    assert_int_equal(rig_wrap(&s, closed, KM_CRYPTO_AES_KWP, movable, wrapped, &len),
                     KM_CRYPTO_E_EXPIRED);
}

/* What was unwrapped can be used but is not what CREATE_KEY made: it wraps nothing that may not leave in any case. */
static void an_unwrapped_key_is_not_closed(void **state)
{
    uint8_t wrapped[256] = {0};
    size_t len = sizeof(wrapped);
    uint32_t id = 0;
    (void)state;
    uint32_t closed = make(KM_CRYPTO_KEY_AES, 256, WRAPS, 0);
    uint32_t inner = make(KM_CRYPTO_KEY_AES, 256, WRAPS, KM_CRYPTO_ATTR_WRAPPABLE);
    uint32_t movable = make(KM_CRYPTO_KEY_HMAC, 256, 0, KM_CRYPTO_ATTR_WRAPPABLE);
    assert_int_equal(rig_wrap(&s, closed, KM_CRYPTO_AES_KWP, inner, wrapped, &len), TEE_SUCCESS);
    struct km_crypto_template back = rig_wish(KM_CRYPTO_KEY_AES, 0);
    assert_int_equal(unwrap(closed, &back, KM_SLICE(wrapped, len), &id), TEE_SUCCESS);
    len = sizeof(wrapped);
    assert_int_equal(rig_wrap(&s, id, KM_CRYPTO_AES_KWP, movable, wrapped, &len),
                     KM_CRYPTO_E_NOT_EXPORTABLE);
}

/* Uses of the wrapping key are counted; a call that can't work costs none. */
static void wrapping_is_counted(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 256);
    uint8_t wrapped[256] = {0};
    size_t len = sizeof(wrapped);
    uint32_t by = 0;
    (void)state;
    wish.usage = WRAPS;
    wish.max_uses = 1;
    assert_int_equal(rig_create(&s, &wish, &by), TEE_SUCCESS);
    uint32_t shut = make(KM_CRYPTO_KEY_HMAC, 256, 0, 0);
    uint32_t open_key = make(KM_CRYPTO_KEY_HMAC, 256, 0, KM_CRYPTO_ATTR_EXPORT_AS_PLAIN);
    assert_int_equal(rig_wrap(&s, by, KM_CRYPTO_AES_KWP, shut, wrapped, &len),
                     KM_CRYPTO_E_NOT_EXPORTABLE);
    len = 1;
    assert_int_equal(rig_wrap(&s, by, KM_CRYPTO_AES_KWP, open_key, wrapped, &len),
                     TEE_ERROR_SHORT_BUFFER);
    len = sizeof(wrapped);
    assert_int_equal(rig_wrap(&s, by, KM_CRYPTO_AES_KWP, open_key, wrapped, &len), TEE_SUCCESS);
    assert_string_equal(rig_host.last_audit, "export-wrapped");
    len = sizeof(wrapped);
    assert_int_equal(rig_wrap(&s, by, KM_CRYPTO_AES_KWP, open_key, wrapped, &len),
                     KM_CRYPTO_E_USED_UP);
}

/* An exportable key that looks like one with a policy is what it looks like, for who made it; it is not more exportable by that. */
static void a_key_that_looks_like_a_record(void **state)
{
    static const uint8_t SECRET[16] = {9, 9, 9};
    uint8_t material[64] = {0};
    uint8_t record[128] = {0};
    uint8_t wrapped[256] = {0};
    size_t material_len = 0;
    size_t record_len = 0;
    size_t len = sizeof(wrapped);
    uint32_t id = 0;
    uint32_t fake = 0;
    (void)state;
    struct km_crypto_attrs attrs = {
        .count = 1, .at = {{KM_CRYPTO_SECRET_VALUE, KM_SLICE(SECRET, sizeof(SECRET))}}};
    assert_true(km_crypto_attrs_put(&attrs, KM_SPAN(material, sizeof(material)), &material_len));
    struct km_wrapped_key wanted = {.type = KM_CRYPTO_KEY_AES,
                                    .bits = 128,
                                    .usage = KM_CRYPTO_USAGE_ENCRYPT,
                                    .attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN,
                                    .material = KM_SLICE(material, material_len)};
    assert_true(km_wrapped_key_put(&wanted, KM_SPAN(record, sizeof(record)), &record_len));
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_HMAC, 0);
    wish.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
    assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_RAW, KM_SLICE(record, record_len), &fake),
                     TEE_SUCCESS);
    uint32_t closed = make(KM_CRYPTO_KEY_AES, 256, WRAPS, 0);
    assert_int_equal(rig_wrap(&s, closed, KM_CRYPTO_AES_KWP, fake, wrapped, &len), TEE_SUCCESS);
    struct km_crypto_template back = rig_wish(KM_CRYPTO_KEY_AES, 0);
    back.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
    assert_int_equal(unwrap(closed, &back, KM_SLICE(wrapped, len), &id),
                     KM_CRYPTO_E_NOT_EXPORTABLE);
    back.attributes = 0;
    assert_int_equal(unwrap(closed, &back, KM_SLICE(wrapped, len), &id), TEE_SUCCESS);
    struct km_crypto_info info = {0};
    assert_int_equal(rig_info(&s, id, &info), TEE_SUCCESS);
    assert_int_equal(info.attributes & KM_CRYPTO_ATTR_EXPORT_AS_PLAIN, 0);
}

/* A key that may leave in whatever way is no provisioned one. */
static void nothing_wrappable_is_provisioned(void **state)
{
    struct rig_session admin = {0};
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    uint32_t id = 0;
    (void)state;
    rig_open(&admin, 0, true);
    for (unsigned i = 0; i < 2; i++) {
        wish.attributes = i == 0 ? KM_CRYPTO_ATTR_WRAPPABLE : 0;
        assert_int_equal(rig_create(&admin, &wish, &id), TEE_SUCCESS);
        struct km_lane_param p[4] = {P_VI(id, 0), P_STR("com.seqlabs.test"), P_MI("", 0), P_NONE};
        assert_int_equal(rig_call(&admin, KM_CRYPTO_CMD_PROVISION_KEY, p),
                         i == 0 ? TEE_ERROR_BAD_PARAMETERS : TEE_SUCCESS);
    }
    rig_close(&admin);
}

/* ---- groups ---- */

static uint32_t create_with(uint32_t type, const struct km_crypto_attrs *attrs, uint32_t form,
                            uint32_t *ret_id)
{
    struct km_crypto_template wish = rig_wish(type, 0);
    uint8_t bytes[KM_CRYPTO_TEMPLATE_WIRE_MAX] = {0};
    uint8_t octets[4096] = {0};
    size_t len = 0;
    size_t octets_len = 0;
    assert_true(km_crypto_template_put(&wish, KM_SPAN(bytes, sizeof(bytes)), &len));
    assert_true(km_crypto_attrs_put(attrs, KM_SPAN(octets, sizeof(octets)), &octets_len));
    struct km_lane_param p[4] = {P_MI(bytes, len), P_MI(octets, octets_len), P_VI(form, 0), P_VO};
    uint32_t result = rig_call(&s, KM_CRYPTO_CMD_CREATE_KEY_WITH, p);
    *ret_id = p[3].a;
    return result;
}

/* One number of RFC 5114, 2.3 (2048 bits, q of 256), as libcrypto has it. */
static void rfc5114(const char *param, struct km_span out)
{
    static char name[] = "dh_2048_256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DHX", NULL);
    EVP_PKEY *group = NULL;
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 1);
    assert_int_equal(EVP_PKEY_paramgen(ctx, &group), 1);
    assert_int_equal(EVP_PKEY_get_bn_param(group, param, &number), 1);
    assert_int_equal(BN_bn2binpad(number, out.ptr, (int)out.len), (int)out.len);
    BN_free(number);
    EVP_PKEY_free(group);
    EVP_PKEY_CTX_free(ctx);
}

/* A group of order q in which small subgroups are plenty. */
static void groups_of_ones_own(void **state)
{
    static const uint8_t TWO[] = {2};
    uint8_t p[256] = {0}, q[32] = {0}, g[256] = {0}, out[256] = {0};
    uint32_t id = 0;
    (void)state;
    rfc5114(OSSL_PKEY_PARAM_FFC_P, KM_SPAN(p, sizeof(p)));
    rfc5114(OSSL_PKEY_PARAM_FFC_Q, KM_SPAN(q, sizeof(q)));
    rfc5114(OSSL_PKEY_PARAM_FFC_G, KM_SPAN(g, sizeof(g)));
    struct km_crypto_attrs attrs = {.count = 3,
                                    .at = {{KM_CRYPTO_DH_PRIME, KM_SLICE(p, sizeof(p))},
                                           {KM_CRYPTO_DH_BASE, KM_SLICE(g, sizeof(g))},
                                           {KM_CRYPTO_DH_SUBPRIME, KM_SLICE(q, sizeof(q))}}};
    assert_int_equal(create_with(KM_CRYPTO_KEY_DH_KEYPAIR, &attrs, KM_CRYPTO_FORM_ATTRIBUTES, &id),
                     TEE_SUCCESS);
    /* A peer's value outside the subgroup: 2 has another order. */
    struct km_lane_param agree[4] = {P_VI(id, 0), P_MI(TWO, 1), P_MO(out, sizeof(out)), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AGREE_RAW, agree), TEE_ERROR_BAD_FORMAT);
    agree[1] = (struct km_lane_param)P_MI(g, sizeof(g));
    agree[2] = (struct km_lane_param)P_MO(out, sizeof(out));
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AGREE_RAW, agree), TEE_SUCCESS);
    assert_int_equal(agree[2].size, 256);
    /* Without the order, with another one, with a base of another order, twice, in no known form. */
    attrs.count = 2;
    assert_int_equal(create_with(KM_CRYPTO_KEY_DH_KEYPAIR, &attrs, KM_CRYPTO_FORM_ATTRIBUTES, &id),
                     TEE_ERROR_BAD_FORMAT);
    attrs.count = 3;
    q[31] ^= 2;
    assert_int_equal(create_with(KM_CRYPTO_KEY_DH_KEYPAIR, &attrs, KM_CRYPTO_FORM_ATTRIBUTES, &id),
                     TEE_ERROR_BAD_FORMAT);
    q[31] ^= 2;
    attrs.at[1].value = KM_SLICE(TWO, 1);
    assert_int_equal(create_with(KM_CRYPTO_KEY_DH_KEYPAIR, &attrs, KM_CRYPTO_FORM_ATTRIBUTES, &id),
                     TEE_ERROR_BAD_FORMAT);
    attrs.at[1].value = KM_SLICE(g, sizeof(g));
    assert_int_equal(create_with(KM_CRYPTO_KEY_DH_KEYPAIR, &attrs, KM_CRYPTO_FORM_RAW, &id),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(create_with(KM_CRYPTO_KEY_DH_KEYPAIR, &attrs, KM_CRYPTO_FORM_DER, &id),
                     TEE_ERROR_BAD_FORMAT);
    assert_int_equal(create_with(KM_CRYPTO_KEY_AES, &attrs, KM_CRYPTO_FORM_ATTRIBUTES, &id),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(create_with(KM_CRYPTO_KEY_DH_PUBLIC, &attrs, KM_CRYPTO_FORM_ATTRIBUTES, &id),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(create_with(KM_CRYPTO_KEY_DSA_KEYPAIR, &attrs, KM_CRYPTO_FORM_ATTRIBUTES, &id),
                     TEE_ERROR_BAD_FORMAT);
    attrs.at[0].value = KM_SLICE(p, 128);
    assert_int_equal(create_with(KM_CRYPTO_KEY_DH_KEYPAIR, &attrs, KM_CRYPTO_FORM_ATTRIBUTES, &id),
                     TEE_ERROR_NOT_SUPPORTED);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(closed_keys_alone),
        T(policy_returns),
        T(an_unwrapped_key_is_not_closed),
        T(wrapping_is_counted),
        T(a_key_that_looks_like_a_record),
        T(nothing_wrappable_is_provisioned),
        T(groups_of_ones_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
