/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/host_wire.h"

#include <string.h>

#define ORDER_VERSION 2
#define OUTCOME_VERSION 1
#define IS_CHECK 1u
#define HAS_UID 2u
#define IS_PYTHON 4u
#define IS_TLS 8u

bool km_host_name_is_good(struct km_slice name)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    for (size_t i = 0; i < name.len; i++)
        if (memchr(good, name.ptr[i], sizeof good - 1) == NULL)
            return false;
    return name.len <= KM_HOST_NAME_MAX;
}

void km_host_order_write(struct km_wr *wr, const struct km_host_order *order)
{
    km_wr_u8(wr, ORDER_VERSION);
    km_wr_u8(wr, (uint8_t)((order->is_check ? IS_CHECK : 0) | (order->has_uid ? HAS_UID : 0) |
                           (order->is_python ? IS_PYTHON : 0) | (order->is_tls ? IS_TLS : 0)));
    km_wr_u32le(wr, order->uid);
    km_wr_u32le(wr, order->timeout_ms);
    km_wr_u32le(wr, order->memory_mb);
    km_wr_u32le(wr, order->tmp_mb);
    km_wr_blob32le(wr, order->code_dir);
    km_wr_blob32le(wr, order->runtime_dir);
    km_wr_blob32le(wr, order->handler);
    km_wr_blob32le(wr, order->endpoint);
    km_wr_blob32le(wr, order->endpoint_name);
    km_wr_blob32le(wr, order->ca);
    km_wr_u32le(wr, order->n_env);
    for (uint32_t i = 0; i < order->n_env; i++)
        km_wr_blob32le(wr, order->env[i]);
    km_wr_blob32le(wr, order->event);
}

static bool get_text(struct km_rd *rd, size_t max, struct km_slice *ret)
{
    return km_rd_blob32le(rd, max, ret) && memchr(ret->ptr, '\0', ret->len) == NULL;
}

static bool get_env(struct km_rd *rd, struct km_host_order *order)
{
    if (!km_rd_u32le(rd, &order->n_env) || order->n_env > KM_HOST_N_ENV_MAX)
        return false;
    for (uint32_t i = 0; i < order->n_env; i++)
        if (!get_text(rd, 8192, &order->env[i]))
            return false;
    return true;
}

bool km_host_order_read(struct km_slice bytes, struct km_host_order *ret)
{
    struct km_rd rd = km_rd_init(bytes);
    struct km_host_order order = {.is_check = false};
    uint8_t version = 0, flags = 0;
    if (!km_rd_u8(&rd, &version) || version != ORDER_VERSION || !km_rd_u8(&rd, &flags) ||
        flags > (IS_CHECK | HAS_UID | IS_PYTHON | IS_TLS) || !km_rd_u32le(&rd, &order.uid) ||
        !km_rd_u32le(&rd, &order.timeout_ms) || !km_rd_u32le(&rd, &order.memory_mb) ||
        !km_rd_u32le(&rd, &order.tmp_mb) || !get_text(&rd, KM_HOST_PATH_MAX, &order.code_dir) ||
        !get_text(&rd, KM_HOST_PATH_MAX, &order.runtime_dir) ||
        !get_text(&rd, KM_FUNCTION_HANDLER_MAX, &order.handler) ||
        !km_rd_blob32le(&rd, sizeof(struct sockaddr_storage), &order.endpoint) ||
        !km_rd_blob32le(&rd, KM_HOST_NAME_MAX, &order.endpoint_name) ||
        !km_host_name_is_good(order.endpoint_name) ||
        !km_rd_blob32le(&rd, KM_HOST_CA_MAX, &order.ca) || !get_env(&rd, &order) ||
        !km_rd_blob32le(&rd, KM_FUNCTION_PAYLOAD_MAX, &order.event) || !km_rd_done(&rd))
        return false;
    order.is_check = (flags & IS_CHECK) != 0;
    order.has_uid = (flags & HAS_UID) != 0;
    order.is_python = (flags & IS_PYTHON) != 0;
    order.is_tls = (flags & IS_TLS) != 0;
    *ret = order;
    return true;
}

void km_host_outcome_write(struct km_wr *wr, const struct km_host_outcome *outcome)
{
    km_wr_u8(wr, OUTCOME_VERSION);
    km_wr_u8(wr, (uint8_t)outcome->end);
    km_wr_u8(wr, outcome->log_is_cut ? 1 : 0);
    km_wr_u32le(wr, (uint32_t)outcome->code);
    km_wr_u32le(wr, outcome->duration_ms);
    km_wr_u32le(wr, outcome->memory_kb);
    km_wr_blob32le(wr, outcome->text);
    km_wr_blob32le(wr, outcome->answer);
    km_wr_blob32le(wr, outcome->log);
}

bool km_host_outcome_read(struct km_slice bytes, struct km_host_outcome *ret)
{
    struct km_rd rd = km_rd_init(bytes);
    struct km_host_outcome outcome = {.end = KM_HOST_NO_WALL};
    uint8_t version = 0, end = 0, is_cut = 0;
    uint32_t code = 0;
    if (!km_rd_u8(&rd, &version) || version != OUTCOME_VERSION || !km_rd_u8(&rd, &end) ||
        end < KM_HOST_EXITED || end > KM_HOST_NO_WALL || !km_rd_u8(&rd, &is_cut) || is_cut > 1 ||
        !km_rd_u32le(&rd, &code) || !km_rd_u32le(&rd, &outcome.duration_ms) ||
        !km_rd_u32le(&rd, &outcome.memory_kb) || !get_text(&rd, KM_ERR_TEXT_MAX, &outcome.text) ||
        !km_rd_blob32le(&rd, KM_FUNCTION_PAYLOAD_MAX + 1, &outcome.answer) ||
        !km_rd_blob32le(&rd, KM_HOST_LOG_MAX, &outcome.log) || !km_rd_done(&rd))
        return false;
    outcome.end = (enum km_host_end)end;
    outcome.code = (int32_t)code;
    outcome.log_is_cut = is_cut == 1;
    *ret = outcome;
    return true;
}
