/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry from a test's shell: registry_tool URL ACCOUNT COMMAND ARGUMENTS...
 *
 *   init                                         makes the registry and the account
 *   ca-add DER active|inactive auto|manual       prints the id
 *   ca-template ID CONFIG                        JSON with templateBody or templateName
 *   ca-set ID active|inactive auto|manual        ca-delete ID
 *   certificate-add DER CA|- STATUS              prints the id
 *   certificate-set ID STATUS                    certificate-show ID     certificate-count
 *   certificate-delete ID
 *   policy NAME DOCUMENT                         makes it, or a new default version
 *   attach POLICY CERTIFICATE                    detach POLICY CERTIFICATE
 *   thing NAME [ATTRIBUTE=VALUE]...              makes it, or replaces its attributes
 *   thing-attach NAME CERTIFICATE                thing-show NAME
 *   group NAME THING POLICY                      with that thing in it and that policy at it
 *   shadow THING NAME                            prints version and state
 *   logging LEVEL                                a number, see registry_logging.h
 *   log-level TARGET NAME LEVEL                  likewise
 *   retained                                     one a line: topic, QoS, octets
 *   rule NAME SQL FILTER PAYLOAD                 makes it; payload is JSON with its actions
 *   events                                       one a line: kind, 0 or 1, client id, certificate, reason
 */
#include <fcntl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/registry/registry_account.h"
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_event.h"
#include "cloud/registry/registry_group.h"
#include "cloud/registry/registry_logging.h"
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_retained.h"
#include "cloud/registry/registry_rule.h"
#include "cloud/registry/registry_shadow.h"
#include "common/km_file.h"

#define ARENA_MAX (64u * 1024 * 1024)
#define FILE_MAX 65536
#define ATTRIBUTES_MAX 50

struct tool {
    struct km_registry *reg;
    struct km_arena *arena;
    const char *account;
    char **args;
    int n_args;
};

static bool is_word(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static km_status init(struct tool *tool)
{
    km_status status = km_registry_account_create(tool->reg, tool->account, "test");
    return status == KM_E_EXISTS ? KM_OK : status;
}

static km_status read_der(const char *path, struct km_slice *ret, X509 **ret_x509)
{
    struct km_err err = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;
    km_status status = km_file_read(&err, AT_FDCWD, path, FILE_MAX, &bytes, &len);
    if (status != KM_OK)
        return status;
    const unsigned char *at = bytes;
    *ret_x509 = d2i_X509(NULL, &at, (long)len);
    *ret = KM_SLICE(bytes, len);
    return *ret_x509 == NULL ? KM_E_MALFORMED : KM_OK;
}

static km_status ca_add(struct tool *tool)
{
    struct km_slice der = {0};
    X509 *x509 = NULL;
    unsigned char *subject = NULL;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    KM_TRY(read_der(tool->args[0], &der, &x509));
    int len = i2d_X509_NAME(X509_get_subject_name(x509), &subject);
    struct km_registry_ca_new ca = {.der = der,
                                    .subject = KM_SLICE(subject, (size_t)len),
                                    .is_active = is_word(tool->args[1], "active"),
                                    .has_auto_registration = is_word(tool->args[2], "auto"),
                                    .not_after_ms = INT64_MAX / 2};
    km_status status = km_registry_ca_register(tool->reg, tool->account, &ca, id);
    OPENSSL_free(subject);
    X509_free(x509);
    free((void *)(uintptr_t)der.ptr);
    (void)puts(id);
    return status;
}

static km_status ca_set(struct tool *tool)
{
    bool is_active = is_word(tool->args[1], "active");
    bool is_auto = is_word(tool->args[2], "auto");
    const struct km_registry_ca_update update = {.is_active = &is_active,
                                                 .has_auto_registration = &is_auto};
    return km_registry_ca_update(tool->reg, tool->account, tool->args[0], &update);
}

static km_status ca_template(struct tool *tool)
{
    const struct km_registry_ca_update update = {.registration_config = tool->args[1]};
    return km_registry_ca_update(tool->reg, tool->account, tool->args[0], &update);
}

static km_status ca_delete(struct tool *tool)
{
    return km_registry_ca_delete(tool->reg, tool->account, tool->args[0]);
}

static km_status certificate_add(struct tool *tool)
{
    struct km_slice der = {0};
    X509 *x509 = NULL;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    struct km_registry_certificate_new certificate = {.not_after_ms = INT64_MAX / 2};
    KM_TRY(read_der(tool->args[0], &der, &x509));
    certificate.der = der;
    if (is_word(tool->args[1], "-"))
        certificate.mode = KM_CA_SNI_ONLY;
    else
        certificate.ca_id = tool->args[1];
    if (!km_certificate_status_parse(tool->args[2], &certificate.status))
        return KM_E_ARG;
    km_status status = km_registry_certificate_register(tool->reg, tool->account, &certificate, id);
    X509_free(x509);
    free((void *)(uintptr_t)der.ptr);
    (void)puts(id);
    return status;
}

static km_status certificate_set(struct tool *tool)
{
    enum km_certificate_status status = KM_CERTIFICATE_ACTIVE;
    if (!km_certificate_status_parse(tool->args[1], &status))
        return KM_E_ARG;
    return km_registry_certificate_set_status(tool->reg, tool->account, tool->args[0], status);
}

static km_status certificate_show(struct tool *tool)
{
    struct km_registry_certificate_state state = {0};
    KM_TRY(km_registry_certificate_state(tool->reg, tool->account, tool->args[0], &state));
    (void)printf("%s %s\n", km_certificate_status_name(state.status), state.ca_id);
    return KM_OK;
}

static km_status certificate_delete(struct tool *tool)
{
    return km_registry_certificate_delete(tool->reg, tool->account, tool->args[0], true);
}

static km_status certificate_count(struct tool *tool)
{
    struct km_registry_certificate_list list = {0};
    struct km_registry_page page = {0};
    const struct km_registry_certificate_filter filter = {0};
    size_t n = 0;
    do {
        KM_TRY(km_registry_certificate_list(tool->reg, tool->arena, tool->account, &filter, &page,
                                            &list));
        n += list.n_items;
        page.marker = list.next;
    } while (list.next != NULL);
    (void)printf("%zu\n", n);
    return KM_OK;
}

static km_status policy(struct tool *tool)
{
    int64_t version = 0;
    km_status status =
        km_registry_policy_create(tool->reg, tool->account, tool->args[0], tool->args[1]);
    if (status != KM_E_EXISTS)
        return status;
    return km_registry_policy_version_create(tool->reg, tool->account, tool->args[0], tool->args[1],
                                             true, &version);
}

static km_status attach(struct tool *tool)
{
    const struct km_policy_target target = {.kind = KM_TARGET_CERTIFICATE, .id = tool->args[1]};
    return km_registry_policy_attach(tool->reg, tool->account, tool->args[0], &target);
}

static km_status detach(struct tool *tool)
{
    const struct km_policy_target target = {.kind = KM_TARGET_CERTIFICATE, .id = tool->args[1]};
    return km_registry_policy_detach(tool->reg, tool->account, tool->args[0], &target);
}

static km_status thing(struct tool *tool)
{
    struct km_attribute attributes[ATTRIBUTES_MAX];
    char id[KM_REGISTRY_UUID_LEN + 1] = "";
    size_t n = 0;
    for (int i = 1; i < tool->n_args && n < ATTRIBUTES_MAX; i++) {
        char *value = strchr(tool->args[i], '=');
        if (value == NULL)
            return KM_E_ARG;
        *value = '\0';
        attributes[n++] = (struct km_attribute){.name = tool->args[i], .value = value + 1};
    }
    const struct km_registry_thing_new new = {
        .name = tool->args[0], .attributes = attributes, .n_attributes = n};
    const struct km_registry_thing_update update = {
        .sets_attributes = true, .attributes = attributes, .n_attributes = n};
    km_status status = km_registry_thing_create(tool->reg, tool->account, &new, id);
    if (status != KM_E_EXISTS)
        return status;
    return km_registry_thing_update(tool->reg, tool->account, tool->args[0], &update);
}

static km_status thing_attach(struct tool *tool)
{
    return km_registry_thing_attach(tool->reg, tool->account, tool->args[0], tool->args[1]);
}

static km_status thing_show(struct tool *tool)
{
    struct km_registry_thing found = {0};
    KM_TRY(km_registry_thing_get(tool->reg, tool->arena, tool->account, tool->args[0], &found));
    for (size_t i = 0; i < found.n_attributes; i++)
        (void)printf("%s=%s\n", found.attributes[i].name, found.attributes[i].value);
    return KM_OK;
}

static km_status group(struct tool *tool)
{
    char id[KM_REGISTRY_UUID_LEN + 1] = "";
    const struct km_registry_group_new new = {.name = tool->args[0]};
    const struct km_policy_target target = {.kind = KM_TARGET_GROUP, .id = tool->args[0]};
    KM_TRY(km_registry_group_create(tool->reg, tool->account, &new, id));
    KM_TRY(km_registry_group_add(tool->reg, tool->account, tool->args[0], tool->args[1]));
    return km_registry_policy_attach(tool->reg, tool->account, tool->args[2], &target);
}

static km_status logging(struct tool *tool)
{
    const struct km_registry_logging options = {
        .role = "r", .level = (enum km_log_level)strtol(tool->args[0], NULL, 10)};
    return km_registry_logging_set(tool->reg, tool->account, &options);
}

static km_status log_level(struct tool *tool)
{
    const struct km_registry_log_level level = {
        .target = (enum km_log_target)strtol(tool->args[0], NULL, 10),
        .name = tool->args[1],
        .level = (enum km_log_level)strtol(tool->args[2], NULL, 10)};
    return km_registry_log_level_set(tool->reg, tool->account, &level);
}

static km_status retained(struct tool *tool)
{
    struct km_registry_retained_list list = {0};
    KM_TRY(km_registry_retained_list(tool->reg, tool->arena, tool->account, NULL, &list));
    for (size_t i = 0; i < list.n_items; i++)
        (void)printf("%s %u %zu\n", list.items[i].topic, list.items[i].qos,
                     list.items[i].payload.len);
    return KM_OK;
}

static km_status shadow(struct tool *tool)
{
    struct km_registry_shadow found = {0};
    KM_TRY(km_registry_shadow_get(tool->reg, tool->arena, tool->account, tool->args[0],
                                  tool->args[1], &found));
    (void)printf("%lld %s\n", (long long)found.version, found.state == NULL ? "-" : found.state);
    return KM_OK;
}

static km_status rule(struct tool *tool)
{
    const struct km_registry_rule_new new = {.name = tool->args[0],
                                             .sql = tool->args[1],
                                             .topic_filter = tool->args[2],
                                             .payload = tool->args[3],
                                             .is_enabled = true};
    return km_registry_rule_create(tool->reg, tool->account, &new);
}

static const char *or_dash(const char *text)
{
    return text == NULL ? "-" : text;
}

static km_status events(struct tool *tool)
{
    struct km_registry_event_list list = {0};
    struct km_registry_page page = {0};
    const struct km_registry_event_filter filter = {.account = tool->account};
    do {
        KM_TRY(km_registry_event_list(tool->reg, tool->arena, &filter, &page, &list));
        for (size_t i = 0; i < list.n_items; i++)
            (void)printf("%s\t%d\t%s\t%s\t%s\n", list.items[i].kind, list.items[i].is_success,
                         or_dash(list.items[i].client_id), or_dash(list.items[i].certificate_id),
                         or_dash(list.items[i].reason));
        page.marker = list.next;
    } while (list.next != NULL);
    return KM_OK;
}

static const struct {
    const char *name;
    int n_args; /* at least */
    km_status (*run)(struct tool *tool);
} commands[] = {
    {"init", 0, init},
    {"ca-add", 3, ca_add},
    {"ca-set", 3, ca_set},
    {"ca-template", 2, ca_template},
    {"ca-delete", 1, ca_delete},
    {"certificate-add", 3, certificate_add},
    {"certificate-set", 2, certificate_set},
    {"certificate-show", 1, certificate_show},
    {"certificate-delete", 1, certificate_delete},
    {"certificate-count", 0, certificate_count},
    {"policy", 2, policy},
    {"attach", 2, attach},
    {"detach", 2, detach},
    {"thing", 1, thing},
    {"thing-attach", 2, thing_attach},
    {"thing-show", 1, thing_show},
    {"group", 3, group},
    {"shadow", 2, shadow},
    {"logging", 1, logging},
    {"log-level", 3, log_level},
    {"retained", 0, retained},
    {"rule", 4, rule},
    {"events", 0, events},
};

static int run(struct tool *tool, const char *command)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(commands); i++) {
        if (!is_word(commands[i].name, command) || tool->n_args < commands[i].n_args)
            continue;
        km_status status = commands[i].run(tool);
        if (status != KM_OK)
            (void)fprintf(stderr, "registry_tool: %s: %s: %s\n", command, km_status_name(status),
                          km_registry_err(tool->reg)->text);
        return status == KM_OK ? 0 : 1;
    }
    (void)fprintf(stderr, "registry_tool: no such command, or too few arguments: %s\n", command);
    return 2;
}

int main(int argc, char **argv)
{
    struct km_err err = {0};
    if (argc < 4) {
        (void)fprintf(stderr, "usage: registry_tool URL ACCOUNT COMMAND ARGUMENTS...\n");
        return 2;
    }
    struct tool tool = {
        .arena = km_arena_new(ARENA_MAX), .account = argv[2], .args = argv + 4, .n_args = argc - 4};
    const struct km_registry_config config = {.url = argv[1],
                                              .may_create = is_word(argv[3], "init")};
    if (tool.arena == NULL || km_registry_open(&err, &config, &tool.reg) != KM_OK) {
        (void)fprintf(stderr, "registry_tool: %s\n", err.text);
        return 1;
    }
    int rc = run(&tool, argv[3]);
    km_registry_close(tool.reg);
    km_arena_free(tool.arena);
    return rc;
}
