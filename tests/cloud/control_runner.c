/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for the process that runs functions, for the control plane's tests. Usage: control_runner SOCKET. What a function does is
 * its name: echo, fails, busy, missing, dies, waits (until release is called), release.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cloud/functions/invoke.h"
#include "common/km_file.h"

#define WAITING_MAX 64

static int waiting[WAITING_MAX];
static size_t n_waiting;

static bool receive(int fd, uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = recv(fd, bytes + at, len - at, 0);
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static void reply(int fd, const struct km_err *failure, const struct km_invoke_answer *answer)
{
    size_t cap = (answer != NULL ? answer->payload_len : 0) + 16384;
    KM_AUTO(km_freep) uint8_t *bytes = malloc(cap);
    struct km_wr wr = km_wr_init(bytes, bytes == NULL ? 0 : cap);
    struct km_wr head = km_wr_init(bytes, bytes == NULL ? 0 : cap);
    wr.len = 4;
    km_invoke_reply_write(&wr, failure, answer);
    km_wr_u32le(&head, (uint32_t)(wr.len - 4));
    if (bytes != NULL && !wr.overflow)
        (void)send(fd, bytes, wr.len, MSG_NOSIGNAL);
}

static void reply_text(int fd, const char *text, bool is_error, const struct km_invoke *invoke)
{
    struct km_invoke_answer answer = {
        .is_function_error = is_error,
        .version = "$LATEST",
        .payload = (uint8_t *)(uintptr_t)text,
        .payload_len = strlen(text),
    };
    if (invoke->wants_log) {
        answer.log_len = 9;
        km_copy(answer.log, sizeof(answer.log), "log\nlines", 9);
    }
    reply(fd, NULL, &answer);
}

static void fail(int fd, km_status status, const char *text)
{
    struct km_err err = {0};
    (void)KM_FAIL(&err, status, "%s", text);
    reply(fd, &err, NULL);
}

static void release(const struct km_invoke *invoke)
{
    for (size_t i = 0; i < n_waiting; i++) {
        reply_text(waiting[i], "\"released\"", false, invoke);
        (void)close(waiting[i]);
    }
    n_waiting = 0;
}

/* false: the connection stays open. */
static bool serve(int fd, const struct km_invoke *invoke)
{
    const char *name = invoke->function;
    if (strcmp(name, "waits") == 0 && n_waiting < WAITING_MAX) {
        waiting[n_waiting++] = fd;
        return false;
    }
    if (strcmp(name, "echo") == 0) {
        struct km_invoke_answer answer = {
            .version = "$LATEST",
            .payload = (uint8_t *)(uintptr_t)invoke->payload.ptr,
            .payload_len = invoke->payload.len,
        };
        reply(fd, NULL, &answer);
    } else if (strcmp(name, "fails") == 0) {
        reply_text(fd, "{\"errorMessage\":\"no\",\"errorType\":\"ValueError\"}", true, invoke);
    } else if (strcmp(name, "busy") == 0) {
        fail(fd, KM_E_BUSY, "as many wait as may");
    } else if (strcmp(name, "missing") == 0) {
        fail(fd, KM_E_NOTFOUND, "there is no such function");
    } else if (strcmp(name, "malformed") == 0) {
        fail(fd, KM_E_MALFORMED, "the payload is no JSON");
    } else if (strcmp(name, "release") == 0) {
        release(invoke);
        reply_text(fd, "null", false, invoke);
    }
    return true;
}

static bool take(int fd)
{
    uint8_t head[4] = {0};
    uint32_t len = 0;
    struct km_invoke_strings strings = {0};
    struct km_invoke invoke = {0};
    struct km_rd rd = km_rd_init(KM_SLICE(head, sizeof(head)));
    if (!receive(fd, head, sizeof(head)) || !km_rd_u32le(&rd, &len) || len > KM_INVOKE_REQUEST_MAX)
        return true;
    KM_AUTO(km_freep) uint8_t *bytes = malloc(len);
    if (bytes == NULL || !receive(fd, bytes, len) ||
        km_invoke_read(NULL, KM_SLICE(bytes, len), &strings, &invoke) != KM_OK)
        return true;
    return serve(fd, &invoke);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path))
        return EXIT_FAILURE;
    km_copy(address.sun_path, sizeof(address.sun_path), argv[1], strlen(argv[1]));
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, WAITING_MAX) != 0)
        return EXIT_FAILURE;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0 && take(fd))
            (void)close(fd);
    }
}
