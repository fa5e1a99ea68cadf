/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor-cloud-control: the control plane's process. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include <jansson.h>

#include "cloud/common/json.h"
#include "cloud/console/console.h"
#include "cloud/control/control.h"
#include "cloud/control/device.h"
#include "cloud/control/fleet.h"
#include "cloud/control/issuer.h"
#include "cloud/control/options.h"
#include "cloud/control/websocket.h"
#include "cloud/control/wipe.h"
#include "common/km_file.h"
#include "common/km_listen.h"
#include "common/km_log.h"

#ifndef KEYMOOR_VERSION
#define KEYMOOR_VERSION "unknown"
#endif
#define EXIT_USAGE 2
#define PORT_TEXT_CAP 16
#define FILES_MAX (4 * KM_WEBSOCKETS_MAX + 2 * KM_HTTP_CONNECTIONS_MAX + 512)

static struct daemon {
    struct km_control_options options;
    struct km_loop loop;
    struct km_watch signal_watch;
    struct km_crypto crypto;
    struct km_secret *key;
    struct km_registry *registry;
    struct km_issuer *issuer;
    struct km_buses *buses;
    struct km_websockets *websockets; /* NULL: not offered */
    struct km_control *control;
    struct km_fleet *fleet;     /* NULL: nobody is provisioned */
    struct km_console *console; /* NULL: there is none */
    struct km_http *http;
    struct km_devices *devices; /* NULL: it has no endpoint for devices */
    struct km_http *device_http;
    bool is_to_stop;
} self = {.loop = {.epoll_fd = -1}, .signal_watch = {.fd = -1}};

static void on_signal(struct km_watch *watch, uint32_t events)
{
    (void)events;
    if (km_loop_take_signal(watch) != 0)
        self.is_to_stop = true;
}

/* Access keys and private keys pass through this memory. */
static void confine(void)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    json_set_alloc_funcs(km_json_alloc, km_wipe_and_free);
}

static km_status open_storage(struct km_err *err)
{
    KM_TRY(km_registry_key_load(err, self.options.key, false, &self.key));
    const struct km_registry_config config = {
        .url = self.options.registry, .may_create = true, .key = self.key};
    return km_registry_open(err, &config, &self.registry);
}

static km_status open_websockets(struct km_err *err)
{
    const struct km_websockets_config config = {
        .broker = self.options.websocket, .request_ms = self.options.request_timeout_s * 1000};
    struct rlimit files = {0};
    if (config.broker == NULL)
        return KM_OK;
    /* Each has up to four descriptors. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_MAX) {
        files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    return km_websockets_new(err, &self.loop, &config, &self.websockets);
}

static km_status open_control(struct km_err *err)
{
    const char *endpoint = self.options.endpoint;
    if (self.options.issuer != NULL)
        KM_TRY(km_issuer_open(err, &self.crypto, self.options.issuer, (int64_t)time(NULL) * 1000,
                              &self.issuer));
    KM_TRY(km_buses_new(err, &self.loop, self.options.buses, self.options.n_buses, &self.buses));
    KM_TRY(open_websockets(err));
    const struct km_control_config config = {
        .registry = self.registry,
        .crypto = &self.crypto,
        .region = self.options.region,
        .endpoint = endpoint != NULL ? endpoint : self.options.listen,
        .issuer = self.issuer,
        .buses = self.buses,
        .account = self.options.account,
        .websockets = self.websockets,
        .invoke_socket = self.options.functions,
    };
    KM_TRY(km_control_new(err, &self.loop, &config, &self.control));
    if (self.issuer == NULL || self.options.n_buses == 0)
        return KM_OK;
    return km_fleet_new(err, self.control, self.options.buses, self.options.n_buses, &self.fleet);
}

/* open_console: *ret_service is the console's, with the control plane behind it, or the control plane's own. */
static km_status open_console(struct km_err *err, struct km_http_service *ret_service)
{
    const struct km_console_config config = {
        .control = self.control,
        .buses = self.options.buses,
        .n_buses = self.options.n_buses,
        .is_tls = self.options.certificate != NULL,
        .idle_ms = (int64_t)self.options.console_idle_s * 1000,
    };
    *ret_service = km_control_service(self.control);
    if (self.options.has_no_console)
        return KM_OK;
    KM_TRY(km_console_new(err, &self.loop, &config, &self.console));
    *ret_service = km_console_service(self.console);
    return KM_OK;
}

static km_status write_port(struct km_err *err, const char *path, const struct km_http *http)
{
    char text[PORT_TEXT_CAP] = {0};
    if (path == NULL)
        return KM_OK;
    (void)snprintf(text, sizeof(text), "%u\n", km_http_port(http));
    return km_file_write(err, AT_FDCWD, path, KM_SLICE_STR(text), 0644);
}

static km_status listen_for_devices(struct km_err *err)
{
    if (!self.options.has_devices)
        return KM_OK;
    KM_TRY(km_devices_new(err, self.control, &self.devices));
    const struct km_http_service service = km_devices_service(self.devices);
    const struct km_http_config config = {
        .address = self.options.device_listen,
        .port = self.options.device_port,
        .certificate_file = self.options.device_certificate,
        .key_file = self.options.device_key,
        .asks_for_certificate = true,
        .request_ms = self.options.request_timeout_s * 1000,
    };
    KM_TRY(km_http_new(err, &self.loop, &config, &service, &self.device_http));
    KM_TRY(write_port(err, self.options.device_port_file, self.device_http));
    km_log(KM_LOG_INFO, "devices at %s port %u", config.address, km_http_port(self.device_http));
    return KM_OK;
}

static km_status start(struct km_err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, 0};
    KM_TRY(km_loop_init(err, &self.loop));
    KM_TRY(km_loop_add_signals(err, &self.loop, &self.signal_watch, signals, on_signal));
    KM_TRY(km_crypto_init(err, &self.crypto));
    KM_TRY(open_storage(err));
    KM_TRY(open_control(err));
    struct km_http_service service = {0};
    KM_TRY(open_console(err, &service));
    const struct km_http_config config = {
        .address = self.options.listen,
        .port = self.options.port,
        .certificate_file = self.options.certificate,
        .key_file = self.options.tls_key,
        .request_ms = self.options.request_timeout_s * 1000,
        .n_taken_max = self.websockets != NULL ? KM_WEBSOCKETS_MAX : 0,
    };
    KM_TRY(km_http_new(err, &self.loop, &config, &service, &self.http));
    KM_TRY(listen_for_devices(err));
    KM_TRY(write_port(err, self.options.port_file, self.http));
    km_log(KM_LOG_INFO, "%s at %s port %u", config.certificate_file != NULL ? "HTTPS" : "HTTP",
           config.address, km_http_port(self.http));
    km_notify("READY=1");
    return KM_OK;
}

static int next_ms(void)
{
    const int parts[] = {
        self.device_http != NULL ? km_http_next_ms(self.device_http) : -1,
        self.console != NULL ? km_console_next_ms(self.console) : -1,
        self.fleet != NULL ? km_fleet_next_ms(self.fleet) : -1,
    };
    int least_ms = km_http_next_ms(self.http);
    for (size_t i = 0; i < KM_ARRAY_LEN(parts); i++)
        least_ms = parts[i] >= 0 && parts[i] < least_ms ? parts[i] : least_ms;
    return least_ms;
}

static km_status run(struct km_err *err)
{
    while (!self.is_to_stop) {
        KM_TRY(km_loop_once(err, &self.loop, next_ms()));
        km_http_tick(self.http);
        if (self.device_http != NULL)
            km_http_tick(self.device_http);
        km_control_tick(self.control);
        if (self.websockets != NULL)
            km_websockets_tick(self.websockets);
        if (self.fleet != NULL)
            km_fleet_tick(self.fleet);
        if (self.console != NULL)
            km_console_tick(self.console);
    }
    return KM_OK;
}

static void stop(void)
{
    km_websockets_stop(self.websockets);
    km_http_free(self.http);
    km_websockets_free(self.websockets);
    km_http_free(self.device_http);
    km_devices_free(self.devices);
    km_console_free(self.console);
    km_fleet_free(self.fleet);
    km_control_free(self.control);
    km_buses_free(self.buses);
    km_issuer_free(self.issuer);
    km_registry_close(self.registry);
    km_secret_free(self.key);
    km_crypto_clear(&self.crypto);
    if (self.signal_watch.fd >= 0)
        km_loop_remove(&self.loop, &self.signal_watch);
    km_loop_clear(&self.loop);
}

int main(int argc, char **argv)
{
    struct km_err err = {0};
    if (km_control_options_parse(&err, argc, argv, &self.options) != KM_OK) {
        (void)fprintf(stderr, "keymoor-cloud-control: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (self.options.wants_help) {
        km_control_options_usage(stdout);
        return EXIT_SUCCESS;
    }
    if (self.options.wants_version) {
        (void)puts("keymoor-cloud-control " KEYMOOR_VERSION);
        return EXIT_SUCCESS;
    }
    km_log_init("keymoor-cloud-control", getenv("JOURNAL_STREAM") != NULL,
                self.options.is_quiet ? KM_LOG_WARNING : KM_LOG_INFO);
    confine();
    km_status status = start(&err);
    if (status == KM_OK)
        status = run(&err);
    stop();
    if (status != KM_OK)
        km_log_err(KM_LOG_ERROR, &err, "control plane");
    return status == KM_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
