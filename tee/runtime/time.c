/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/object.h"

#include <time.h>

#define MS_PER_S 1000u

static uint64_t now_ms(clockid_t clock)
{
    struct timespec ts = {0};
    km_rt_ssl_need(clock_gettime(clock, &ts) == 0, "the clock can't be read");
    return (uint64_t)ts.tv_sec * MS_PER_S + (uint64_t)ts.tv_nsec / 1000000u;
}

static TEE_Time from_ms(uint64_t ms)
{
    return (TEE_Time){.seconds = (uint32_t)(ms / MS_PER_S), .millis = (uint32_t)(ms % MS_PER_S)};
}

void TEE_GetSystemTime(TEE_Time *time)
{
    km_rt_own(time, sizeof(*time), "a time outside the TA's own memory");
    *time = from_ms(now_ms(CLOCK_BOOTTIME));
}

void TEE_GetREETime(TEE_Time *time)
{
    km_rt_own(time, sizeof(*time), "a time outside the TA's own memory");
    *time = from_ms(now_ms(CLOCK_REALTIME));
}

TEE_Result TEE_Wait(uint32_t timeout)
{
    const struct km_rt_host *host = &km_rt.config.host;
    if (!km_rt.cancel_masked && host->wait_cancel != NULL)
        return host->wait_cancel(host->arg, timeout) ? TEE_ERROR_CANCEL : TEE_SUCCESS;
    struct timespec left = {.tv_sec = timeout / MS_PER_S,
                            .tv_nsec = (long)(timeout % MS_PER_S) * 1000000L};
    if (timeout == TEE_TIMEOUT_INFINITE)
        left.tv_sec = INT32_MAX;
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0)
        ;
    return TEE_SUCCESS;
}

/* ---- the TA's own clock: u64le time it was set to, u64le clock of the system at that moment, both in ms ---- */

#define RECORD_LEN 16
#define SHARE (KM_STORE_READ | KM_STORE_SHARE_READ | KM_STORE_SHARE_WRITE)

static km_status read_record(struct km_store *store, uint8_t record[RECORD_LEN])
{
    struct km_store_object *object = NULL;
    size_t len = 0;
    struct km_slice name = KM_SLICE(km_rt_time_name, sizeof(km_rt_time_name));
    KM_TRY(km_store_object_open(NULL, store, name, SHARE, &object));
    km_status status = km_store_object_read(NULL, object, 0, KM_SPAN(record, RECORD_LEN), &len);
    km_store_object_close(object);
    if (status != KM_OK)
        return status;
    return len == RECORD_LEN ? KM_OK : KM_E_CORRUPT;
}

static TEE_Result no_record(km_status status)
{
    if (status == KM_E_NOTFOUND)
        return TEE_ERROR_TIME_NOT_SET;
    TEE_Result result = km_rt_result(status);
    return result == TEE_ERROR_CORRUPT_OBJECT ? TEE_ERROR_TIME_NEEDS_RESET : result;
}

TEE_Result TEE_GetTAPersistentTime(TEE_Time *time)
{
    km_rt_own(time, sizeof(*time), "a time outside the TA's own memory");
    *time = (TEE_Time){0};
    struct km_store *store = NULL;
    TEE_Result result = km_rt_storage(TEE_STORAGE_PRIVATE, &store);
    if (result != TEE_SUCCESS)
        return result;
    uint8_t record[RECORD_LEN] = {0};
    km_status status = read_record(store, record);
    if (status != KM_OK)
        return no_record(status);
    struct km_rd rd = km_rd_init(KM_SLICE(record, sizeof(record)));
    uint64_t set_to = 0;
    uint64_t set_at = 0;
    bool ok = km_rd_u64le(&rd, &set_to) && km_rd_u64le(&rd, &set_at) && km_rd_done(&rd);
    uint64_t now = now_ms(CLOCK_REALTIME);
    if (!ok || now < set_at)
        return TEE_ERROR_TIME_NEEDS_RESET;
    uint64_t ms = set_to + (now - set_at);
    *time = from_ms(ms);
    return ms / MS_PER_S > UINT32_MAX ? TEE_ERROR_OVERFLOW : TEE_SUCCESS;
}

TEE_Result TEE_SetTAPersistentTime(const TEE_Time *time)
{
    km_rt_own(time, sizeof(*time), "a time outside the TA's own memory");
    km_rt_need(time->millis < MS_PER_S, "a time with a thousand milliseconds or more");
    struct km_store *store = NULL;
    TEE_Result result = km_rt_storage(TEE_STORAGE_PRIVATE, &store);
    if (result != TEE_SUCCESS)
        return result;
    uint8_t record[RECORD_LEN] = {0};
    struct km_wr wr = km_wr_init(record, sizeof(record));
    km_wr_u64le(&wr, (uint64_t)time->seconds * MS_PER_S + time->millis);
    km_wr_u64le(&wr, now_ms(CLOCK_REALTIME));
    uint8_t meta[32] = {0};
    size_t meta_len = km_rt_meta_len(NULL);
    struct km_slice data = {0};
    if (!km_wr_finish(&wr, &data) || !km_rt_meta_write(NULL, KM_SPAN(meta, meta_len)))
        return TEE_ERROR_GENERIC;
    struct km_slice name = KM_SLICE(km_rt_time_name, sizeof(km_rt_time_name));
    return km_rt_result(km_store_create(NULL, store, name, KM_STORE_OVERWRITE,
                                        KM_SLICE(meta, meta_len), data, NULL));
}
