/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KEYMGMT: keys that come from elsewhere. Public parts come in for two uses: comparing them with one of
 * our keys, and being the peer of one in a key agreement. A key with its private part is refused, so
 * that OpenSSL leaves it where it is, unless the configuration has "import = transfer": then it becomes
 * one of the service. Refusals are silent, because OpenSSL tries this for many keys that are not meant
 * for us.
 */
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "common/km_secret.h"
#include "interop/provider/keymgmt.h"

#define COMPONENTS_MAX 8u

int keymgmt_import_spki(struct prov_key *key, const struct km_wr *spki)
{
    struct km_err err = {0};
    struct km_slice der = {0};
    return km_wr_finish(spki, &der) && key->key == NULL &&
           km_door_key_of_public(&err, der, &key->key) == KM_OK;
}

const OSSL_PARAM *keymgmt_settable_point(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

struct km_slice keymgmt_number(const OSSL_PARAM *p, struct km_span buf)
{
    BIGNUM *number = NULL;
    struct km_slice made = {0};
    if (OSSL_PARAM_get_BN(p, &number) && (size_t)BN_num_bytes(number) <= buf.len)
        made = KM_SLICE(buf.ptr, (size_t)BN_bn2bin(number, buf.ptr));
    BN_clear_free(number);
    return made;
}

/* A key on its way: its components, and one more for each coordinate and the curve of EC. */
struct transfer {
    ClrcAttributeValue values[COMPONENTS_MAX + 2];
    uint32_t n_values;
    uint32_t curve_bits;
    uint8_t numbers[COMPONENTS_MAX][KM_DOOR_SIGNATURE_MAX];
};

static void transfer_freep(struct transfer **transfer)
{
    if (*transfer != NULL)
        km_wipe(*transfer, sizeof(**transfer));
    free(*transfer);
}

static void add(struct transfer *t, ClrcAttribute attribute, struct km_slice value)
{
    t->values[t->n_values++] = (ClrcAttributeValue){
        .attribute = attribute, .length = (uint32_t)value.len, .data = value.ptr};
}

/* 04 X Y, cut into its coordinates. */
static bool add_point(struct transfer *t, const struct km_door_curve *curve, struct km_slice point)
{
    size_t len = curve->coord_len;
    if (point.len != 1 + 2 * len || point.ptr[0] != 0x04)
        return false;
    t->curve_bits = curve->bits;
    add(t, CLRC_ATTR_ECC_CURVE, KM_SLICE(&t->curve_bits, sizeof(t->curve_bits)));
    add(t, CLRC_ATTR_ECC_PUBLIC_VALUE_X, KM_SLICE(point.ptr + 1, len));
    add(t, CLRC_ATTR_ECC_PUBLIC_VALUE_Y, KM_SLICE(point.ptr + 1 + len, len));
    return true;
}

static bool add_component(struct transfer *t, const struct prov_key *key, const OSSL_PARAM *p,
                          const struct keymgmt_component *component, size_t i)
{
    struct km_slice value = {0};
    const void *octets = NULL;
    if (p->data_type == OSSL_PARAM_OCTET_STRING) {
        if (!OSSL_PARAM_get_octet_string_ptr(p, &octets, &value.len))
            return false;
        value.ptr = octets;
    } else {
        value = keymgmt_number(p, KM_SPAN(t->numbers[i], sizeof(t->numbers[i])));
    }
    if (value.len == 0)
        return false;
    if (component->attribute == CLRC_ATTR_ECC_PUBLIC_VALUE_X)
        return add_point(t, key->curve, value);
    add(t, component->attribute, value);
    return true;
}

static bool get_name(const OSSL_PARAM params[], const char **ret_name)
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, PROV_PARAM_NAME);
    return p == NULL || OSSL_PARAM_get_utf8_string_ptr(p, ret_name);
}

int keymgmt_transfer(struct prov_key *key, const ClrcKeyTemplate *wish, const OSSL_PARAM params[],
                     const struct keymgmt_component *components, size_t n_components)
{
    const char *name = NULL;
    struct km_err err = {0};
    if (!key->prov->takes_keys || key->key != NULL || n_components > COMPONENTS_MAX)
        return 0;
    KM_AUTO(transfer_freep) struct transfer *t = calloc(1, sizeof(*t));
    if (t == NULL || !get_name(params, &name))
        return 0;
    for (size_t i = 0; i < n_components; i++) {
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, components[i].param);
        if (p == NULL || !add_component(t, key, p, &components[i], i))
            return PROV_FAIL(key->prov, KM_E_ARG, "'%s' of the key to be taken in is missing",
                             components[i].param);
    }
    const struct km_door_values values = {.values = t->values, .n_values = t->n_values};
    if (km_door_key_import(&err, wish, &values, name, &key->key) != KM_OK)
        return prov_raise(key->prov, &err, __func__);
    key->is_new = name != NULL;
    return 1;
}
