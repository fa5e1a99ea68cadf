/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk data through `keymoor tunnel` and through stunnel, to the same server with the same suite, in turns; and what 500
 * connections that are held open take of memory on the service's side.
 * Usage: bench_tunnel KEYMOOR_TUNNEL DIR SERVICE_PID
 * DIR holds server.pem and client.pem (key and certificate) and ca.pem, which issued both and the device's certificate.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "bench/bench.h"

#define BULK (16u << 20) /* octets of one operation */
#define PIECE 65536u
#define HELD 500u
#define SUITE "TLS_AES_128_GCM_SHA256"
#define PATH_LEN 512

static const char *dir;
static uint16_t server_port, tunnel_port, stunnel_port;
static uint8_t piece[PIECE];

static const char *in_dir(const char *name)
{
    static char path[4][PATH_LEN];
    static unsigned at;
    char *ret = path[at++ % 4];
    snprintf(ret, PATH_LEN, "%s/%s", dir, name);
    return ret;
}

/* ---- the server: U takes BULK octets and says k, D gives as many, E gives one octet back ---- */

static int listen_on(uint16_t *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        bench_die("no loopback port");
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static bool take(SSL *tls)
{
    static _Thread_local uint8_t buf[PIECE];
    for (uint32_t left = BULK; left > 0;) {
        int n = SSL_read(tls, buf, (int)(left < PIECE ? left : PIECE));
        if (n <= 0)
            return false;
        left -= (uint32_t)n;
    }
    return SSL_write(tls, "k", 1) == 1;
}

static bool give(SSL *tls)
{
    for (uint32_t left = BULK; left > 0; left -= PIECE)
        if (SSL_write(tls, piece, PIECE) != PIECE)
            return false;
    return true;
}

static void *serve_one(void *arg)
{
    SSL *tls = arg;
    char wish = 0;
    bool good = SSL_accept(tls) == 1;
    while (good && SSL_read(tls, &wish, 1) == 1)
        good = wish == 'U' ? take(tls) : wish == 'D' ? give(tls) : SSL_write(tls, &wish, 1) == 1;
    int fd = SSL_get_fd(tls);
    SSL_free(tls);
    close(fd);
    return NULL;
}

static SSL_CTX *server_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context, in_dir("server.pem")) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, in_dir("server.pem"), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_load_verify_locations(context, in_dir("ca.pem"), NULL) != 1 ||
        SSL_CTX_set_ciphersuites(context, SUITE) != 1)
        bench_die("the server's files are refused");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    return context;
}

static void serve(int listener)
{
    const int on = 1;
    SSL_CTX *context = server_context();
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 256 << 10);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        pthread_t thread = 0;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            bench_die("the server can't accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        SSL *tls = SSL_new(context);
        SSL_set_fd(tls, fd);
        if (pthread_create(&thread, &attr, serve_one, tls) != 0)
            bench_die("no thread for the server");
    }
}

/* ---- the contenders ---- */

static uint16_t free_port(void)
{
    uint16_t port = 0;
    close(listen_on(&port));
    return port;
}

static pid_t start(const char *const *argv)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = open(in_dir("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static pid_t start_tunnel(const char *program)
{
    static char listen_at[32], connect_to[32];
    snprintf(listen_at, sizeof listen_at, "127.0.0.1:%u", tunnel_port);
    snprintf(connect_to, sizeof connect_to, "localhost:%u", server_port);
    const char *const argv[] = {
        program,   listen_at,           connect_to, "--cert", "com.seqlabs.oem_device_cert",
        "--quiet", "--max-connections", "600",      NULL};
    return start(argv);
}

static pid_t start_stunnel(void)
{
    FILE *conf = fopen(in_dir("stunnel.conf"), "we");
    if (conf == NULL)
        bench_die("can't write stunnel's configuration");
    fprintf(
        conf,
        "foreground = yes\npid =\ndebug = err\nclient = yes\nsocket = l:TCP_NODELAY=1\nsocket = "
        "r:TCP_NODELAY=1\n[bench]\naccept = 127.0.0.1:%u\nconnect = 127.0.0.1:%u\ncert = %s\n"
        "CAfile = %s\nverifyChain = yes\ncheckHost = localhost\nciphersuites = " SUITE "\n",
        stunnel_port, server_port, in_dir("client.pem"), in_dir("ca.pem"));
    fclose(conf);
    const char *const argv[] = {"stunnel4", in_dir("stunnel.conf"), NULL};
    return start(argv);
}

/* ---- the client ---- */

static int try_connect(uint16_t port)
{
    const int on = 1;
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
    }
    close(fd);
    return -1;
}

static int connect_to(uint16_t port)
{
    for (int i = 0; i < 500; i++) {
        int fd = try_connect(port);
        if (fd >= 0)
            return fd;
        usleep(10000);
    }
    bench_die("nobody listens on port %u", port);
}

static void put_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            bench_die("the tunnel broke off: %s", strerror(errno));
        bytes += n;
        len -= (size_t)n;
    }
}

static void get_all(int fd, size_t len)
{
    static uint8_t buf[PIECE];
    while (len > 0) {
        ssize_t n = recv(fd, buf, len < sizeof buf ? len : sizeof buf, 0);
        if (n <= 0)
            bench_die("the tunnel broke off: %s", n == 0 ? "end" : strerror(errno));
        len -= (size_t)n;
    }
}

static void up(int fd)
{
    put_all(fd, (const uint8_t *)"U", 1);
    for (uint32_t left = BULK; left > 0; left -= PIECE)
        put_all(fd, piece, PIECE);
    get_all(fd, 1);
}

static void down(int fd)
{
    put_all(fd, (const uint8_t *)"D", 1);
    get_all(fd, BULK);
}

static void echo(int fd)
{
    put_all(fd, (const uint8_t *)"E", 1);
    get_all(fd, 1);
}

static void *begin(uint16_t port)
{
    int *fd = malloc(sizeof *fd);
    if (fd == NULL)
        bench_die("no memory");
    *fd = connect_to(port);
    return fd;
}
static void *begin_tunnel(unsigned thread)
{
    (void)thread;
    return begin(tunnel_port);
}
static void *begin_stunnel(unsigned thread)
{
    (void)thread;
    return begin(stunnel_port);
}
static void once_up(void *fd)
{
    up(*(int *)fd);
}
static void once_down(void *fd)
{
    down(*(int *)fd);
}
static void end(void *fd)
{
    close(*(int *)fd);
    free(fd);
}

static void measure_bulk(const char *id, void (*once)(void *))
{
    const struct bench_contender contenders[] = {
        {"stunnel4", begin_stunnel, once, end},
        {"keymoor tunnel", begin_tunnel, once, end},
    };
    struct bench_result results[2] = {0};
    bench_run(contenders, 2, 1, 1.0, results);
    const double mib = BULK >> 20;
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "MiB/s",
                                    .value = results[1].rate * mib,
                                    .peer = "stunnel4, key in a file",
                                    .peer_value = results[0].rate * mib,
                                    .target = 0.8});
}

/* ---- memory ---- */

static double pss_kb(long pid)
{
    return bench_tree_kb(pid, "smaps_rollup", "Pss:");
}

/* With all open, each of them gets an answer while one of them moves as much as it can. */
static double held(uint16_t port, long pid)
{
    static int fds[HELD];
    int warm = connect_to(port);
    echo(warm);
    double before = pss_kb(pid);
    for (unsigned i = 0; i < HELD; i++) {
        fds[i] = connect_to(port);
        echo(fds[i]);
    }
    pid_t mover = fork();
    if (mover == 0) {
        for (int i = 0; i < 4; i++)
            up(warm);
        _exit(0);
    }
    for (unsigned i = 0; i < HELD; i++)
        echo(fds[i]);
    int how = 0;
    waitpid(mover, &how, 0);
    if (how != 0)
        bench_die("bulk data beside %u connections failed", HELD);
    double after = pss_kb(pid);
    for (unsigned i = 0; i < HELD; i++)
        close(fds[i]);
    close(warm);
    return (after - before) / HELD;
}

static void measure_memory(long service, long stunnel)
{
    if (pss_kb(service) == 0)
        return; /* only root sees it */
    double here = held(tunnel_port, service);
    bench_print(&(struct bench_row){.id = "memory of one of 500 TLS connections in the service",
                                    .unit = "KiB",
                                    .value = here,
                                    .peer = "what it may be",
                                    .peer_value = 100,
                                    .target = 1,
                                    .at_most = true});
    bench_print(&(struct bench_row){.id = "the same beside stunnel's",
                                    .unit = "KiB",
                                    .value = here,
                                    .peer = "stunnel4",
                                    .peer_value = held(stunnel_port, stunnel)});
}

int main(int argc, char **argv)
{
    if (argc != 4)
        bench_die("usage: bench_tunnel KEYMOOR_TUNNEL DIR SERVICE_PID");
    dir = argv[2];
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = listen_on(&server_port);
    pid_t server = fork();
    if (server == 0)
        serve(listener);
    tunnel_port = free_port();
    stunnel_port = free_port();
    pid_t tunnel = start_tunnel(argv[1]);
    pid_t stunnel = start_stunnel();
    measure_bulk("TLS tunnel, upload", once_up);
    measure_bulk("TLS tunnel, download", once_down);
    measure_memory(strtol(argv[3], NULL, 10), stunnel);
    const pid_t pids[] = {tunnel, stunnel, server};
    for (size_t i = 0; i < sizeof pids / sizeof pids[0]; i++) {
        kill(pids[i], SIGTERM);
        waitpid(pids[i], NULL, 0);
    }
    return EXIT_SUCCESS;
}
