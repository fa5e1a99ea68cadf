/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/mqtt_peer.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/tls_peer.h"

#define CLIENT_ID_LEN 8

SSL_CTX *bench_mqtt_context(const char *ca)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL || SSL_CTX_load_verify_locations(tls, ca, NULL) != 1)
        bench_die("can't use %s", ca);
    SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    (void)signal(SIGPIPE, SIG_IGN); /* who is hung up on says so */
    return tls;
}

void bench_mqtt_send(struct bench_mqtt *peer, const uint8_t *octets, size_t len)
{
    if (SSL_write(peer->ssl, octets, (int)len) != (int)len)
        bench_die("the broker takes nothing");
}

static bool take(struct bench_mqtt *peer, uint8_t *octets, size_t len)
{
    for (size_t at = 0; at < len;) {
        int n = SSL_read(peer->ssl, octets + at, (int)(len - at));
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static bool packet(struct bench_mqtt *peer, uint8_t *body, uint8_t *ret_kind)
{
    uint8_t head[2] = {0};
    uint8_t more = 0;
    if (!take(peer, head, sizeof(head)))
        return false;
    size_t len = head[1] & 0x7fu;
    if ((head[1] & 0x80u) != 0) {
        if (!take(peer, &more, 1))
            return false;
        len |= (size_t)(more & 0x7fu) << 7;
    }
    *ret_kind = (uint8_t)(head[0] >> 4);
    return take(peer, body, len);
}

uint8_t bench_mqtt_packet(struct bench_mqtt *peer, uint8_t *body)
{
    uint8_t kind = 0;
    if (!packet(peer, body, &kind))
        bench_die("the broker has closed the connection");
    return kind;
}

static void drop(struct bench_mqtt *peer)
{
    SSL_free(peer->ssl);
    close(peer->fd);
}

/* Keeps alive for 20 minutes: nobody here sends pings. */
static bool introduce(struct bench_mqtt *peer)
{
    static const uint8_t fixed[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 4, 0xb0, 0, CLIENT_ID_LEN};
    uint8_t connect[2 + sizeof(fixed) + CLIENT_ID_LEN + 1] = {0x10, sizeof(fixed) + CLIENT_ID_LEN};
    uint8_t body[BENCH_MQTT_BODY_MAX];
    uint8_t kind = 0;
    for (size_t i = 0; i < sizeof(fixed); i++)
        connect[2 + i] = fixed[i];
    (void)snprintf((char *)connect + 2 + sizeof(fixed), CLIENT_ID_LEN + 1, "b%07u",
                   peer->number % 10000000);
    return SSL_write(peer->ssl, connect, sizeof(connect) - 1) == sizeof(connect) - 1 &&
           packet(peer, body, &kind) && kind == 2 && body[1] == 0;
}

bool bench_mqtt_try(struct bench_mqtt *ret, SSL_CTX *tls, X509 *certificate, uint16_t port,
                    unsigned number)
{
    *ret =
        (struct bench_mqtt){.fd = bench_tls_dial_port(port), .ssl = SSL_new(tls), .number = number};
    SSL_set_fd(ret->ssl, ret->fd);
    if (certificate != NULL && SSL_use_certificate(ret->ssl, certificate) != 1)
        bench_die("the certificate is refused by libssl");
    if (SSL_connect(ret->ssl) != 1)
        bench_die("the handshake failed");
    if (introduce(ret))
        return true;
    drop(ret);
    return false;
}

void bench_mqtt_dial(struct bench_mqtt *ret, SSL_CTX *tls, X509 *certificate, uint16_t port,
                     unsigned number)
{
    if (!bench_mqtt_try(ret, tls, certificate, port, number))
        bench_die("the broker does not accept the connection");
}

void bench_mqtt_hang_up(struct bench_mqtt *peer)
{
    static const uint8_t goodbye[] = {0xe0, 0};
    (void)SSL_write(peer->ssl, goodbye, sizeof(goodbye));
    (void)SSL_shutdown(peer->ssl);
    drop(peer);
}

static size_t put_text(uint8_t *at, const char *text)
{
    size_t len = strlen(text);
    at[0] = (uint8_t)(len >> 8);
    at[1] = (uint8_t)len;
    for (size_t i = 0; i < len; i++)
        at[2 + i] = (uint8_t)text[i];
    return 2 + len;
}

void bench_mqtt_subscribe(struct bench_mqtt *peer, const char *topic, uint8_t qos)
{
    uint8_t request[128] = {0x82, 0, 0, 1};
    uint8_t body[BENCH_MQTT_BODY_MAX] = {0};
    if (strlen(topic) > sizeof(request) - 8)
        bench_die("%s: too long a topic", topic);
    size_t len = 4 + put_text(request + 4, topic);
    request[len++] = qos;
    request[1] = (uint8_t)(len - 2);
    bench_mqtt_send(peer, request, len);
    if (bench_mqtt_packet(peer, body) != BENCH_MQTT_SUBACK || body[2] != qos)
        bench_die("no subscription to %s", topic);
}

size_t bench_mqtt_put_publish(uint8_t *at, const char *topic, const char *payload, unsigned qos,
                              uint8_t id)
{
    size_t payload_len = strlen(payload);
    size_t body = 2 + strlen(topic) + (qos > 0 ? 2 : 0) + payload_len;
    size_t len = 0;
    at[len++] = (uint8_t)(0x30 | qos << 1);
    at[len++] = (uint8_t)(body % 128 | 0x80);
    at[len++] = (uint8_t)(body / 128);
    len += put_text(at + len, topic);
    if (qos > 0) {
        at[len++] = 0;
        at[len++] = id;
    }
    for (size_t i = 0; i < payload_len; i++)
        at[len++] = (uint8_t)payload[i];
    return len;
}
