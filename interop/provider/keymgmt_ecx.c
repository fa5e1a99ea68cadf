/* SPDX-License-Identifier: Apache-2.0 */
/* KEYMGMT: Ed25519 and X25519 keys (RFC 8032, RFC 7748): a public key is 32 octets, and there is nothing to choose. */
#include "interop/provider/keymgmt.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#define SECURITY_BITS 128
#define SIZE_ED25519 64 /* octets of a signature */
#define SIZE_X25519 32  /* octets of a shared secret */

KEYMGMT_KIND(ed25519, PROV_ED25519)
KEYMGMT_KIND(x25519, PROV_X25519)

#define keymgmt_gen_settable_ed25519 keymgmt_gen_settable_ecx
#define keymgmt_gen_settable_x25519 keymgmt_gen_settable_ecx

/* Without a key there is still a kind, which is all that peers' keys are made from. */
static int get_ecx(void *keydata, OSSL_PARAM params[])
{
    const struct prov_key *key = keydata;
    bool is_ed = key->kind == PROV_ED25519;
    if (!keymgmt_set_int(params, OSSL_PKEY_PARAM_BITS, is_ed ? 256 : 253) ||
        !keymgmt_set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, SECURITY_BITS) ||
        !keymgmt_set_int(params, OSSL_PKEY_PARAM_MAX_SIZE, is_ed ? SIZE_ED25519 : SIZE_X25519))
        return 0;
    if (is_ed && !keymgmt_set_text(params, OSSL_PKEY_PARAM_MANDATORY_DIGEST, ""))
        return 0;
    if (key->key == NULL)
        return 1;
    struct km_slice point = km_door_key_public(key->key)->point;
    return keymgmt_set_octets(params, OSSL_PKEY_PARAM_PUB_KEY, point) &&
           (is_ed || keymgmt_set_octets(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point));
}

#define GETTABLE                                                                                   \
    OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),                                                    \
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),                                       \
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),                                            \
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0)

static const OSSL_PARAM *gettable_ed25519(void *provctx)
{
    static const OSSL_PARAM known[] = {
        GETTABLE, OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
        OSSL_PARAM_END};
    (void)provctx;
    return known;
}

static const OSSL_PARAM *gettable_x25519(void *provctx)
{
    static const OSSL_PARAM known[] = {
        GETTABLE, OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_END};
    (void)provctx;
    return known;
}

OSSL_PARAM *keymgmt_build_ecx(OSSL_PARAM_BLD *bld, const struct prov_key *key, int selection)
{
    struct km_slice point = km_door_key_public(key->key)->point;
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 &&
        !OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len))
        return NULL;
    return OSSL_PARAM_BLD_to_param(bld);
}

/* ---- taking in ---- */

static int import_point(struct prov_key *key, const OSSL_PARAM *p)
{
    uint8_t buf[KM_DOOR_SPKI_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    const void *octets = NULL;
    size_t len = 0;
    if (!OSSL_PARAM_get_octet_string_ptr(p, &octets, &len))
        return 0;
    km_door_public_write_25519(&wr, prov_kind_family(key->kind), KM_SLICE(octets, len));
    return keymgmt_import_spki(key, &wr);
}

static int import_private(struct prov_key *key, const OSSL_PARAM params[])
{
    static const struct keymgmt_component ed = {OSSL_PKEY_PARAM_PRIV_KEY,
                                                CLRC_ATTR_ED25519_PRIVATE_VALUE};
    static const struct keymgmt_component x = {OSSL_PKEY_PARAM_PRIV_KEY,
                                               CLRC_ATTR_X25519_PRIVATE_VALUE};
    bool is_ed = key->kind == PROV_ED25519;
    const ClrcKeyTemplate wish = {.type = is_ed ? KEY_ED25519_KEYPAIR : KEY_X25519_KEYPAIR};
    return keymgmt_transfer(key, &wish, params, is_ed ? &ed : &x, 1);
}

static int import_ecx(void *keydata, int selection, const OSSL_PARAM params[])
{
    const OSSL_PARAM *point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
    if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY) != NULL)
        return import_private(keydata, params);
    return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 && point != NULL &&
           import_point(keydata, point);
}

/* A public key for an empty object: how peers' keys are made. */
static int set_x25519(void *keydata, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
    return p == NULL || import_point(keydata, p);
}

static const OSSL_PARAM *import_types_ecx(int selection)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
        OSSL_PARAM_utf8_string(PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)selection;
    return known;
}

static const OSSL_PARAM *export_types_ecx(int selection)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)selection;
    return known;
}

#define ECX_FUNCTIONS(name)                                                                        \
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, PROV_FN(export_types_ecx)},                                   \
        {OSSL_FUNC_KEYMGMT_IMPORT, PROV_FN(import_ecx)},                                           \
        {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, PROV_FN(import_types_ecx)},                               \
        {OSSL_FUNC_KEYMGMT_GET_PARAMS, PROV_FN(get_ecx)},                                          \
    {                                                                                              \
        OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, PROV_FN(gettable_##name)                                \
    }

const OSSL_DISPATCH keymgmt_ed25519_functions[] = {
    KEYMGMT_FUNCTIONS(ed25519),
    ECX_FUNCTIONS(ed25519),
    {0, NULL},
};

const OSSL_DISPATCH keymgmt_x25519_functions[] = {
    KEYMGMT_FUNCTIONS(x25519),
    ECX_FUNCTIONS(x25519),
    {OSSL_FUNC_KEYMGMT_SET_PARAMS, PROV_FN(set_x25519)},
    {OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, PROV_FN(keymgmt_settable_point)},
    {0, NULL},
};
