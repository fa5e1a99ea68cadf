/* SPDX-License-Identifier: Apache-2.0 */
/* Objects made, copied and destroyed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/km_der.h"
#include "common/km_secret.h"
#include "interop/pkcs11/p11.h"

#define NAME_TRIES 4u

/* ---- what is kept of a template ---- */

static CK_RV keep_attributes(const struct km_p11_template *template, struct km_p11_list *ret)
{
    for (CK_ULONG i = 0; i < template->n; i++) {
        const CK_ATTRIBUTE *at = &template->at[i];
        enum km_p11_kind kind = km_p11_attribute_kind(at->type);
        if (kind == KM_P11_ARRAY)
            P11_TRY(km_p11_array_keep(at, ret));
        if (kind == KM_P11_STORED || (kind == KM_P11_BOOL && at->type != CKA_LOCAL))
            P11_TRY(km_p11_list_set(ret, at->type, KM_SLICE(at->pValue, at->ulValueLen)));
    }
    return CKR_OK;
}

/* What a template gives up of what its key could do, or says more exactly than the service does. */
static CK_RV keep_narrower(const struct km_p11_wish *wish, const ClrcKeyInfo *info,
                           struct km_p11_list *list)
{
    CK_BBOOL no = CK_FALSE;
    CK_BBOOL yes = CK_TRUE;
    bool derives = false;
    for (CK_ULONG i = 0; i < wish->template.n; i++) {
        CK_ATTRIBUTE_TYPE type = wish->template.at[i].type;
        bool is = true;
        if ((info->usage & km_p11_usage_of(type)) == 0)
            continue;
        P11_TRY(km_p11_template_bool(&wish->template, type, true, &is));
        if (!is)
            P11_TRY(km_p11_list_set(list, type, KM_SLICE(&no, sizeof(no))));
    }
    if (wish->class != CKO_SECRET_KEY)
        return CKR_OK;
    P11_TRY(km_p11_template_bool(&wish->template, CKA_DERIVE, false, &derives));
    if (derives && (info->type == KEY_AES || info->type == KEY_DES3))
        P11_TRY(km_p11_list_set(list, CKA_DERIVE, KM_SLICE(&yes, sizeof(yes))));
    if (wish->key_type == km_p11_key_type(info))
        return CKR_OK;
    return km_p11_list_set(list, CKA_KEY_TYPE, KM_SLICE(&wish->key_type, sizeof(wish->key_type)));
}

/* A check value that was given must be the key's; an empty one means that there shall be none. It goes outside: the list is no object's yet. */
static CK_RV keep_check_value(const struct km_p11_wish *wish, struct km_p11_key *key,
                              struct km_p11_list *list)
{
    const CK_ATTRIBUTE *given = km_p11_template_find(&wish->template, CKA_CHECK_VALUE);
    uint8_t value[KM_P11_CHECK_LEN] = {0};
    if (given == NULL)
        return CKR_OK;
    if (given->ulValueLen == 0)
        return km_p11_list_set(list, CKA_CHECK_VALUE, KM_SLICE(NULL, 0));
    uint64_t life = km_p11_outside();
    ClrcResult result = clrcKeyCheckValue(key->handle, value);
    P11_TRY(km_p11_inside(life));
    P11_TRY(km_p11_result(result));
    return km_slice_equal(KM_SLICE(given->pValue, given->ulValueLen),
                          KM_SLICE(value, sizeof(value)))
               ? CKR_OK
               : CKR_ATTRIBUTE_VALUE_INVALID;
}

static CK_RV keep_origin(struct km_p11_list *list, bool is_local, CK_MECHANISM_TYPE mechanism)
{
    CK_BBOOL yes = CK_TRUE;
    if (!is_local)
        return CKR_OK;
    P11_TRY(km_p11_list_set(list, CKA_LOCAL, KM_SLICE(&yes, sizeof(yes))));
    return km_p11_list_set(list, CKA_KEY_GEN_MECHANISM, KM_SLICE(&mechanism, sizeof(mechanism)));
}

static CK_RV object_from(const struct km_p11_session *session, const struct km_p11_wish *wish,
                         struct km_p11_object **ret_object)
{
    KM_AUTO(km_p11_object_freep) struct km_p11_object *object = km_p11_object_new();
    if (object == NULL)
        return CKR_HOST_MEMORY;
    object->class = wish->class;
    object->token = session->slot->token;
    object->session = wish->is_token ? 0 : session->handle;
    object->is_private = wish->is_private && wish->class != CKO_PUBLIC_KEY;
    object->note_flags = object->is_private ? KM_P11_NOTE_PRIVATE : 0;
    if (wish->class == CKO_PRIVATE_KEY) /* but for km_p11_make_pair */
        object->note_flags |= KM_P11_NOTE_NO_PUBLIC;
    if (wish->class == CKO_CERTIFICATE)
        object->note_flags |= KM_P11_NOTE_CERTIFICATE;
    if (wish->kept != NULL)
        P11_TRY(km_p11_list_copy(wish->kept, &object->attributes));
    P11_TRY(keep_attributes(&wish->template, &object->attributes));
    *ret_object = km_steal(&object);
    return CKR_OK;
}

/* ---- names in the service ---- */

static bool is_plain(struct km_slice label)
{
    for (size_t i = 0; i < label.len; i++) {
        if (label.ptr[i] < 0x20 || label.ptr[i] > 0x7e)
            return false;
    }
    return label.len > 0;
}

/* A name after the label; from the second try on with something drawn behind it. */
static CK_RV name_for(const struct km_p11_object *object, unsigned try, char ret[CLRC_NAME_MAX + 1])
{
    struct km_slice label = {0};
    uint32_t drawn = 0;
    char token[16] = {0};
    if (!km_p11_list_find(&object->attributes, CKA_LABEL, &label) || !is_plain(label)) {
        label = KM_SLICE_STR("object");
        try++;
    }
    if (object->token != 0)
        (void)snprintf(token, sizeof(token), "%08x.", object->token);
    int len = label.len > 40 ? 40 : (int)label.len;
    if (try == 0) {
        (void)snprintf(ret, CLRC_NAME_MAX + 1, "%s%.*s", token, len, (const char *)label.ptr);
        return CKR_OK;
    }
    P11_TRY(km_p11_result(clrcRandom((uint8_t *)&drawn, sizeof(drawn))));
    (void)snprintf(ret, CLRC_NAME_MAX + 1, "%s%.*s~%08x", token, len, (const char *)label.ptr,
                   drawn);
    return CKR_OK;
}

static CK_RV may_save(const struct km_p11_session *session, const struct km_p11_object *object)
{
    if (object->session != 0)
        return object->is_private && session->slot->token != 0 && session->slot->user == NULL
                   ? CKR_USER_NOT_LOGGED_IN
                   : CKR_OK;
    if ((session->flags & CKF_RW_SESSION) == 0)
        return CKR_SESSION_READ_ONLY;
    return object->is_private && session->slot->token != 0 && session->slot->user == NULL
               ? CKR_USER_NOT_LOGGED_IN
               : CKR_OK;
}

/* Without the lock: nobody else has seen the object yet. */
static CK_RV save_named(struct km_p11_object *object, struct km_p11_key *key,
                        ClrcPasswordHandle password, struct km_slice note)
{
    ClrcResult result = CLRC_ERROR_EXISTS;
    char name[CLRC_NAME_MAX + 1] = {0};
    for (unsigned try = 0; try < NAME_TRIES && result == CLRC_ERROR_EXISTS; try++) {
        P11_TRY(name_for(object, try, name));
        ClrcData data = {note.ptr, (uint32_t)note.len, object->content, object->content_len};
        result = key != NULL ? clrcSaveNamedKeyNoted(key->handle, name, password, note.ptr,
                                                     (uint32_t)note.len)
                             : clrcSaveData(name, &data, password, 0);
    }
    P11_TRY(km_p11_result(result));
    if (key != NULL)
        return km_p11_result(clrcGetKeyInfo(key->handle, &key->info));
    km_copy(object->info.name, sizeof(object->info.name), name, sizeof(name));
    object->info.has_password = password != NULL;
    return CKR_OK;
}

static CK_RV save(const struct km_p11_session *session, struct km_p11_object *object,
                  struct km_p11_key *key, struct km_slice public_half)
{
    KM_AUTO(km_p11_pin_freep) struct km_p11_pin *pin = NULL;
    uint8_t bytes[CLRC_NOTE_MAX] = {0};
    size_t len = 0;
    struct km_p11_note note = {.token = object->token,
                               .flags = object->note_flags,
                               .own = KM_SLICE(object->attributes.bytes, object->attributes.len),
                               .public_half = public_half};
    if (!km_p11_note_put(&note, KM_SPAN(bytes, sizeof(bytes)), &len))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (object->is_private && object->token != 0) {
        if (session->slot->user == NULL)
            return CKR_USER_NOT_LOGGED_IN;
        pin = km_p11_pin_ref(session->slot->user);
    }
    struct km_p11_change change = km_p11_change_begin();
    if (key == NULL) /* the service gives a data object its id, which the next listing has */
        change.is_known = false;
    CK_RV rv = save_named(object, key, km_p11_pin_handle(pin), KM_SLICE(bytes, len));
    return km_p11_change_end(&change, rv);
}

static CK_RV draw_id(struct km_p11_object *object)
{
    uint64_t life = km_p11_outside();
    ClrcResult result = clrcRandom(object->info.id, sizeof(object->info.id));
    P11_TRY(km_p11_inside(life));
    return km_p11_result(result);
}

/* A listing by another thread may have had a saved object first: then that one is it. */
static CK_RV add(struct km_p11_object **object, CK_OBJECT_HANDLE *ret_handle)
{
    const struct km_p11_object *seen =
        (*object)->session == 0 ? km_p11_object_known((*object)->info.id, (*object)->class) : NULL;
    if (seen != NULL) {
        *ret_handle = seen->handle;
        return CKR_OK;
    }
    P11_TRY(km_p11_object_add(*object));
    *ret_handle = (*object)->handle;
    (void)km_steal(object);
    return CKR_OK;
}

CK_RV km_p11_make_object(struct km_p11_session *session, const struct km_p11_wish *wish,
                         struct km_p11_key *key, bool is_local, CK_MECHANISM_TYPE mechanism,
                         CK_OBJECT_HANDLE *ret_handle)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    KM_AUTO(km_p11_object_freep) struct km_p11_object *object = NULL;
    P11_TRY(km_p11_enter(&entered));
    P11_TRY(object_from(session, wish, &object));
    P11_TRY(keep_origin(&object->attributes, is_local, mechanism));
    P11_TRY(keep_narrower(wish, &key->info, &object->attributes));
    if (wish->class == CKO_SECRET_KEY)
        P11_TRY(keep_check_value(wish, key, &object->attributes));
    P11_TRY(may_save(session, object)); /* now, after the last time outside */
    if (wish->is_token)
        P11_TRY(save(session, object, key, KM_SLICE(NULL, 0)));
    object->key = km_p11_key_ref(key);
    object->info = key->info;
    return add(&object, ret_handle);
}

static CK_RV add_pair(struct km_p11_object **private_object, struct km_p11_object **public_object,
                      struct km_p11_key *key, CK_OBJECT_HANDLE *ret_private,
                      CK_OBJECT_HANDLE *ret_public)
{
    (*private_object)->info = key->info;
    (*private_object)->key = km_p11_key_ref(key);
    (*public_object)->info = key->info;
    P11_TRY(add(private_object, ret_private));
    return add(public_object, ret_public);
}

static CK_RV make_both(struct km_p11_session *session, const struct km_p11_wish *private_wish,
                       const struct km_p11_wish *public_wish, struct km_p11_key *key,
                       CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE *ret_private,
                       CK_OBJECT_HANDLE *ret_public)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    KM_AUTO(km_p11_object_freep) struct km_p11_object *private_object = NULL;
    KM_AUTO(km_p11_object_freep) struct km_p11_object *public_object = NULL;
    P11_TRY(km_p11_enter(&entered));
    P11_TRY(object_from(session, private_wish, &private_object));
    P11_TRY(object_from(session, public_wish, &public_object));
    P11_TRY(may_save(session, private_object));
    P11_TRY(keep_origin(&private_object->attributes, true, mechanism));
    P11_TRY(keep_origin(&public_object->attributes, true, mechanism));
    P11_TRY(keep_narrower(private_wish, &key->info, &private_object->attributes));
    P11_TRY(keep_narrower(public_wish, &key->info, &public_object->attributes));
    private_object->note_flags &= ~KM_P11_NOTE_NO_PUBLIC;
    public_object->note_flags = private_object->note_flags;
    public_object->info = key->info;
    public_object->key = km_p11_key_ref(key);
    public_object->is_public_half = true;
    if (private_wish->is_token && private_object->is_private && private_object->token != 0)
        P11_TRY(km_p11_keep_public(public_object));
    if (private_wish->is_token)
        P11_TRY(save(session, private_object, key,
                     KM_SLICE(public_object->attributes.bytes, public_object->attributes.len)));
    return add_pair(&private_object, &public_object, key, ret_private, ret_public);
}

static ClrcKeyType public_of(ClrcKeyType type)
{
    static const ClrcKeyType PAIRS[] = {KEY_RSA_KEYPAIR,     KEY_ECDSA_KEYPAIR,  KEY_ECDH_KEYPAIR,
                                        KEY_EC_DUAL_KEYPAIR, KEY_DSA_KEYPAIR,    KEY_DH_KEYPAIR,
                                        KEY_ED25519_KEYPAIR, KEY_X25519_KEYPAIR, KEY_ED448_KEYPAIR,
                                        KEY_X448_KEYPAIR};
    for (size_t i = 0; i < KM_ARRAY_LEN(PAIRS); i++) {
        if (PAIRS[i] == type)
            return (ClrcKeyType)(type - 1); /* the types stand in couples */
    }
    return type;
}

static CK_RV public_key(struct km_p11_key *pair, struct km_p11_key **ret_key)
{
    uint8_t der[1024] = {0};
    uint32_t len = sizeof(der);
    ClrcKeyTemplate template = {.type = public_of(pair->info.type)};
    ClrcKeyHandle handle = NULL;
    /* What the private half of RSA may do, its public one may the other way round. */
    if (template.type == KEY_RSA_PUBLIC)
        template.usage =
            pair->info.usage &(CLRC_USAGE_ENCRYPT | CLRC_USAGE_VERIFY | CLRC_USAGE_WRAP);
    P11_TRY(km_p11_result(clrcExportPublicKey(pair->handle, der, &len)));
    P11_TRY(km_p11_result(clrcImportKeyDer(&template, der, len, &handle)));
    CK_RV rv = km_p11_key_new(handle, ret_key);
    if (rv != CKR_OK)
        clrcFreeKey(handle);
    return rv;
}

CK_RV km_p11_make_public(struct km_p11_session *session, const struct km_p11_wish *wish,
                         struct km_p11_key *pair, CK_OBJECT_HANDLE *ret_handle)
{
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    P11_TRY(public_key(pair, &key));
    return km_p11_make_object(session, wish, key, false, 0, ret_handle);
}

static CK_RV make_apart(struct km_p11_session *session, const struct km_p11_wish *wish,
                        struct km_p11_key *pair, CK_MECHANISM_TYPE mechanism,
                        CK_OBJECT_HANDLE *ret_handle)
{
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    P11_TRY(public_key(pair, &key));
    return km_p11_make_object(session, wish, key, true, mechanism, ret_handle);
}

CK_RV km_p11_make_pair(struct km_p11_session *session, const struct km_p11_wish *private_wish,
                       const struct km_p11_wish *public_wish, struct km_p11_key *key,
                       CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE *ret_private,
                       CK_OBJECT_HANDLE *ret_public)
{
    if (private_wish->is_token == public_wish->is_token)
        return make_both(session, private_wish, public_wish, key, mechanism, ret_private,
                         ret_public);
    /* The public half first: it is of no harm when the other one does not come about. */
    P11_TRY(make_apart(session, public_wish, key, mechanism, ret_public));
    return km_p11_make_object(session, private_wish, key, true, mechanism, ret_private);
}

/* ---- keys from their values ---- */

struct parts {
    ClrcAttributeValue at[10];
    uint32_t n;
    uint32_t curve;
    uint8_t padded[72];
};

static CK_RV part(const struct km_p11_wish *wish, CK_ATTRIBUTE_TYPE type, ClrcAttribute as,
                  struct parts *parts)
{
    const CK_ATTRIBUTE *found = km_p11_template_find(&wish->template, type);
    if (found == NULL || found->ulValueLen == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    if (found->ulValueLen > 1024)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    parts->at[parts->n++] = (ClrcAttributeValue){as, (uint32_t)found->ulValueLen, found->pValue};
    return CKR_OK;
}

static CK_RV rsa_parts(const struct km_p11_wish *wish, struct parts *parts)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        ClrcAttribute as;
    } PARTS[] = {
        {CKA_MODULUS, CLRC_ATTR_RSA_MODULUS},
        {CKA_PUBLIC_EXPONENT, CLRC_ATTR_RSA_PUBLIC_EXPONENT},
        {CKA_PRIVATE_EXPONENT, CLRC_ATTR_RSA_PRIVATE_EXPONENT},
        {CKA_PRIME_1, CLRC_ATTR_RSA_PRIME1},
        {CKA_PRIME_2, CLRC_ATTR_RSA_PRIME2},
        {CKA_EXPONENT_1, CLRC_ATTR_RSA_EXPONENT1},
        {CKA_EXPONENT_2, CLRC_ATTR_RSA_EXPONENT2},
        {CKA_COEFFICIENT, CLRC_ATTR_RSA_COEFFICIENT},
    };
    size_t n = wish->class == CKO_PUBLIC_KEY ? 2 : KM_ARRAY_LEN(PARTS);
    for (size_t i = 0; i < n; i++)
        P11_TRY(part(wish, PARTS[i].type, PARTS[i].as, parts));
    return CKR_OK;
}

/* The point in its OCTET STRING, or as some programs give it without. */
static CK_RV point_of(const struct km_p11_wish *wish, size_t len, struct km_slice *ret)
{
    const CK_ATTRIBUTE *found = km_p11_template_find(&wish->template, CKA_EC_POINT);
    if (found == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    struct km_slice whole = KM_SLICE(found->pValue, found->ulValueLen);
    struct km_rd rd = km_rd_init(whole);
    struct km_slice inner = {0};
    if (km_der_bytes(&rd, KM_DER_OCTET_STRING, &inner) && km_rd_done(&rd))
        whole = inner;
    *ret = whole;
    return whole.len == len ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

static CK_RV ec_parts(const struct km_p11_wish *wish, struct parts *parts)
{
    const CK_ATTRIBUTE *params = km_p11_template_find(&wish->template, CKA_EC_PARAMS);
    if (params == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    P11_TRY(km_p11_curve_of(KM_SLICE(params->pValue, params->ulValueLen), &parts->curve));
    if (parts->curve > 521)
        return CKR_CURVE_NOT_SUPPORTED; /* of another key type */
    uint32_t len = (parts->curve + 7) / 8;
    parts->at[parts->n++] =
        (ClrcAttributeValue){CLRC_ATTR_ECC_CURVE, sizeof(parts->curve), &parts->curve};
    if (wish->class == CKO_PUBLIC_KEY) {
        struct km_slice point = {0};
        P11_TRY(point_of(wish, 2 * len + 1u, &point));
        parts->at[parts->n++] =
            (ClrcAttributeValue){CLRC_ATTR_ECC_PUBLIC_VALUE_X, len, point.ptr + 1};
        parts->at[parts->n++] =
            (ClrcAttributeValue){CLRC_ATTR_ECC_PUBLIC_VALUE_Y, len, point.ptr + 1 + len};
        return point.ptr[0] == 4 ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
    }
    const CK_ATTRIBUTE *value = km_p11_template_find(&wish->template, CKA_VALUE);
    if (value == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    struct km_slice scalar = KM_SLICE(value->pValue, value->ulValueLen);
    while (scalar.len > len && scalar.ptr[0] == 0) /* a big integer may have zeros in front */
        scalar = KM_SLICE(scalar.ptr + 1, scalar.len - 1);
    if (scalar.len > len)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    size_t at = len - scalar.len;
    km_copy(parts->padded + at, sizeof(parts->padded) - at, scalar.ptr, scalar.len);
    parts->at[parts->n++] = (ClrcAttributeValue){CLRC_ATTR_ECC_PRIVATE_VALUE, len, parts->padded};
    return CKR_OK;
}

static CK_RV octet_parts(const struct km_p11_wish *wish, struct parts *parts)
{
    const struct km_p11_octet_curve *curve = km_p11_octet_curve_of_type(wish->key.type);
    struct km_slice point = {0};
    if (wish->class == CKO_PRIVATE_KEY)
        return part(wish, CKA_VALUE, curve->private_value, parts);
    P11_TRY(point_of(wish, curve->len, &point));
    parts->at[parts->n++] = (ClrcAttributeValue){curve->public_value, curve->len, point.ptr};
    return CKR_OK;
}

/* Public: the group and the public value; private: the group and the private value. RFC 3526's and 7919's DH groups need no subprime. */
static CK_RV group_parts(const struct km_p11_wish *wish, struct parts *parts)
{
    bool is_dsa = wish->key_type == CKK_DSA;
    bool is_public = wish->class == CKO_PUBLIC_KEY;
    P11_TRY(part(wish, CKA_PRIME, is_dsa ? CLRC_ATTR_DSA_PRIME : CLRC_ATTR_DH_PRIME, parts));
    if (is_dsa)
        P11_TRY(part(wish, CKA_SUBPRIME, CLRC_ATTR_DSA_SUBPRIME, parts));
    P11_TRY(part(wish, CKA_BASE, is_dsa ? CLRC_ATTR_DSA_BASE : CLRC_ATTR_DH_BASE, parts));
    if (is_dsa)
        return part(wish, CKA_VALUE,
                    is_public ? CLRC_ATTR_DSA_PUBLIC_VALUE : CLRC_ATTR_DSA_PRIVATE_VALUE, parts);
    return part(wish, CKA_VALUE, is_public ? CLRC_ATTR_DH_PUBLIC_VALUE : CLRC_ATTR_DH_PRIVATE_VALUE,
                parts);
}

/* Sizes that the service does not take are no fault of a mechanism here. */
static CK_RV import_result(ClrcResult result)
{
    return result == CLRC_ERROR_NOT_SUPPORTED ? CKR_ATTRIBUTE_VALUE_INVALID : km_p11_result(result);
}

static CK_RV import_parts(const struct km_p11_wish *wish, ClrcKeyHandle *ret_handle)
{
    struct parts parts = {0};
    CK_RV rv = CKR_OK;
    if (wish->key_type == CKK_RSA)
        rv = rsa_parts(wish, &parts);
    else if (wish->key_type == CKK_EC)
        rv = ec_parts(wish, &parts);
    else if (wish->key_type == CKK_DSA || wish->key_type == CKK_DH)
        rv = group_parts(wish, &parts);
    else
        rv = octet_parts(wish, &parts);
    if (rv == CKR_OK)
        rv = import_result(clrcImportKeyAttributes(&wish->key, parts.at, parts.n, ret_handle));
    km_wipe(&parts, sizeof(parts));
    return rv;
}

static CK_RV create_key(struct km_p11_session *session, const struct km_p11_wish *wish,
                        CK_OBJECT_HANDLE *ret_handle)
{
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    ClrcKeyHandle handle = NULL;
    if (wish->class == CKO_SECRET_KEY) {
        const CK_ATTRIBUTE *value = km_p11_template_find(&wish->template, CKA_VALUE);
        if (value == NULL)
            return CKR_TEMPLATE_INCOMPLETE;
        if (value->ulValueLen > 512)
            return CKR_ATTRIBUTE_VALUE_INVALID;
        P11_TRY(import_result(
            clrcImportKeyRaw(&wish->key, value->pValue, (uint32_t)value->ulValueLen, &handle)));
    } else {
        P11_TRY(import_parts(wish, &handle));
    }
    CK_RV rv = km_p11_key_new(handle, &key);
    if (rv != CKR_OK) {
        clrcFreeKey(handle);
        return rv;
    }
    return km_p11_make_object(session, wish, key, false, 0, ret_handle);
}

/* ---- certificates and data ---- */

CK_RV km_p11_make_data(struct km_p11_session *session, const struct km_p11_wish *wish,
                       struct km_slice content, CK_OBJECT_HANDLE *ret_handle)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    KM_AUTO(km_p11_object_freep) struct km_p11_object *object = NULL;
    if (content.len > CLRC_OBJECT_DATA_MAX)
        return CKR_DATA_LEN_RANGE;
    P11_TRY(km_p11_enter(&entered));
    P11_TRY(object_from(session, wish, &object));
    P11_TRY(may_save(session, object));
    object->content = calloc(1, content.len + 1);
    if (object->content == NULL)
        return CKR_HOST_MEMORY;
    km_copy(object->content, content.len + 1, content.ptr, content.len);
    object->content_len = (uint32_t)content.len;
    P11_TRY(draw_id(object));
    if (!wish->is_token)
        return add(&object, ret_handle);
    P11_TRY(save(session, object, NULL, KM_SLICE(NULL, 0)));
    /* The service gives it an id, under which the next listing has it; only then is it known here. */
    char name[CLRC_NAME_MAX + 1] = {0};
    km_copy(name, sizeof(name), object->info.name, sizeof(object->info.name));
    P11_TRY(km_p11_objects_refresh());
    uint32_t at = 0;
    for (struct km_p11_object *seen = NULL; (seen = km_p11_object_next(&at)) != NULL;) {
        bool is_data = seen->class == CKO_CERTIFICATE || seen->class == CKO_DATA;
        if (is_data && seen->session == 0 && strcmp(seen->info.name, name) == 0) {
            *ret_handle = seen->handle;
            return CKR_OK;
        }
    }
    return CKR_DEVICE_ERROR;
}

static CK_RV create_content(struct km_p11_session *session, const struct km_p11_wish *wish,
                            CK_OBJECT_HANDLE *ret_handle)
{
    const CK_ATTRIBUTE *value = km_p11_template_find(&wish->template, CKA_VALUE);
    CK_ULONG type = CKC_X_509;
    if (wish->class == CKO_CERTIFICATE) {
        P11_TRY(km_p11_template_ulong(&wish->template, CKA_CERTIFICATE_TYPE, type, &type));
        if (type != CKC_X_509)
            return CKR_ATTRIBUTE_VALUE_INVALID;
        if (value == NULL || value->ulValueLen == 0)
            return CKR_TEMPLATE_INCOMPLETE;
    }
    return km_p11_make_data(
        session, wish,
        value == NULL ? KM_SLICE(NULL, 0) : KM_SLICE(value->pValue, value->ulValueLen), ret_handle);
}

CK_RV C_CreateObject(CK_SESSION_HANDLE hSession, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount,
                     CK_OBJECT_HANDLE_PTR phObject)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    struct km_p11_wish wish = {0};
    P11_TRY(km_p11_session_take(hSession, &session));
    if (phObject == NULL)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_wish_read(pTemplate, ulCount, CK_UNAVAILABLE_INFORMATION,
                             CK_UNAVAILABLE_INFORMATION, &wish));
    if (wish.class == CKO_CERTIFICATE || wish.class == CKO_DATA)
        return create_content(session, &wish, phObject);
    if (wish.class == CK_UNAVAILABLE_INFORMATION)
        return CKR_TEMPLATE_INCOMPLETE;
    if (wish.class != CKO_PUBLIC_KEY && wish.class != CKO_PRIVATE_KEY &&
        wish.class != CKO_SECRET_KEY)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return create_key(session, &wish, phObject);
}

/* ---- the rest of an object's life ---- */

/* The public half is not asked for any more; the key stays. */
static CK_RV hide_public(struct km_p11_object *object)
{
    KM_AUTO(km_p11_turn_give) struct km_p11_turn turn = {0};
    KM_AUTO(km_p11_list_clear) struct km_p11_list list = {0};
    P11_TRY(km_p11_turn_take(&turn));
    P11_TRY(km_p11_list_copy(&object->attributes, &list));
    return km_p11_object_rewrite(object, &list, object->note_flags | KM_P11_NOTE_NO_PUBLIC);
}

static CK_RV destroy_saved(const struct km_p11_session *session, struct km_p11_object *object)
{
    KM_AUTO(km_p11_pin_freep)
    struct km_p11_pin *pin = object->info.has_password ? km_p11_pin_ref(session->slot->user) : NULL;
    if ((session->flags & CKF_RW_SESSION) == 0)
        return CKR_SESSION_READ_ONLY;
    if (object->is_public_half)
        return hide_public(object);
    bool is_data = object->class == CKO_CERTIFICATE || object->class == CKO_DATA;
    ClrcKeyInfo info = object->info;
    struct km_p11_change change = km_p11_change_begin();
    ClrcResult result = is_data ? clrcDeleteData(info.name, km_p11_pin_handle(pin))
                                : clrcDeleteNamedKey(info.name, km_p11_pin_handle(pin));
    return km_p11_change_end(&change, result == CLRC_ERROR_ACCESS_DENIED ? CKR_ACTION_PROHIBITED
                                                                         : km_p11_result(result));
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    struct km_p11_object *found = NULL;
    P11_TRY(km_p11_enter(&entered));
    P11_TRY(km_p11_object_find(session, hObject, &found));
    KM_AUTO(km_p11_object_freep) struct km_p11_object *object = km_p11_object_ref(found);
    if (!km_p11_list_bool(&object->attributes, CKA_DESTROYABLE, true))
        return CKR_ACTION_PROHIBITED;
    if (object->session == 0)
        P11_TRY(destroy_saved(session, object));
    km_p11_object_destroyed(object);
    return CKR_OK;
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ULONG_PTR pulSize)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    struct km_p11_object *object = NULL;
    P11_TRY(km_p11_enter(&entered));
    P11_TRY(km_p11_object_find(session, hObject, &object));
    if (pulSize == NULL)
        return CKR_ARGUMENTS_BAD;
    *pulSize = CK_UNAVAILABLE_INFORMATION;
    return CKR_OK;
}
