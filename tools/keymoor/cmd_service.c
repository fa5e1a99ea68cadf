/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor status, keymoor audit: what the service says of itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/km_bytes.h"
#include "keymoor.h"
#include "keymoor_service.h"

static void print_value(const cJSON *value)
{
    if (cJSON_IsString(value))
        printf("%s", value->valuestring);
    else if (cJSON_IsBool(value))
        printf("%s", cJSON_IsTrue(value) ? "yes" : "no");
    else if (cJSON_IsNumber(value))
        printf("%.0f", value->valuedouble);
    else if (cJSON_IsRaw(value))
        printf("%s", value->valuestring);
    else
        printf("-");
}

/* One line a member; nested ones indented. Good for any answer, also of a newer service. */
static void print_tree(const cJSON *node, int depth)
{
    const cJSON *child = NULL;
    cJSON_ArrayForEach(child, node)
    {
        printf("%*s", 2 * depth, "");
        if (child->string != NULL)
            printf("%-*s ", 24 - 2 * depth, child->string);
        else
            printf("- ");
        if (cJSON_IsArray(child) || cJSON_IsObject(child)) {
            printf("\n");
            print_tree(child, depth + 1);
        } else {
            print_value(child);
            printf("\n");
        }
    }
}

/* What the OEM gave the device, when there is a manifest. */
static void add_manifest(cJSON *json)
{
    ClrcManifestInfo info = {0};
    char signer[2 * sizeof info.signer + 1] = {0};
    char sequence[24] = {0};
    if (clrcDescribeManifest(&info) != CLRC_SUCCESS)
        return;
    km_hex(KM_SLICE(info.signer, sizeof info.signer), signer, sizeof signer);
    (void)snprintf(sequence, sizeof sequence, "%llu", (unsigned long long)info.sequence);
    cJSON *manifest = cJSON_AddObjectToObject(json, "manifest");
    cJSON_AddStringToObject(manifest, "class", info.device_class);
    cJSON_AddRawToObject(manifest, "sequence", sequence);
    cJSON_AddBoolToObject(manifest, "complete", info.is_complete != 0);
    cJSON_AddStringToObject(manifest, "signer", signer);
}

int cmd_status(const struct km_options *options, const char *operand)
{
    (void)operand;
    char *text = NULL;
    TEEC_Result result = keymoorServiceStatus(&text);
    if (result != TEEC_SUCCESS)
        return refuse("status: keymoord does not answer (0x%08x); is it running?", result);
    cJSON *json = cJSON_Parse(text);
    if (json == NULL) {
        printf("%s\n", text);
        free(text);
        return EXIT_SUCCESS;
    }
    free(text);
    add_manifest(json);
    if (options->json) {
        print_json(json);
        return EXIT_SUCCESS;
    }
    print_tree(json, 0);
    cJSON_Delete(json);
    return EXIT_SUCCESS;
}

static const char *member(const cJSON *json, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, name);
    return cJSON_IsString(value) ? value->valuestring : "";
}

static void print_record(const char *line)
{
    cJSON *json = cJSON_Parse(line);
    const cJSON *uid = cJSON_GetObjectItemCaseSensitive(json, "uid");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(json, "result");
    printf("%-24s %-12s %-14s %-32s uid %-6.0f %s\n", member(json, "time"), member(json, "event"),
           member(json, "operation"), member(json, "subject"),
           cJSON_IsNumber(uid) ? uid->valuedouble : -1,
           cJSON_IsString(code) ? code->valuestring : "");
    cJSON_Delete(json);
}

int cmd_audit(const struct km_options *options, const char *operand)
{
    (void)operand;
    uint64_t count = 0;
    if (!parse_number(options->count, 1, 10000, 50, &count))
        return refuse("--count takes a number from 1 to 10000");
    char *text = NULL;
    TEEC_Result result = keymoorServiceAudit((uint32_t)count, &text);
    if (result == TEEC_ERROR_ACCESS_DENIED)
        return complain("audit: only the administrator may read the audit records");
    if (result != TEEC_SUCCESS)
        return refuse("audit: keymoord does not answer (0x%08x); is it running?", result);
    if (options->json) {
        printf("%s", text);
    } else {
        char *rest = NULL;
        for (char *line = strtok_r(text, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest))
            print_record(line);
    }
    free(text);
    return EXIT_SUCCESS;
}
