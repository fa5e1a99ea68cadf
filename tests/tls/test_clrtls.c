/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS library on a device: a client's and a server's context in this process, with a socket pair or pipes between them. Run inside
 * `keymoor dev`.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "include/clrtls.h"
#include "tests/unit/km_test.h"

#define KEY "com.seqlabs.oem_device_key"
#define CERT "com.seqlabs.oem_device_cert"
#define BULK ((size_t)4 << 20)

/* The device's certificate names no host, so the server shows one that does. */
static char server_key[8192], server_cert[8192];
static uint32_t server_key_len, server_cert_len;

struct pair {
    ClrtlsContext *client_context, *server_context;
    ClrtlsConnection *client, *server;
    int fds[4]; /* what the client reads and writes, what the server reads and writes */
};

static uint32_t load(const char *name, char *to, size_t room)
{
    char path[512] = "";
    (void)snprintf(path, sizeof(path), "%s/pki/demo/%s", getenv("KEYMOOR_DEV_DIR"), name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t len = fread(to, 1, room, file);
    fclose(file);
    return (uint32_t)len;
}

#define OK(call) assert_int_equal((call), CLRC_SUCCESS)

static void make_contexts(struct pair *p)
{
    OK(clrtlsContextNew(CLRTLS_CLIENT, &p->client_context));
    OK(clrtlsContextNew(CLRTLS_SERVER, &p->server_context));
    OK(clrtlsSetIdentity(p->client_context, KEY, CERT));
    OK(clrtlsSetIdentityPem(p->server_context, server_key, server_key_len, server_cert,
                            server_cert_len));
    OK(clrtlsSetVerify(p->server_context, CLRTLS_VERIFY_REQUIRED));
}

static void join_ends(struct pair *p)
{
    OK(clrtlsConnectionNew(p->client_context, p->fds[0], p->fds[1], "localhost", &p->client));
    OK(clrtlsConnectionNew(p->server_context, p->fds[2], p->fds[3], NULL, &p->server));
    OK(clrtlsSetTimeout(p->client, 20000));
    OK(clrtlsSetTimeout(p->server, 20000));
}

static void sockets(struct pair *p, int flags)
{
    int fds[2] = {-1, -1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0, fds), 0);
    p->fds[0] = p->fds[1] = fds[0];
    p->fds[2] = p->fds[3] = fds[1];
}

static void pipes(struct pair *p, int flags)
{
    int up[2] = {-1, -1}, down[2] = {-1, -1};
    assert_int_equal(pipe2(up, O_CLOEXEC | flags), 0);
    assert_int_equal(pipe2(down, O_CLOEXEC | flags), 0);
    p->fds[0] = down[0];
    p->fds[1] = up[1];
    p->fds[2] = up[0];
    p->fds[3] = down[1];
}

static void end_pair(struct pair *p)
{
    clrtlsContextFree(p->client_context);
    clrtlsContextFree(p->server_context);
    for (unsigned i = 0; i < 4; i++)
        (void)close(p->fds[i]);
    *p = (struct pair){0};
}

static void *shake_server(void *arg)
{
    const struct pair *p = arg;
    return (void *)(uintptr_t)clrtlsHandshake(p->server);
}

static void shake(struct pair *p)
{
    pthread_t thread = 0;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, shake_server, p), 0);
    OK(clrtlsHandshake(p->client));
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
}

static void begin(struct pair *p)
{
    *p = (struct pair){0};
    make_contexts(p);
    sockets(p, 0);
    join_ends(p);
    shake(p);
}

static void say(ClrtlsConnection *from, ClrtlsConnection *to, const char *text)
{
    char got[64] = "";
    uint32_t length = (uint32_t)strlen(text);
    OK(clrtlsWrite(from, text, &length));
    assert_int_equal(length, strlen(text));
    length = sizeof(got);
    OK(clrtlsRead(to, got, &length));
    assert_int_equal(length, strlen(text));
    assert_memory_equal(got, text, length);
}

/* ---- transfers ---- */

struct transfer {
    ClrtlsConnection *c;
    uint32_t step;
    ClrcResult result;
};

static uint8_t octet_at(size_t i)
{
    return (uint8_t)(i * 13u >> 4);
}

static void *send_bulk(void *arg)
{
    struct transfer *t = arg;
    static uint8_t sent[BULK];
    for (size_t i = 0; i < BULK; i++)
        sent[i] = octet_at(i);
    for (size_t at = 0; at < BULK && t->result == CLRC_SUCCESS;) {
        uint32_t length = BULK - at < t->step ? (uint32_t)(BULK - at) : t->step;
        t->result = clrtlsWrite(t->c, sent + at, &length);
        at += length;
    }
    if (t->result == CLRC_SUCCESS)
        t->result = clrtlsShutdown(t->c);
    return NULL;
}

static void receive_bulk(ClrtlsConnection *c, uint32_t step)
{
    static uint8_t got[1 << 17];
    size_t at = 0;
    for (;;) {
        uint32_t length = step;
        ClrcResult result = clrtlsRead(c, got, &length);
        if (result == CLRTLS_ERROR_CLOSED)
            break;
        OK(result);
        for (uint32_t i = 0; i < length; i++)
            assert_int_equal(got[i], octet_at(at + i));
        at += length;
    }
    assert_int_equal(at, BULK);
}

static void bulk(struct pair *p, uint32_t write_step, uint32_t read_step)
{
    pthread_t thread = 0;
    struct transfer t = {.c = p->server, .step = write_step};
    assert_int_equal(pthread_create(&thread, NULL, send_bulk, &t), 0);
    receive_bulk(p->client, read_step);
    assert_int_equal(pthread_join(thread, NULL), 0);
    OK(t.result);
    /* The other direction is still open. */
    say(p->client, p->server, "and thank you");
}

static void moves_much(void **state)
{
    static const struct {
        uint32_t write, read;
    } steps[] = {{1 << 20, 1 << 17}, {100000, 1000}, {7000, 65536}};
    struct pair p = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(steps); i++) {
        begin(&p);
        bulk(&p, steps[i].write, steps[i].read);
        end_pair(&p);
    }
    make_contexts(&p);
    pipes(&p, 0);
    join_ends(&p);
    shake(&p);
    bulk(&p, 1 << 17, 1 << 17);
    end_pair(&p);
}

static void on_alarm(int number)
{
    (void)number;
}

static void is_not_disturbed_by_signals(void **state)
{
    struct pair p = {0};
    struct sigaction action = {.sa_handler = on_alarm}, before = {0};
    const struct itimerval often = {{0, 500}, {0, 500}};
    const struct itimerval never = {{0, 0}, {0, 0}};
    (void)state;
    begin(&p);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    bulk(&p, 1 << 17, 1 << 16);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    end_pair(&p);
}

/* ---- waiting and its ends ---- */

static void *read_one(void *arg)
{
    struct transfer *t = arg;
    uint8_t octet = 0;
    uint32_t length = 1;
    t->result = clrtlsRead(t->c, &octet, &length);
    return NULL;
}

static void can_be_cancelled(void **state)
{
    struct pair p = {0};
    pthread_t thread = 0;
    (void)state;
    begin(&p);
    struct transfer t = {.c = p.client};
    OK(clrtlsSetTimeout(p.client, 0));
    assert_int_equal(pthread_create(&thread, NULL, read_one, &t), 0);
    (void)usleep(20000);
    OK(clrtlsCancel(p.client));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(t.result, CLRC_ERROR_CANCELLED);
    /* Before the call comes, too; and the connection is as it was. */
    OK(clrtlsCancel(p.client));
    (void)read_one(&t);
    assert_int_equal(t.result, CLRC_ERROR_CANCELLED);
    say(p.server, p.client, "still there");
    end_pair(&p);
}

static void waits_no_longer_than_told(void **state)
{
    static uint8_t much[1 << 20];
    struct pair p = {0};
    (void)state;
    begin(&p);
    struct transfer t = {.c = p.client};
    OK(clrtlsSetTimeout(p.client, 30));
    (void)read_one(&t);
    assert_int_equal(t.result, CLRTLS_ERROR_TIMEOUT);
    say(p.server, p.client, "now");
    /* Nobody reads: what was taken is told, and comes when somebody does. */
    uint32_t length = sizeof(much);
    assert_int_equal(clrtlsWrite(p.client, much, &length), CLRTLS_ERROR_TIMEOUT);
    assert_true(length > 0 && length < sizeof(much));
    OK(clrtlsSetTimeout(p.client, 20000));
    size_t got = 0;
    while (got < length) {
        uint32_t room = sizeof(much);
        if (clrtlsEvents(p.client) & POLLOUT) {
            /* What is kept goes out with the next call, whatever that is. */
            OK(clrtlsSetTimeout(p.client, 1));
            (void)read_one(&t);
        }
        OK(clrtlsRead(p.server, much, &room));
        got += room;
    }
    assert_int_equal(got, length);
    end_pair(&p);
}

static void survives_a_peer_that_is_gone(void **state)
{
    struct pair p = {0};
    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        make_contexts(&p);
        (kind == 0 ? sockets : pipes)(&p, 0);
        join_ends(&p);
        shake(&p);
        (void)close(p.fds[2]);
        (void)close(p.fds[3]);
        ClrcResult result = CLRC_SUCCESS;
        for (unsigned i = 0; i < 3 && result == CLRC_SUCCESS; i++) {
            uint32_t length = 5;
            result = clrtlsWrite(p.client, "hello", &length);
        }
        assert_int_equal(result, CLRTLS_ERROR_IO);
        assert_int_equal(errno, EPIPE);
        end_pair(&p);
    }
}

static bool is_waiting(ClrcResult result)
{
    return result == CLRTLS_ERROR_WANT_READ || result == CLRTLS_ERROR_WANT_WRITE;
}

static void works_without_blocking(void **state)
{
    static uint8_t much[1 << 20];
    struct pair p = {0};
    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        make_contexts(&p);
        (kind == 0 ? sockets : pipes)(&p, kind == 0 ? SOCK_NONBLOCK : O_NONBLOCK);
        join_ends(&p);
        assert_int_equal(clrtlsEvents(p.client) & POLLOUT, POLLOUT);
        assert_int_equal(clrtlsEvents(p.server), POLLIN);
        ClrcResult client = CLRTLS_ERROR_WANT_READ, server = CLRTLS_ERROR_WANT_READ;
        for (unsigned i = 0; i < 100 && (client != CLRC_SUCCESS || server != CLRC_SUCCESS); i++) {
            client = clrtlsHandshake(p.client);
            server = clrtlsHandshake(p.server);
            assert_true(client == CLRC_SUCCESS || is_waiting(client));
            assert_true(server == CLRC_SUCCESS || is_waiting(server));
        }
        OK(client);
        OK(server);
        /* Until the way is full. */
        size_t taken = 0, got = 0;
        uint32_t length = sizeof(much);
        while ((client = clrtlsWrite(p.client, much, &length)) == CLRC_SUCCESS) {
            assert_true(length > 0);
            taken += length;
            length = sizeof(much);
        }
        assert_int_equal(client, CLRTLS_ERROR_WANT_WRITE);
        assert_int_equal(clrtlsEvents(p.client), POLLIN | POLLOUT);
        while (got < taken) {
            length = 5000;
            server = clrtlsRead(p.server, much, &length);
            if (server == CLRC_SUCCESS)
                got += length;
            else
                assert_int_equal(server, CLRTLS_ERROR_WANT_READ);
            length = 1; /* sends what is kept */
            assert_int_equal(clrtlsRead(p.client, much, &length), CLRTLS_ERROR_WANT_READ);
        }
        assert_int_equal(got, taken);
        assert_int_equal(clrtlsEvents(p.client), POLLIN);
        end_pair(&p);
    }
}

static void tells_what_is_pending(void **state)
{
    struct pair p = {0};
    char got[8] = "";
    uint32_t length = 10;
    (void)state;
    begin(&p);
    assert_int_equal(clrtlsPending(p.client), 0);
    OK(clrtlsWrite(p.server, "0123456789", &length));
    OK(clrtlsShutdown(p.server));
    length = 4;
    OK(clrtlsRead(p.client, got, &length));
    assert_int_equal(clrtlsPending(p.client), 1);
    length = 6;
    OK(clrtlsRead(p.client, got, &length));
    /* The end was read along with the words: nothing will become readable, and a read tells it. */
    while (clrtlsPending(p.client) == 0)
        assert_int_equal(
            poll(&(struct pollfd){.fd = clrtlsFd(p.client), .events = POLLIN}, 1, 5000), 1);
    length = 1;
    assert_int_equal(clrtlsRead(p.client, got, &length), CLRTLS_ERROR_CLOSED);
    assert_int_equal(clrtlsPending(p.client), 0);
    assert_int_equal(clrtlsEvents(p.client), 0);
    end_pair(&p);
}

/* ---- contexts ---- */

static void refuses_what_comes_at_the_wrong_time(void **state)
{
    struct pair p = {0};
    ClrtlsContext *context = NULL;
    ClrtlsConnection *c = NULL;
    uint32_t length = 1;
    char octet = 0;
    (void)state;
    begin(&p);
    assert_int_equal(clrtlsSetIdentity(p.client_context, KEY, CERT), CLRC_ERROR_STATE);
    assert_int_equal(clrtlsSetResumption(p.client_context, 0), CLRC_ERROR_STATE);
    OK(clrtlsShutdown(p.client));
    assert_int_equal(clrtlsWrite(p.client, "a", &length), CLRC_ERROR_STATE);
    assert_int_equal(clrtlsConnectionNew(p.client_context, p.fds[0], p.fds[0], NULL, &c),
                     CLRC_ERROR_BAD_NAME);
    assert_int_equal(clrtlsConnectionNew(p.server_context, p.fds[0], p.fds[0], "a", &c),
                     CLRC_ERROR_BAD_NAME);
    assert_int_equal(clrtlsConnectionNew(p.client_context, 1000000, p.fds[0], "a", &c),
                     CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrtlsRead(p.client, NULL, &length), CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrtlsRead(NULL, &octet, &length), CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrtlsContextNew(3, &context), CLRC_ERROR_BAD_PARAMETERS);
    OK(clrtlsContextNew(CLRTLS_CLIENT, &context));
    assert_int_equal(clrtlsSetVerify(context, CLRTLS_VERIFY_NONE), CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrtlsSetVersions(context, CLRTLS_VERSION_1_3, CLRTLS_VERSION_1_2),
                     CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrtlsSetPsk(context, "me", (const uint8_t *)"short", 5),
                     CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrtlsSetIdentity(context, "", CERT), CLRC_ERROR_BAD_NAME);
    /* Settings that the instance refuses can be mended. */
    OK(clrtlsSetIdentity(context, "nobody", CERT));
    assert_int_equal(clrtlsConnectionNew(context, p.fds[0], p.fds[0], "a", &c),
                     CLRC_ERROR_NOT_FOUND);
    OK(clrtlsSetIdentity(context, KEY, CERT));
    OK(clrtlsConnectionNew(context, p.fds[0], p.fds[0], "a", &c));
    clrtlsContextFree(context);
    end_pair(&p);
}

static void belongs_to_one_process(void **state)
{
    struct pair p = {0};
    (void)state;
    begin(&p);
    pid_t child = fork();
    if (child == 0) {
        uint32_t length = 1;
        char octet = 0;
        bool fine = clrtlsRead(p.client, &octet, &length) == CLRC_ERROR_STATE;
        clrtlsContextFree(p.client_context);
        /* It may have its own. */
        struct pair own = {0};
        begin(&own);
        say(own.client, own.server, "child");
        _exit(fine ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    say(p.client, p.server, "parent");
    end_pair(&p);
}

static void *have_context(void *arg)
{
    struct pair p = {0};
    (void)arg;
    for (unsigned i = 0; i < 3; i++) {
        begin(&p);
        say(p.client, p.server, "one of several");
        end_pair(&p);
    }
    return NULL;
}

static void has_a_context_for_each_thread(void **state)
{
    pthread_t threads[4] = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, have_context, NULL), 0);
    for (size_t i = 0; i < KM_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static long parent_of(long pid)
{
    char path[64] = "", name[64] = "";
    long parent = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*d (%63[^)]) %*c %ld", name, &parent) != 2)
        parent = 0;
    fclose(file);
    return parent;
}

/* Every instance of every application: what the service's children are the parents of. */
static void kill_instances(void)
{
    const char *text = getenv("KEYMOOR_DEV_SERVICE_PID");
    DIR *all = opendir("/proc");
    if (text == NULL || all == NULL)
        exit(2);
    long service = strtol(text, NULL, 10);
    for (const struct dirent *at = readdir(all); at != NULL; at = readdir(all)) {
        long pid = strtol(at->d_name, NULL, 10);
        long parent = pid > 0 ? parent_of(pid) : 0;
        if (parent > 1 && parent_of(parent) == service)
            (void)kill((pid_t)pid, SIGKILL);
    }
    closedir(all);
}

static void notices_that_the_instance_died(void **state)
{
    struct pair p = {0};
    ClrtlsConnection *c = NULL;
    uint32_t length = 5;
    (void)state;
    begin(&p);
    kill_instances();
    assert_int_equal(clrtlsWrite(p.client, "hello", &length), CLRC_ERROR_SERVICE_DIED);
    assert_int_equal(clrtlsShutdown(p.client), CLRC_ERROR_SERVICE_DIED);
    assert_int_equal(clrtlsConnectionNew(p.client_context, p.fds[0], p.fds[0], "a", &c),
                     CLRC_ERROR_SERVICE_DIED);
    end_pair(&p);
    begin(&p);
    say(p.client, p.server, "a new one");
    end_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_much),
        cmocka_unit_test(is_not_disturbed_by_signals),
        cmocka_unit_test(can_be_cancelled),
        cmocka_unit_test(waits_no_longer_than_told),
        cmocka_unit_test(survives_a_peer_that_is_gone),
        cmocka_unit_test(works_without_blocking),
        cmocka_unit_test(tells_what_is_pending),
        cmocka_unit_test(refuses_what_comes_at_the_wrong_time),
        cmocka_unit_test(belongs_to_one_process),
        cmocka_unit_test(has_a_context_for_each_thread),
        cmocka_unit_test(notices_that_the_instance_died),
    };
    server_key_len = load("server-prov.key", server_key, sizeof(server_key));
    server_cert_len = load("server-prov.crt", server_cert, sizeof(server_cert));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
