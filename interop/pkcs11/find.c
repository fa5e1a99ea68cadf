/* SPDX-License-Identifier: Apache-2.0 */
/* C_FindObjects: what fits is settled when the search begins. */
#include <stdlib.h>

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

static bool matches(struct km_p11_object *object, const CK_ATTRIBUTE *at, CK_ULONG n)
{
    for (CK_ULONG i = 0; i < n; i++) {
        if (!km_p11_attribute_matches(object, &at[i]))
            return false;
    }
    return true;
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

static CK_RV search(const struct km_p11_session *session, const CK_ATTRIBUTE *at, CK_ULONG n,
                    struct km_p11_find *find)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    uint32_t place = 0;
    P11_TRY(km_p11_enter(&entered));
    P11_TRY(km_p11_objects_refresh());
    for (struct km_p11_object *object = NULL; (object = km_p11_object_next(&place)) != NULL;) {
        if (km_p11_object_visible(session, object) && matches(object, at, n))
            P11_TRY(note_found(find, object->handle));
    }
    return CKR_OK;
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
