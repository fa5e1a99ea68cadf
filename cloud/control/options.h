/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of keymoor-cloud-control. */
#ifndef KM_CONTROL_OPTIONS_H
#define KM_CONTROL_OPTIONS_H

#include <stdio.h>

#include "cloud/control/buses.h"

#define KM_CONTROL_PORT 8443
#define KM_CONTROL_REGION "us-east-1"

/* All texts are the command line's own. */
struct km_control_options {
    const char *registry; /* for km_registry_open */
    const char *key;      /* the file of the sealing key */
    const char *listen;
    unsigned port;
    const char *port_file; /* NULL: the port is told in the log alone */
    const char *certificate;
    const char *tls_key;
    /* The endpoint for devices, when has_devices. */
    bool has_devices;
    const char *device_listen;
    unsigned device_port;
    const char *device_port_file;
    const char *device_certificate;
    const char *device_key;
    const char *region;
    const char *endpoint; /* NULL: the address that it listens at */
    const char *issuer;   /* NULL: no certificates are issued */
    const char *account;  /* whose brokers these are */
    const char *buses[KM_BUSES_MAX];
    size_t n_buses;
    const char *websocket; /* a broker's socket; NULL: no MQTT over WebSockets */
    const char *functions; /* NULL: none can be invoked */
    unsigned request_timeout_s;
    unsigned console_idle_s; /* 0: as the console has it */
    bool has_no_console;
    bool is_quiet;
    bool wants_help;
    bool wants_version;
};

/* km_control_options_parse: KM_E_ARG with a sentence. */
km_status km_control_options_parse(struct km_err *err, int argc, char **argv,
                                   struct km_control_options *ret);
void km_control_options_usage(FILE *out);

#endif
