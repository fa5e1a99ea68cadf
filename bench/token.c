/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/token.h"

#include <dlfcn.h>
#include <string.h>

#include "bench/bench.h"

void token_must(CK_RV rv, const char *what)
{
    if (rv != CKR_OK)
        bench_die("%s: 0x%lx", what, rv);
}

CK_FUNCTION_LIST *token_login(struct token *token)
{
    static CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    CK_SLOT_ID slots[8] = {0};
    CK_ULONG n_slots = 8;
    void *module = dlopen(token->file, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get =
        module != NULL ? (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList") : NULL;
    if (get == NULL)
        bench_die("%s: %s", token->file, dlerror());
    token_must(get(&token->calls), "C_GetFunctionList");
    if (token->calls == NULL)
        bench_die("%s: no functions", token->file);
    token_must(token->calls->C_Initialize(&args), "C_Initialize");
    token_must(token->calls->C_GetSlotList(CK_TRUE, slots, &n_slots), "C_GetSlotList");
    CK_FLAGS flags = 0;
    for (CK_ULONG i = 0; i < n_slots; i++) {
        CK_TOKEN_INFO info = {0};
        token_must(token->calls->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
        if (memcmp(info.label, "bench ", 6) != 0)
            continue;
        token->slot = slots[i];
        flags = info.flags;
    }
    token_must(token->calls->C_OpenSession(token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                           NULL, &token->session),
               "C_OpenSession");
    if ((flags & CKF_LOGIN_REQUIRED) == 0)
        return token->calls;
    CK_RV rv =
        token->calls->C_Login(token->session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t) "1234", 4);
    if (rv != CKR_USER_ALREADY_LOGGED_IN)
        token_must(rv, "C_Login");
    return token->calls;
}
