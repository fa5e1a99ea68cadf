/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands between openCryptoki's tests and a module, the same for each module ($CONFORMANCE_MODULE), and gives it what the tests take as
 * given because their own library has it: lists of v3.0 (functions that are not there say so), the two functions of old parallel calls
 * without a session, attributes of IBM's left out of templates, and usages that a template does not mention.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <pkcs11.h>

#define TEMPLATE_MAX 64u
#define POINTERS (sizeof(CK_FUNCTION_LIST_3_0) / sizeof(void *))

static CK_FUNCTION_LIST real;
static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

struct filled {
    CK_ATTRIBUTE at[TEMPLATE_MAX];
    CK_ULONG n;
};

static void add_missing(struct filled *filled, CK_ATTRIBUTE_TYPE type, CK_BBOOL *value)
{
    for (CK_ULONG i = 0; i < filled->n; i++) {
        if (filled->at[i].type == type)
            return;
    }
    if (filled->n < TEMPLATE_MAX)
        filled->at[filled->n++] = (CK_ATTRIBUTE){type, value, sizeof(*value)};
}

static void add_usages(struct filled *filled, CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
    bool is_cipher = type == CKK_AES || type == CKK_AES_XTS || type == CKK_DES3 || type == CKK_DES2;
    bool signs = type != CKK_DH && type != CKK_EC_MONTGOMERY;
    if (class == CKO_SECRET_KEY) {
        add_missing(filled, CKA_SENSITIVE, &no);
        add_missing(filled, CKA_EXTRACTABLE, &yes);
        add_missing(filled, CKA_SIGN, &yes);
        add_missing(filled, CKA_VERIFY, &yes);
    }
    if ((class == CKO_SECRET_KEY && is_cipher) || (class == CKO_PUBLIC_KEY && type == CKK_RSA))
        add_missing(filled, CKA_ENCRYPT, &yes);
    if ((class == CKO_SECRET_KEY && is_cipher) || (class == CKO_PRIVATE_KEY && type == CKK_RSA))
        add_missing(filled, CKA_DECRYPT, &yes);
    if (class == CKO_PUBLIC_KEY && signs)
        add_missing(filled, CKA_VERIFY, &yes);
    if (class == CKO_PRIVATE_KEY && signs)
        add_missing(filled, CKA_SIGN, &yes);
    if (class == CKO_PRIVATE_KEY && (type == CKK_EC || type == CKK_DH))
        add_missing(filled, CKA_DERIVE, &yes);
    if (class == CKO_PUBLIC_KEY && type == CKK_RSA)
        add_missing(filled, CKA_WRAP, &yes);
    if (class == CKO_PRIVATE_KEY && type == CKK_RSA)
        add_missing(filled, CKA_UNWRAP, &yes);
}

/* class and type: those of the call, where the template says nothing of them. */
static struct filled fill(const CK_ATTRIBUTE *at, CK_ULONG n, CK_OBJECT_CLASS class,
                          CK_KEY_TYPE type)
{
    struct filled filled = {.n = 0};
    for (CK_ULONG i = 0; i < n && filled.n < TEMPLATE_MAX; i++) {
        if (at[i].type == CKA_CLASS)
            class = *(const CK_OBJECT_CLASS *)at[i].pValue;
        if (at[i].type == CKA_KEY_TYPE)
            type = *(const CK_KEY_TYPE *)at[i].pValue;
        if (at[i].type < CKA_VENDOR_DEFINED)
            filled.at[filled.n++] = at[i];
    }
    add_usages(&filled, class, type);
    return filled;
}

static CK_KEY_TYPE type_of(const CK_MECHANISM *mechanism)
{
    switch (mechanism->mechanism) {
    case CKM_AES_KEY_GEN:
        return CKK_AES;
    case CKM_DES2_KEY_GEN:
        return CKK_DES2;
    case CKM_DES3_KEY_GEN:
        return CKK_DES3;
    case CKM_RSA_PKCS_KEY_PAIR_GEN:
        return CKK_RSA;
    case CKM_EC_KEY_PAIR_GEN:
        return CKK_EC;
    case CKM_DSA_KEY_PAIR_GEN:
        return CKK_DSA;
    case CKM_DH_PKCS_KEY_PAIR_GEN:
        return CKK_DH;
    case CKM_EC_MONTGOMERY_KEY_PAIR_GEN:
        return CKK_EC_MONTGOMERY;
    default:
        return CKK_GENERIC_SECRET;
    }
}

static CK_RV create(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR at, CK_ULONG n,
                    CK_OBJECT_HANDLE_PTR ret)
{
    struct filled filled = fill(at, n, CK_UNAVAILABLE_INFORMATION, CK_UNAVAILABLE_INFORMATION);
    return real.C_CreateObject(session, filled.at, filled.n, ret);
}

static CK_RV generate(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR at,
                      CK_ULONG n, CK_OBJECT_HANDLE_PTR ret)
{
    struct filled filled = fill(at, n, CKO_SECRET_KEY, type_of(mechanism));
    return real.C_GenerateKey(session, mechanism, filled.at, filled.n, ret);
}

static CK_RV generate_pair(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                           CK_ATTRIBUTE_PTR public_at, CK_ULONG n_public,
                           CK_ATTRIBUTE_PTR private_at, CK_ULONG n_private,
                           CK_OBJECT_HANDLE_PTR ret_public, CK_OBJECT_HANDLE_PTR ret_private)
{
    struct filled of_public = fill(public_at, n_public, CKO_PUBLIC_KEY, type_of(mechanism));
    struct filled of_private = fill(private_at, n_private, CKO_PRIVATE_KEY, type_of(mechanism));
    return real.C_GenerateKeyPair(session, mechanism, of_public.at, of_public.n, of_private.at,
                                  of_private.n, ret_public, ret_private);
}

static CK_RV unwrap(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE by,
                    CK_BYTE_PTR wrapped, CK_ULONG len, CK_ATTRIBUTE_PTR at, CK_ULONG n,
                    CK_OBJECT_HANDLE_PTR ret)
{
    struct filled filled = fill(at, n, CK_UNAVAILABLE_INFORMATION, CK_UNAVAILABLE_INFORMATION);
    return real.C_UnwrapKey(session, mechanism, by, wrapped, len, filled.at, filled.n, ret);
}

static CK_RV derive(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE from,
                    CK_ATTRIBUTE_PTR at, CK_ULONG n, CK_OBJECT_HANDLE_PTR ret)
{
    struct filled filled = fill(at, n, CKO_SECRET_KEY, CK_UNAVAILABLE_INFORMATION);
    return real.C_DeriveKey(session, mechanism, from, filled.at, filled.n, ret);
}

static CK_RV not_parallel(CK_SESSION_HANDLE session)
{
    (void)session;
    return CKR_FUNCTION_NOT_PARALLEL;
}

static CK_RV not_there(void)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

static union {
    CK_FUNCTION_LIST_3_0 now;
    CK_FUNCTION_LIST before; /* begins with the same functions */
    CK_RV (*at[POINTERS])(void);
} list;
static CK_INTERFACE only = {(CK_CHAR *)"PKCS 11", &list.now, CKF_INTERFACE_FORK_SAFE};

/* v3.0 of the module's where it has that, else v2.40 and nothing behind. */
static CK_RV load(void *library)
{
    CK_C_GetFunctionList get = NULL;
    CK_C_GetInterface get_interface = NULL;
    CK_FUNCTION_LIST *before = NULL;
    CK_INTERFACE *now = NULL;
    CK_VERSION version = {3, 0};
    *(void **)(&get) = dlsym(library, "C_GetFunctionList");
    *(void **)(&get_interface) = dlsym(library, "C_GetInterface");
    if (get == NULL || get(&before) != CKR_OK)
        return CKR_GENERAL_ERROR;
    for (size_t i = 0; i < POINTERS; i++)
        list.at[i] = not_there;
    if (get_interface != NULL &&
        get_interface((CK_UTF8CHAR *)"PKCS 11", &version, &now, 0) == CKR_OK)
        list.now = *(CK_FUNCTION_LIST_3_0 *)now->pFunctionList;
    else
        list.before = *before;
    real = *before;
    list.now.version = version;
    list.now.C_CreateObject = create;
    list.now.C_GenerateKey = generate;
    list.now.C_GenerateKeyPair = generate_pair;
    list.now.C_UnwrapKey = unwrap;
    list.now.C_DeriveKey = derive;
    list.now.C_GetFunctionStatus = not_parallel;
    list.now.C_CancelFunction = not_parallel;
    return CKR_OK;
}

static CK_RV loaded(void)
{
    static void *library;
    if (library != NULL)
        return CKR_OK;
    library = dlopen(getenv("CONFORMANCE_MODULE"), RTLD_NOW);
    return library == NULL ? CKR_GENERAL_ERROR : load(library);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR ret)
{
    *ret = &list.before;
    return loaded();
}

CK_RV C_GetInterfaceList(CK_INTERFACE_PTR ret, CK_ULONG_PTR count)
{
    if (ret != NULL)
        *ret = only;
    *count = 1;
    return loaded();
}

CK_RV C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version, CK_INTERFACE_PTR_PTR ret,
                     CK_FLAGS flags)
{
    (void)name;
    (void)version;
    (void)flags;
    *ret = &only;
    return loaded();
}
