/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/km_secret.h"
#include "lib/clrtls/clrtls_internal.h"
#include "lib/session/km_pool.h"

_Static_assert(CLRTLS_CLIENT == KM_TLSIO_CLIENT && CLRTLS_SERVER == KM_TLSIO_SERVER, "roles");
_Static_assert(CLRTLS_VERSION_1_2 == KM_TLSIO_VERSION_1_2 &&
                   CLRTLS_VERSION_1_3 == KM_TLSIO_VERSION_1_3,
               "versions");
_Static_assert(CLRTLS_VERIFY_NONE == KM_TLSIO_VERIFY_NONE &&
                   CLRTLS_VERIFY_OPTIONAL == KM_TLSIO_VERIFY_OPTIONAL &&
                   CLRTLS_VERIFY_REQUIRED == KM_TLSIO_VERIFY_REQUIRED,
               "verify");
_Static_assert(CLRTLS_CONNECTIONS_MAX == KM_TLSIO_CONNECTIONS_MAX &&
                   CLRTLS_RECORD_MAX == KM_TLSIO_RECORD_MAX && CLRC_NAME_MAX == KM_TLSIO_NAME_MAX,
               "limits");

/* Of the pool only what belongs to the process: where the service is, the connection to it, and forks. A context has its session for
 * itself. */
static struct km_pool pool = KM_POOL_INIT(KM_TLSIO_TA_UUID);

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

ClrcResult clrtlsSetSocket(const char *path)
{
    km_status status = km_pool_set_path(&pool, path);
    if (status == KM_E_STATE)
        return clrtls_fail("clrtlsSetSocket", CLRC_ERROR_STATE, "the library is connected already");
    if (status != KM_OK)
        return clrtls_fail("clrtlsSetSocket", CLRC_ERROR_BAD_PARAMETERS,
                           "the path must be absolute and at most 107 octets");
    return CLRC_SUCCESS;
}

void clrtls_octets_clear(struct clrtls_octets *octets)
{
    if (octets->at != NULL)
        km_wipe(octets->at, octets->len);
    free(octets->at);
    *octets = (struct clrtls_octets){0};
}

/* ---- life ---- */

ClrcResult clrtlsContextNew(uint32_t role, ClrtlsContext **ret_context)
{
    static const char function[] = "clrtlsContextNew";
    if (ret_context == NULL || (role != CLRTLS_CLIENT && role != CLRTLS_SERVER))
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    ClrtlsContext *context = calloc(1, sizeof(*context));
    if (context == NULL)
        return clrtls_fail(function, CLRC_ERROR_OUT_OF_MEMORY, NULL);
    context->n_forks = atomic_load(&pool.n_forks);
    context->settings = (struct km_tlsio_settings){
        .role = role,
        .min_version = CLRTLS_VERSION_1_2,
        .max_version = CLRTLS_VERSION_1_3,
        .verify = role == CLRTLS_CLIENT ? CLRTLS_VERIFY_REQUIRED : CLRTLS_VERIFY_NONE,
        .flags = KM_TLSIO_RESUME,
    };
    *ret_context = context;
    return CLRC_SUCCESS;
}

void clrtlsContextFree(ClrtlsContext *context)
{
    if (context == NULL)
        return;
    while (context->first != NULL)
        clrtlsConnectionFree(context->first);
    if (context->has_session)
        TEEC_CloseSession(&context->session);
    if (context->shared.buffer != NULL)
        TEEC_ReleaseSharedMemory(&context->shared);
    clrtls_octets_clear(&context->key_pem);
    clrtls_octets_clear(&context->cert_pem);
    km_wipe(context, sizeof(*context));
    free(context);
}

ClrcResult clrtls_context_check(const char *function, const ClrtlsContext *context)
{
    if (context == NULL)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, "the context is NULL");
    if (context->n_forks != atomic_load(&pool.n_forks))
        return clrtls_fail(function, CLRC_ERROR_STATE, "the context is the parent process's");
    return context->is_dead ? clrtls_fail(function, CLRC_ERROR_SERVICE_DIED, NULL) : CLRC_SUCCESS;
}

/* ---- calls ---- */

TEEC_Parameter clrtls_memory(const void *at, size_t len)
{
    /* The Client API has no const; inputs are only read. */
    return (TEEC_Parameter){
        .tmpref = {.buffer = len == 0 ? NULL : (void *)(uintptr_t)at, .size = len}};
}

ClrcResult clrtls_invoke(const char *function, ClrtlsContext *context, uint32_t command,
                         TEEC_Operation *operation)
{
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(&context->session, command, operation, &origin);
    if (result == TEEC_SUCCESS)
        return CLRC_SUCCESS;
    if (origin != TEEC_ORIGIN_TRUSTED_APP &&
        (result == TEEC_ERROR_TARGET_DEAD || result == TEEC_ERROR_COMMUNICATION)) {
        context->is_dead = true;
        return clrtls_fail(function, CLRC_ERROR_SERVICE_DIED, NULL);
    }
    return clrtls_fail(function, clrtls_map(result), NULL);
}

static ClrcResult open_session(const char *function, ClrtlsContext *context)
{
    TEEC_Context *service = NULL;
    TEEC_Result result = km_pool_context(&pool, &service);
    context->shared =
        (TEEC_SharedMemory){.size = CLRTLS_SHARED_LEN, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
    if (result == TEEC_SUCCESS)
        result = TEEC_AllocateSharedMemory(service, &context->shared);
    if (result == TEEC_SUCCESS)
        result = TEEC_OpenSession(service, &context->session, &pool.ta, TEEC_LOGIN_USER, NULL, NULL,
                                  NULL);
    context->has_session = result == TEEC_SUCCESS;
    if (result == TEEC_ERROR_COMMUNICATION || result == TEEC_ERROR_ITEM_NOT_FOUND)
        return clrtls_fail(function, CLRC_ERROR_NO_SERVICE, NULL);
    return result == TEEC_SUCCESS ? CLRC_SUCCESS : clrtls_fail(function, clrtls_map(result), NULL);
}

static ClrcResult send_settings(const char *function, ClrtlsContext *context)
{
    uint8_t octets[KM_TLSIO_SETTINGS_MAX] = {0};
    struct km_slice wire = {0};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    km_tlsio_settings_put(&wr, &context->settings);
    if (!km_wr_finish(&wr, &wire))
        return clrtls_fail(function, CLRC_ERROR_TOO_LARGE, NULL);
    TEEC_Operation op = {.paramTypes =
                             TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INPUT,
                                              TEEC_MEMREF_TEMP_INPUT, TEEC_NONE),
                         .params = {clrtls_memory(wire.ptr, wire.len),
                                    clrtls_memory(context->key_pem.at, context->key_pem.len),
                                    clrtls_memory(context->cert_pem.at, context->cert_pem.len)}};
    ClrcResult result = clrtls_invoke(function, context, KM_TLSIO_CMD_SETUP, &op);
    km_wipe(octets, sizeof(octets));
    return result;
}

/* What is inside now is not needed here any more. */
static void wipe_secrets(ClrtlsContext *context)
{
    clrtls_octets_clear(&context->key_pem);
    km_wipe(context->psk, sizeof(context->psk));
}

ClrcResult clrtls_context_start(const char *function, ClrtlsContext *context)
{
    if (context->has_session)
        return CLRC_SUCCESS;
    ClrcResult result = open_session(function, context);
    if (result == CLRC_SUCCESS)
        result = send_settings(function, context);
    if (result == CLRC_SUCCESS) {
        wipe_secrets(context);
        return CLRC_SUCCESS;
    }
    /* The settings may be mended, or the service come back. */
    if (context->has_session)
        TEEC_CloseSession(&context->session);
    if (context->shared.buffer != NULL)
        TEEC_ReleaseSharedMemory(&context->shared);
    context->has_session = false;
    context->is_dead = false;
    context->shared = (TEEC_SharedMemory){0};
    return result;
}
