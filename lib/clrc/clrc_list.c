/* SPDX-License-Identifier: Apache-2.0 */
/* Listings: all pages are fetched before the caller sees the first entry, so that it may call what it likes. */
#include <stdlib.h>
#include <string.h>

#include "common/km_file.h"
#include "lib/clrc/clrc_handle.h"

#define PAGE_LEN 65536u
#define LIST_MAX ((size_t)64 << 20) /* some 300,000 keys */

struct listing {
    const char *function;
    uint32_t command;
    const char *filter; /* NULL: the command has none */
    uint8_t *octets;
    size_t len, room;
};

static ClrcResult out_of_memory(const struct listing *list)
{
    return clrc_fail(list->function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
}

static ClrcResult make_room(struct listing *list)
{
    if (list->room - list->len >= PAGE_LEN)
        return CLRC_SUCCESS;
    size_t wanted = list->room == 0 ? (size_t)PAGE_LEN : 2 * list->room;
    if (wanted > LIST_MAX)
        return clrc_long(list->function, "the list is longer than 64 MiB");
    uint8_t *grown = realloc(list->octets, wanted);
    if (grown == NULL)
        return out_of_memory(list);
    list->octets = grown;
    list->room = wanted;
    return CLRC_SUCCESS;
}

/* Fetches a page behind what is there; *cursor is 0 after the last one. */
static ClrcResult fetch_page(struct clrc_call *call, struct listing *list, uint32_t *cursor)
{
    ClrcResult result = make_room(list);
    if (result != CLRC_SUCCESS)
        return result;
    call->sent.op = (TEEC_Operation){0};
    unsigned at = 0;
    km_call_value_inout(&call->sent, at++, *cursor);
    if (list->filter != NULL)
        km_call_in(&call->sent, at++, list->filter, strlen(list->filter));
    km_call_out(&call->sent, at, list->octets + list->len, PAGE_LEN);
    result = clrc_invoke(call);
    if (result != CLRC_SUCCESS)
        return result;
    size_t len = clrc_size(call, at);
    uint32_t next = call->sent.op.params[0].value.a;
    if (len > PAGE_LEN || (len == 0 && next != 0))
        return clrc_fail(list->function, CLRC_ERROR_GENERIC, NULL,
                         "the service's answer is malformed");
    list->len += len;
    *cursor = next;
    return CLRC_SUCCESS;
}

static ClrcResult fetch(struct listing *list)
{
    struct clrc_call call = {
        .function = list->function, .sent.command = list->command, .is_repeatable = true};
    list->len = 0;
    ClrcResult result = clrc_begin(&call);
    if (result != CLRC_SUCCESS)
        return result;
    uint32_t cursor = 0;
    result = fetch_page(&call, list, &cursor);
    while (result == CLRC_SUCCESS && cursor != 0)
        result = fetch_page(&call, list, &cursor);
    clrc_end(&call);
    return result;
}

static ClrcResult fetch_all(struct listing *list)
{
    ClrcResult result = fetch(list);
    return result == CLRC_ERROR_SERVICE_DIED ? fetch(list) : result;
}

static ClrcResult malformed(const struct listing *list)
{
    return clrc_fail(list->function, CLRC_ERROR_GENERIC, NULL, "the service's list is malformed");
}

static ClrcResult show_keys(const struct listing *list,
                            int (*seen)(void *arg, const ClrcKeyInfo *info), void *arg)
{
    struct km_rd rd = km_rd_init(KM_SLICE(list->octets, list->len));
    while (!km_rd_done(&rd)) {
        struct km_slice entry = {0};
        ClrcKeyInfo info = {0};
        if (!km_crypto_list_next(&rd, KM_CRYPTO_INFO_WIRE_MAX, &entry) ||
            !clrc_info_parse(entry, &info))
            return malformed(list);
        if (seen(arg, &info) == 0)
            return CLRC_SUCCESS;
    }
    return CLRC_SUCCESS;
}

ClrcResult clrcListNamedKeys(const char *password_name,
                             int (*seen)(void *arg, const ClrcKeyInfo *info), void *arg)
{
    struct listing list = {.function = "clrcListNamedKeys",
                           .command = KM_CRYPTO_CMD_LIST_KEYS,
                           .filter = password_name == NULL ? "" : password_name};
    if (seen == NULL)
        return clrc_bad(list.function, "a pointer is NULL");
    if (password_name != NULL && !clrc_name_is(password_name))
        return clrc_fail(list.function, CLRC_ERROR_BAD_NAME, NULL, NULL);
    ClrcResult result = fetch_all(&list);
    if (result == CLRC_SUCCESS)
        result = show_keys(&list, seen, arg);
    free(list.octets);
    return result;
}

static ClrcResult show_noted(const struct listing *list,
                             int (*seen)(void *arg, const ClrcKeyInfo *info, const uint8_t *note,
                                         uint32_t length),
                             void *arg)
{
    struct km_rd rd = km_rd_init(KM_SLICE(list->octets, list->len));
    while (!km_rd_done(&rd)) {
        struct km_slice entry = {0};
        struct km_crypto_noted noted = {0};
        ClrcKeyInfo info = {0};
        if (!km_crypto_list_next(&rd, KM_CRYPTO_NOTED_WIRE_MAX, &entry) ||
            !km_crypto_noted_parse(entry, &noted))
            return malformed(list);
        clrc_info_from(&noted.info, &info);
        if (seen(arg, &info, noted.note.ptr, (uint32_t)noted.note.len) == 0)
            return CLRC_SUCCESS;
    }
    return CLRC_SUCCESS;
}

static ClrcResult list_noted(struct listing *list,
                             int (*seen)(void *arg, const ClrcKeyInfo *info, const uint8_t *note,
                                         uint32_t length),
                             void *arg)
{
    if (seen == NULL)
        return clrc_bad(list->function, "a pointer is NULL");
    ClrcResult result = fetch_all(list);
    if (result == CLRC_SUCCESS)
        result = show_noted(list, seen, arg);
    free(list->octets);
    return result;
}

ClrcResult clrcListNotedKeys(int (*seen)(void *arg, const ClrcKeyInfo *info, const uint8_t *note,
                                         uint32_t length),
                             void *arg)
{
    struct listing list = {.function = "clrcListNotedKeys", .command = KM_CRYPTO_CMD_LIST_NOTED};
    return list_noted(&list, seen, arg);
}

ClrcResult clrcListData(int (*seen)(void *arg, const ClrcKeyInfo *info, const uint8_t *note,
                                    uint32_t length),
                        void *arg)
{
    struct listing list = {.function = "clrcListData", .command = KM_CRYPTO_CMD_LIST_DATA};
    return list_noted(&list, seen, arg);
}

ClrcResult clrcListObjects(int (*seen)(void *arg, const ClrcKeyInfo *info, const uint8_t *note,
                                       uint32_t length),
                           void *arg)
{
    struct listing list = {.function = "clrcListObjects", .command = KM_CRYPTO_CMD_LIST_OBJECTS};
    return list_noted(&list, seen, arg);
}

ClrcResult clrcStorageState(ClrcStorageState *state)
{
    static const char function[] = "clrcStorageState";
    uint8_t bytes[KM_RESULT_STATE_LEN] = {0};
    uint32_t len = sizeof(bytes);
    if (state == NULL)
        return clrc_bad(function, "a pointer is NULL");
    struct clrc_call call = {
        .function = function, .sent.command = KM_CRYPTO_CMD_STORAGE_STATE, .is_repeatable = true};
    clrc_small_out(&call, 0, bytes, sizeof(bytes));
    ClrcResult result = clrc_run_sized(&call, 0, &len);
    if (result != CLRC_SUCCESS)
        return result;
    if (!km_result_state(KM_SLICE(bytes, len), state))
        return clrc_fail(function, CLRC_ERROR_GENERIC, NULL, "the service's answer is malformed");
    return CLRC_SUCCESS;
}

static ClrcResult show_names(const struct listing *list, int (*seen)(void *arg, const char *name),
                             void *arg)
{
    struct km_rd rd = km_rd_init(KM_SLICE(list->octets, list->len));
    while (!km_rd_done(&rd)) {
        struct km_slice entry = {0};
        struct km_crypto_name name = {0};
        if (!km_crypto_list_next(&rd, KM_CRYPTO_NAME_MAX, &entry) ||
            !km_crypto_name_parse(entry, &name))
            return malformed(list);
        if (seen(arg, name.at) == 0)
            return CLRC_SUCCESS;
    }
    return CLRC_SUCCESS;
}

ClrcResult clrcListPasswords(int (*seen)(void *arg, const char *name), void *arg)
{
    struct listing list = {.function = "clrcListPasswords",
                           .command = KM_CRYPTO_CMD_LIST_PASSWORDS};
    if (seen == NULL)
        return clrc_bad(list.function, "a pointer is NULL");
    ClrcResult result = fetch_all(&list);
    if (result == CLRC_SUCCESS)
        result = show_names(&list, seen, arg);
    free(list.octets);
    return result;
}
