/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of functions. */
#include <string.h>

#include "interop/pkcs11/p11.h"

#define CK_PKCS11_FUNCTION_INFO(name) name,

static CK_RV get_info_2_40(CK_INFO_PTR pInfo);

#define CK_PKCS11_2_0_ONLY 1
static CK_FUNCTION_LIST functions_2_40 = {
    {2, 40},
#define C_GetInfo get_info_2_40
#include <pkcs11f.h>
#undef C_GetInfo
};
#undef CK_PKCS11_2_0_ONLY

/* Who uses the list of 2.40 is told of that version: some hosts load nothing that says 3. */
static CK_RV get_info_2_40(CK_INFO_PTR pInfo)
{
    P11_TRY(C_GetInfo(pInfo));
    pInfo->cryptokiVersion = functions_2_40.version;
    return CKR_OK;
}

#define CK_PKCS11_3_0 1
static CK_FUNCTION_LIST_3_0 functions_3_0 = {
    {3, 0},
#include <pkcs11f.h>
};
#undef CK_PKCS11_3_0

/*
 * The first is what who has no wish gets. CKF_INTERFACE_FORK_SAFE would promise a child its parent's sessions, logins and
 * objects; here a child begins anew.
 */
static CK_INTERFACE interfaces[] = {
    {(CK_UTF8CHAR_PTR) "PKCS 11", &functions_3_0, 0},
    {(CK_UTF8CHAR_PTR) "PKCS 11", &functions_2_40, 0},
};

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR ppFunctionList)
{
    if (ppFunctionList == NULL)
        return CKR_ARGUMENTS_BAD;
    *ppFunctionList = &functions_2_40;
    return CKR_OK;
}

CK_RV C_GetInterfaceList(CK_INTERFACE_PTR interfacesList, CK_ULONG_PTR pulCount)
{
    if (pulCount == NULL)
        return CKR_ARGUMENTS_BAD;
    CK_ULONG room = *pulCount;
    *pulCount = KM_ARRAY_LEN(interfaces);
    if (interfacesList == NULL)
        return CKR_OK;
    if (room < KM_ARRAY_LEN(interfaces))
        return CKR_BUFFER_TOO_SMALL;
    for (size_t i = 0; i < KM_ARRAY_LEN(interfaces); i++)
        interfacesList[i] = interfaces[i];
    return CKR_OK;
}

static bool is_wanted(const CK_INTERFACE *interface, const CK_UTF8CHAR *name,
                      const CK_VERSION *version, CK_FLAGS flags)
{
    const CK_VERSION *has = interface->pFunctionList;
    if (name != NULL && strcmp((const char *)name, (const char *)interface->pInterfaceName) != 0)
        return false;
    if (version != NULL && (version->major != has->major || version->minor != has->minor))
        return false;
    return (flags & ~interface->flags) == 0;
}

CK_RV C_GetInterface(CK_UTF8CHAR_PTR pInterfaceName, CK_VERSION_PTR pVersion,
                     CK_INTERFACE_PTR_PTR ppInterface, CK_FLAGS flags)
{
    if (ppInterface == NULL)
        return CKR_ARGUMENTS_BAD;
    for (size_t i = 0; i < KM_ARRAY_LEN(interfaces); i++) {
        if (is_wanted(&interfaces[i], pInterfaceName, pVersion, flags)) {
            *ppInterface = &interfaces[i];
            return CKR_OK;
        }
    }
    return CKR_ARGUMENTS_BAD;
}

/* ---- of parallel functions, which nobody has ---- */

static CK_RV not_parallel(CK_SESSION_HANDLE handle)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(handle, &session));
    return CKR_FUNCTION_NOT_PARALLEL;
}

CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE hSession)
{
    return not_parallel(hSession);
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE hSession)
{
    return not_parallel(hSession);
}
