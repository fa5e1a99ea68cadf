/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of clients: each message is checked, answered, and whoever sends garbage is dropped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/km_sock.h"
#include "tee/keymoord/exe_digest.h"
#include "tee/keymoord/service.h"

static uint64_t use_count; /* orders clients by their last message */

void km_client_free(struct km_client *client)
{
    struct km_service *service = client->service;
    km_app_forget_client(service, client);
    for (struct km_client **at = &service->clients; *at != NULL; at = &(*at)->next) {
        if (*at == client) {
            *at = client->next;
            break;
        }
    }
    service->n_clients--;
    km_loop_remove(&service->loop, &client->watch);
    km_peer_unref(client->peer);
    free(client);
}

/* client_send: a client that does not take its answers is dropped. */
static bool client_send(struct km_client *client, uint16_t type, uint32_t serial,
                        struct km_slice body, const int *fds, size_t n_fds)
{
    uint8_t buf[KM_WIRE_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice out = {0};
    km_wire_header_put(&wr, &(struct km_wire_header){.type = type, .serial = serial});
    km_wr_bytes(&wr, body);
    return km_wr_finish(&wr, &out) &&
           km_sock_send(NULL, client->watch.fd, out, fds, n_fds) == KM_OK;
}

/* What is wrong goes to the client as a sentence before the line is cut. */
static void client_refuse(struct km_client *client, uint32_t serial, uint32_t result,
                          const char *text)
{
    uint8_t buf[256] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice body = {0};
    struct km_audit_record record = {
        .event = "client-dropped", .has_result = true, .result = result, .detail = text};
    km_service_audit(client->service, &record, client->peer, NULL);
    km_wr_u32le(&wr, result);
    km_wr_u32le(&wr, KM_TEE_ORIGIN_TEE);
    km_wire_text_put(&wr, KM_SLICE_STR(text));
    if (km_wr_finish(&wr, &body))
        (void)client_send(client, KM_WIRE_ERROR, serial, body, NULL, 0);
    km_client_free(client);
}

/* ---- openings ---- */

static void answer_instance(struct km_service *service, const struct km_opening *opening,
                            uint32_t result, uint32_t origin, const int fds[2])
{
    struct km_instance *instance = km_app_find_instance(service, opening->instance_id);
    if (instance == NULL || instance->watch.fd < 0)
        return;
    struct km_ctl_msg msg = {
        .type = KM_CTL_SESSION_IS, .serial = opening->serial, .code = result, .id = origin};
    if (km_ctl_send(NULL, instance->watch.fd, &msg, fds, result == 0 ? 2 : 0) != KM_OK)
        km_instance_end(instance);
}

static void answer_client(const struct km_opening *opening, uint32_t result, uint32_t origin,
                          uint64_t session, const int fds[3])
{
    struct km_client *client = opening->client;
    uint8_t buf[32] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice body = {0};
    struct km_wire_opened opened = {.result = result, .origin = origin, .session = session};
    client->opening = false;
    km_wire_opened_put(&wr, &opened);
    size_t n_fds = result != 0 || fds == NULL ? 0 : fds[2] < 0 ? 2 : 3;
    if (km_wr_finish(&wr, &body) &&
        client_send(client, KM_WIRE_OPENED, opening->serial, body, fds, n_fds))
        return;
    /* Freed where it is read from next: whoever answers may still be going through a list. */
    client->closing = true;
    (void)shutdown(client->watch.fd, SHUT_RDWR);
}

static void audit_refused(struct km_service *service, const struct km_opening *opening,
                          uint32_t result)
{
    char via[KM_UUID_TEXT_LEN] = {0};
    struct km_audit_record record = {
        .event = "session-refused", .has_result = true, .result = result};
    if (opening->client == NULL) {
        km_uuid_format(&opening->who.uuid, via);
        record.via = via;
    }
    km_service_audit(service, &record, opening->peer, opening->app);
}

void km_opening_answer(struct km_service *service, struct km_opening *opening, uint32_t result,
                       uint32_t origin, uint64_t session, const int fds[3])
{
    if (result != 0)
        audit_refused(service, opening, result);
    if (opening->client != NULL)
        answer_client(opening, result, origin, session, fds);
    else
        answer_instance(service, opening, result, origin, fds);
    km_peer_unref(opening->peer);
    free(opening);
}

size_t km_client_sessions(const struct km_service *service, uint32_t uid)
{
    size_t n = 0;
    for (const struct km_app *app = service->apps; app != NULL; app = app->next) {
        for (const struct km_instance *i = app->instances; i != NULL; i = i->next)
            for (const struct km_session *s = i->sessions; s != NULL; s = s->next)
                n += s->uid == uid ? 1 : 0;
        for (const struct km_opening *o = app->waiting; o != NULL; o = o->next)
            n += o->who.uid == uid ? 1 : 0;
    }
    return n;
}

/* An opening whose login needs the executable's digest first. */
struct login_wait {
    struct km_service *service;
    struct km_client *client; /* only compared: it may be gone */
    uint32_t serial;
    struct km_wire_open msg;
};

static struct km_opening *opening_new(struct km_client *client, uint32_t serial,
                                      const struct km_wire_open *msg, const struct km_uuid *uuid)
{
    const struct km_peer *peer = client->peer;
    struct km_opening *opening = calloc(1, sizeof(*opening));
    if (opening == NULL)
        return NULL;
    *opening = (struct km_opening){
        .client = client,
        .serial = serial,
        .group = msg->group,
        .peer = km_peer_ref(client->peer),
        .who = {.login = msg->login_method,
                .uuid = *uuid,
                .uid = peer->uid,
                .gid = peer->gid,
                .pid = (uint32_t)peer->pid,
                .is_admin = peer->is_admin},
    };
    return opening;
}

static void open_now(struct km_client *client, uint32_t serial, const struct km_wire_open *msg);

static void open_refuse(struct km_client *client, uint32_t serial, const struct km_wire_open *msg,
                        uint32_t result)
{
    const struct km_uuid nobody = {{0}};
    struct km_opening *opening = opening_new(client, serial, msg, &nobody);
    if (opening == NULL)
        client_refuse(client, serial, KM_TEE_OUT_OF_MEMORY, "no memory for a session");
    else
        km_opening_answer(client->service, opening, result, KM_TEE_ORIGIN_TEE, 0, NULL);
}

static void login_digest_done(void *arg, struct km_peer *peer, km_status status)
{
    struct login_wait *wait = arg;
    for (struct km_client *client = wait->service->clients; client != NULL; client = client->next) {
        if (client != wait->client || client->peer != peer)
            continue;
        if (status == KM_OK)
            open_now(client, wait->serial, &wait->msg);
        else
            open_refuse(client, wait->serial, &wait->msg, km_tee_result(status));
        break;
    }
    free(wait);
}

static void ask_who(struct km_client *client, uint32_t serial, const struct km_wire_open *msg)
{
    struct km_service *service = client->service;
    struct login_wait *wait = calloc(1, sizeof(*wait));
    if (wait == NULL) {
        open_refuse(client, serial, msg, KM_TEE_OUT_OF_MEMORY);
        return;
    }
    *wait = (struct login_wait){service, client, serial, *msg};
    km_exe_digest_ask(&service->loop, service->trust, client->peer, login_digest_done, wait);
}

static void open_now(struct km_client *client, uint32_t serial, const struct km_wire_open *msg)
{
    struct km_service *service = client->service;
    struct km_uuid uuid = {{0}};
    client->opening = true;
    km_status status = km_peer_login(NULL, client->peer, service->trust, msg->login_method,
                                     msg->login_data, &uuid);
    if (status == KM_OK &&
        km_client_sessions(service, client->peer->uid) >= service->options.max_sessions_per_uid)
        status = KM_E_BUSY;
    if (status == KM_E_STATE) {
        ask_who(client, serial, msg);
        return;
    }
    if (status != KM_OK) {
        open_refuse(client, serial, msg,
                    status == KM_E_UNSUPPORTED ? KM_TEE_BAD_PARAMETERS : km_tee_result(status));
        return;
    }
    struct km_opening *opening = opening_new(client, serial, msg, &uuid);
    if (opening == NULL)
        client_refuse(client, serial, KM_TEE_OUT_OF_MEMORY, "no memory for a session");
    else
        km_app_open_session(service, &msg->ta, opening);
}

/* ---- messages ---- */

static void on_status(struct km_client *client, uint32_t serial)
{
    char json[KM_WIRE_MAX - KM_WIRE_HEADER_LEN - 4] = {0};
    uint8_t buf[KM_WIRE_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, KM_WIRE_MAX - KM_WIRE_HEADER_LEN);
    struct km_slice body = {0};
    size_t len = km_status_json(client->service, client->peer, json, sizeof(json));
    km_wire_text_put(&wr, KM_SLICE(json, len));
    if (!km_wr_finish(&wr, &body) || !client_send(client, KM_WIRE_STATUS_IS, serial, body, NULL, 0))
        km_client_free(client);
}

static void on_audit(struct km_client *client, uint32_t serial, struct km_rd *rd)
{
    char lines[KM_WIRE_MAX - KM_WIRE_HEADER_LEN - 4] = {0};
    uint8_t buf[KM_WIRE_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, KM_WIRE_MAX - KM_WIRE_HEADER_LEN);
    struct km_slice body = {0};
    uint32_t n = 0, skip = 0;
    if (!km_rd_u32le(rd, &n) || (km_rd_left(rd) > 0 && !km_rd_u32le(rd, &skip)) ||
        !km_rd_done(rd)) {
        client_refuse(client, serial, KM_TEE_BAD_FORMAT, "malformed request for audit records");
        return;
    }
    if (!client->peer->is_admin) {
        client_refuse(client, serial, KM_TEE_ACCESS_DENIED,
                      "only an administrator may read the audit records");
        return;
    }
    size_t len = km_audit_last(&client->service->audit, n, skip, lines, sizeof(lines));
    km_wire_text_put(&wr, KM_SLICE(lines, len));
    if (!km_wr_finish(&wr, &body) || !client_send(client, KM_WIRE_AUDIT_IS, serial, body, NULL, 0))
        km_client_free(client);
}

static void on_message(struct km_client *client, struct km_slice in)
{
    struct km_rd rd = km_rd_init(in);
    struct km_wire_header header = {0};
    struct km_wire_open open_msg = {0};
    if (!km_wire_header_parse(&rd, &header)) {
        client_refuse(client, 0, KM_TEE_BAD_FORMAT, "that is not a message of this protocol");
    } else if (client->opening) {
        client_refuse(client, header.serial, KM_TEE_BUSY, "one request at a time on a connection");
    } else if (header.type == KM_WIRE_OPEN) {
        if (km_wire_open_parse(&rd, &open_msg))
            open_now(client, header.serial, &open_msg);
        else
            client_refuse(client, header.serial, KM_TEE_BAD_FORMAT, "malformed request to open");
    } else if (header.type == KM_WIRE_STATUS && km_rd_done(&rd)) {
        on_status(client, header.serial);
    } else if (header.type == KM_WIRE_AUDIT) {
        on_audit(client, header.serial, &rd);
    } else {
        client_refuse(client, header.serial, KM_TEE_BAD_FORMAT, "that request is not known");
    }
}

/*
 * One message and the process that wrote it. A connection that was handed on to another process,
 * or inherited by it, must not speak for the one that connected. Descriptors are not taken: there
 * is no room for them, so the kernel drops them.
 */
static ssize_t receive(int fd, uint8_t *buf, size_t cap, pid_t *ret_pid, int *ret_flags)
{
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct ucred))] = {0};
    struct iovec iov = {.iov_base = buf, .iov_len = cap};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    *ret_pid = -1;
    *ret_flags = msg.msg_flags;
    const struct cmsghdr *part = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);
    if (part != NULL && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS &&
        part->cmsg_len == CMSG_LEN(sizeof(struct ucred))) {
        struct ucred cred = {0};
        km_copy(&cred, sizeof(cred), CMSG_DATA(part), sizeof(cred));
        *ret_pid = cred.pid;
    }
    return n;
}

static void client_ready(struct km_watch *watch, uint32_t events)
{
    struct km_client *client = (struct km_client *)watch;
    uint8_t buf[KM_WIRE_MAX + 1] = {0};
    pid_t pid = -1;
    int flags = 0;
    (void)events;
    ssize_t n = receive(watch->fd, buf, sizeof(buf), &pid, &flags);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || client->closing) {
        km_client_free(client);
        return;
    }
    client->used = ++use_count;
    client->early = client->early && pid == 0;
    if ((size_t)n > KM_WIRE_MAX || (flags & MSG_TRUNC) != 0)
        client_refuse(client, 0, KM_TEE_BAD_FORMAT, "the message is too long");
    else if (pid != client->peer->pid && !(client->early && pid == 0))
        client_refuse(client, 0, KM_TEE_ACCESS_DENIED,
                      "another process made this connection: make your own");
    else
        on_message(client, KM_SLICE(buf, (size_t)n));
}

/* ---- accepting ---- */

static struct km_client *idlest(const struct km_service *service)
{
    struct km_client *found = NULL;
    for (struct km_client *c = service->clients; c != NULL; c = c->next) {
        if (!c->opening && (found == NULL || c->used < found->used))
            found = c;
    }
    return found;
}

static size_t clients_of_uid(const struct km_service *service, uid_t uid)
{
    size_t n = 0;
    for (const struct km_client *c = service->clients; c != NULL; c = c->next)
        n += c->peer->uid == uid ? 1 : 0;
    return n;
}

static void client_add(struct km_service *service, int fd, bool early)
{
    struct km_err err = {0};
    struct km_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        close(fd);
        return;
    }
    *client = (struct km_client){
        .watch = {.fd = -1}, .service = service, .early = early, .used = ++use_count};
    client->next = service->clients;
    service->clients = client;
    service->n_clients++;
    km_status status = km_peer_new(&err, &service->loop, fd, &client->peer);
    if (status == KM_OK)
        status = km_loop_add(&err, &service->loop, &client->watch, fd, client_ready);
    if (status != KM_OK) {
        km_log_err(KM_LOG_WARNING, &err, "a client is turned away");
        close(fd);
        km_client_free(client);
        return;
    }
    const gid_t admins = service->options.admin_gid;
    if (admins != (gid_t)-1 && km_peer_in_group(client->peer, admins))
        client->peer->is_admin = true;
    if (clients_of_uid(service, client->peer->uid) > KM_CLIENTS_UID_MAX)
        client_refuse(client, 0, KM_TEE_BUSY, "this user has too many connections");
}

void km_client_accept(struct km_watch *watch, uint32_t events)
{
    struct km_service *service =
        (struct km_service *)((uint8_t *)watch - offsetof(struct km_service, listen_watch));
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        /* Out of descriptors: whoever was silent longest makes room. */
        if ((errno == EMFILE || errno == ENFILE) && idlest(service) != NULL)
            km_client_free(idlest(service));
        return;
    }
    if (service->n_clients >= KM_CLIENTS_MAX) {
        struct km_client *oldest = idlest(service);
        if (oldest == NULL) {
            close(fd);
            return;
        }
        km_client_free(oldest);
    }
    const int on = 1;
    int inherited = 0;
    socklen_t len = sizeof(inherited);
    if (getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &inherited, &len) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0) {
        close(fd);
        return;
    }
    client_add(service, fd, inherited == 0);
}
