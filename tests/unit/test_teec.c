/* SPDX-License-Identifier: Apache-2.0 */
/* The TEE Client API against a small service of the test: arguments, memory, services that misbehave. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/teec_rig.h"

static void test_arguments(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    uint32_t origin = 0;
    uint32_t gid = getgid();
    TEEC_Context context = {0};
    TEEC_Session session = {0};
    char path[300];
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[299] = '\0';
    assert_int_equal(TEEC_InitializeContext(NULL, NULL), TEEC_ERROR_BAD_PARAMETERS);
    assert_int_equal(TEEC_InitializeContext(path, &context), TEEC_ERROR_BAD_PARAMETERS);
    assert_int_equal(TEEC_InitializeContext("nobody", &context), TEEC_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(TEEC_InitializeContext("/nowhere/at/all", &context), TEEC_ERROR_COMMUNICATION);
    teec_rig_open(&rig);
    const struct {
        TEEC_Context *context;
        TEEC_Session *session;
        const TEEC_UUID *ta;
        uint32_t login;
        const void *data;
        TEEC_Result want;
    } rows[] = {
        {NULL, &session, &teec_rig_ta, TEEC_LOGIN_PUBLIC, NULL, TEEC_ERROR_BAD_PARAMETERS},
        {&context, &session, &teec_rig_ta, TEEC_LOGIN_PUBLIC, NULL, TEEC_ERROR_BAD_PARAMETERS},
        {&rig.context, NULL, &teec_rig_ta, TEEC_LOGIN_PUBLIC, NULL, TEEC_ERROR_BAD_PARAMETERS},
        {&rig.context, &session, NULL, TEEC_LOGIN_PUBLIC, NULL, TEEC_ERROR_BAD_PARAMETERS},
        {&rig.context, &session, &teec_rig_ta, 3, NULL, TEEC_ERROR_BAD_PARAMETERS},
        {&rig.context, &session, &teec_rig_ta, TEEC_LOGIN_GROUP, NULL, TEEC_ERROR_BAD_PARAMETERS},
        {&rig.context, &session, &teec_rig_ta, TEEC_LOGIN_USER, &gid, TEEC_ERROR_BAD_PARAMETERS},
        {&rig.context, &session, &teec_rig_ta, TEEC_LOGIN_GROUP_APPLICATION, &gid, TEEC_SUCCESS},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        assert_int_equal(TEEC_OpenSession(rows[i].context, rows[i].session, rows[i].ta,
                                          rows[i].login, rows[i].data, NULL, &origin),
                         rows[i].want);
        assert_int_equal(origin,
                         rows[i].want == TEEC_SUCCESS ? TEEC_ORIGIN_TRUSTED_APP : TEEC_ORIGIN_API);
    }
    TEEC_CloseSession(&session);
    TEEC_CloseSession(&session);
    TEEC_CloseSession(NULL);
    TEEC_FinalizeContext(NULL);
    TEEC_ReleaseSharedMemory(NULL);
    TEEC_RequestCancellation(NULL);
    assert_int_equal(TEEC_InvokeCommand(NULL, 0, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS);
    assert_int_equal(TEEC_InvokeCommand(&session, 0, NULL, NULL), TEEC_ERROR_BAD_PARAMETERS);
    assert_int_equal(teec_rig_invoke(&rig, PEER_NOTHING, NULL, TEEC_ORIGIN_TRUSTED_APP),
                     TEEC_SUCCESS);
    teec_rig_close(&rig);
}

static void test_environment(void **state)
{
    (void)state;
    struct fake_keymoord fake = {0};
    TEEC_Context context = {0};
    fake_start(&fake, FAKE_GOOD);
    setenv("KEYMOOR_SOCKET", fake.path, 1);
    assert_int_equal(TEEC_InitializeContext(NULL, &context), TEEC_SUCCESS);
    TEEC_FinalizeContext(&context);
    unsetenv("KEYMOOR_SOCKET");
    fake_stop(&fake);
}

static void test_values(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    teec_rig_open(&rig);
    TEEC_Operation op = teec_rig_op(
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_VALUE_INOUT, TEEC_NONE));
    for (size_t i = 0; i < 4; i++)
        op.params[i].value = (TEEC_Value){7, 8};
    assert_int_equal(teec_rig_invoke(&rig, PEER_ECHO, &op, TEEC_ORIGIN_TRUSTED_APP), TEEC_SUCCESS);
    assert_int_equal(op.params[0].value.a, 7);
    assert_int_equal(op.params[1].value.a, 1);
    assert_int_equal(op.params[2].value.a, 8);
    assert_int_equal(op.params[2].value.b, 9);
    const uint32_t wrong[] = {4, 8, 9, 0xa, 0xb, 0x10000, 0x4000};
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++) {
        op = teec_rig_op(wrong[i]);
        assert_int_equal(teec_rig_invoke(&rig, PEER_ECHO, &op, TEEC_ORIGIN_API),
                         TEEC_ERROR_BAD_PARAMETERS);
    }
    teec_rig_close(&rig);
}

/* Sizes around each way that memory can take: copied by the instance, arena, scratch. */
static const size_t sizes[] = {0,      1,      63,     64,      4095,    4096,
                               4097,   16384,  32767,  65407,   65408,   65409,
                               131072, 131073, 262145, 1048576, 1048577, 9000000};

static void test_temporary(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    teec_rig_open(&rig);
    for (size_t s = 0; s < KM_ARRAY_LEN(sizes); s++) {
        size_t size = sizes[s];
        uint8_t *in = malloc(size + 1);
        uint8_t *out = malloc(size + 1);
        uint8_t *inout = malloc(size + 1);
        uint32_t sum = 0;
        for (size_t i = 0; i < size; i++) {
            in[i] = inout[i] = (uint8_t)(i * 31 + 7);
            sum += in[i];
        }
        in[size] = out[size] = inout[size] = 0x99;
        TEEC_Operation op = teec_rig_op(TEEC_PARAM_TYPES(
            TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_TEMP_INOUT, TEEC_NONE));
        op.params[0].tmpref = (TEEC_TempMemoryReference){in, size};
        op.params[1].tmpref = (TEEC_TempMemoryReference){out, size};
        op.params[2].tmpref = (TEEC_TempMemoryReference){inout, size};
        assert_int_equal(teec_rig_invoke(&rig, PEER_ECHO, &op, TEEC_ORIGIN_TRUSTED_APP),
                         TEEC_SUCCESS);
        assert_int_equal(op.params[1].tmpref.size, size);
        for (size_t i = 0; i < size; i++) {
            if (out[i] != 'B' || inout[i] != (in[i] ^ 0x5a))
                fail_msg("size %zu, octet %zu", size, i);
        }
        assert_true(in[size] == 0x99 && out[size] == 0x99 && inout[size] == 0x99);
        op = teec_rig_op(
            TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE));
        op.params[0].tmpref = (TEEC_TempMemoryReference){in, size};
        assert_int_equal(teec_rig_invoke(&rig, PEER_SUM, &op, TEEC_ORIGIN_TRUSTED_APP), sum);
        assert_int_equal(op.params[1].value.b, size);
        op =
            teec_rig_op(TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE));
        op.params[0].tmpref = (TEEC_TempMemoryReference){in, size};
        assert_int_equal(teec_rig_invoke(&rig, PEER_SIZES, &op, TEEC_ORIGIN_TRUSTED_APP),
                         TEEC_ERROR_SHORT_BUFFER);
        assert_int_equal(op.params[0].tmpref.size, size + 1);
        assert_true(size == 0 || in[size - 1] == (uint8_t)((size - 1) * 31 + 7));
        free(in);
        free(out);
        free(inout);
    }
    teec_rig_close(&rig);
}

static void test_null_and_limits(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    teec_rig_open(&rig);
    uint8_t octet = 0;
    TEEC_Operation op =
        teec_rig_op(TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT,
                                     TEEC_MEMREF_TEMP_INOUT, TEEC_MEMREF_TEMP_OUTPUT));
    op.params[0].tmpref = (TEEC_TempMemoryReference){NULL, 0};
    op.params[1].tmpref = (TEEC_TempMemoryReference){NULL, 100};
    op.params[2].tmpref = (TEEC_TempMemoryReference){&octet, 0};
    op.params[3].tmpref = (TEEC_TempMemoryReference){NULL, SIZE_MAX};
    assert_int_equal(teec_rig_invoke(&rig, PEER_NULLS, &op, TEEC_ORIGIN_TRUSTED_APP), 1 | 2 | 8);
    assert_int_equal(op.params[1].tmpref.size, 0);
    op.params[2].tmpref = (TEEC_TempMemoryReference){&octet, TEEC_CONFIG_SHAREDMEM_MAX_SIZE + 1u};
    assert_int_equal(teec_rig_invoke(&rig, PEER_NULLS, &op, TEEC_ORIGIN_API),
                     TEEC_ERROR_OUT_OF_MEMORY);
    op.params[2].tmpref.size = SIZE_MAX;
    assert_int_equal(teec_rig_invoke(&rig, PEER_NULLS, &op, TEEC_ORIGIN_API),
                     TEEC_ERROR_OUT_OF_MEMORY);
    teec_rig_close(&rig);
}

/* A caller never sees a success whose size is beyond its buffer. */
static void test_lying_instance(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    uint8_t octets[16] = {0};
    teec_rig_open(&rig);
    TEEC_SharedMemory memory = {.size = 100, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
    assert_int_equal(TEEC_AllocateSharedMemory(&rig.context, &memory), TEEC_SUCCESS);
    const uint32_t types[] = {TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_TEMP_INOUT, TEEC_MEMREF_WHOLE,
                              TEEC_MEMREF_PARTIAL_OUTPUT};
    for (size_t i = 0; i < KM_ARRAY_LEN(types); i++) {
        TEEC_Operation op = teec_rig_op(types[i]);
        if (types[i] >= TEEC_MEMREF_WHOLE)
            op.params[0].memref = (TEEC_RegisteredMemoryReference){&memory, 50, 1};
        else
            op.params[0].tmpref = (TEEC_TempMemoryReference){octets, sizeof(octets)};
        assert_int_equal(teec_rig_invoke(&rig, PEER_LIES, &op, TEEC_ORIGIN_COMMS),
                         TEEC_ERROR_COMMUNICATION);
        assert_int_equal(teec_rig_invoke(&rig, PEER_SIZES, &op, TEEC_ORIGIN_TRUSTED_APP),
                         TEEC_ERROR_SHORT_BUFFER);
    }
    TEEC_ReleaseSharedMemory(&memory);
    teec_rig_close(&rig);
}

/* ---- shared memory ---- */

enum kind { ALLOCATED, HEAP, STACK, MAPPED, ODD, FILE_BACKED, KINDS };

static uint8_t stack_buffer_of_main[40000];

/* A buffer of the wanted kind; *ret_block is what has to be freed. */
static uint8_t *buffer_of(enum kind kind, size_t size, void **ret_block, int *ret_file)
{
    *ret_block = NULL;
    *ret_file = -1;
    switch (kind) {
    case HEAP:
        return *ret_block = malloc(size);
    case ODD: /* edges on both sides, in a mapping of many pages */
        *ret_block = malloc(size + 8192);
        return (uint8_t *)*ret_block + 4099;
    case MAPPED:
        return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    case FILE_BACKED: {
        *ret_file = memfd_create("test", MFD_CLOEXEC);
        assert_int_equal(ftruncate(*ret_file, (off_t)size), 0);
        return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, *ret_file, 0);
    }
    case STACK:
    case ALLOCATED:
    case KINDS:
        break;
    }
    return stack_buffer_of_main;
}

static void exercise(struct teec_rig *rig, TEEC_SharedMemory *memory)
{
    uint8_t *at = (uint8_t *)memory->buffer;
    size_t size = memory->size;
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)(i * 13 + 5);
        sum += at[i];
    }
    TEEC_Operation op = teec_rig_op(
        TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE));
    op.params[0].memref = (TEEC_RegisteredMemoryReference){memory, size, 0};
    assert_int_equal(teec_rig_invoke(rig, PEER_SUM, &op, TEEC_ORIGIN_TRUSTED_APP), sum);
    op = teec_rig_op(TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE, TEEC_NONE));
    op.params[0].memref = (TEEC_RegisteredMemoryReference){memory, 12345, 54321};
    assert_int_equal(teec_rig_invoke(rig, PEER_ECHO, &op, TEEC_ORIGIN_TRUSTED_APP), TEEC_SUCCESS);
    assert_int_equal(op.params[0].memref.size, size);
    for (size_t i = 0; i < size; i++) {
        if (at[i] != (uint8_t)((i * 13 + 5) ^ 0x5a))
            fail_msg("size %zu: octet %zu after whole", size, i);
    }
    if (size < 40)
        return;
    /* The middle as output: what stands around it stays. */
    op = teec_rig_op(TEEC_PARAM_TYPES(TEEC_NONE, TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_NONE, TEEC_NONE));
    op.params[1].memref = (TEEC_RegisteredMemoryReference){memory, size - 20, 10};
    assert_int_equal(teec_rig_invoke(rig, PEER_ECHO, &op, TEEC_ORIGIN_TRUSTED_APP), TEEC_SUCCESS);
    for (size_t i = 0; i < size; i++) {
        bool inside = i >= 10 && i < size - 10;
        if (at[i] != (inside ? 'B' : (uint8_t)((i * 13 + 5) ^ 0x5a)))
            fail_msg("size %zu: octet %zu after part", size, i);
    }
}

static void test_shared_kinds(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    teec_rig_open(&rig);
    const size_t lengths[] = {0, 1, 100, 4096, 5000, 20480, 24576, 40000, 1000000};
    for (int kind = 0; kind < KINDS; kind++) {
        for (size_t s = 0; s < KM_ARRAY_LEN(lengths); s++) {
            size_t size = lengths[s];
            void *block = NULL;
            int file = -1;
            if ((kind == STACK && size > sizeof(stack_buffer_of_main)) ||
                ((kind == MAPPED || kind == FILE_BACKED) && size == 0))
                continue;
            TEEC_SharedMemory memory = {.size = size, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
            if (kind == ALLOCATED) {
                assert_int_equal(TEEC_AllocateSharedMemory(&rig.context, &memory), TEEC_SUCCESS);
            } else {
                memory.buffer = buffer_of((enum kind)kind, size, &block, &file);
                memset(memory.buffer, 3, size);
                assert_int_equal(TEEC_RegisterSharedMemory(&rig.context, &memory), TEEC_SUCCESS);
            }
            uint8_t *at = memory.buffer;
            exercise(&rig, &memory);
            uint8_t last = size == 0 ? 0 : at[size - 1];
            TEEC_ReleaseSharedMemory(&memory);
            TEEC_ReleaseSharedMemory(&memory);
            if (kind == ALLOCATED)
                assert_null(memory.buffer);
            else if (size > 0)
                assert_int_equal(at[size - 1], last);
            if (kind == MAPPED || kind == FILE_BACKED)
                munmap(at, size);
            if (file >= 0)
                close(file);
            free(block);
        }
    }
    teec_rig_close(&rig);
}

static void test_in_place(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    teec_rig_open(&rig);
    TEEC_SharedMemory memory = {.size = 200000, .flags = TEEC_MEM_INPUT};
    memory.buffer = malloc(memory.size);
    memset(memory.buffer, 1, memory.size);
    assert_int_equal(TEEC_RegisterSharedMemory(&rig.context, &memory), TEEC_SUCCESS);
    TEEC_Operation op = teec_rig_op(
        TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_MEMREF_PARTIAL_INPUT, TEEC_NONE));
    op.params[0].memref.parent = &memory;
    op.params[2].memref = (TEEC_RegisteredMemoryReference){&memory, KM_LANE_COPY_MAX, 5};
    assert_int_equal(teec_rig_invoke(&rig, PEER_IN_PLACE, &op, TEEC_ORIGIN_TRUSTED_APP), 1);
    TEEC_ReleaseSharedMemory(&memory);
    /* Private again: a child's write is its own. */
    uint8_t *at = memory.buffer;
    if (fork() == 0) {
        memset(at, 2, 200000);
        _exit(0);
    }
    wait(NULL);
    assert_int_equal(at[100000], 1);
    free(memory.buffer);
    teec_rig_close(&rig);
}

static void test_shared_arguments(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    teec_rig_open(&rig);
    TEEC_Context second = {0};
    assert_int_equal(TEEC_InitializeContext(rig.fake.path, &second), TEEC_SUCCESS);
    uint8_t octets[100] = {0};
    TEEC_SharedMemory memory = {.buffer = octets, .size = 100};
    assert_int_equal(TEEC_RegisterSharedMemory(&rig.context, NULL), TEEC_ERROR_BAD_PARAMETERS);
    assert_int_equal(TEEC_RegisterSharedMemory(NULL, &memory), TEEC_ERROR_BAD_PARAMETERS);
    assert_int_equal(TEEC_RegisterSharedMemory(&rig.context, &memory), TEEC_ERROR_BAD_PARAMETERS);
    memory.flags = 4;
    assert_int_equal(TEEC_RegisterSharedMemory(&rig.context, &memory), TEEC_ERROR_BAD_PARAMETERS);
    memory.flags = TEEC_MEM_INPUT;
    memory.buffer = NULL;
    assert_int_equal(TEEC_RegisterSharedMemory(&rig.context, &memory), TEEC_ERROR_BAD_PARAMETERS);
    memory.buffer = octets;
    memory.size = TEEC_CONFIG_SHAREDMEM_MAX_SIZE + 1u;
    assert_int_equal(TEEC_RegisterSharedMemory(&rig.context, &memory), TEEC_ERROR_OUT_OF_MEMORY);
    assert_int_equal(TEEC_AllocateSharedMemory(&rig.context, &memory), TEEC_ERROR_OUT_OF_MEMORY);
    assert_null(memory.buffer);
    memory.buffer = octets;
    memory.size = 100;
    assert_int_equal(TEEC_RegisterSharedMemory(&rig.context, &memory), TEEC_SUCCESS);
    const struct {
        uint32_t type;
        size_t offset, size;
        bool ok;
    } rows[] = {
        {TEEC_MEMREF_PARTIAL_INPUT, 0, 100, true},
        {TEEC_MEMREF_PARTIAL_INPUT, 100, 0, true},
        {TEEC_MEMREF_PARTIAL_INPUT, 101, 0, false},
        {TEEC_MEMREF_PARTIAL_INPUT, 1, 100, false},
        {TEEC_MEMREF_PARTIAL_INPUT, 1, SIZE_MAX, false},
        {TEEC_MEMREF_PARTIAL_INPUT, SIZE_MAX, 1, false},
        {TEEC_MEMREF_PARTIAL_OUTPUT, 0, 100, false},
        {TEEC_MEMREF_PARTIAL_INOUT, 0, 100, false},
        {TEEC_MEMREF_WHOLE, SIZE_MAX, SIZE_MAX, true},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        TEEC_Operation op = teec_rig_op(rows[i].type);
        op.params[0].memref =
            (TEEC_RegisteredMemoryReference){&memory, rows[i].size, rows[i].offset};
        assert_int_equal(teec_rig_invoke(&rig, PEER_NOTHING, &op,
                                         rows[i].ok ? TEEC_ORIGIN_TRUSTED_APP : TEEC_ORIGIN_API),
                         rows[i].ok ? TEEC_SUCCESS : TEEC_ERROR_BAD_PARAMETERS);
    }
    TEEC_Operation op = teec_rig_op(TEEC_MEMREF_WHOLE);
    op.params[0].memref.parent = NULL;
    assert_int_equal(teec_rig_invoke(&rig, PEER_NOTHING, &op, TEEC_ORIGIN_API),
                     TEEC_ERROR_BAD_PARAMETERS);
    TEEC_SharedMemory foreign = {.size = 10, .flags = TEEC_MEM_INPUT};
    assert_int_equal(TEEC_AllocateSharedMemory(&second, &foreign), TEEC_SUCCESS);
    op = teec_rig_op(TEEC_MEMREF_WHOLE);
    op.params[0].memref.parent = &foreign;
    assert_int_equal(teec_rig_invoke(&rig, PEER_NOTHING, &op, TEEC_ORIGIN_API),
                     TEEC_ERROR_BAD_PARAMETERS);
    TEEC_ReleaseSharedMemory(&foreign);
    TEEC_ReleaseSharedMemory(&memory);
    TEEC_FinalizeContext(&second);
    teec_rig_close(&rig);
}

/* More blocks than a lane has places for, again and again. */
static void test_many_blocks(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    teec_rig_open(&rig);
    static TEEC_SharedMemory blocks[300];
    for (size_t i = 0; i < KM_ARRAY_LEN(blocks); i++) {
        blocks[i] = (TEEC_SharedMemory){.size = 5000, .flags = TEEC_MEM_INPUT};
        assert_int_equal(TEEC_AllocateSharedMemory(&rig.context, &blocks[i]), TEEC_SUCCESS);
        memset(blocks[i].buffer, (int)(i & 0xff), 5000);
    }
    for (size_t i = 0; i < 900; i++) {
        TEEC_SharedMemory *block = &blocks[i * 7 % KM_ARRAY_LEN(blocks)];
        TEEC_Operation op = teec_rig_op(
            TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_VALUE_OUTPUT, TEEC_MEMREF_WHOLE, TEEC_NONE));
        op.params[0].memref.parent = block;
        op.params[2].memref.parent = &blocks[(i * 11 + 1) % KM_ARRAY_LEN(blocks)];
        assert_int_equal(teec_rig_invoke(&rig, PEER_SUM, &op, TEEC_ORIGIN_TRUSTED_APP),
                         5000u * ((i * 7 % KM_ARRAY_LEN(blocks)) & 0xff));
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(blocks); i++)
        TEEC_ReleaseSharedMemory(&blocks[i]);
    teec_rig_close(&rig);
}

/* ---- services that misbehave ---- */

static void test_bad_services(void **state)
{
    (void)state;
    const struct {
        enum fake_mode mode;
        TEEC_Result want;
        uint32_t origin;
    } rows[] = {
        {FAKE_REFUSES, TEEC_ERROR_ACCESS_DENIED, TEEC_ORIGIN_TEE},
        {FAKE_ERROR, TEEC_ERROR_BUSY, TEEC_ORIGIN_TEE},
        {FAKE_HANGS_UP, TEEC_ERROR_TARGET_DEAD, TEEC_ORIGIN_COMMS},
        {FAKE_NONSENSE, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS},
        {FAKE_NO_FDS, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS},
        {FAKE_UNSEALED, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS},
        {FAKE_DEAD_LANE, TEEC_ERROR_TARGET_DEAD, TEEC_ORIGIN_TEE},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct fake_keymoord fake = {0};
        TEEC_Context context = {0};
        TEEC_Session session = {0};
        uint32_t origin = 0;
        fake_start(&fake, rows[i].mode);
        assert_int_equal(TEEC_InitializeContext(fake.path, &context), TEEC_SUCCESS);
        assert_int_equal(TEEC_OpenSession(&context, &session, &teec_rig_ta, TEEC_LOGIN_PUBLIC, NULL,
                                          NULL, &origin),
                         rows[i].want);
        assert_int_equal(origin, rows[i].origin);
        assert_null(session.imp.state);
        TEEC_FinalizeContext(&context);
        fake_stop(&fake);
    }
}

static void test_service_comes_back(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    uint32_t origin = 0;
    TEEC_Session more = {0};
    teec_rig_open(&rig);
    fake_kill(&rig.fake);
    /* The lane does not need the service. */
    assert_int_equal(teec_rig_invoke(&rig, PEER_NOTHING, NULL, TEEC_ORIGIN_TRUSTED_APP),
                     TEEC_SUCCESS);
    assert_int_equal(
        TEEC_OpenSession(&rig.context, &more, &teec_rig_ta, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin),
        TEEC_ERROR_COMMUNICATION);
    assert_int_equal(origin, TEEC_ORIGIN_COMMS);
    fake_restart(&rig.fake, FAKE_GOOD);
    assert_int_equal(
        TEEC_OpenSession(&rig.context, &more, &teec_rig_ta, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin),
        TEEC_SUCCESS);
    TEEC_CloseSession(&more);
    teec_rig_close(&rig);
}

static void test_instance_dies(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    TEEC_Session next = {0};
    teec_rig_open(&rig);
    assert_int_equal(teec_rig_invoke(&rig, PEER_DIE, NULL, TEEC_ORIGIN_TEE),
                     TEEC_ERROR_TARGET_DEAD);
    assert_int_equal(teec_rig_invoke(&rig, PEER_NOTHING, NULL, TEEC_ORIGIN_TEE),
                     TEEC_ERROR_TARGET_DEAD);
    assert_int_equal(
        TEEC_OpenSession(&rig.context, &next, &teec_rig_ta, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL),
        TEEC_SUCCESS);
    TEEC_CloseSession(&next);
    teec_rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_values),           cmocka_unit_test(test_temporary),
        cmocka_unit_test(test_null_and_limits),  cmocka_unit_test(test_lying_instance),
        cmocka_unit_test(test_shared_kinds),     cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_shared_arguments), cmocka_unit_test(test_many_blocks),
        cmocka_unit_test(test_bad_services),     cmocka_unit_test(test_service_comes_back),
        cmocka_unit_test(test_instance_dies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
