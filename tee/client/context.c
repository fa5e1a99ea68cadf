/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/km_sock.h"
#include "tee/channel/wire.h"
#include "tee/client/teec.h"

/* All contexts, for the fork handlers. Lock order: this one, then a context's. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct teec_context *all;

static void before_fork(void)
{
    pthread_mutex_lock(&all_lock);
    for (struct teec_context *at = all; at != NULL; at = at->next) {
        pthread_mutex_lock(&at->lock);
        teec_shared_before_fork(at->shared);
    }
}

static void after_fork_parent(void)
{
    for (struct teec_context *at = all; at != NULL; at = at->next) {
        teec_shared_after_fork(at->shared, false);
        pthread_mutex_unlock(&at->lock);
    }
    pthread_mutex_unlock(&all_lock);
}

static void after_fork_child(void)
{
    for (struct teec_context *at = all; at != NULL; at = at->next) {
        teec_shared_after_fork(at->shared, true);
        pthread_mutex_unlock(&at->lock);
    }
    /* What was inherited is only ever released. */
    all = NULL;
    pthread_mutex_unlock(&all_lock);
}

static void install_handlers(void)
{
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

static void enlist(struct teec_context *context)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_handlers);
    pthread_mutex_lock(&all_lock);
    context->next = all;
    all = context;
    pthread_mutex_unlock(&all_lock);
}

static void delist(const struct teec_context *context)
{
    pthread_mutex_lock(&all_lock);
    for (struct teec_context **at = &all; *at != NULL; at = &(*at)->next) {
        if (*at == context) {
            *at = context->next;
            break;
        }
    }
    pthread_mutex_unlock(&all_lock);
}

bool teec_context_inherited(const struct teec_context *context)
{
    return context->generation != km_lane_generation();
}

void teec_context_hold(struct teec_context *context)
{
    pthread_mutex_lock(&context->lock);
    context->n_users++;
    pthread_mutex_unlock(&context->lock);
}

void teec_context_drop(struct teec_context *context)
{
    pthread_mutex_lock(&context->lock);
    bool last = --context->n_users == 0;
    pthread_mutex_unlock(&context->lock);
    if (!last)
        return;
    delist(context);
    pthread_mutex_destroy(&context->lock);
    free(context);
}

TEEC_Result teec_result(km_status status)
{
    switch (status) {
    case KM_OK:
        return TEEC_SUCCESS;
    case KM_E_ARG:
        return TEEC_ERROR_BAD_PARAMETERS;
    case KM_E_LIMIT:
    case KM_E_NOMEM:
    case KM_E_NOSPACE:
        return TEEC_ERROR_OUT_OF_MEMORY;
    case KM_E_NOTFOUND:
        return TEEC_ERROR_COMMUNICATION; /* no socket there: no service */
    case KM_E_DENIED:
        return TEEC_ERROR_ACCESS_DENIED;
    case KM_E_BUSY:
        return TEEC_ERROR_BUSY;
    case KM_E_CANCELLED:
        return TEEC_ERROR_CANCEL;
    case KM_E_DEAD:
        return TEEC_ERROR_TARGET_DEAD;
    case KM_E_IO:
    case KM_E_TIMEOUT:
    case KM_E_MALFORMED:
        return TEEC_ERROR_COMMUNICATION;
    case KM_E_UNSUPPORTED:
        return TEEC_ERROR_NOT_SUPPORTED;
    case KM_E_EXISTS:
    case KM_E_AUTH:
    case KM_E_STATE:
    case KM_E_STALE:
    case KM_E_CORRUPT:
    case KM_E_INTERNAL:
        break;
    }
    return TEEC_ERROR_GENERIC;
}

static TEEC_Result find_path(const char *name, char ret[TEEC_PATH_MAX])
{
    if (name != NULL && name[0] != '/')
        return TEEC_ERROR_ITEM_NOT_FOUND;
    const char *path = name != NULL ? name : km_sock_service_path();
    size_t len = strlen(path);
    if (len >= TEEC_PATH_MAX)
        return TEEC_ERROR_BAD_PARAMETERS;
    km_copy(ret, TEEC_PATH_MAX, path, len + 1);
    return TEEC_SUCCESS;
}

TEEC_EXPORT TEEC_Result TEEC_InitializeContext(const char *name, TEEC_Context *context)
{
    if (context == NULL)
        return TEEC_ERROR_BAD_PARAMETERS;
    context->imp.state = NULL;
    struct teec_context *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return TEEC_ERROR_OUT_OF_MEMORY;
    KM_AUTO(km_fd_closep) int sock = -1;
    TEEC_Result result = find_path(name, made->path);
    if (result == TEEC_SUCCESS) {
        km_status status = km_sock_connect(NULL, made->path, &sock);
        result = status == KM_E_DEAD ? TEEC_ERROR_COMMUNICATION : teec_result(status);
    }
    if (result == TEEC_SUCCESS && pthread_mutex_init(&made->lock, NULL) != 0)
        result = TEEC_ERROR_OUT_OF_MEMORY;
    if (result != TEEC_SUCCESS) {
        free(made);
        return result;
    }
    made->generation = km_lane_generation();
    if (getrandom(&made->group, sizeof(made->group), GRND_NONBLOCK) < 0)
        made->group = 0;
    made->n_users = 1;
    enlist(made);
    context->imp.state = made;
    return TEEC_SUCCESS;
}

TEEC_EXPORT void TEEC_FinalizeContext(TEEC_Context *context)
{
    if (context == NULL || context->imp.state == NULL)
        return;
    teec_context_drop((struct teec_context *)context->imp.state);
    context->imp.state = NULL;
}
