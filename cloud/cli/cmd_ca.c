/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cloud/cli/cli.h"

static json_t *ca_json(const struct km_registry_ca *ca)
{
    char subject[SUBJECT_CAP] = {0}, from[TIME_CAP] = {0}, until[TIME_CAP] = {0};
    return json_pack(
        "{s:s,s:s,s:b,s:b,s:s,s:s,s:s}", "id", ca->id, "subject", subject_text(ca->der, subject),
        "active", ca->is_active, "autoRegistration", ca->has_auto_registration, "mode",
        ca->mode == KM_CA_DEFAULT ? "DEFAULT" : "SNI_ONLY", "notBefore",
        time_text(ca->not_before_ms, from), "notAfter", time_text(ca->not_after_ms, until));
}

int cmd_ca_list(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    struct km_registry_page page = {.marker = NULL};
    struct km_registry_ca_list list = {.items = NULL};
    char subject[SUBJECT_CAP] = {0};
    json_t *json = json_array();
    (void)operand;
    if (!cloud_open(options, CLOUD_READ, &cloud))
        return EXIT_FAILURE;
    do {
        if (km_registry_ca_list(cloud.registry, cloud.arena, cloud.account, &page, &list) != KM_OK)
            return fail_registry(&cloud, "CAs");
        for (size_t i = 0; i < list.n_items; i++) {
            const struct km_registry_ca *ca = &list.items[i];
            (void)json_array_append_new(json, ca_json(ca));
            if (!options->json)
                (void)printf("%.16s  %-8s  %-14s  %s\n", ca->id,
                             ca->is_active ? "active" : "inactive",
                             ca->has_auto_registration ? "registers" : "does not register",
                             subject_text(ca->der, subject));
        }
        page.marker = list.next;
    } while (page.marker != NULL);
    if (options->json)
        print_json(json_incref(json));
    json_decref(json);
    return EXIT_SUCCESS;
}

int cmd_ca_show(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    struct km_registry_ca ca = {.id = NULL};
    char text[SUBJECT_CAP] = {0}, when[TIME_CAP] = {0};
    if (!cloud_open(options, CLOUD_READ, &cloud))
        return EXIT_FAILURE;
    if (km_registry_ca_get(cloud.registry, cloud.arena, cloud.account, operand, &ca) != KM_OK)
        return fail_registry(&cloud, operand);
    if (options->json) {
        print_json(ca_json(&ca));
        return EXIT_SUCCESS;
    }
    (void)printf("id                 %s\nsubject            %s\n", ca.id,
                 subject_text(ca.der, text));
    (void)printf("issuer             %s\nstatus             %s\n", issuer_text(ca.der, text),
                 ca.is_active ? "ACTIVE" : "INACTIVE");
    (void)printf("auto-registration  %s\nmode               %s\n",
                 ca.has_auto_registration ? "ENABLE" : "DISABLE",
                 ca.mode == KM_CA_DEFAULT ? "DEFAULT" : "SNI_ONLY");
    (void)printf("registered         %s\n", time_text(ca.created_ms, when));
    (void)printf("not before         %s\n", time_text(ca.not_before_ms, when));
    (void)printf("not after          %s\n", time_text(ca.not_after_ms, when));
    return EXIT_SUCCESS;
}
