/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client and an echo server over the TLS library, for scenarios: every setting is an option, every end is printed by its name.
 *
 *   tls_tool [OPTION...] connect HOST PORT     tls_tool [OPTION...] serve COUNT
 *
 * connect prints "connected ..." and, with --send, "got ..."; then "closed". serve prints "port N", then for each client "connected ..."
 * and how it ended. A failure is printed as "failed NAME: sentence", status 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/km_bytes.h"
#include "include/clrtls.h"

#define PEM_MAX 65536
#define ALPN_MAX 8
#define BATCH 65536u

static struct {
    const char *key, *cert, *pem_key, *pem_cert, *psk, *ca, *send, *max, *min, *verify, *wait_for;
    const char *alpn[ALPN_MAX];
    uint32_t n_alpn;
    uint32_t timeout_ms;
    unsigned repeat;
    size_t bulk;
    bool no_resume, non_blocking, no_shutdown, hex;
} options = {.repeat = 1, .timeout_ms = 60000};

static const struct {
    ClrcResult result;
    const char *name;
} names[] = {
    {CLRC_SUCCESS, "SUCCESS"},
    {CLRC_ERROR_BAD_PARAMETERS, "BAD_PARAMETERS"},
    {CLRC_ERROR_BAD_NAME, "BAD_NAME"},
    {CLRC_ERROR_BAD_FORMAT, "BAD_FORMAT"},
    {CLRC_ERROR_NOT_FOUND, "NOT_FOUND"},
    {CLRC_ERROR_NOT_SUPPORTED, "NOT_SUPPORTED"},
    {CLRC_ERROR_CANCELLED, "CANCELLED"},
    {CLRC_ERROR_STATE, "STATE"},
    {CLRC_ERROR_ACCESS_DENIED, "ACCESS_DENIED"},
    {CLRC_ERROR_KEY_GONE, "KEY_GONE"},
    {CLRC_ERROR_NO_SERVICE, "NO_SERVICE"},
    {CLRC_ERROR_SERVICE_DIED, "SERVICE_DIED"},
    {CLRTLS_ERROR_CLOSED, "CLOSED"},
    {CLRTLS_ERROR_TRUNCATED, "TRUNCATED"},
    {CLRTLS_ERROR_TIMEOUT, "TIMEOUT"},
    {CLRTLS_ERROR_IO, "IO"},
    {CLRTLS_ERROR_PROTOCOL, "PROTOCOL"},
    {CLRTLS_ERROR_ALERT, "ALERT"},
    {CLRTLS_ERROR_NO_COMMON, "NO_COMMON"},
    {CLRTLS_ERROR_CERT_UNTRUSTED, "CERT_UNTRUSTED"},
    {CLRTLS_ERROR_CERT_NAME, "CERT_NAME"},
    {CLRTLS_ERROR_CERT_EXPIRED, "CERT_EXPIRED"},
    {CLRTLS_ERROR_CERT_NOT_YET_VALID, "CERT_NOT_YET_VALID"},
    {CLRTLS_ERROR_CERT_REVOKED, "CERT_REVOKED"},
    {CLRTLS_ERROR_CERT_PURPOSE, "CERT_PURPOSE"},
    {CLRTLS_ERROR_CERT_MISSING, "CERT_MISSING"},
    {CLRTLS_ERROR_CERT_INVALID, "CERT_INVALID"},
    {CLRTLS_ERROR_UNRESOLVED, "UNRESOLVED"},
    {CLRTLS_ERROR_REFUSED, "REFUSED"},
};

static bool failed(ClrcResult result)
{
    const char *name = "GENERIC";
    if (result == CLRC_SUCCESS)
        return false;
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        if (names[i].result == result)
            name = names[i].name;
    }
    printf("failed %s: %s\n", name, clrtlsLastError());
    fflush(stdout);
    return true;
}

/* ---- settings ---- */

static uint32_t load(const char *path, char *to)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    size_t len = fread(to, 1, PEM_MAX, file);
    fclose(file);
    return (uint32_t)len;
}

static ClrcResult set_identity(ClrtlsContext *context)
{
    static char key[PEM_MAX], cert[PEM_MAX];
    uint32_t key_len = options.pem_key == NULL ? 0 : load(options.pem_key, key);
    uint32_t cert_len = options.pem_cert == NULL ? 0 : load(options.pem_cert, cert);
    ClrcResult result = CLRC_SUCCESS;
    if (options.key != NULL && options.cert != NULL)
        result = clrtlsSetIdentity(context, options.key, options.cert);
    else if (options.key != NULL)
        result = clrtlsSetIdentityChain(context, options.key, cert, cert_len);
    else if (options.pem_key != NULL)
        result = clrtlsSetIdentityPem(context, key, key_len, cert, cert_len);
    explicit_bzero(key, sizeof(key));
    return result;
}

/* IDENTITY:HEX */
static ClrcResult set_psk(ClrtlsContext *context)
{
    char identity[128] = "";
    uint8_t psk[64] = {0};
    const char *colon = strchr(options.psk, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - options.psk);
    if (len == 0 || len >= sizeof(identity) || strlen(colon + 1) / 2 > sizeof(psk) ||
        !km_unhex(colon + 1, psk, strlen(colon + 1) / 2))
        exit(2);
    km_copy(identity, sizeof(identity) - 1, options.psk, len);
    return clrtlsSetPsk(context, identity, psk, (uint32_t)strlen(colon + 1) / 2);
}

static uint32_t version_of(const char *text, uint32_t otherwise)
{
    if (text == NULL)
        return otherwise;
    return strcmp(text, "1.2") == 0 ? CLRTLS_VERSION_1_2 : CLRTLS_VERSION_1_3;
}

static bool set_up(ClrtlsContext *context)
{
    static const char *const verify[] = {"none", "optional", "required"};
    ClrcResult result = set_identity(context);
    if (result == CLRC_SUCCESS && options.psk != NULL)
        result = set_psk(context);
    if (result == CLRC_SUCCESS && options.ca != NULL)
        result = clrtlsSetAuthority(context, options.ca);
    if (result == CLRC_SUCCESS && options.n_alpn != 0)
        result = clrtlsSetAlpn(context, options.alpn, options.n_alpn);
    if (result == CLRC_SUCCESS && options.no_resume)
        result = clrtlsSetResumption(context, 0);
    if (result == CLRC_SUCCESS)
        result = clrtlsSetVersions(context, version_of(options.min, CLRTLS_VERSION_1_2),
                                   version_of(options.max, CLRTLS_VERSION_1_3));
    for (uint32_t i = 0; options.verify != NULL && i < KM_ARRAY_LEN(verify); i++) {
        if (result == CLRC_SUCCESS && strcmp(options.verify, verify[i]) == 0)
            result = clrtlsSetVerify(context, i);
    }
    return !failed(result);
}

/* ---- connections; a descriptor that does not block is waited for here ---- */

static bool wants(ClrtlsConnection *c, ClrcResult result)
{
    if (result != CLRTLS_ERROR_WANT_READ && result != CLRTLS_ERROR_WANT_WRITE)
        return false;
    struct pollfd poller = {.fd = clrtlsFd(c), .events = clrtlsEvents(c)};
    return poll(&poller, 1, (int)options.timeout_ms) > 0;
}

static ClrcResult shake(ClrtlsConnection *c)
{
    ClrcResult result = clrtlsHandshake(c);
    while (wants(c, result))
        result = clrtlsHandshake(c);
    return result;
}

static ClrcResult read_some(ClrtlsConnection *c, void *buf, uint32_t *length)
{
    uint32_t room = *length;
    ClrcResult result = clrtlsRead(c, buf, length);
    while (wants(c, result)) {
        *length = room;
        result = clrtlsRead(c, buf, length);
    }
    return result;
}

static ClrcResult write_all(ClrtlsConnection *c, const uint8_t *buf, uint32_t length)
{
    uint32_t done = 0;
    ClrcResult result = CLRC_SUCCESS;
    while (result == CLRC_SUCCESS && done < length) {
        uint32_t taken = length - done;
        result = clrtlsWrite(c, buf + done, &taken);
        if (result == CLRC_SUCCESS)
            done += taken;
        else if (wants(c, result))
            result = CLRC_SUCCESS;
    }
    return result;
}

static void print_connected(ClrtlsConnection *c)
{
    struct ClrtlsInfo info = {0};
    if (failed(clrtlsInfo(c, &info)))
        return;
    printf("connected version=1.%c suite=%s group=%s alpn=%s peer='%s' resumed=%u\n",
           info.version == CLRTLS_VERSION_1_3 ? '3' : '2', info.suite, info.group, info.alpn,
           info.peer_name, info.is_resumed);
    fflush(stdout);
}

static void print_alert(ClrtlsConnection *c)
{
    struct ClrtlsInfo info = {0};
    if (clrtlsInfo(c, &info) == CLRC_SUCCESS && info.alert != 0)
        printf("alert %u\n", info.alert);
    fflush(stdout);
}

/* Octets that tell their place, sent and read back in batches. */
static bool bulk(ClrtlsConnection *c)
{
    static uint8_t sent[BATCH], got[BATCH];
    for (size_t done = 0; done < options.bulk; done += BATCH) {
        for (size_t i = 0; i < BATCH; i++)
            sent[i] = (uint8_t)((done + i) * 31u >> 3);
        if (failed(write_all(c, sent, BATCH)))
            return false;
        for (uint32_t at = 0; at < BATCH;) {
            uint32_t length = BATCH - at;
            if (failed(read_some(c, got + at, &length)))
                return false;
            at += length;
        }
        if (memcmp(sent, got, BATCH) != 0) {
            printf("failed ECHO: what came back differs\n");
            return false;
        }
    }
    printf("echoed %zu\n", options.bulk);
    return true;
}

static bool talk_hex(ClrtlsConnection *c)
{
    uint8_t octets[256] = {0};
    char text[2 * sizeof(octets) + 1] = "";
    size_t len = strlen(options.send) / 2;
    uint32_t length = sizeof(octets);
    if (len > sizeof(octets) || !km_unhex(options.send, octets, len))
        exit(2);
    if (failed(write_all(c, octets, (uint32_t)len)) || failed(read_some(c, octets, &length)))
        return false;
    km_hex(KM_SLICE(octets, length), text, sizeof(text));
    printf("got %s\n", text);
    return true;
}

static bool talk(ClrtlsConnection *c)
{
    static uint8_t answer[BATCH];
    uint32_t length = sizeof(answer) - 1;
    if (options.bulk != 0 && !bulk(c))
        return false;
    if (options.send == NULL)
        return true;
    if (options.hex)
        return talk_hex(c);
    if (failed(write_all(c, (const uint8_t *)options.send, (uint32_t)strlen(options.send))) ||
        failed(write_all(c, (const uint8_t *)"\n", 1)) || failed(read_some(c, answer, &length)))
        return false;
    printf("got %.*s\n", (int)strcspn((const char *)answer, "\r\n"), (const char *)answer);
    fflush(stdout);
    return true;
}

static int connect_plain(const char *host, const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &to.sin_addr) != 1)
        exit(2);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        perror("connect");
        exit(2);
    }
    return fd;
}

static ClrcResult open_connection(ClrtlsContext *context, const char *host, const char *port,
                                  int *fd, ClrtlsConnection **ret)
{
    if (!options.non_blocking)
        return clrtlsConnect(context, host, port, options.timeout_ms, ret);
    *fd = connect_plain(host, port);
    return clrtlsConnectionNew(context, *fd, *fd, host, ret);
}

static bool connect_once(ClrtlsContext *context, const char *host, const char *port)
{
    ClrtlsConnection *c = NULL;
    int fd = -1;
    ClrcResult result = open_connection(context, host, port, &fd, &c);
    if (result == CLRC_SUCCESS && options.non_blocking)
        result = shake(c);
    bool done = !failed(result);
    if (done) {
        print_connected(c);
        while (options.wait_for != NULL && access(options.wait_for, F_OK) != 0)
            (void)usleep(10000);
        done = !failed(clrtlsSetTimeout(c, options.timeout_ms)) && talk(c);
    }
    if (done && !options.no_shutdown)
        done = !failed(clrtlsShutdown(c));
    if (c != NULL)
        print_alert(c);
    clrtlsConnectionFree(c);
    if (fd >= 0)
        close(fd);
    if (done)
        puts("closed");
    return done;
}

/* ---- server ---- */

static int listen_somewhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        perror("listen");
        exit(2);
    }
    printf("port %u\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void echo(ClrtlsConnection *c)
{
    static uint8_t buf[BATCH];
    ClrcResult result = CLRC_SUCCESS;
    while (result == CLRC_SUCCESS) {
        uint32_t length = sizeof(buf);
        result = read_some(c, buf, &length);
        if (result == CLRC_SUCCESS)
            result = write_all(c, buf, length);
    }
    (void)failed(result);
    if (result == CLRTLS_ERROR_CLOSED)
        (void)failed(clrtlsShutdown(c));
}

static void serve_one(ClrtlsContext *context, int fd)
{
    ClrtlsConnection *c = NULL;
    if (options.non_blocking)
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    ClrcResult result = clrtlsConnectionNew(context, fd, fd, NULL, &c);
    if (result == CLRC_SUCCESS)
        result = clrtlsSetTimeout(c, options.timeout_ms);
    if (result == CLRC_SUCCESS)
        result = shake(c);
    if (!failed(result)) {
        print_connected(c);
        echo(c);
    }
    if (c != NULL)
        print_alert(c);
    clrtlsConnectionFree(c);
    close(fd);
}

static int serve(ClrtlsContext *context, unsigned count)
{
    int listener = listen_somewhere();
    for (unsigned i = 0; i < count; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            serve_one(context, fd);
    }
    close(listener);
    return 0;
}

/* ---- the command line ---- */

static const struct option long_options[] = {
    {"key", 1, NULL, 'k'},         {"cert", 1, NULL, 'c'},   {"pem-key", 1, NULL, 'K'},
    {"pem-cert", 1, NULL, 'C'},    {"psk", 1, NULL, 'p'},    {"ca", 1, NULL, 'a'},
    {"send", 1, NULL, 's'},        {"alpn", 1, NULL, 'l'},   {"min", 1, NULL, 'm'},
    {"max", 1, NULL, 'M'},         {"verify", 1, NULL, 'v'}, {"wait-for", 1, NULL, 'w'},
    {"timeout", 1, NULL, 't'},     {"repeat", 1, NULL, 'r'}, {"bulk", 1, NULL, 'b'},
    {"no-resume", 0, NULL, 'n'},   {"hex", 0, NULL, 'x'},    {"non-blocking", 0, NULL, 'N'},
    {"no-shutdown", 0, NULL, 'S'}, {NULL, 0, NULL, 0},
};

static void take_number(int option, const char *text)
{
    unsigned long number = strtoul(text, NULL, 10);
    if (option == 't')
        options.timeout_ms = (uint32_t)number;
    else if (option == 'r')
        options.repeat = (unsigned)number;
    else
        options.bulk = number;
}

static void take_option(int option)
{
    const struct {
        int option;
        const char **to;
    } texts[] = {{'k', &options.key},      {'c', &options.cert},    {'K', &options.pem_key},
                 {'C', &options.pem_cert}, {'p', &options.psk},     {'a', &options.ca},
                 {'s', &options.send},     {'m', &options.min},     {'M', &options.max},
                 {'v', &options.verify},   {'w', &options.wait_for}};
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        if (texts[i].option == option)
            *texts[i].to = optarg;
    }
    if (option == 'l' && options.n_alpn < ALPN_MAX)
        options.alpn[options.n_alpn++] = optarg;
    if (strchr("trb", option) != NULL)
        take_number(option, optarg);
    options.no_resume = options.no_resume || option == 'n';
    options.non_blocking = options.non_blocking || option == 'N';
    options.hex = options.hex || option == 'x';
    options.no_shutdown = options.no_shutdown || option == 'S';
    if (option == '?')
        exit(2);
}

int main(int argc, char **argv)
{
    for (int option = 0; (option = getopt_long(argc, argv, "+", long_options, NULL)) != -1;)
        take_option(option);
    int left = argc - optind;
    char **words = argv + optind;
    bool is_server = left == 2 && strcmp(words[0], "serve") == 0;
    if (!is_server && !(left == 3 && strcmp(words[0], "connect") == 0))
        return 2;
    ClrtlsContext *context = NULL;
    if (failed(clrtlsContextNew(is_server ? CLRTLS_SERVER : CLRTLS_CLIENT, &context)) ||
        !set_up(context))
        return 1;
    int status = 0;
    if (is_server)
        status = serve(context, (unsigned)strtoul(words[1], NULL, 10));
    for (unsigned i = 0; !is_server && i < options.repeat; i++)
        status |= connect_once(context, words[1], words[2]) ? 0 : 1;
    clrtlsContextFree(context);
    return status;
}
