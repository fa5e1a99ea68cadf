/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands. The settings are the process's, as the engine is one per process. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "common/km_secret.h"
#include "interop/engine/engine.h"

enum {
    CMD_PIN = ENGINE_CMD_BASE,
    CMD_SOCKET,
    CMD_HIDE_PRIVATE,
    CMD_SET_USER_INTERFACE,
    CMD_SET_CALLBACK_DATA,
    CMD_LOAD_CERT_CTRL,
    CMD_METHODS,
};

/* Names that other engines have made common; programs look some of them up by name. */
const ENGINE_CMD_DEFN engine_commands[] = {
    {CMD_PIN, "PIN", "Password of the keys that are loaded from now on", ENGINE_CMD_FLAG_STRING},
    {CMD_SOCKET, "SOCKET", "Path of keymoord's socket, before the first key is loaded",
     ENGINE_CMD_FLAG_STRING},
    {CMD_HIDE_PRIVATE, "HIDE_PRIVATE",
     "1: key structures have no private parts and new keys are not exportable (default); 0: otherwise",
     ENGINE_CMD_FLAG_NUMERIC},
    {CMD_SET_USER_INTERFACE, "SET_USER_INTERFACE", "UI_METHOD that asks for passwords",
     ENGINE_CMD_FLAG_INTERNAL},
    {CMD_SET_CALLBACK_DATA, "SET_CALLBACK_DATA", "Data for that UI_METHOD",
     ENGINE_CMD_FLAG_INTERNAL},
    {CMD_LOAD_CERT_CTRL, "LOAD_CERT_CTRL", "Load a certificate by name", ENGINE_CMD_FLAG_INTERNAL},
    {CMD_METHODS, "METHODS",
     "What the engine offers as a default, ENGINE_METHOD_ bits; before it is made one",
     ENGINE_CMD_FLAG_NUMERIC},
    {0, NULL, NULL, 0},
};

static struct {
    pthread_mutex_t lock;
    struct km_secret *pin;
    atomic_int
        pin_home; /* the process that was told it: in a forked child the kernel has emptied it */
    _Atomic(UI_METHOD *) ui;
    _Atomic(void *) ui_data;
    atomic_bool shows_private;
} settings = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int set_pin(const char *pin)
{
    struct km_secret *fresh = NULL;
    size_t len = pin == NULL ? 0 : strlen(pin);
    if (len > CLRC_PASSWORD_MAX)
        return 0;
    if (len != 0) {
        fresh = km_secret_from(KM_SLICE(pin, len));
        if (fresh == NULL)
            return 0;
    }
    pthread_mutex_lock(&settings.lock);
    struct km_secret *old = settings.pin;
    settings.pin = fresh;
    atomic_store(&settings.pin_home, getpid());
    pthread_mutex_unlock(&settings.lock);
    km_secret_free(old);
    return 1;
}

bool engine_pin(struct km_span buf, size_t *ret_len)
{
    bool has = false;
    if (atomic_load(&settings.pin_home) != getpid())
        return false;
    pthread_mutex_lock(&settings.lock);
    if (settings.pin != NULL) {
        struct km_slice pin = km_secret_expose(settings.pin);
        has = pin.len <= buf.len;
        if (has) {
            km_copy(buf.ptr, buf.len, pin.ptr, pin.len);
            *ret_len = pin.len;
        }
    }
    pthread_mutex_unlock(&settings.lock);
    return has;
}

UI_METHOD *engine_ui(void)
{
    return atomic_load(&settings.ui);
}

void *engine_ui_data(void)
{
    return atomic_load(&settings.ui_data);
}

bool engine_hides_private(void)
{
    return !atomic_load(&settings.shows_private);
}

static int set_socket(const char *path)
{
    struct km_err err = {0};
    if (path == NULL || km_door_clrc(&err, clrcSetSocket(path), "use socket", path) != KM_OK)
        return path == NULL ? 0 : engine_raise(&err, __func__);
    return 1;
}

/* The parameter that libp11's engine has made common. */
struct load_cert {
    const char *id;
    X509 *cert;
};

static int load_cert(struct load_cert *wish)
{
    if (wish == NULL || wish->id == NULL)
        return 0;
    wish->cert = engine_load_certificate(wish->id);
    return wish->cert != NULL;
}

int engine_ctrl(ENGINE *engine, int cmd, long i, void *p, void (*f)(void))
{
    (void)f;
    switch (cmd) {
    case CMD_PIN:
        return set_pin(p);
    case CMD_SOCKET:
        return set_socket(p);
    case CMD_HIDE_PRIVATE:
        atomic_store(&settings.shows_private, i == 0);
        return 1;
    case ENGINE_CTRL_SET_USER_INTERFACE:
    case CMD_SET_USER_INTERFACE:
        atomic_store(&settings.ui, p);
        return 1;
    case ENGINE_CTRL_SET_CALLBACK_DATA:
    case CMD_SET_CALLBACK_DATA:
        atomic_store(&settings.ui_data, p);
        return 1;
    case CMD_LOAD_CERT_CTRL:
        return load_cert(p);
    case CMD_METHODS:
        return i >= 0 && i <= ENGINE_METHOD_ALL && engine_offer(engine, (unsigned)i);
    default:
        return 0; /* quietly: programs try commands of other engines */
    }
}
