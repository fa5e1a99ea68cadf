/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/audit.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "cloud/admission/recorded.h"
#include "cloud/common/json.h"
#include "common/km_file.h"
#include "common/km_log.h"
#include "common/km_loop.h"

/* Events belong to an account; those of nobody known are the log's alone. */
static void log_stranger(const struct km_audit_event *event)
{
    km_log(KM_LOG_INFO, "%s from %s: %u %s: %s", event->operation, event->address, event->status,
           event->exception != NULL ? event->exception : "", event->reason);
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* Of devices as much as the account's logging options say, of everybody else all. */
static km_status is_wanted(struct km_registry *reg, const struct km_audit_event *event, bool *ret)
{
    const struct km_recorded what = {.certificate = event->certificate,
                                     .address = event->address,
                                     .is_routine = event->is_success};
    *ret = true;
    if (event->certificate[0] == '\0')
        return KM_OK;
    return km_recorded_ask(reg, event->account, &what, ret);
}

km_status km_audit_write(struct km_registry *reg, const struct km_audit_event *event)
{
    bool is_to_be = false;
    if (event->account[0] == '\0') {
        log_stranger(event);
        return KM_OK;
    }
    KM_TRY(is_wanted(reg, event, &is_to_be));
    if (!is_to_be)
        return KM_OK;
    json_t *object =
        json_pack("{s:s, s:s, s:i, s:s*}", "operation", event->operation, "requestId",
                  event->request_id, "status", (int)event->status, "exception", event->exception);
    KM_AUTO(km_freep) char *detail = km_json_dump(object);
    json_decref(object);
    if (detail == NULL)
        return KM_E_NOMEM;
    const struct km_registry_event stored = {
        .time_ms = event->time_ms,
        .account = event->account,
        .kind = KM_AUDIT_KIND,
        .is_success = event->is_success,
        .principal = or_null(event->principal),
        .certificate_id = or_null(event->certificate),
        .address = or_null(event->address),
        .reason = or_null(event->reason),
        .detail = detail,
    };
    return km_registry_event_add(reg, &stored);
}

void km_audit_keep(struct km_audit *audit, struct km_registry *reg,
                   const struct km_audit_event *event)
{
    if (audit->n_waiting == KM_AUDIT_WAITING_MAX)
        km_audit_flush(audit, reg);
    if (audit->n_waiting == 0)
        audit->first_ms = km_loop_now_ms();
    audit->waiting[audit->n_waiting++] = *event;
}

void km_audit_flush(struct km_audit *audit, struct km_registry *reg)
{
    size_t n = audit->n_waiting;
    audit->n_waiting = 0;
    if (n == 0)
        return;
    km_status status = km_registry_begin(reg);
    for (size_t i = 0; i < n && status == KM_OK; i++)
        status = km_audit_write(reg, &audit->waiting[i]);
    if (status == KM_OK)
        status = km_registry_commit(reg);
    if (status == KM_OK)
        return;
    km_log_err(KM_LOG_ERROR, km_registry_err(reg), "audit events are lost");
    (void)km_registry_rollback(reg);
}

void km_audit_tick(struct km_audit *audit, struct km_registry *reg)
{
    if (audit->n_waiting > 0 && km_loop_now_ms() - audit->first_ms >= KM_AUDIT_WAIT_MS)
        km_audit_flush(audit, reg);
}
