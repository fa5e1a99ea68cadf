/* SPDX-License-Identifier: Apache-2.0 */
/* The framework around a TA: memory, properties, panics, sessions, cancellation, parameters of calls. */
#include "tests/unit/runtime_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- memory ---- */

static void heap(void **state)
{
    (void)state;
    uint8_t *a = TEE_Malloc(100, TEE_MALLOC_FILL_ZERO);
    assert_non_null(a);
    for (int i = 0; i < 100; i++)
        assert_int_equal(a[i], 0);
    assert_int_equal((uintptr_t)a % 16, 0);
    memset(a, 7, 100);
    a = TEE_Realloc(a, 300);
    assert_non_null(a);
    assert_int_equal(a[99], 7);
    assert_int_equal(a[100], 0);
    a = TEE_Realloc(a, 10);
    assert_int_equal(a[9], 7);
    assert_null(TEE_Realloc(a, (size_t)1 << 40)); /* keeps the old block */
    assert_int_equal(a[9], 7);
    TEE_Free(a);
    TEE_Free(NULL);
    void *none = TEE_Malloc(0, TEE_MALLOC_FILL_ZERO);
    assert_non_null(none);
    TEE_Free(none);
    TEE_Free(TEE_Malloc(5, TEE_MALLOC_NO_FILL | TEE_MALLOC_NO_SHARE));
    TEE_Free(TEE_Realloc(NULL, 4));
    assert_null(TEE_Malloc(5, 0x1000));
    assert_null(TEE_Malloc(SIZE_MAX, TEE_MALLOC_FILL_ZERO));
}

static void heap_bound(void **state)
{
    (void)state;
    void *most = TEE_Malloc(1 << 20, TEE_MALLOC_FILL_ZERO); /* the bound that the fixture sets */
    assert_non_null(most);
    assert_null(TEE_Malloc(1, TEE_MALLOC_FILL_ZERO));
    TEE_Free(most);
    most = TEE_Malloc((1 << 20) + 1, TEE_MALLOC_FILL_ZERO);
    assert_null(most);
}

static void heap_misuse(void **state)
{
    (void)state;
    static uint8_t area[128] __attribute__((aligned(16)));
    uint8_t *a = TEE_Malloc(64, TEE_MALLOC_FILL_ZERO);
    RT_PANICS(RT_BAD, TEE_Free(a + 1));
    RT_PANICS(RT_BAD, TEE_Free(a + 16));
    RT_PANICS(RT_BAD, TEE_Free(area + 64));
    RT_PANICS(RT_BAD, (void)TEE_Realloc(area + 64, 5));
    TEE_Free(a);
}

static void memory_functions(void **state)
{
    (void)state;
    uint8_t a[] = {1, 2, 3, 4};
    uint8_t b[] = {1, 2, 3, 5};
    assert_int_equal(TEE_MemCompare(a, b, 3), 0);
    assert_true(TEE_MemCompare(a, b, 4) < 0);
    assert_true(TEE_MemCompare(b, a, 4) > 0);
    uint8_t low[] = {1, 255};
    uint8_t high[] = {2, 0};
    assert_true(TEE_MemCompare(low, high, 2) < 0); /* the first difference decides */
    assert_int_equal(TEE_MemCompare(NULL, NULL, 0), 0);
    TEE_MemMove(a + 1, a, 3);
    assert_memory_equal(a, "\1\1\2\3", 4);
    TEE_MemFill(a, 0x1fe, 4);
    assert_memory_equal(a, "\xfe\xfe\xfe\xfe", 4);
    RT_PANICS(RT_BAD, (void)TEE_MemMove(NULL, a, 1));
    RT_PANICS(RT_BAD, TEE_MemFill(NULL, 0, 1));
    RT_PANICS(RT_BAD, (void)TEE_MemCompare(a, NULL, 1));
    TEE_SetInstanceData(a);
    assert_ptr_equal(TEE_GetInstanceData(), a);
}

static const char in_rodata[] = "constant";
static char in_data[16] = "variable";

static void access_rights(void **state)
{
    (void)state;
    char on_stack[8] = {0};
    char *on_heap = TEE_Malloc(32, TEE_MALLOC_FILL_ZERO);
    void *const rodata = (void *)(uintptr_t)in_rodata;
    const uint32_t r = TEE_MEMORY_ACCESS_READ;
    const uint32_t w = TEE_MEMORY_ACCESS_WRITE;
    RT_OK(TEE_CheckMemoryAccessRights(r | w, on_stack, sizeof(on_stack)));
    RT_OK(TEE_CheckMemoryAccessRights(r | w, on_heap, 32));
    RT_OK(TEE_CheckMemoryAccessRights(r | w, in_data, sizeof(in_data)));
    RT_OK(TEE_CheckMemoryAccessRights(r, rodata, sizeof(in_rodata)));
    RT_OK(TEE_CheckMemoryAccessRights(r, (void *)0x10, 0));
    assert_int_equal(TEE_CheckMemoryAccessRights(w, rodata, 1), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(TEE_CheckMemoryAccessRights(r, on_heap, 33), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(TEE_CheckMemoryAccessRights(r, NULL, 1), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(TEE_CheckMemoryAccessRights(r, on_heap, SIZE_MAX), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(TEE_CheckMemoryAccessRights(r, (void *)UINTPTR_MAX, 2),
                     TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(TEE_CheckMemoryAccessRights(r | 0x100, on_heap, 1), TEE_ERROR_ACCESS_DENIED);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_int_equal(TEE_CheckMemoryAccessRights(r, page, 1), TEE_ERROR_ACCESS_DENIED);
    munmap(page, 4096);
    TEE_Free(on_heap);
    assert_int_equal(TEE_CheckMemoryAccessRights(r, on_heap, 1), TEE_ERROR_ACCESS_DENIED);
}

/* ---- calls ---- */

static struct km_rt_client client = {.login = TEE_LOGIN_USER,
                                     .uuid = {{0x11}},
                                     .uid = 1000,
                                     .gid = 1001,
                                     .pid = 77,
                                     .is_admin = true};

static uint8_t shared_in[16];
static uint8_t shared_out[16];
static uint8_t copied[16];

static TEE_Result see_params(uint32_t types, TEE_Param params[4])
{
    assert_int_equal(types,
                     TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                                     TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_INOUT));
    assert_ptr_equal(params[0].memref.buffer, shared_in);
    const uint32_t any = TEE_MEMORY_ACCESS_ANY_OWNER;
    const uint32_t r = TEE_MEMORY_ACCESS_READ;
    const uint32_t w = TEE_MEMORY_ACCESS_WRITE;
    assert_int_equal(TEE_CheckMemoryAccessRights(r, shared_in, 16), TEE_ERROR_ACCESS_DENIED);
    RT_OK(TEE_CheckMemoryAccessRights(r | any, shared_in, 16));
    assert_int_equal(TEE_CheckMemoryAccessRights(w | any, shared_in, 16), TEE_ERROR_ACCESS_DENIED);
    RT_OK(TEE_CheckMemoryAccessRights(r | w | any, shared_out, 16));
    RT_OK(TEE_CheckMemoryAccessRights(r | w | any, copied, 16));
    /* a copy counts as the client's: other kits share small buffers too */
    assert_int_equal(TEE_CheckMemoryAccessRights(r, copied, 16), TEE_ERROR_ACCESS_DENIED);
    RT_PANICS(RT_BAD, TEE_GetSystemTime((TEE_Time *)(void *)copied));
    /* what decides must not lie where the client can change it */
    RT_PANICS(RT_BAD, TEE_GetSystemTime((TEE_Time *)(void *)shared_out));
    RT_PANICS(RT_BAD, (void)TEE_AllocateTransientObject(TEE_TYPE_AES, 128,
                                                        (TEE_ObjectHandle *)(void *)shared_out));
    RT_PANICS(RT_BAD, (void)TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, shared_in, 4, 0,
                                                     &(TEE_ObjectHandle){0}));
    params[0].memref.size = 3; /* of an input: ignored */
    params[1].memref.size = 40;
    params[1].memref.buffer = NULL; /* ignored as well */
    params[2].value.a++;
    params[2].value.b = 9;
    params[3].memref.size = 5;
    return TEE_ERROR_SHORT_BUFFER;
}

static void call_parameters(void **state)
{
    (void)state;
    void *session = NULL;
    struct km_lane_call none = {0};
    struct km_lane_call call = {
        .command = 3,
        .params = {{.type = KM_PARAM_MEM_IN, .in_place = true, .buffer = shared_in, .size = 16},
                   {.type = KM_PARAM_MEM_OUT, .in_place = true, .buffer = shared_out, .size = 16},
                   {.type = KM_PARAM_VALUE_INOUT, .a = 1, .b = 2},
                   {.type = KM_PARAM_MEM_INOUT, .buffer = copied, .size = 16}}};
    RT_OK(km_rt_create());
    RT_OK(km_rt_open_session(&client, &none, &session));
    fake.invoke = see_params;
    assert_int_equal(km_rt_invoke(&client, session, &call), TEE_ERROR_SHORT_BUFFER);
    fake.invoke = NULL;
    assert_int_equal(call.params[0].size, 16);
    assert_int_equal(call.params[1].size, 40);
    assert_ptr_equal(call.params[1].buffer, shared_out);
    assert_int_equal(call.params[2].a, 2);
    assert_int_equal(call.params[2].b, 9);
    assert_int_equal(call.params[3].size, 5);
    km_rt_close_session(&client, session);
    /* outside of a call nothing is shared any more */
    TEE_GetSystemTime((TEE_Time *)(void *)shared_out);
}

static TEE_Result do_cancel(uint32_t types, TEE_Param params[4])
{
    (void)types, (void)params;
    fake.cancelled = true;
    assert_false(TEE_GetCancellationFlag()); /* masked at the start of each call */
    RT_OK(TEE_Wait(1));
    assert_true(TEE_UnmaskCancellation());
    assert_true(TEE_GetCancellationFlag());
    assert_int_equal(TEE_Wait(1000000), TEE_ERROR_CANCEL);
    assert_false(TEE_UnmaskCancellation());
    assert_false(TEE_MaskCancellation());
    assert_false(TEE_GetCancellationFlag());
    fake.cancelled = false;
    (void)TEE_UnmaskCancellation();
    RT_OK(TEE_Wait(0));
    return TEE_SUCCESS;
}

static void cancellation(void **state)
{
    (void)state;
    struct km_lane_call call = {0};
    fake.invoke = do_cancel;
    RT_OK(km_rt_invoke(&client, &fake, &call));
    RT_OK(km_rt_invoke(&client, &fake, &call));
    fake.invoke = NULL;
}

static TEE_Result unmask(uint32_t types, TEE_Param params[4])
{
    (void)types, (void)params;
    assert_true(TEE_UnmaskCancellation());
    return TEE_SUCCESS;
}

static TEE_Result fail_unmasked(uint32_t types, TEE_Param params[4])
{
    (void)unmask(types, params);
    return TEE_ERROR_GENERIC;
}

static TEE_Result is_unmasked(uint32_t types, TEE_Param params[4])
{
    (void)types, (void)params;
    assert_false(TEE_MaskCancellation()); /* for this call */
    return TEE_SUCCESS;
}

/* What was unmasked while the session was opened is so at the start of all its calls, and of no other session's. */
static void cancellation_of_a_session(void **state)
{
    (void)state;
    struct km_rt_client other = client;
    struct km_lane_call call = {0};
    void *session = NULL;
    fake.invoke = fail_unmasked;
    assert_int_equal(km_rt_open_session(&client, &call, &session), TEE_ERROR_GENERIC);
    assert_false(client.unmasked);
    fake.invoke = unmask;
    RT_OK(km_rt_open_session(&client, &call, &session));
    fake.invoke = is_unmasked;
    RT_OK(km_rt_invoke(&client, session, &call));
    RT_OK(km_rt_invoke(&client, session, &call));
    fake.invoke = NULL;
    RT_OK(km_rt_open_session(&other, &call, &session));
    fake.invoke = unmask;
    RT_OK(km_rt_invoke(&other, session, &call));
    RT_OK(km_rt_invoke(&other, session, &call));
    fake.invoke = NULL;
    client.unmasked = false;
}

static void sessions(void **state)
{
    (void)state;
    TEE_UUID ta = {.timeLow = 1};
    TEE_UUID nobody = {0};
    TEE_TASessionHandle session = TEE_HANDLE_NULL;
    uint32_t origin = 0;
    TEE_Param params[4] = {{.value = {.a = 5}}};
    const uint32_t types = TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, 0, 0, 0);
    assert_int_equal(TEE_OpenTASession(&nobody, TEE_TIMEOUT_INFINITE, 0, NULL, &session, &origin),
                     TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(origin, TEE_ORIGIN_TEE);
    assert_null(session);
    RT_OK(TEE_OpenTASession(&ta, TEE_TIMEOUT_INFINITE, 0, NULL, &session, NULL));
    RT_OK(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, 7, types, params, &origin));
    assert_int_equal(params[0].value.a, 12);
    assert_int_equal(origin, TEE_ORIGIN_TRUSTED_APP);
    RT_PANICS(RT_BAD, (void)TEE_InvokeTACommand(session, 0, 7, 4, params, NULL));
    RT_PANICS(RT_BAD, (void)TEE_InvokeTACommand(session, 0, 7, 8u << 12, params, NULL));
    RT_PANICS(RT_BAD, (void)TEE_InvokeTACommand(session, 0, 7, 1u << 16, params, NULL));
    RT_PANICS(RT_BAD, (void)TEE_InvokeTACommand(session, 0, 7, types, NULL, NULL));
    params[0].memref.buffer = NULL;
    params[0].memref.size = 4;
    RT_PANICS(RT_BAD,
              (void)TEE_InvokeTACommand(session, 0, 7, TEE_PARAM_TYPE_MEMREF_INPUT, params, NULL));
    TEE_CloseTASession(session);
    RT_PANICS(RT_BAD, (void)TEE_InvokeTACommand(session, 0, 7, 0, NULL, NULL));
    RT_PANICS(RT_BAD, TEE_CloseTASession(session));
    TEE_CloseTASession(TEE_HANDLE_NULL);
    assert_int_equal(fake.n_sessions, 0);
    /* what a TA leaves open is closed for it */
    RT_OK(TEE_OpenTASession(&ta, TEE_TIMEOUT_INFINITE, 0, NULL, &session, NULL));
    fixture_reopen_store();
    assert_int_equal(fake.n_sessions, 0);
}

static void panics(void **state)
{
    (void)state;
    RT_PANICS(0xdead0001u, TEE_Panic(0xdead0001u));
    assert_string_equal(km_rt_panic_reason(), "TEE_Panic was called");
}

static void auditing(void **state)
{
    (void)state;
    TEE_KmAudit("key.sign", "com.example.key", 15, TEE_SUCCESS);
    assert_string_equal(fake.audited, "key.sign com.example.key 00000000");
    char big[500];
    memset(big, 'x', sizeof(big));
    TEE_KmAudit("k", big, sizeof(big), TEE_ERROR_BUSY);
    assert_int_equal(strlen(fake.audited), 2 + 128 + 1 + 8);
    RT_PANICS(RT_BAD, TEE_KmAudit(NULL, NULL, 0, 0));
}

/* ---- properties ---- */

#define TA TEE_PROPSET_CURRENT_TA
#define IMPL TEE_PROPSET_TEE_IMPLEMENTATION
#define CLIENT TEE_PROPSET_CURRENT_CLIENT

static void expect_text(TEE_PropSetHandle set, const char *name, const char *want)
{
    char text[200];
    size_t len = sizeof(text);
    RT_OK(TEE_GetPropertyAsString(set, name, text, &len));
    assert_string_equal(text, want);
    assert_int_equal(len, strlen(want) + 1);
}

static void typed_properties(void **state)
{
    (void)state;
    uint32_t number = 0;
    uint64_t wide = 0;
    bool yes = false;
    uint8_t block[16];
    size_t len = sizeof(block);
    TEE_UUID uuid;
    TEE_Identity identity;
    expect_text(TA, "gpd.ta.version", "7.1");
    expect_text(TA, "gpd.ta.appID", "00000000-0000-0000-0000-000000000099");
    RT_OK(TEE_GetPropertyAsU32(TA, "gpd.ta.dataSize", &number));
    assert_int_equal(number, 1 << 20);
    RT_OK(TEE_GetPropertyAsU32(TA, "test.number", &number));
    assert_int_equal(number, 4096);
    RT_OK(TEE_GetPropertyAsU32(TA, "test.bits", &number));
    assert_int_equal(number, 5);
    RT_OK(TEE_GetPropertyAsU64(TA, "test.wide", &wide));
    assert_true(wide == UINT64_C(0x100000000));
    assert_int_equal(TEE_GetPropertyAsU32(TA, "test.wide", &number), TEE_ERROR_BAD_FORMAT);
    assert_int_equal(TEE_GetPropertyAsU32(TA, "test.yes", &number), TEE_ERROR_BAD_FORMAT);
    RT_OK(TEE_GetPropertyAsBool(TA, "test.yes", &yes));
    assert_true(yes);
    assert_int_equal(TEE_GetPropertyAsBool(TA, "test.number", &yes), TEE_ERROR_BAD_FORMAT);
    RT_OK(TEE_GetPropertyAsBinaryBlock(TA, "test.block", block, &len));
    assert_int_equal(len, 5);
    assert_memory_equal(block, "\0\1\2\3\4", 5);
    len = 4;
    assert_int_equal(TEE_GetPropertyAsBinaryBlock(TA, "test.block", block, &len),
                     TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 5);
    assert_int_equal(TEE_GetPropertyAsBinaryBlock(TA, "test.bad-block", block, &len),
                     TEE_ERROR_BAD_FORMAT);
    assert_int_equal(TEE_GetPropertyAsBinaryBlock(TA, "test.loose-block", block, &len),
                     TEE_ERROR_BAD_FORMAT);
    RT_OK(TEE_GetPropertyAsUUID(TA, "test.uuid", &uuid));
    assert_int_equal(uuid.timeLow, 0x12345678);
    assert_int_equal(uuid.timeHiAndVersion, 0xdef0);
    assert_int_equal(uuid.clockSeqAndNode[7], 0x88);
    assert_int_equal(TEE_GetPropertyAsUUID(TA, "test.yes", &uuid), TEE_ERROR_BAD_FORMAT);
    assert_int_equal(TEE_GetPropertyAsIdentity(TA, "test.yes", &identity), TEE_ERROR_BAD_FORMAT);
    char text[2];
    len = 2;
    assert_int_equal(TEE_GetPropertyAsString(TA, "gpd.ta.version", text, &len),
                     TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 4);
    assert_int_equal(TEE_GetPropertyAsString(TA, "no.such", text, &len), TEE_ERROR_ITEM_NOT_FOUND);
    RT_PANICS(RT_BAD, (void)TEE_GetPropertyAsString(TA, NULL, text, &len));
    RT_PANICS(RT_BAD, (void)TEE_GetPropertyAsU32(TA, "test.number", NULL));
    RT_PANICS(RT_BAD, (void)TEE_GetPropertyAsU32((TEE_PropSetHandle)(uintptr_t)0x99, "test.number",
                                                 &number));
}

static void implementation_properties(void **state)
{
    (void)state;
    uint32_t number = 0;
    RT_OK(TEE_GetPropertyAsU32(IMPL, "gpd.tee.internalCore.version", &number));
    assert_int_equal(number, TEE_CORE_API_VERSION);
    /* the configuration's word wins over the built-in one */
    RT_OK(
        TEE_GetPropertyAsU32(IMPL, "gpd.tee.trustedStorage.antiRollback.protectionLevel", &number));
    assert_int_equal(number, 1000);
    expect_text(IMPL, "gpd.tee.cryptography.ecc", "true");
    uint8_t block[8] = {0};
    size_t len = sizeof(block);
    RT_OK(TEE_GetPropertyAsBinaryBlock(IMPL, "gpd.tee.trustedos.implementation.binaryversion",
                                       block, &len));
    assert_int_equal(len, 3);
    assert_memory_equal(block, ((const uint8_t[]){0, 1, 0}), 3);
    len = sizeof(block);
    RT_OK(TEE_GetPropertyAsBinaryBlock(IMPL, "gpd.tee.firmware.implementation.binaryversion", block,
                                       &len));
    assert_int_equal(len, 1);
    assert_int_equal(block[0], 0);
    expect_text(IMPL, "gpd.tee.firmware.implementation.version", "none");
    expect_text(IMPL, "gpd.tee.firmware.manufacturer", "none");
}

/* Every name that is listed has a value; the fake host knows no sum of the client's program. */
static void see_client_names(void)
{
    TEE_PropSetHandle e = TEE_HANDLE_NULL;
    char text[100];
    size_t len = 0;
    unsigned n = 0;
    RT_OK(TEE_AllocatePropertyEnumerator(&e));
    TEE_StartPropertyEnumerator(e, CLIENT);
    do {
        len = sizeof(text);
        RT_OK(TEE_GetPropertyAsString(e, NULL, text, &len));
        n++;
    } while (TEE_GetNextProperty(e) == TEE_SUCCESS);
    assert_int_equal(n, 7);
    TEE_FreePropertyEnumerator(e);
}

static TEE_Result see_client(uint32_t types, TEE_Param params[4])
{
    (void)types, (void)params;
    TEE_Identity identity;
    bool admin = false;
    uint32_t uid = 0;
    char text[8];
    size_t len = sizeof(text);
    expect_text(CLIENT, "gpd.client.identity", "1:11000000-0000-0000-0000-000000000000");
    RT_OK(TEE_GetPropertyAsIdentity(CLIENT, "gpd.client.identity", &identity));
    assert_int_equal(identity.login, TEE_LOGIN_USER);
    assert_int_equal(identity.uuid.timeLow, 0x11000000);
    RT_OK(TEE_GetPropertyAsU32(CLIENT, "org.keymoor.client.uid", &uid));
    assert_int_equal(uid, 1000);
    RT_OK(TEE_GetPropertyAsBool(CLIENT, "org.keymoor.client.admin", &admin));
    assert_true(admin);
    expect_text(CLIENT, "org.keymoor.client.unit", "sensor.service");
    assert_int_equal(TEE_GetPropertyAsString(CLIENT, "org.keymoor.client.exe.sha256", text, &len),
                     TEE_ERROR_ITEM_NOT_FOUND);
    see_client_names();
    return TEE_SUCCESS;
}

static void client_properties(void **state)
{
    (void)state;
    struct km_lane_call call = {0};
    fake.invoke = see_client;
    RT_OK(km_rt_invoke(&client, &fake, &call));
    fake.invoke = NULL;
    char text[8];
    size_t len = sizeof(text);
    assert_int_equal(TEE_GetPropertyAsString(CLIENT, "gpd.client.identity", text, &len),
                     TEE_ERROR_ITEM_NOT_FOUND);
}

static void property_enumerators(void **state)
{
    (void)state;
    TEE_PropSetHandle sets[] = {TA, IMPL};
    TEE_PropSetHandle e = TEE_HANDLE_NULL;
    char name[100];
    char text[100];
    size_t len = sizeof(name);
    RT_OK(TEE_AllocatePropertyEnumerator(&e));
    assert_int_equal(TEE_GetPropertyName(e, name, &len), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(TEE_GetNextProperty(e), TEE_ERROR_ITEM_NOT_FOUND);
    for (size_t i = 0; i < KM_ARRAY_LEN(sets); i++) {
        unsigned n = 0;
        unsigned n_levels = 0;
        TEE_StartPropertyEnumerator(e, sets[i]);
        do {
            len = sizeof(name);
            RT_OK(TEE_GetPropertyName(e, name, &len));
            assert_int_equal(len, strlen(name) + 1);
            n_levels += strcmp(name, "gpd.tee.trustedStorage.antiRollback.protectionLevel") == 0;
            len = sizeof(text);
            RT_OK(TEE_GetPropertyAsString(e, NULL, text, &len));
            assert_true(len > 1); /* one octet is always too little */
            n++;
        } while (TEE_GetNextProperty(e) == TEE_SUCCESS);
        assert_true(n >= 8);
        assert_int_equal(n_levels, sets[i] == IMPL ? 1 : 0); /* overridden, not doubled */
        assert_int_equal(TEE_GetNextProperty(e), TEE_ERROR_ITEM_NOT_FOUND);
        assert_int_equal(TEE_GetPropertyAsString(e, NULL, text, &len), TEE_ERROR_ITEM_NOT_FOUND);
    }
    TEE_StartPropertyEnumerator(e, CLIENT); /* outside of a call there is none */
    assert_int_equal(TEE_GetPropertyName(e, name, &len), TEE_ERROR_ITEM_NOT_FOUND);
    TEE_StartPropertyEnumerator(e, TA);
    len = 3;
    assert_int_equal(TEE_GetPropertyName(e, name, &len), TEE_ERROR_SHORT_BUFFER);
    TEE_ResetPropertyEnumerator(e);
    assert_int_equal(TEE_GetPropertyName(e, name, &len), TEE_ERROR_ITEM_NOT_FOUND);
    RT_PANICS(RT_BAD, TEE_StartPropertyEnumerator(e, e));
    TEE_FreePropertyEnumerator(e);
    RT_PANICS(RT_BAD, TEE_FreePropertyEnumerator(e));
    RT_PANICS(RT_BAD, TEE_ResetPropertyEnumerator(TA));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(heap, fixture_after),
        cmocka_unit_test_teardown(heap_bound, fixture_after),
        cmocka_unit_test_teardown(heap_misuse, fixture_after),
        cmocka_unit_test_teardown(memory_functions, fixture_after),
        cmocka_unit_test_teardown(access_rights, fixture_after),
        cmocka_unit_test_teardown(call_parameters, fixture_after),
        cmocka_unit_test_teardown(cancellation, fixture_after),
        cmocka_unit_test_teardown(cancellation_of_a_session, fixture_after),
        cmocka_unit_test_teardown(sessions, fixture_after),
        cmocka_unit_test_teardown(panics, fixture_after),
        cmocka_unit_test_teardown(auditing, fixture_after),
        cmocka_unit_test_teardown(typed_properties, fixture_after),
        cmocka_unit_test_teardown(implementation_properties, fixture_after),
        cmocka_unit_test_teardown(client_properties, fixture_after),
        cmocka_unit_test_teardown(property_enumerators, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
