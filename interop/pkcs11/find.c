/* SPDX-License-Identifier: Apache-2.0 */
/* C_FindObjects: what fits is settled when the search begins. */
#include <stdlib.h>
#include <string.h>

#include "interop/pkcs11/p11.h"

struct km_p11_find {
    CK_OBJECT_HANDLE *at;
    size_t n, room, next;
};

void km_p11_find_freep(struct km_p11_find **find)
{
    if (*find != NULL)
        free((*find)->at);
    free(*find);
    *find = NULL;
}

static CK_RV note_found(struct km_p11_find *find, CK_OBJECT_HANDLE handle)
{
    if (find->n == find->room) {
        size_t room = find->room == 0 ? 16 : 2 * find->room;
        CK_OBJECT_HANDLE *grown = realloc(find->at, room * sizeof(*grown));
        if (grown == NULL)
            return CKR_HOST_MEMORY;
        find->at = grown;
        find->room = room;
    }
    find->at[find->n++] = handle;
    return CKR_OK;
}

/* ---- what can be told without a look at the service ---- */

enum fit { FITS_NOT, FITS, FITS_PERHAPS };

static enum fit is_equal(const CK_ATTRIBUTE *wanted, const void *value, size_t len)
{
    bool is = wanted->ulValueLen == len &&
              (len == 0 || (wanted->pValue != NULL && memcmp(wanted->pValue, value, len) == 0));
    return is ? FITS : FITS_NOT;
}

static enum fit is_bool(const CK_ATTRIBUTE *wanted, bool is)
{
    CK_BBOOL value = is ? CK_TRUE : CK_FALSE;
    return is_equal(wanted, &value, sizeof(value));
}

static enum fit fit_of(const struct km_p11_object *object, const CK_ATTRIBUTE *wanted)
{
    struct km_slice held = {0};
    switch (wanted->type) {
    case CKA_CLASS:
        return is_equal(wanted, &object->class, sizeof(object->class));
    case CKA_TOKEN:
        return is_bool(wanted, object->session == 0);
    case CKA_PRIVATE:
        return is_bool(wanted, object->is_private);
    case CKA_ID:
    case CKA_LABEL:
        if (!km_p11_attribute_held(object, wanted->type, &held))
            return FITS_PERHAPS;
        return is_equal(wanted, held.ptr, held.len);
    default:
        return FITS_PERHAPS;
    }
}

static enum fit fit_of_all(const struct km_p11_object *object, const CK_ATTRIBUTE *at, CK_ULONG n)
{
    enum fit all = FITS;
    for (CK_ULONG i = 0; i < n && all != FITS_NOT; i++) {
        enum fit one = fit_of(object, &at[i]);
        all = one == FITS ? all : one;
    }
    return all;
}

/* ---- one search ---- */

struct search {
    const struct km_p11_session *session;
    const CK_ATTRIBUTE *at;
    CK_ULONG n;
    struct km_p11_find *found;
    struct km_p11_find perhaps; /* what has to be looked at more closely */
};

static CK_RV look_at(struct search *search, const struct km_p11_object *object)
{
    if (!km_p11_object_visible(search->session, object))
        return CKR_OK;
    enum fit fit = fit_of_all(object, search->at, search->n);
    if (fit == FITS_NOT)
        return CKR_OK;
    return note_found(fit == FITS ? search->found : &search->perhaps, object->handle);
}

static CK_RV look_at_chain(struct search *search, const struct km_p11_object *first,
                           CK_ATTRIBUTE_TYPE type)
{
    for (; first != NULL; first = km_p11_index_next(first, type))
        P11_TRY(look_at(search, first));
    return CKR_OK;
}

/* All that may fit: what has the wanted CKA_ID or CKA_LABEL, or else everything. */
static CK_RV look(struct search *search)
{
    struct km_p11_object *object = NULL;
    uint32_t place = 0;
    for (CK_ULONG i = 0; i < search->n; i++) {
        CK_ATTRIBUTE_TYPE type = search->at[i].type;
        if (!km_p11_index_first(&search->at[i], &object))
            continue;
        P11_TRY(look_at_chain(search, object, type));
        return type == CKA_ID ? look_at_chain(search, km_p11_index_unheld(), type) : CKR_OK;
    }
    while ((object = km_p11_object_next(&place)) != NULL)
        P11_TRY(look_at(search, object));
    return CKR_OK;
}

/* It may go outside for each: so objects are found anew by their handles. */
static CK_RV look_closely(const struct search *search)
{
    uint64_t life = km_p11_life();
    for (size_t i = 0; i < search->perhaps.n; i++) {
        KM_AUTO(km_p11_object_freep) struct km_p11_object *object = NULL;
        if (km_p11_object_find(search->session, search->perhaps.at[i], &object) != CKR_OK)
            continue;
        (void)km_p11_object_ref(object);
        bool fits = true;
        for (CK_ULONG k = 0; k < search->n && fits; k++)
            fits = km_p11_attribute_matches(object, &search->at[k]);
        if (life != km_p11_life())
            return CKR_CRYPTOKI_NOT_INITIALIZED;
        if (fits)
            P11_TRY(note_found(search->found, object->handle));
    }
    return CKR_OK;
}

/* Whether certificates are among what is asked for. */
static bool wants_certificates(const CK_ATTRIBUTE *at, CK_ULONG n)
{
    const CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    for (CK_ULONG i = 0; i < n; i++) {
        if (at[i].type == CKA_CLASS)
            return is_equal(&at[i], &class, sizeof(class)) == FITS;
    }
    return true;
}

static CK_RV search(const struct km_p11_session *session, const CK_ATTRIBUTE *at, CK_ULONG n,
                    struct km_p11_find *find)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    struct search search = {.session = session, .at = at, .n = n, .found = find};
    P11_TRY(km_p11_enter(&entered));
    P11_TRY(km_p11_objects_refresh());
    if (wants_certificates(at, n))
        P11_TRY(km_p11_certificates_refresh());
    CK_RV rv = look(&search);
    if (rv == CKR_OK)
        rv = look_closely(&search);
    free(search.perhaps.at);
    return rv;
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE hSession, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    if (pTemplate == NULL && ulCount != 0)
        return CKR_ARGUMENTS_BAD;
    if (session->find != NULL)
        return CKR_OPERATION_ACTIVE;
    KM_AUTO(km_p11_find_freep) struct km_p11_find *find = calloc(1, sizeof(*find));
    if (find == NULL)
        return CKR_HOST_MEMORY;
    P11_TRY(search(session, pTemplate, ulCount, find));
    session->find = km_steal(&find);
    return CKR_OK;
}

CK_RV C_FindObjects(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE_PTR phObject,
                    CK_ULONG ulMaxObjectCount, CK_ULONG_PTR pulObjectCount)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    if ((phObject == NULL && ulMaxObjectCount != 0) || pulObjectCount == NULL)
        return CKR_ARGUMENTS_BAD;
    if (session->find == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    struct km_p11_find *find = session->find;
    CK_ULONG n = 0;
    while (n < ulMaxObjectCount && find->next < find->n)
        phObject[n++] = find->at[find->next++];
    *pulObjectCount = n;
    return CKR_OK;
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE hSession)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    if (session->find == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    km_p11_find_freep(&session->find);
    return CKR_OK;
}
