/* SPDX-License-Identifier: Apache-2.0 */
/* What mosquitto calls. */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <stdlib.h>

#include "cloud/broker-plugin/broker.h"
#include "cloud/broker-plugin/overheard.h"
#include "cloud/broker-plugin/trust.h"
#include "cloud/common/json.h"

#define INTERFACE_VERSION 5

/* mosquitto's headers leave what a plugin exports to the compiler's default, which here is to hide. */
KM_EXPORT int mosquitto_plugin_version(int supported_version_count, const int *supported_versions);
KM_EXPORT int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data,
                                    struct mosquitto_opt *options, int option_count);
KM_EXPORT int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options,
                                       int option_count);

static int on_basic_auth(int event, void *event_data, void *userdata)
{
    const struct mosquitto_evt_basic_auth *auth = event_data;
    (void)event;
    return broker_authenticate(userdata, auth->client);
}

static int on_acl_check(int event, void *event_data, void *userdata)
{
    (void)event;
    return broker_authorise(userdata, event_data);
}

static int on_message(int event, void *event_data, void *userdata)
{
    (void)event;
    return broker_message(userdata, event_data);
}

static int on_disconnect(int event, void *event_data, void *userdata)
{
    const struct mosquitto_evt_disconnect *disconnect = event_data;
    (void)event;
    broker_disconnected(userdata, disconnect->client);
    return MOSQ_ERR_SUCCESS;
}

static int on_tick(int event, void *event_data, void *userdata)
{
    (void)event;
    (void)event_data;
    broker_turn(userdata);
    return MOSQ_ERR_SUCCESS;
}

static const struct {
    int event;
    MOSQ_FUNC_generic_callback call;
} callbacks[] = {
    {MOSQ_EVT_BASIC_AUTH, on_basic_auth},
    {MOSQ_EVT_ACL_CHECK, on_acl_check},
    {MOSQ_EVT_MESSAGE, on_message},
    {MOSQ_EVT_DISCONNECT, on_disconnect},
    {MOSQ_EVT_TICK, on_tick},
};

/* mosquitto allows one callback of each kind and plugin, and gives no other way to find ours again at the end. */
static mosquitto_plugin_id_t *registered_as;

int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
    for (int i = 0; i < supported_version_count; i++)
        if (supported_versions[i] == INTERFACE_VERSION)
            return INTERFACE_VERSION;
    return -1;
}

static int fail(const struct km_err *err)
{
    mosquitto_log_printf(MOSQ_LOG_ERR, "Keymoor: %s", err->text);
    return MOSQ_ERR_INVAL;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data,
                          struct mosquitto_opt *options, int option_count)
{
    struct km_err err = {0};
    struct settings settings = {0};
    struct broker *broker = NULL;
    json_set_alloc_funcs(km_json_alloc, free); /* jansson is nobody else's here */
    if (settings_read(&err, options, option_count, &settings) != KM_OK ||
        trust_init(&err) != KM_OK || broker_new(&err, &settings, &broker) != KM_OK)
        return fail(&err);
    for (size_t i = 0; i < KM_ARRAY_LEN(callbacks); i++) {
        int rc = mosquitto_callback_register(identifier, callbacks[i].event, callbacks[i].call,
                                             NULL, broker);
        if (rc != MOSQ_ERR_SUCCESS) {
            broker_free(broker);
            return rc;
        }
    }
    overheard_start();
    registered_as = identifier;
    *user_data = broker;
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int option_count)
{
    (void)options;
    (void)option_count;
    for (size_t i = 0; i < KM_ARRAY_LEN(callbacks); i++)
        (void)mosquitto_callback_unregister(registered_as, callbacks[i].event, callbacks[i].call,
                                            NULL);
    broker_free(user_data);
    overheard_stop();
    return MOSQ_ERR_SUCCESS;
}
