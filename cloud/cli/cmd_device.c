/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: a device is its certificate, and the things that it stands for. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cloud/cli/cli.h"
#include "cloud/cli/events.h"
#include "cloud/registry/registry_account.h"
#include "cloud/registry/registry_event.h"
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_thing.h"

#define N_REFUSALS 5

/* ---- list ---- */

static json_t *names_json(const struct km_registry_names *names)
{
    json_t *json = json_array();
    for (size_t i = 0; i < names->n_names; i++)
        (void)json_array_append_new(json, json_string(names->names[i]));
    return json;
}

static void print_names(const struct km_registry_names *names)
{
    for (size_t i = 0; i < names->n_names; i++)
        (void)printf("%s%s", i > 0 ? ", " : "", names->names[i]);
}

static km_status things_of(const struct cloud *cloud, const char *id, struct km_registry_names *ret)
{
    const struct km_registry_page page = {.marker = NULL};
    return km_registry_thing_of_principal(cloud->registry, cloud->arena, cloud->account, id, &page,
                                          ret);
}

static km_status show_row(const struct cli_options *options, const struct cloud *cloud,
                          const struct km_registry_certificate *certificate, json_t *json)
{
    struct km_registry_names things = {.names = NULL};
    char when[TIME_CAP] = {0};
    KM_TRY(things_of(cloud, certificate->id, &things));
    const char *status = km_certificate_status_name(certificate->status);
    (void)time_text(certificate->created_ms, when);
    if (options->json) {
        (void)json_array_append_new(json, json_pack("{s:s,s:s,s:s,s:o}", "certificateId",
                                                    certificate->id, "status", status, "registered",
                                                    when, "things", names_json(&things)));
        return KM_OK;
    }
    (void)printf("%.16s  %-18s  %s  ", certificate->id, status, when);
    print_names(&things);
    (void)putchar('\n');
    return KM_OK;
}

/* limit 0: all of them. */
static km_status list_devices(const struct cli_options *options, const struct cloud *cloud,
                              unsigned limit, json_t *json)
{
    const struct km_registry_certificate_filter filter = {.ca_id = NULL};
    struct km_registry_page page = {.is_descending = limit > 0};
    struct km_registry_certificate_list list = {.items = NULL};
    char marker[KM_REGISTRY_MARKER_MAX + 1] = {0};
    unsigned n = 0;
    do {
        KM_TRY(km_registry_certificate_list(cloud->registry, cloud->arena, cloud->account, &filter,
                                            &page, &list));
        for (size_t i = 0; i < list.n_items && (limit == 0 || n < limit); i++, n++)
            KM_TRY(show_row(options, cloud, &list.items[i], json));
        page.marker = NULL;
        if (list.next != NULL) {
            snprintf(marker, sizeof marker, "%s", list.next);
            page.marker = marker;
        }
        km_arena_reset(cloud->arena);
    } while (page.marker != NULL && (limit == 0 || n < limit));
    return KM_OK;
}

int cmd_device_list(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    unsigned limit = options->count != NULL ? read_count(options, 0) : 0;
    json_t *json = json_array();
    (void)operand;
    if (options->count != NULL && limit == 0)
        return EXIT_USAGE;
    if (!cloud_open(options, CLOUD_READ, &cloud))
        return EXIT_FAILURE;
    km_status status = list_devices(options, &cloud, limit, json);
    if (options->json && status == KM_OK)
        print_json(json_incref(json));
    json_decref(json);
    return status == KM_OK ? EXIT_SUCCESS : fail_registry(&cloud, "devices");
}

/* ---- which one ---- */

static bool is_certificate_id(const char *text)
{
    return strlen(text) == KM_CERTIFICATE_ID_LEN &&
           strspn(text, "0123456789abcdef") == KM_CERTIFICATE_ID_LEN;
}

/* The certificate of whoever last called itself so. */
static km_status last_of_client(const struct cloud *cloud, const char *client,
                                char ret[KM_CERTIFICATE_ID_LEN + 1])
{
    const struct km_registry_event_filter filter = {.account = cloud->account, .client_id = client};
    const struct km_registry_page page = {.limit = 20, .is_descending = true};
    struct km_registry_event_list list = {.items = NULL};
    KM_TRY(km_registry_event_list(cloud->registry, cloud->arena, &filter, &page, &list));
    for (size_t i = 0; i < list.n_items; i++)
        if (list.items[i].certificate_id != NULL) {
            snprintf(ret, KM_CERTIFICATE_ID_LEN + 1, "%s", list.items[i].certificate_id);
            return KM_OK;
        }
    return KM_E_NOTFOUND;
}

/* The access key by which whoever last called itself so came; NULL: it came by none. */
static const char *key_of_client(const struct cloud *cloud, const char *client)
{
    const struct km_registry_event_filter filter = {.account = cloud->account, .client_id = client};
    const struct km_registry_page page = {.limit = 1, .is_descending = true};
    struct km_registry_event_list list = {.items = NULL};
    if (km_registry_event_list(cloud->registry, cloud->arena, &filter, &page, &list) != KM_OK ||
        list.n_items == 0)
        return NULL;
    return list.items[0].principal;
}

/* A certificate's id, a thing's name, or a client id that was seen: a certificate's id. */
static km_status find(const struct cloud *cloud, const char *text,
                      char ret[KM_CERTIFICATE_ID_LEN + 1])
{
    const struct km_registry_page page = {.limit = 1};
    struct km_registry_names principals = {.names = NULL};
    if (is_certificate_id(text)) {
        snprintf(ret, KM_CERTIFICATE_ID_LEN + 1, "%s", text);
        return KM_OK;
    }
    km_status status = km_registry_thing_principals(cloud->registry, cloud->arena, cloud->account,
                                                    text, &page, &principals);
    if (status == KM_OK && principals.n_names > 0) {
        snprintf(ret, KM_CERTIFICATE_ID_LEN + 1, "%s", principals.names[0]);
        return KM_OK;
    }
    if (status != KM_OK && status != KM_E_NOTFOUND && status != KM_E_ARG)
        return status;
    return last_of_client(cloud, text, ret);
}

/* ---- show ---- */

struct device {
    struct km_registry_certificate certificate;
    struct km_registry_names things;
    struct km_registry_policy_list policies;
};

static km_status read_device(const struct cloud *cloud, const char *id, struct device *ret)
{
    KM_TRY(km_registry_certificate_get(cloud->registry, cloud->arena, cloud->account, id,
                                       &ret->certificate));
    KM_TRY(things_of(cloud, id, &ret->things));
    return km_registry_policy_effective(cloud->registry, cloud->arena, cloud->account, id, NULL,
                                        &ret->policies);
}

static json_t *policies_json(const struct km_registry_policy_list *policies)
{
    json_t *json = json_array();
    for (size_t i = 0; i < policies->n_items; i++)
        (void)json_array_append_new(json, json_string(policies->items[i].name));
    return json;
}

static json_t *device_json(const struct device *device)
{
    const struct km_registry_certificate *certificate = &device->certificate;
    char subject[SUBJECT_CAP] = {0}, issuer[SUBJECT_CAP] = {0}, when[TIME_CAP] = {0};
    char from[TIME_CAP] = {0}, until[TIME_CAP] = {0};
    json_t *json = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "certificateId", certificate->id, "status",
        km_certificate_status_name(certificate->status), "subject",
        subject_text(certificate->der, subject), "issuer", issuer_text(certificate->der, issuer),
        "registered", time_text(certificate->created_ms, when), "notBefore",
        time_text(certificate->not_before_ms, from), "notAfter",
        time_text(certificate->not_after_ms, until), "things", names_json(&device->things),
        "policies", policies_json(&device->policies));
    if (certificate->ca_id != NULL)
        (void)json_object_set_new(json, "caCertificateId", json_string(certificate->ca_id));
    return json;
}

static void print_device(const struct device *device)
{
    const struct km_registry_certificate *certificate = &device->certificate;
    char text[SUBJECT_CAP] = {0}, when[TIME_CAP] = {0};
    (void)printf("certificate  %s\nstatus       %s\n", certificate->id,
                 km_certificate_status_name(certificate->status));
    (void)printf("subject      %s\n", subject_text(certificate->der, text));
    (void)printf("issuer       %s\n", issuer_text(certificate->der, text));
    (void)printf("CA           %s\n", certificate->ca_id != NULL ? certificate->ca_id : "none");
    (void)printf("registered   %s\n", time_text(certificate->created_ms, when));
    (void)printf("not before   %s\n", time_text(certificate->not_before_ms, when));
    (void)printf("not after    %s\nthings       ", time_text(certificate->not_after_ms, when));
    print_names(&device->things);
    (void)fputs("\npolicies     ", stdout);
    for (size_t i = 0; i < device->policies.n_items; i++)
        (void)printf("%s%s", i > 0 ? ", " : "", device->policies.items[i].name);
    (void)putchar('\n');
}

int cmd_device_show(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct device device = {.things = {.names = NULL}};
    if (!cloud_open(options, CLOUD_READ, &cloud))
        return EXIT_FAILURE;
    km_status status = find(&cloud, operand, id);
    if (status == KM_E_NOTFOUND)
        return refuse("%s: no certificate, thing or client of that name is known", operand);
    if (status == KM_OK)
        status = read_device(&cloud, id, &device);
    if (status != KM_OK)
        return fail_registry(&cloud, operand);
    if (options->json)
        print_json(device_json(&device));
    else
        print_device(&device);
    return EXIT_SUCCESS;
}

/* ---- why ---- */

struct verdict {
    json_t *sentences;
    bool has_key; /* it is about one, and no certificate */
};

static void tell(struct verdict *verdict, const char *fmt, ...) KM_PRINTF(2, 3);
static void tell(struct verdict *verdict, const char *fmt, ...)
{
    char text[512] = {0};
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)json_array_append_new(verdict->sentences, json_string(text));
}

static void judge_status(struct verdict *verdict, const struct km_registry_certificate *certificate)
{
    switch (certificate->status) {
    case KM_CERTIFICATE_ACTIVE:
        return;
    case KM_CERTIFICATE_PENDING_ACTIVATION:
        tell(
            verdict,
            "its certificate is PENDING_ACTIVATION: it was registered when it first came, and nobody "
            "has activated it. A rule on $aws/events/certificates/registered/%s should call a "
            "function that does, or: aws iot update-certificate --new-status ACTIVE",
            certificate->ca_id != NULL ? certificate->ca_id : "+");
        return;
    case KM_CERTIFICATE_INACTIVE:
        tell(verdict,
             "its certificate is INACTIVE: aws iot update-certificate --new-status ACTIVE");
        return;
    case KM_CERTIFICATE_REVOKED:
        tell(verdict, "its certificate is REVOKED, for good: the device needs another one");
        return;
    case KM_CERTIFICATE_PENDING_TRANSFER:
        tell(verdict, "its certificate is on its way to another account");
        return;
    }
}

static void judge_time(struct verdict *verdict, const struct km_registry_certificate *certificate)
{
    int64_t now = (int64_t)time(NULL) * 1000;
    char when[TIME_CAP] = {0};
    if (now < certificate->not_before_ms)
        tell(verdict, "its certificate is not valid before %s",
             time_text(certificate->not_before_ms, when));
    if (now > certificate->not_after_ms)
        tell(verdict, "its certificate has expired at %s",
             time_text(certificate->not_after_ms, when));
}

static void judge(struct verdict *verdict, const struct device *device)
{
    judge_status(verdict, &device->certificate);
    judge_time(verdict, &device->certificate);
    if (device->policies.n_items == 0)
        tell(verdict, "no policy is attached to its certificate, so that iot:Connect is not "
                      "allowed: aws iot attach-policy");
}

/* judge_key: of who comes over WebSockets. */
static void judge_key(struct verdict *verdict, const struct cloud *cloud, const char *key)
{
    struct km_registry_access_key found = {.id = NULL};
    km_status status =
        km_registry_access_key_get(cloud->registry, cloud->arena, cloud->account, key, &found);
    verdict->has_key = true;
    if (status == KM_E_NOTFOUND)
        tell(verdict, "it came over WebSockets with the access key %s, which is gone", key);
    else if (status == KM_OK && !found.is_active)
        tell(verdict, "it came over WebSockets with the access key %s, which is inactive", key);
}

static km_status refusals(const struct cloud *cloud, const char *id, const char *client,
                          struct km_registry_event_list *ret)
{
    static const bool is_success = false;
    const struct km_registry_event_filter filter = {.account = cloud->account,
                                                    .certificate_id = id,
                                                    .client_id = client,
                                                    .is_success = &is_success};
    const struct km_registry_page page = {.limit = N_REFUSALS, .is_descending = true};
    return km_registry_event_list(cloud->registry, cloud->arena, &filter, &page, ret);
}

static void print_why(const struct verdict *verdict, const struct km_registry_event_list *list)
{
    size_t n = json_array_size(verdict->sentences);
    for (size_t i = 0; i < n; i++)
        (void)printf("%s\n", json_string_value(json_array_get(verdict->sentences, i)));
    if (n == 0)
        (void)printf("nothing that is known about its %s keeps it from connecting\n",
                     verdict->has_key ? "access key" : "certificate");
    (void)puts(list->n_items > 0 ? "refused lately:" : "no refusal is on record");
    for (size_t i = 0; i < list->n_items; i++)
        event_print(&list->items[i]);
}

static void print_why_json(const struct verdict *verdict, const char *id,
                           const struct km_registry_event_list *list)
{
    json_t *events = json_array();
    for (size_t i = 0; i < list->n_items; i++)
        (void)json_array_append_new(events, event_json(&list->items[i]));
    json_t *json = json_pack("{s:O,s:o}", "because", verdict->sentences, "refusals", events);
    if (id != NULL)
        (void)json_object_set_new(json, "certificateId", json_string(id));
    print_json(json);
}

static km_status explain(const struct cli_options *options, const struct cloud *cloud,
                         const char *operand)
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct device device = {.things = {.names = NULL}};
    struct km_registry_event_list list = {.items = NULL};
    struct verdict verdict = {.sentences = json_array()};
    km_status status = find(cloud, operand, id);
    bool is_known = status == KM_OK;
    if (is_known)
        status = read_device(cloud, id, &device);
    if (is_known && status == KM_OK)
        judge(&verdict, &device);
    const char *key = status == KM_E_NOTFOUND ? key_of_client(cloud, operand) : NULL;
    if (key != NULL) {
        judge_key(&verdict, cloud, key);
        status = KM_OK;
    } else if (status == KM_E_NOTFOUND) {
        tell(&verdict, "no registered certificate belongs to it: it never came with one that a "
                       "registered, active CA with auto-registration has issued");
        status = KM_OK;
    }
    if (status == KM_OK)
        status = refusals(cloud, is_known ? id : NULL, is_known ? NULL : operand, &list);
    if (status == KM_OK && options->json)
        print_why_json(&verdict, is_known ? id : NULL, &list);
    else if (status == KM_OK)
        print_why(&verdict, &list);
    json_decref(verdict.sentences);
    return status;
}

int cmd_device_why(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    if (!cloud_open(options, CLOUD_READ, &cloud))
        return EXIT_FAILURE;
    return explain(options, &cloud, operand) == KM_OK ? EXIT_SUCCESS
                                                      : fail_registry(&cloud, operand);
}
