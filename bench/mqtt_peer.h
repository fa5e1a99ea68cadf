/* SPDX-License-Identifier: Apache-2.0 */
/* A client of a broker: MQTT 3.1.1 over TLS 1.2, as little of it as the benchmarks need. Functions end the program when they can't. */
#ifndef KM_BENCH_MQTT_PEER_H
#define KM_BENCH_MQTT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

/* Kinds of packets. */
#define BENCH_MQTT_PUBLISH 3
#define BENCH_MQTT_PUBACK 4
#define BENCH_MQTT_SUBACK 9
#define BENCH_MQTT_BODY_MAX 16384 /* of a packet, both ways */

struct bench_mqtt {
    SSL *ssl;
    int fd;
    unsigned number; /* of which its client id is made */
};

/* bench_mqtt_context: returns owned; trusts this CA (a PEM file), resumes nothing. Certificate and key are the caller's to set. */
SSL_CTX *bench_mqtt_context(const char *ca);
/*
 * bench_mqtt_try: from TCP to CONNACK; false, and everything closed, when the broker ends the connection instead. certificate: of the
 * context's key, NULL for the context's own.
 */
bool bench_mqtt_try(struct bench_mqtt *ret, SSL_CTX *tls, X509 *certificate, uint16_t port,
                    unsigned number);
/* bench_mqtt_dial: the same where nothing else than being accepted will do. */
void bench_mqtt_dial(struct bench_mqtt *ret, SSL_CTX *tls, X509 *certificate, uint16_t port,
                     unsigned number);
/* bench_mqtt_hang_up: says goodbye. */
void bench_mqtt_hang_up(struct bench_mqtt *peer);

void bench_mqtt_send(struct bench_mqtt *peer, const uint8_t *octets, size_t len);
/* bench_mqtt_packet: the next one's kind; body has room for BENCH_MQTT_BODY_MAX. */
uint8_t bench_mqtt_packet(struct bench_mqtt *peer, uint8_t *body);
/* bench_mqtt_subscribe: with QoS `qos`, until it is granted. */
void bench_mqtt_subscribe(struct bench_mqtt *peer, const char *topic, uint8_t qos);
/* bench_mqtt_put_publish: a PUBLISH at `at`, returns its length; id counts when qos is not 0. The body has 128 to 16383 octets. */
size_t bench_mqtt_put_publish(uint8_t *at, const char *topic, const char *payload, unsigned qos,
                              uint8_t id);

#endif
