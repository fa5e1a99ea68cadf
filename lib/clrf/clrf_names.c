/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/clrf/clrf_internal.h"

static void take_info(const struct km_storage_info *from, ClrfInfo *ret)
{
    *ret = (ClrfInfo){
        .flags = from->flags, .size = from->size, .made = from->made, .n_grants = from->grants.n};
    km_copy(ret->name, CLRF_NAME_MAX, from->name.at, from->name.len);
    for (uint32_t i = 0; i < from->grants.n; i++)
        ret->grants[i] =
            (ClrfGrant){from->grants.at[i].kind, from->grants.at[i].rights, from->grants.at[i].id};
}

static ClrcResult malformed(const char *function)
{
    return clrf_fail(function, CLRC_ERROR_GENERIC, NULL, "the service's answer is malformed");
}

ClrcResult clrfStat(const char *name, uint32_t flags, const ClrfOptions *options, ClrfInfo *info)
{
    static const char function[] = "clrfStat";
    struct clrf_wish wish = {0};
    struct km_storage_info found = {0};
    uint8_t octets[KM_STORAGE_INFO_MAX] = {0};
    struct km_call call = {.command = KM_STORAGE_CMD_STAT};
    if (info == NULL)
        return clrf_fail(function, CLRC_ERROR_BAD_PARAMETERS, name, "a pointer is NULL");
    ClrcResult result = clrf_wish_set(&wish, function, name, flags, options);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_in(&call, 0, wish.octets, wish.len);
    km_call_out(&call, 1, octets, sizeof(octets));
    result = clrf_run(function, name, &call, true);
    if (result != CLRC_SUCCESS)
        return result;
    size_t len = call.op.params[1].tmpref.size;
    if (len > sizeof(octets) || !km_storage_info_parse(KM_SLICE(octets, len), &found))
        return malformed(function);
    take_info(&found, info);
    return CLRC_SUCCESS;
}

/* ---- the list: in one session from its beginning to its end ---- */

struct listing {
    uint32_t flags, uid, cursor;
    int (*seen)(void *arg, const ClrfInfo *info);
    void *arg;
    bool is_over; /* the caller has seen enough, or all */
};

static ClrcResult show_page(struct listing *list, struct km_slice page)
{
    struct km_rd rd = km_rd_init(page);
    while (!km_rd_done(&rd) && !list->is_over) {
        struct km_slice octets = {0};
        struct km_storage_info found = {0};
        ClrfInfo info = {0};
        if (!km_rd_blob32le(&rd, KM_STORAGE_INFO_MAX, &octets) ||
            !km_storage_info_parse(octets, &found))
            return malformed("clrfList");
        take_info(&found, &info);
        list->is_over = list->seen(list->arg, &info) == 0;
    }
    return CLRC_SUCCESS;
}

static ClrcResult fetch_page(struct listing *list, struct km_pool_lane *lane, uint8_t *octets,
                             size_t *ret_len)
{
    struct km_call call = {.command = KM_STORAGE_CMD_LIST};
    km_call_value_inout(&call, 0, list->cursor);
    km_call_value(&call, 1, list->flags, list->uid);
    km_call_out(&call, 2, octets, KM_STORAGE_LIST_MAX);
    ClrcResult result = clrf_in_lane("clrfList", NULL, lane, &call);
    *ret_len = call.op.params[2].tmpref.size;
    list->cursor = call.op.params[0].value.a;
    if (result == CLRC_SUCCESS && *ret_len > KM_STORAGE_LIST_MAX)
        return malformed("clrfList");
    return result;
}

static ClrcResult list_in_lane(struct listing *list, struct km_pool_lane *lane)
{
    uint8_t page[KM_STORAGE_LIST_MAX] = {0};
    do {
        size_t len = 0;
        ClrcResult result = fetch_page(list, lane, page, &len);
        if (result == CLRC_SUCCESS)
            result = show_page(list, KM_SLICE(page, len));
        if (result != CLRC_SUCCESS)
            return result;
    } while (list->cursor != 0 && !list->is_over);
    return CLRC_SUCCESS;
}

ClrcResult clrfList(uint32_t flags, const ClrfOptions *options,
                    int (*seen)(void *arg, const ClrfInfo *info), void *arg)
{
    struct listing list = {.flags = flags, .seen = seen, .arg = arg};
    struct km_pool_lane *lane = NULL;
    if (seen == NULL)
        return clrf_fail("clrfList", CLRC_ERROR_BAD_PARAMETERS, NULL, "a pointer is NULL");
    if ((flags & CLRF_OF_OWNER) != 0 && options != NULL)
        list.uid = options->owner_uid;
    ClrcResult result = clrf_lane("clrfList", NULL, &lane);
    if (result != CLRC_SUCCESS)
        return result;
    result = list_in_lane(&list, lane);
    km_pool_give(&clrf_pool, lane);
    return result;
}

ClrcResult clrfUsage(ClrfUsage *usage)
{
    static const char function[] = "clrfUsage";
    uint8_t octets[KM_STORAGE_USAGE_LEN] = {0};
    struct km_storage_usage found = {0};
    struct km_call call = {.command = KM_STORAGE_CMD_USAGE};
    if (usage == NULL)
        return clrf_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL, "a pointer is NULL");
    km_call_out(&call, 0, octets, sizeof(octets));
    ClrcResult result = clrf_run(function, NULL, &call, true);
    if (result != CLRC_SUCCESS)
        return result;
    size_t len = call.op.params[0].tmpref.size;
    if (len > sizeof(octets) || !km_storage_usage_parse(KM_SLICE(octets, len), &found))
        return malformed(function);
    *usage = (ClrfUsage){found.n, found.n_max, found.octets, found.octets_max};
    return CLRC_SUCCESS;
}

/* ---- changes ---- */

ClrcResult clrfDelete(const char *name, uint32_t flags, const ClrfOptions *options)
{
    struct clrf_wish wish = {0};
    struct km_call call = {.command = KM_STORAGE_CMD_DELETE};
    ClrcResult result = clrf_wish_set(&wish, "clrfDelete", name, flags, options);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_in(&call, 0, wish.octets, wish.len);
    km_call_in(&call, 1, wish.password, wish.password_len);
    return clrf_run(wish.function, name, &call, false);
}

ClrcResult clrfSetPassword(const char *name, uint32_t flags, const ClrfOptions *options,
                           const uint8_t *password, uint32_t length)
{
    struct clrf_wish wish = {0};
    struct km_call call = {.command = KM_STORAGE_CMD_SET_PASSWORD};
    ClrcResult result = clrf_wish_set(&wish, "clrfSetPassword", name, flags, options);
    if (result != CLRC_SUCCESS)
        return result;
    if (password == NULL && length != 0)
        return clrf_fail(wish.function, CLRC_ERROR_BAD_PARAMETERS, name, "a pointer is NULL");
    if (length > CLRF_PASSWORD_MAX)
        return clrf_fail(wish.function, CLRC_ERROR_TOO_LARGE, name,
                         "a password is at most 256 octets");
    km_call_in(&call, 0, wish.octets, wish.len);
    km_call_in(&call, 1, wish.password, wish.password_len);
    km_call_in(&call, 2, password, length);
    return clrf_run(wish.function, name, &call, false);
}

ClrcResult clrfSetGrants(const char *name, uint32_t flags, const ClrfOptions *options)
{
    struct clrf_wish wish = {0};
    struct km_call call = {.command = KM_STORAGE_CMD_SET_GRANTS};
    ClrcResult result = clrf_wish_set(&wish, "clrfSetGrants", name, flags, options);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_in(&call, 0, wish.octets, wish.len);
    return clrf_run(wish.function, name, &call, true);
}

ClrcResult clrfPasswordWait(const char *name, uint32_t flags, const ClrfOptions *options,
                            uint32_t *seconds)
{
    static const char function[] = "clrfPasswordWait";
    struct clrf_wish wish = {0};
    struct km_call call = {.command = KM_STORAGE_CMD_PASSWORD_WAIT};
    if (seconds == NULL)
        return clrf_fail(function, CLRC_ERROR_BAD_PARAMETERS, name, "a pointer is NULL");
    ClrcResult result = clrf_wish_set(&wish, function, name, flags, options);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_in(&call, 0, wish.octets, wish.len);
    km_call_value_out(&call, 1);
    result = clrf_run(function, name, &call, true);
    if (result == CLRC_SUCCESS)
        *seconds = call.op.params[1].value.a;
    return result;
}

ClrcResult clrfPurge(uint32_t uid)
{
    struct km_call call = {.command = KM_STORAGE_CMD_PURGE};
    km_call_value(&call, 0, uid, 0);
    return clrf_run("clrfPurge", NULL, &call, true);
}
