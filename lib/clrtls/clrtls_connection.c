/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clrtls/clrtls_internal.h"

ClrcResult clrtls_connection_check(const char *function, const ClrtlsConnection *connection)
{
    if (connection == NULL)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, "the connection is NULL");
    return clrtls_context_check(function, connection->context);
}

static bool look_at(int fd, bool *ret_is_socket, bool *ret_is_blocking)
{
    struct stat st = {0};
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &st) != 0)
        return false;
    *ret_is_socket = S_ISSOCK(st.st_mode);
    *ret_is_blocking = (flags & O_NONBLOCK) == 0;
    return true;
}

static ClrcResult set_descriptors(const char *function, ClrtlsConnection *c)
{
    bool out_blocks = false;
    if (!look_at(c->fd_in, &c->in_is_socket, &c->is_blocking) ||
        !look_at(c->fd_out, &c->out_is_socket, &out_blocks))
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, "a descriptor is not open");
    if (out_blocks != c->is_blocking)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS,
                           "both descriptors must block, or neither");
    if (!c->is_blocking)
        return CLRC_SUCCESS;
    c->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return c->cancel_fd >= 0 ? CLRC_SUCCESS
                             : clrtls_fail_errno(function, "no descriptor for cancelling");
}

static ClrcResult open_inside(const char *function, ClrtlsConnection *c, const char *server_name)
{
    size_t len = server_name == NULL ? 0 : strnlen(server_name, KM_TLSIO_HOST_MAX + 1);
    TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_OUTPUT,
                                                        TEEC_NONE, TEEC_NONE),
                         .params = {clrtls_memory(server_name, len)}};
    ClrcResult result = clrtls_invoke(function, c->context, KM_TLSIO_CMD_OPEN, &op);
    c->id = op.params[1].value.a;
    return result;
}

static void release(ClrtlsConnection *c)
{
    clrtls_octets_clear(&c->plain);
    clrtls_octets_clear(&c->cipher);
    if (c->cancel_fd >= 0)
        (void)close(c->cancel_fd);
    free(c);
}

static void releasep(ClrtlsConnection **c)
{
    if (*c != NULL)
        release(*c);
}

static bool name_fits(const ClrtlsContext *context, const char *server_name)
{
    if (context->settings.role == CLRTLS_SERVER)
        return server_name == NULL;
    return server_name != NULL &&
           km_tlsio_host_is(KM_SLICE(server_name, strnlen(server_name, KM_TLSIO_HOST_MAX + 1)));
}

ClrcResult clrtls_connection_make(const char *function, ClrtlsContext *context, int fd_in,
                                  int fd_out, const char *server_name,
                                  ClrtlsConnection **ret_connection)
{
    ClrcResult result = clrtls_context_check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    if (!name_fits(context, server_name))
        return clrtls_fail(function, CLRC_ERROR_BAD_NAME,
                           "a client needs its server's name, a server none");
    KM_AUTO(releasep) ClrtlsConnection *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return clrtls_fail(function, CLRC_ERROR_OUT_OF_MEMORY, NULL);
    c->context = context;
    c->fd_in = fd_in;
    c->fd_out = fd_out;
    c->cancel_fd = -1;
    result = set_descriptors(function, c);
    if (result == CLRC_SUCCESS)
        result = clrtls_context_start(function, context);
    if (result == CLRC_SUCCESS)
        result = open_inside(function, c, server_name);
    if (result != CLRC_SUCCESS)
        return result;
    c->next = context->first;
    context->first = c;
    *ret_connection = km_steal(&c);
    return CLRC_SUCCESS;
}

ClrcResult clrtlsConnectionNew(ClrtlsContext *context, int fd_in, int fd_out,
                               const char *server_name, ClrtlsConnection **ret_connection)
{
    static const char function[] = "clrtlsConnectionNew";
    if (ret_connection == NULL)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    return clrtls_connection_make(function, context, fd_in, fd_out, server_name, ret_connection);
}

static void unlink_from(ClrtlsContext *context, const ClrtlsConnection *c)
{
    for (ClrtlsConnection **at = &context->first; *at != NULL; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            return;
        }
    }
}

void clrtlsConnectionFree(ClrtlsConnection *connection)
{
    static const char function[] = "clrtlsConnectionFree";
    if (connection == NULL)
        return;
    if (clrtls_connection_check(function, connection) == CLRC_SUCCESS) {
        TEEC_Operation op = {
            .paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE),
            .params = {{.value = {.a = connection->id}}}};
        (void)clrtls_invoke(function, connection->context, KM_TLSIO_CMD_FREE, &op);
    }
    unlink_from(connection->context, connection);
    if (connection->owns_fd)
        (void)close(connection->fd_in);
    release(connection);
}

ClrcResult clrtlsSetTimeout(ClrtlsConnection *connection, uint32_t timeout_ms)
{
    ClrcResult result = clrtls_connection_check("clrtlsSetTimeout", connection);
    if (result == CLRC_SUCCESS)
        connection->timeout_ms = timeout_ms;
    return result;
}

/* Also from a signal handler: nothing here but an atomic and a write. */
ClrcResult clrtlsCancel(ClrtlsConnection *connection)
{
    static const uint64_t one = 1;
    if (connection == NULL)
        return CLRC_ERROR_BAD_PARAMETERS;
    int native = errno;
    atomic_store(&connection->is_cancelled, true);
    if (connection->cancel_fd >= 0)
        (void)!write(connection->cancel_fd, &one, sizeof(one));
    errno = native;
    return CLRC_SUCCESS;
}

int clrtlsFd(const ClrtlsConnection *connection)
{
    return connection == NULL ? -1 : connection->fd_in;
}

short clrtlsEvents(const ClrtlsConnection *connection)
{
    if (connection == NULL)
        return 0;
    const ClrtlsConnection *c = connection;
    bool has_output = c->cipher.len > c->cipher.done;
    bool is_client = c->context->settings.role == CLRTLS_CLIENT;
    bool is_over = c->is_ended || (c->last.state & (KM_TLSIO_PEER_CLOSED | KM_TLSIO_FAILED)) != 0;
    short events = is_over ? 0 : POLLIN;
    if (has_output || (is_client && !c->is_started))
        events |= POLLOUT;
    return events;
}

int clrtlsPending(const ClrtlsConnection *connection)
{
    if (connection == NULL)
        return 0;
    const ClrtlsConnection *c = connection;
    bool is_over = c->is_ended || (c->last.state & (KM_TLSIO_PEER_CLOSED | KM_TLSIO_FAILED)) != 0;
    return c->plain.len > c->plain.done || (is_over && !c->is_end_told) ? 1 : 0;
}

/* ---- what can be told ---- */

static void put_text(char *to, size_t room, struct km_slice text)
{
    km_copy(to, room - 1, text.ptr, text.len);
    to[text.len] = '\0';
}

ClrcResult clrtlsInfo(ClrtlsConnection *connection, struct ClrtlsInfo *ret_info)
{
    static const char function[] = "clrtlsInfo";
    uint8_t octets[KM_TLSIO_INFO_MAX] = {0};
    struct km_tlsio_info info = {0};
    ClrcResult result = clrtls_connection_check(function, connection);
    if (result != CLRC_SUCCESS)
        return result;
    if (ret_info == NULL)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    TEEC_Operation op = {
        .paramTypes =
            TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE),
        .params = {{.value = {.a = connection->id}}, clrtls_memory(octets, sizeof(octets))}};
    result = clrtls_invoke(function, connection->context, KM_TLSIO_CMD_INFO, &op);
    if (result != CLRC_SUCCESS)
        return result;
    size_t len = op.params[1].tmpref.size;
    if (len > sizeof(octets) || !km_tlsio_info_parse(KM_SLICE(octets, len), &info))
        return clrtls_fail(function, CLRC_ERROR_GENERIC, "the service's answer is malformed");
    struct ClrtlsInfo made = {
        .version = info.version, .is_resumed = info.is_resumed, .alert = info.alert};
    put_text(made.suite, sizeof(made.suite), info.suite);
    put_text(made.group, sizeof(made.group), info.group);
    put_text(made.alpn, sizeof(made.alpn), info.alpn);
    put_text(made.peer_name, sizeof(made.peer_name), info.peer_name);
    *ret_info = made;
    return CLRC_SUCCESS;
}

ClrcResult clrtlsPeerCertificate(ClrtlsConnection *connection, uint8_t *der, uint32_t *length)
{
    static const char function[] = "clrtlsPeerCertificate";
    ClrcResult result = clrtls_connection_check(function, connection);
    if (result != CLRC_SUCCESS)
        return result;
    if (length == NULL || (der == NULL && *length != 0))
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    TEEC_Operation op = {
        .paramTypes =
            TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE),
        .params = {{.value = {.a = connection->id}},
                   clrtls_memory(der, *length < KM_TLSIO_DER_MAX ? *length : KM_TLSIO_DER_MAX)}};
    result = clrtls_invoke(function, connection->context, KM_TLSIO_CMD_PEER, &op);
    if (result == CLRC_SUCCESS || result == CLRC_ERROR_SHORT_BUFFER)
        *length = (uint32_t)op.params[1].tmpref.size;
    if (result == CLRC_ERROR_NOT_FOUND)
        return clrtls_fail(function, result, "the peer showed no certificate");
    return result;
}
