/* SPDX-License-Identifier: Apache-2.0 */
/* C_CopyObject: a key once more, with an id of its own in the service, and no more rights than the first. */
#include <stdlib.h>

#include "common/km_secret.h"
#include "interop/pkcs11/p11.h"

/* What a copy's template may say; all else is as it was. */
static bool may_differ(CK_ATTRIBUTE_TYPE type)
{
    static const CK_ATTRIBUTE_TYPE OTHERS[] = {CKA_TOKEN,      CKA_PRIVATE,     CKA_MODIFIABLE,
                                               CKA_COPYABLE,   CKA_DESTROYABLE, CKA_SENSITIVE,
                                               CKA_EXTRACTABLE};
    enum km_p11_kind kind = km_p11_attribute_kind(type);
    for (size_t i = 0; i < KM_ARRAY_LEN(OTHERS); i++) {
        if (OTHERS[i] == type)
            return true;
    }
    return (kind == KM_P11_STORED || kind == KM_P11_USAGE) && !km_p11_attribute_fixed(type);
}

static CK_RV check(const struct km_p11_template *template)
{
    P11_TRY(km_p11_template_check(template->at, template->n));
    for (CK_ULONG i = 0; i < template->n; i++) {
        if (!may_differ(template->at[i].type))
            return CKR_ATTRIBUTE_READ_ONLY;
    }
    return CKR_OK;
}

/* A usage of a key that a template takes away; none is ever added. */
static CK_RV narrow_usage(const struct km_p11_template *template, ClrcKeyTemplate *key)
{
    for (CK_ULONG i = 0; i < template->n; i++) {
        uint32_t usage = km_p11_usage_of(template->at[i].type);
        bool is = true;
        if (usage == 0)
            continue;
        P11_TRY(km_p11_template_bool(template, template->at[i].type, true, &is));
        if (!is)
            key->usage &= ~usage;
        else if ((key->usage & usage) == 0)
            return CKR_TEMPLATE_INCONSISTENT;
    }
    return key->usage == 0 ? CKR_TEMPLATE_INCONSISTENT : CKR_OK;
}

/* From readable to sensitive to never leaving, and not the other way. */
static CK_RV narrow_protection(const struct km_p11_template *template, ClrcKeyTemplate *key)
{
    bool was_open = (key->attributes & CLRC_ATTR_EXPORT_AS_PLAIN) != 0;
    bool could_leave = was_open || (key->attributes & CLRC_ATTR_WRAPPABLE) != 0;
    bool is_sensitive = !was_open;
    bool is_extractable = could_leave;
    P11_TRY(km_p11_template_bool(template, CKA_SENSITIVE, !was_open, &is_sensitive));
    P11_TRY(km_p11_template_bool(template, CKA_EXTRACTABLE, could_leave, &is_extractable));
    if ((!is_sensitive && !was_open) || (is_extractable && !could_leave))
        return CKR_ATTRIBUTE_READ_ONLY;
    key->attributes &= ~(CLRC_ATTR_EXPORT_AS_PLAIN | CLRC_ATTR_WRAPPABLE);
    if (is_extractable)
        key->attributes |= is_sensitive ? CLRC_ATTR_WRAPPABLE : CLRC_ATTR_EXPORT_AS_PLAIN;
    return CKR_OK;
}

/* What of the first is needed after the lock was given back. */
struct first {
    struct km_p11_key *key;
    struct km_p11_list attributes;
    CK_OBJECT_CLASS class;
    CK_KEY_TYPE key_type;
    bool is_private, is_token;
    uint8_t *content;
    uint32_t content_len;
};

static void first_clear(struct first *first)
{
    km_p11_key_freep(&first->key);
    km_p11_list_clear(&first->attributes);
    if (first->content != NULL)
        km_wipe(first->content, first->content_len);
    free(first->content);
}

static CK_RV read_content(struct km_p11_object *object, struct first *ret)
{
    P11_TRY(km_p11_object_content(object));
    ret->content = calloc(1, object->content_len + 1u);
    if (ret->content == NULL)
        return CKR_HOST_MEMORY;
    km_copy(ret->content, object->content_len + 1u, object->content, object->content_len);
    ret->content_len = object->content_len;
    return CKR_OK;
}

static CK_RV read_first(struct km_p11_session *session, CK_OBJECT_HANDLE handle, struct first *ret)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    struct km_p11_object *found = NULL;
    P11_TRY(km_p11_enter(&entered));
    P11_TRY(km_p11_object_find(session, handle, &found));
    KM_AUTO(km_p11_object_freep) struct km_p11_object *object = km_p11_object_ref(found);
    if (!km_p11_list_bool(&object->attributes, CKA_COPYABLE, true))
        return CKR_ACTION_PROHIBITED;
    ret->class = object->class;
    ret->key_type = km_p11_object_type(object);
    ret->is_private = object->is_private;
    ret->is_token = object->session == 0;
    P11_TRY(km_p11_list_copy(&object->attributes, &ret->attributes));
    if (object->class == CKO_CERTIFICATE || object->class == CKO_DATA)
        return read_content(object, ret);
    return km_p11_object_key(object, &ret->key);
}

static CK_RV copy_key(struct km_p11_session *session, const struct first *first,
                      struct km_p11_wish *wish, const struct km_p11_template *given,
                      CK_OBJECT_HANDLE *ret_handle)
{
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    const ClrcKeyInfo *info = &first->key->info;
    ClrcKeyHandle handle = NULL;
    wish->key =
        (ClrcKeyTemplate){.type = info->type, .usage = info->usage, .attributes = info->attributes};
    if (first->class == CKO_PUBLIC_KEY)
        return km_p11_make_public(session, wish, first->key, ret_handle);
    wish->key.attributes &= CLRC_ATTR_EXPORT_AS_PLAIN | CLRC_ATTR_WRAPPABLE;
    if (wish->key.usage != 0) /* halves of agreement alone have none */
        P11_TRY(narrow_usage(given, &wish->key));
    P11_TRY(narrow_protection(given, &wish->key));
    ClrcResult result = clrcCopyKey(first->key->handle, &wish->key, &handle);
    if (result == CLRC_ERROR_ACCESS_DENIED || result == CLRC_ERROR_IMMUTABLE)
        return CKR_ACTION_PROHIBITED;
    P11_TRY(km_p11_result(result));
    CK_RV rv = km_p11_key_new(handle, &key);
    if (rv != CKR_OK) {
        clrcFreeKey(handle);
        return rv;
    }
    return km_p11_make_object(session, wish, key, false, 0, ret_handle);
}

CK_RV C_CopyObject(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ATTRIBUTE_PTR pTemplate,
                   CK_ULONG ulCount, CK_OBJECT_HANDLE_PTR phNewObject)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    KM_AUTO(first_clear) struct first first = {0};
    const struct km_p11_template given = {pTemplate, ulCount};
    P11_TRY(km_p11_session_take(hSession, &session));
    if (phNewObject == NULL)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(check(&given));
    P11_TRY(read_first(session, hObject, &first));
    struct km_p11_wish wish = {.template = given,
                               .kept = &first.attributes,
                               .class = first.class,
                               .key_type = first.key_type};
    P11_TRY(km_p11_template_bool(&given, CKA_TOKEN, first.is_token, &wish.is_token));
    P11_TRY(km_p11_template_bool(&given, CKA_PRIVATE, first.is_private, &wish.is_private));
    if (first.is_private && !wish.is_private)
        return CKR_TEMPLATE_INCONSISTENT;
    if (first.key != NULL)
        return copy_key(session, &first, &wish, &given, phNewObject);
    return km_p11_make_data(session, &wish, KM_SLICE(first.content, first.content_len),
                            phNewObject);
}
