/* SPDX-License-Identifier: Apache-2.0 */
/* The control plane: what its operations work on, and how a request becomes an answer. */
#ifndef KM_CONTROL_H
#define KM_CONTROL_H

#include "cloud/control/http.h"
#include "cloud/registry/registry.h"

#define KM_CONTROL_BUSES_MAX 16

struct km_issuer;
struct km_buses;
struct km_websockets;
struct km_invocation;

/* All borrowed by the control plane until it is freed. */
struct km_control_config {
    struct km_registry *registry;
    const struct km_crypto *crypto;
    const char *region;       /* of all ARNs; requests that are signed for another are refused */
    const char *endpoint;     /* what describe-endpoint answers: a host name, perhaps with a port */
    struct km_issuer *issuer; /* NULL: certificates aren't issued here */
    struct km_buses *buses;   /* to brokers; may have none */
    const char
        *account; /* whom those brokers serve: they are not told of anybody else. NULL: nobody */
    struct km_websockets *websockets; /* NULL: MQTT over WebSockets is not offered */
    const char *invoke_socket;        /* of the process that runs functions; NULL: there is none */
    struct km_registry_source source;
};

struct km_control;

/* km_control_new: returns owned. loop is borrowed until it is freed. */
km_status km_control_new(struct km_err *err, struct km_loop *loop,
                         const struct km_control_config *config, struct km_control **ret);
/* km_control_free: writes what audit is left; NULL is allowed. The HTTP server has to be gone, or to go before anything else runs. */
void km_control_free(struct km_control *control);
/* km_control_service: for km_http_new. */
struct km_http_service km_control_service(struct km_control *control);
struct km_call;
/*
 * Somebody who has proved elsewhere, not by a signature, who he is. Only operations of the named services are open to him: a bit
 * 1 << enum km_service each.
 */
struct km_control_identity {
    const char *account;
    const char *principal; /* NULL: he has a certificate instead */
    unsigned services;
    const char *certificate; /* its id; NULL: he has shown none */
    /* admit: whether he may come at all. permit: whether he may do what he asks for, its inputs checked. NULL: he may. */
    km_status (*admit)(struct km_call *call, void *arg);
    km_status (*permit)(struct km_call *call, void *arg);
    void *arg;
};
/* km_control_serve_as: what the service does with a request, for this identity; all borrowed for the call. */
void km_control_serve_as(struct km_control *control, struct km_http_exchange *exchange,
                         const struct km_http_request *request,
                         const struct km_control_identity *identity);
/* km_control_tick: once a round of the loop. */
void km_control_tick(struct km_control *control);

/* What operations need of it. */
const struct km_control_config *km_control_config(const struct km_control *control);
const struct km_crypto *km_control_crypto(const struct km_control *control);
/* km_control_has_brokers: whether this account's devices are at the brokers. */
bool km_control_has_brokers(const struct km_control_config *config, const char *account);
struct km_facts_reader;
/* km_control_reader: what reads devices' rights, for this account, which is borrowed until the next call. */
struct km_facts_reader *km_control_reader(struct km_control *control, const char *account);
struct km_loop *km_control_loop(const struct km_control *control);
struct km_invocation **km_control_invocations(struct km_control *control);
/* km_control_tell_brokers: that the registry has changed. They look at its feed by themselves; told, they do it at once. */
void km_control_tell_brokers(const struct km_control *control);
/* km_control_now_ms: since 1970, by the source. km_control_uuid: a new random one. */
int64_t km_control_now_ms(const struct km_control *control);
void km_control_uuid(const struct km_control *control, char ret[KM_REGISTRY_UUID_LEN + 1]);

#endif
