/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of the control plane's REST API, each with a signature of its own: describe-thing, which reads, beside update-thing, which
 * is on the disk with its entry in the audit when it is answered. In the environment that `keymoor-cloud up` writes (aws.env).
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "cloud/control/crypto.h"

#define N_THREADS 4
#define SECONDS 1.0
#define TEXT_MAX 2048
#define ANSWER_MAX 16384
#define HEX_LEN (2 * KM_SHA256_LEN + 1)
#define UPDATE "{\"attributePayload\":{\"attributes\":{\"n\":\"%u\"}}}"

static const char *access_key, *secret, *region;
static struct sockaddr_in address = {.sin_family = AF_INET};

struct caller {
    struct km_crypto crypto;
    int sock;
    unsigned n;
};

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL)
        bench_die("%s is not set", name);
    return value;
}

static void find_endpoint(void)
{
    unsigned port = 0;
    if (sscanf(setting("KEYMOOR_CLOUD_ENDPOINT"), "http://127.0.0.1:%u", &port) != 1 ||
        port > UINT16_MAX)
        bench_die("the endpoint is not http on the loopback");
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static void digest_hex(const struct caller *caller, const char *text, char ret[HEX_LEN])
{
    uint8_t digest[KM_SHA256_LEN];
    if (km_crypto_sha256(NULL, &caller->crypto, KM_SLICE_STR(text), digest) != KM_OK)
        bench_die("libcrypto: no digest");
    km_hex(KM_SLICE(digest, sizeof(digest)), ret, HEX_LEN);
}

static void mac(const struct caller *caller, struct km_slice key, const char *text,
                uint8_t ret[KM_SHA256_LEN])
{
    if (km_crypto_hmac(NULL, &caller->crypto, key, KM_SLICE_STR(text), ret) != KM_OK)
        bench_die("libcrypto: no MAC");
}

/* AWS Signature Version 4 of a request without a query, with the headers host and x-amz-date. */
static void sign(const struct caller *caller, const char *method, const char *path,
                 const char *body, const char *stamp, char ret[HEX_LEN])
{
    char hash[HEX_LEN], text[TEXT_MAX], day[9], start[256];
    uint8_t key[KM_SHA256_LEN];
    const char *parts[] = {region, "iot", "aws4_request"};
    digest_hex(caller, body, hash);
    (void)snprintf(text, sizeof(text),
                   "%s\n%s\n\nhost:localhost\nx-amz-date:%s\n\nhost;x-amz-date\n%s", method, path,
                   stamp, hash);
    digest_hex(caller, text, hash);
    (void)snprintf(day, sizeof(day), "%.8s", stamp);
    (void)snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s/%s/iot/aws4_request\n%s", stamp,
                   day, region, hash);
    (void)snprintf(start, sizeof(start), "AWS4%s", secret);
    mac(caller, KM_SLICE_STR(start), day, key);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        mac(caller, KM_SLICE(key, sizeof(key)), parts[i], key);
    mac(caller, KM_SLICE(key, sizeof(key)), text, key);
    km_hex(KM_SLICE(key, sizeof(key)), ret, HEX_LEN);
}

static void send_request(const struct caller *caller, const char *method, const char *path,
                         const char *body)
{
    char stamp[32], signature[HEX_LEN], text[TEXT_MAX];
    time_t now = time(NULL);
    struct tm utc = {0};
    gmtime_r(&now, &utc);
    (void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
    sign(caller, method, path, body, stamp, signature);
    int len =
        snprintf(text, sizeof(text),
                 "%s %s HTTP/1.1\r\nHost: localhost\r\nX-Amz-Date: %s\r\nAuthorization: "
                 "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/iot/aws4_request, "
                 "SignedHeaders=host;x-amz-date, Signature=%s\r\n"
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                 method, path, stamp, access_key, stamp, region, signature, strlen(body), body);
    if (len < 0 || (size_t)len >= sizeof(text) || write(caller->sock, text, (size_t)len) != len)
        bench_die("the request can't be sent");
}

/* The answer whole; anything but 200 ends the program with what it says. */
static void read_answer(const struct caller *caller)
{
    static const char LENGTH[] = "Content-Length: ";
    char text[ANSWER_MAX + 1];
    size_t have = 0;
    for (;;) {
        ssize_t n = read(caller->sock, text + have, ANSWER_MAX - have);
        if (n <= 0)
            bench_die("the control plane hung up");
        have += (size_t)n;
        text[have] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, LENGTH);
        if (end == NULL)
            continue;
        if (length == NULL || length > end || strncmp(text, "HTTP/1.1 200 ", 13) != 0)
            bench_die("the control plane answered %s", text);
        if (have >= (size_t)(end + 4 - text) + strtoul(length + sizeof(LENGTH) - 1, NULL, 10))
            return;
    }
}

static void *begin(unsigned thread)
{
    struct caller *caller = calloc(1, sizeof(*caller));
    int on = 1;
    if (caller == NULL || km_crypto_init(NULL, &caller->crypto) != KM_OK)
        bench_die("memory is short");
    caller->n = thread;
    caller->sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (caller->sock < 0 ||
        connect(caller->sock, (const struct sockaddr *)&address, sizeof(address)) != 0)
        bench_die("no control plane at the endpoint");
    (void)setsockopt(caller->sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return caller;
}

static void describe_once(void *arg)
{
    const struct caller *caller = arg;
    send_request(caller, "GET", "/things/bench", "");
    read_answer(caller);
}

static void update_once(void *arg)
{
    struct caller *caller = arg;
    char body[128];
    (void)snprintf(body, sizeof(body), UPDATE, caller->n += N_THREADS);
    send_request(caller, "PATCH", "/things/bench", body);
    read_answer(caller);
}

static void end(void *arg)
{
    struct caller *caller = arg;
    close(caller->sock);
    km_crypto_clear(&caller->crypto);
    free(caller);
}

static void create_thing(void)
{
    struct caller *caller = begin(0);
    send_request(caller, "POST", "/things/bench", "{}");
    read_answer(caller);
    end(caller);
}

int main(void)
{
    const struct bench_contender contenders[] = {{"describe-thing", begin, describe_once, end},
                                                 {"update-thing", begin, update_once, end}};
    struct bench_result results[2] = {{0}};
    access_key = setting("AWS_ACCESS_KEY_ID");
    secret = setting("AWS_SECRET_ACCESS_KEY");
    region = setting("AWS_DEFAULT_REGION");
    find_endpoint();
    create_thing();
    bench_run(contenders, 2, N_THREADS, SECONDS, results);
    bench_print(&(struct bench_row){.id = "REST calls, describe-thing, 4 connections",
                                    .unit = "calls/s",
                                    .value = results[0].rate,
                                    .peer = "update-thing, each on the disk",
                                    .peer_value = results[1].rate});
    return 0;
}
