/* SPDX-License-Identifier: Apache-2.0 */
/* The first octet picks the kind, up to the first line's end it is the topic, then the payload. What is read keeps to its bounds. */
#include <stdio.h>
#include <string.h>

#include "cloud/provision/fleet_request.h"
#include "fuzz/km_fuzz.h"

#define ARENA_MAX ((size_t)1 << 20)

static void check_topic(struct km_slice text)
{
    static const char *const fronts[] = {[KM_FLEET_CREATE] = "$aws/certificates/create",
                                         [KM_FLEET_CREATE_FROM_CSR] =
                                             "$aws/certificates/create-from-csr",
                                         [KM_FLEET_PROVISION] = "$aws/provisioning-templates/"};
    static const char *const formats[] = {
        [KM_FLEET_UNKNOWN] = "", [KM_FLEET_JSON] = "json", [KM_FLEET_CBOR] = "cbor"};
    struct km_fleet_topic topic = {KM_FLEET_CREATE, KM_FLEET_UNKNOWN, {0}};
    char again[128] = {0};
    if (!km_fleet_topic_parse(text, &topic) || topic.format == KM_FLEET_UNKNOWN)
        return;
    KM_FUZZ_CHECK((topic.kind == KM_FLEET_PROVISION) == (topic.template[0] != '\0'));
    (void)snprintf(again, sizeof(again), "%s%s%s/%s", fronts[topic.kind], topic.template,
                   topic.kind == KM_FLEET_PROVISION ? "/provision" : "", formats[topic.format]);
    KM_FUZZ_CHECK(km_slice_equal(text, KM_SLICE_STR(again)));
}

static void check_request(enum km_fleet_kind kind, struct km_slice payload)
{
    struct km_err err = {0};
    struct km_fleet_request request = {0};
    struct km_arena *arena = km_arena_new(ARENA_MAX);
    KM_FUZZ_CHECK(arena != NULL);
    if (km_fleet_request_read(&err, arena, kind, payload, &request) == KM_OK) {
        KM_FUZZ_CHECK((request.csr != NULL) == (kind == KM_FLEET_CREATE_FROM_CSR));
        KM_FUZZ_CHECK((request.token != NULL) == (kind == KM_FLEET_PROVISION));
        KM_FUZZ_CHECK(request.n_parameters <= KM_FLEET_PARAMETERS_MAX);
        for (size_t i = 0; i < request.n_parameters; i++)
            KM_FUZZ_CHECK(strncmp(request.parameters[i].name, "AWS::", 5) != 0 &&
                          strlen(request.parameters[i].value) <= KM_TEMPLATE_VALUE_MAX);
    } else {
        KM_FUZZ_CHECK(err.text[0] != '\0');
    }
    km_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum km_fleet_kind kinds[] = {KM_FLEET_CREATE, KM_FLEET_CREATE_FROM_CSR,
                                               KM_FLEET_PROVISION};
    if (size == 0)
        return 0;
    const uint8_t *end = memchr(data + 1, '\n', size - 1);
    size_t len = end == NULL ? size - 1 : (size_t)(end - data) - 1;
    check_topic(KM_SLICE(data + 1, len));
    if (end != NULL)
        check_request(kinds[data[0] % KM_ARRAY_LEN(kinds)],
                      KM_SLICE(end + 1, size - (size_t)(end + 1 - data)));
    return 0;
}
