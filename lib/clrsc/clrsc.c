/* SPDX-License-Identifier: Apache-2.0 */
#include "include/clrsc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/km_bytes.h"
#include "lib/session/km_pool.h"
#include "ta/certs/certs_protocol.h"

#define LAST_ERROR_MAX 320
#define LIST_MAX ((size_t)1 << 20)
#define NULL_POINTER "a pointer is NULL"

_Static_assert(CLRSC_CERTIFICATE_MAX == KM_CERTS_DER_MAX, "both sides agree on the limit");
_Static_assert(CLRC_NAME_MAX == KM_CERTS_NAME_MAX, "both sides agree on the limit");

static struct km_pool pool = KM_POOL_INIT(KM_CERTS_TA_UUID);
static __thread uint32_t last_lane; /* plus 1 */
static __thread char last_error[LAST_ERROR_MAX];

static void fork_prepare(void)
{
    km_pool_fork_prepare(&pool);
}

static void fork_parent(void)
{
    km_pool_fork_parent(&pool);
}

static void fork_child(void)
{
    km_pool_fork_child(&pool);
}

/* When the library is loaded, so that a fork can't come in between. Nothing else happens here. */
__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* ---- results ---- */

static const struct {
    TEEC_Result from;
    ClrcResult to;
} results[] = {
#define RESULT(from, to) {from, to},
    KM_CERTS_RESULTS(RESULT)
#undef RESULT
};

static ClrcResult map(TEEC_Result result)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(results); i++) {
        if (results[i].from == result)
            return results[i].to;
    }
    return CLRC_ERROR_GENERIC;
}

/* Only what this library's calls can end with. */
static const char *text_of(ClrcResult result)
{
    static const struct {
        ClrcResult result;
        const char *text;
    } texts[] = {
        {CLRC_ERROR_BAD_NAME, "a name is 1 to 63 octets of UTF-8"},
        {CLRC_ERROR_BAD_FORMAT,
         "not a certificate in strict DER, or not a request under a name that ends in \"_csr\""},
        {CLRC_ERROR_SHORT_BUFFER,
         "the buffer is too short; its length now says how much is needed"},
        {CLRC_ERROR_TOO_LARGE, "a certificate is at most 8192 octets"},
        {CLRC_ERROR_OUT_OF_MEMORY, "memory is short"},
        {CLRC_ERROR_NO_SPACE, "the store's disk is full; nothing was changed"},
        {CLRC_ERROR_NOT_FOUND, "there is no such certificate"},
        {CLRC_ERROR_BUSY, "somebody is changing it; try again"},
        {CLRC_ERROR_STATE, "provisioning has ended"},
        {CLRC_ERROR_CORRUPT, "stored data are damaged or were put back"},
        {CLRC_ERROR_ACCESS_DENIED, "only the administrator may do that"},
        {CLRC_ERROR_NO_SERVICE, "the key service can't be reached"},
        {CLRC_ERROR_SERVICE_DIED, "the session with the key service ended during the call"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        if (texts[i].result == result)
            return texts[i].text;
    }
    return "the service met something unforeseen";
}

static ClrcResult fail(const char *function, ClrcResult result, const char *subject,
                       const char *text)
{
    if (text == NULL)
        text = text_of(result);
    if (subject == NULL)
        (void)snprintf(last_error, sizeof(last_error), "%s: %s", function, text);
    else
        (void)snprintf(last_error, sizeof(last_error), "%s: \"%s\": %s", function, subject, text);
    return result;
}

const char *clrscLastError(void)
{
    return last_error;
}

ClrcResult clrscSetSocket(const char *path)
{
    km_status status = km_pool_set_path(&pool, path);
    if (status == KM_E_STATE)
        return fail("clrscSetSocket", CLRC_ERROR_STATE, path, "the library is connected already");
    if (status != KM_OK)
        return fail("clrscSetSocket", CLRC_ERROR_BAD_PARAMETERS, NULL,
                    "the path must be absolute and at most 107 octets");
    return CLRC_SUCCESS;
}

/* ---- calls ---- */

struct call {
    const char *function;
    const char *subject;
    enum km_certs_command command;
    TEEC_Operation op;
};

static ClrcResult connect_failed(TEEC_Result result)
{
    if (result == TEEC_ERROR_COMMUNICATION || result == TEEC_ERROR_ITEM_NOT_FOUND)
        return CLRC_ERROR_NO_SERVICE;
    return result == TEEC_ERROR_TARGET_DEAD ? CLRC_ERROR_SERVICE_DIED : map(result);
}

/* A lane with a session, or NULL and why. */
static struct km_pool_lane *take_connected(ClrcResult *ret_result)
{
    struct km_pool_lane *lane = km_pool_take(&pool, last_lane - 1, NULL);
    for (;;) {
        uint32_t origin = 0;
        bool is_full = false;
        TEEC_Result result = km_pool_connect(&pool, lane, &origin, &is_full);
        if (result == TEEC_SUCCESS)
            return lane;
        km_pool_give(&pool, lane);
        if (!is_full) {
            *ret_result = connect_failed(result);
            return NULL;
        }
        lane = km_pool_take(&pool, KM_POOL_NO_LANE, NULL);
    }
}

static ClrcResult attempt(struct call *call)
{
    ClrcResult result = CLRC_SUCCESS;
    struct km_pool_lane *lane = take_connected(&result);
    if (lane == NULL)
        return result;
    uint32_t origin = 0;
    bool is_dead = false;
    TEEC_Result answer = km_pool_invoke(lane, call->command, &call->op, &origin, &is_dead);
    last_lane = lane->index + 1;
    km_pool_give(&pool, lane);
    return is_dead ? CLRC_ERROR_SERVICE_DIED : map(answer);
}

/* Every command may be done twice: what a session that died left undone is done in a new one. */
static ClrcResult run(struct call *call)
{
    TEEC_Operation as_given = call->op;
    ClrcResult result = attempt(call);
    if (result == CLRC_ERROR_SERVICE_DIED) {
        call->op = as_given;
        result = attempt(call);
        if (result == CLRC_ERROR_NO_SERVICE)
            result = CLRC_ERROR_SERVICE_DIED;
    }
    return result == CLRC_SUCCESS ? result : fail(call->function, result, call->subject, NULL);
}

static void set_memory(struct call *call, unsigned at, uint32_t type, const void *buffer,
                       size_t size)
{
    call->op.paramTypes |= type << (4 * at);
    /* The Client API has no const; inputs are only read. */
    call->op.params[at].tmpref = (TEEC_TempMemoryReference){
        .buffer = size == 0 ? NULL : (void *)(uintptr_t)buffer, .size = size};
}

static bool name_is(const char *name)
{
    size_t len = name == NULL ? 0 : strnlen(name, CLRC_NAME_MAX + 1);
    return len > 0 && len <= CLRC_NAME_MAX && km_utf8_valid(KM_SLICE(name, len));
}

ClrcResult clrscGetNamedCertificate(const char *name, uint8_t *der, uint32_t *length)
{
    struct call call = {
        .function = "clrscGetNamedCertificate", .subject = name, .command = KM_CERTS_CMD_GET};
    if (!name_is(name))
        return fail(call.function, CLRC_ERROR_BAD_NAME, NULL, NULL);
    if (length == NULL || (der == NULL && *length != 0))
        return fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, NULL_POINTER);
    set_memory(&call, 0, TEEC_MEMREF_TEMP_INPUT, name, strlen(name));
    set_memory(&call, 1, TEEC_MEMREF_TEMP_OUTPUT, der,
               *length < CLRSC_CERTIFICATE_MAX ? *length : CLRSC_CERTIFICATE_MAX);
    ClrcResult result = run(&call);
    if (result == CLRC_SUCCESS || result == CLRC_ERROR_SHORT_BUFFER)
        *length = (uint32_t)call.op.params[1].tmpref.size;
    return result;
}

ClrcResult clrscProvisionCertificate(const char *name, const uint8_t *der, uint32_t length)
{
    struct call call = {.function = "clrscProvisionCertificate",
                        .subject = name,
                        .command = KM_CERTS_CMD_PROVISION};
    if (!name_is(name))
        return fail(call.function, CLRC_ERROR_BAD_NAME, NULL, NULL);
    if (der == NULL)
        return fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, NULL_POINTER);
    if (length > CLRSC_CERTIFICATE_MAX)
        return fail(call.function, CLRC_ERROR_TOO_LARGE, name, NULL);
    set_memory(&call, 0, TEEC_MEMREF_TEMP_INPUT, name, strlen(name));
    set_memory(&call, 1, TEEC_MEMREF_TEMP_INPUT, der, length);
    return run(&call);
}

ClrcResult clrscProvisionSeal(void)
{
    struct call call = {.function = "clrscProvisionSeal", .command = KM_CERTS_CMD_PROVISION_SEAL};
    return run(&call);
}

/* ---- the list: fetched whole before the caller sees the first ---- */

struct listing {
    const char *function;
    uint8_t *octets;
    size_t len, room;
};

static ClrcResult make_room(struct listing *list)
{
    if (list->room - list->len >= KM_CERTS_LIST_MAX)
        return CLRC_SUCCESS;
    size_t wanted = list->room == 0 ? KM_CERTS_LIST_MAX : 2 * list->room;
    if (wanted > LIST_MAX)
        return fail(list->function, CLRC_ERROR_TOO_LARGE, NULL, "the list is longer than 1 MiB");
    uint8_t *grown = realloc(list->octets, wanted);
    if (grown == NULL)
        return fail(list->function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    list->octets = grown;
    list->room = wanted;
    return CLRC_SUCCESS;
}

static ClrcResult malformed(const struct listing *list)
{
    return fail(list->function, CLRC_ERROR_GENERIC, NULL, "the service's list is malformed");
}

static ClrcResult fetch_page(struct listing *list, uint32_t *cursor)
{
    ClrcResult result = make_room(list);
    if (result != CLRC_SUCCESS)
        return result;
    struct call call = {.function = list->function, .command = KM_CERTS_CMD_LIST};
    call.op.paramTypes = TEEC_VALUE_INOUT;
    call.op.params[0].value.a = *cursor;
    set_memory(&call, 1, TEEC_MEMREF_TEMP_OUTPUT, list->octets + list->len, KM_CERTS_LIST_MAX);
    result = run(&call);
    if (result != CLRC_SUCCESS)
        return result;
    size_t len = call.op.params[1].tmpref.size;
    uint32_t next = call.op.params[0].value.a;
    if (len > KM_CERTS_LIST_MAX || (next != 0 && next <= *cursor))
        return malformed(list);
    list->len += len;
    *cursor = next;
    return CLRC_SUCCESS;
}

static ClrcResult show(const struct listing *list,
                       int (*seen)(void *arg, const char *name, uint32_t length), void *arg)
{
    struct km_rd rd = km_rd_init(KM_SLICE(list->octets, list->len));
    while (!km_rd_done(&rd)) {
        struct km_slice text = {0};
        uint32_t length = 0;
        char name[CLRC_NAME_MAX + 1] = "";
        if (!km_rd_blob32le(&rd, CLRC_NAME_MAX, &text) || !km_utf8_valid(text) ||
            !km_rd_u32le(&rd, &length))
            return malformed(list);
        km_copy(name, CLRC_NAME_MAX, text.ptr, text.len);
        if (seen(arg, name, length) == 0)
            return CLRC_SUCCESS;
    }
    return CLRC_SUCCESS;
}

ClrcResult clrscListNamedCertificates(int (*seen)(void *arg, const char *name, uint32_t length),
                                      void *arg)
{
    struct listing list = {.function = "clrscListNamedCertificates"};
    if (seen == NULL)
        return fail(list.function, CLRC_ERROR_BAD_PARAMETERS, NULL, NULL_POINTER);
    uint32_t cursor = 0;
    ClrcResult result = fetch_page(&list, &cursor);
    while (result == CLRC_SUCCESS && cursor != 0)
        result = fetch_page(&list, &cursor);
    if (result == CLRC_SUCCESS)
        result = show(&list, seen, arg);
    free(list.octets);
    return result;
}
