/* SPDX-License-Identifier: Apache-2.0 */
/* What the service says of itself, and the fields that every audit record shares. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tee/keymoord/service.h"

static void add_walls(cJSON *object, const char *name, uint32_t mask)
{
    char text[160] = {0};
    km_confine_text(mask, text, sizeof(text));
    cJSON_AddStringToObject(object, name, text);
}

static void add_protection(const struct km_service *service, cJSON *object)
{
    cJSON *levels = cJSON_AddObjectToObject(object, "protection");
    bool counter = km_root_has_counter(&service->root);
    cJSON_AddStringToObject(levels, "object_sealed", "aes-256-gcm");
    cJSON_AddStringToObject(levels, "object_rollback", "detected when the store is opened");
    cJSON_AddStringToObject(levels, "store_rollback",
                            counter ? "detected by the root's counter"
                                    : "none (this root has no counter)");
    cJSON_AddStringToObject(levels, "root_secret",
                            strcmp(service->root.driver->name, "soft") == 0
                                ? "a file: who can read it can open the stores"
                                : "in the root");
}

static void add_crypto_policy(const struct km_service *service, cJSON *object)
{
    bool is_weak = false;
    const char *about = NULL;
    cJSON_AddStringToObject(object, "crypto_policy",
                            service->crypto_policy_file != NULL ? service->crypto_policy_file
                                                                : "none (everything is allowed)");
    cJSON *list = cJSON_AddObjectToObject(object, "algorithms");
    for (size_t i = 0;; i++) {
        const char *name = km_crypto_policy_name(i, &is_weak, &about);
        if (name == NULL)
            return;
        const char *state = is_weak ? "allowed, weak" : "allowed";
        if (km_crypto_policy_forbids(&service->crypto_policy, i))
            state = "forbidden";
        cJSON_AddStringToObject(list, name, state);
    }
}

static void add_app(cJSON *list, const struct km_app *app)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(list, object);
    cJSON_AddStringToObject(object, "uuid", app->text);
    cJSON_AddNumberToObject(object, "version", app->version);
    cJSON_AddStringToObject(object, "state", km_app_state_name(app));
    cJSON_AddNumberToObject(object, "sessions", (double)km_app_sessions(app));
    if (app->state == KM_APP_READY)
        cJSON_AddNumberToObject(object, "objects", (double)app->n_objects);
    if (app->instance_mask != 0)
        add_walls(object, "confinement", app->instance_mask);
    if (app->failure != 0)
        cJSON_AddStringToObject(object, "failure", app->failure_text);
}

static void add_session(cJSON *list, const struct km_instance *instance,
                        const struct km_session *session)
{
    const struct km_app *app = instance->app;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(list, object);
    cJSON_AddNumberToObject(object, "id", (double)session->id);
    cJSON_AddStringToObject(object, "ta", app->text);
    cJSON_AddNumberToObject(object, "instance", instance->id);
    char via[KM_UUID_TEXT_LEN] = {0};
    if (session->caller_instance != 0) {
        km_uuid_format(&session->caller, via);
        cJSON_AddStringToObject(object, "via", via);
    }
    if (session->peer != NULL) {
        cJSON_AddNumberToObject(object, "uid", session->peer->uid);
        cJSON_AddNumberToObject(object, "pid", session->peer->pid);
    }
}

static void add_sessions(const struct km_service *service, const struct km_peer *asker,
                         cJSON *object)
{
    cJSON *list = cJSON_AddArrayToObject(object, "session_list");
    for (const struct km_app *app = service->apps; app != NULL; app = app->next) {
        for (const struct km_instance *i = app->instances; i != NULL; i = i->next) {
            for (const struct km_session *s = i->sessions; s != NULL; s = s->next) {
                if (asker->is_admin || (s->peer != NULL && s->peer->uid == asker->uid))
                    add_session(list, i, s);
            }
        }
    }
}

static cJSON *make(const struct km_service *service, const struct km_peer *asker)
{
    cJSON *object = cJSON_CreateObject();
    uint32_t walls = service->confine_available;
    if (service->options.uid_base == 0)
        walls &= ~(uint32_t)KM_CONFINE_UID;
    cJSON_AddStringToObject(object, "version", KM_VERSION);
    cJSON_AddNumberToObject(object, "pid", getpid());
    int64_t uptime_s = (km_loop_now_ms() - service->started_ms) / 1000;
    cJSON_AddNumberToObject(object, "uptime_s", (double)uptime_s);
    cJSON_AddStringToObject(object, "root", service->root.driver->name);
    cJSON_AddStringToObject(object, "device_id", service->device_id);
    add_protection(service, object);
    add_crypto_policy(service, object);
    add_walls(object, "confinement", walls);
    add_walls(object, "confinement_demanded", service->options.confine_demanded);
    add_walls(object, "confinement_missing", KM_CONFINE_ALL & ~walls);
    cJSON_AddNumberToObject(object, "trusted_keys", (double)km_trust_count(service->trust));
    cJSON_AddNumberToObject(object, "sessions", (double)service->n_sessions);
    cJSON_AddNumberToObject(object, "sessions_ever", (double)service->n_opened);
    cJSON_AddNumberToObject(object, "clients", (double)service->n_clients);
    cJSON_AddNumberToObject(object, "audit_records", (double)service->audit.n_records);
    cJSON_AddNumberToObject(object, "audit_lost", (double)service->audit.n_lost);
    cJSON_AddNumberToObject(object, "audit_suppressed", (double)service->audit.n_suppressed);
    cJSON *apps = cJSON_AddArrayToObject(object, "tas");
    for (const struct km_app *app = service->apps; app != NULL; app = app->next)
        add_app(apps, app);
    add_sessions(service, asker, object);
    return object;
}

/* When it does not fit, the longest lists are cut; that they were is told. */
static bool shorten(cJSON *object)
{
    cJSON *sessions = cJSON_GetObjectItem(object, "session_list");
    cJSON *apps = cJSON_GetObjectItem(object, "tas");
    cJSON *list = cJSON_GetArraySize(sessions) > 0 ? sessions : apps;
    int n = cJSON_GetArraySize(list);
    if (n == 0)
        return false;
    for (int i = n - 1; i >= n / 2; i--)
        cJSON_DeleteItemFromArray(list, i);
    if (cJSON_GetObjectItem(object, "cut") == NULL)
        cJSON_AddTrueToObject(object, "cut");
    return true;
}

size_t km_status_json(const struct km_service *service, const struct km_peer *asker, char *ret,
                      size_t cap)
{
    cJSON *object = make(service, asker);
    bool fits = false;
    do {
        fits = cJSON_PrintPreallocated(object, ret, (int)cap - 8, false) != 0;
    } while (!fits && shorten(object));
    cJSON_Delete(object);
    if (!fits)
        ret[0] = '\0';
    return strlen(ret);
}

void km_service_audit(struct km_service *service, struct km_audit_record *record,
                      const struct km_peer *peer, const struct km_app *app)
{
    if (peer != NULL) {
        record->has_client = true;
        record->uid = peer->uid;
        record->gid = peer->gid;
        record->pid = (uint32_t)peer->pid;
        record->exe = peer->exe;
    }
    if (app != NULL)
        record->ta = app->text;
    km_audit_write(&service->audit, record);
    if (service->options.verbose)
        km_log(KM_LOG_INFO, "%s%s%s%s%s", record->event, app == NULL ? "" : " ",
               app == NULL ? "" : app->text, record->detail == NULL ? "" : ": ",
               record->detail == NULL ? "" : record->detail);
}
