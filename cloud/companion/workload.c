/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/workload.h"

void workload_init(struct workload *load, struct ruleset *rules, size_t octets_max)
{
    *load = (struct workload){.rules = rules, .octets_max = octets_max};
}

void workload_moved(struct workload *load)
{
    load->next = NULL;
}

static void lost(struct compiled_rule *rule, const struct dispatch_message *message,
                 const struct dispatch_host *host, int64_t now_ms)
{
    struct lane *lane = &rule->lane;
    struct km_err err = {.status = KM_OK};
    lane->n_lost++;
    if (lane->told_ms != 0 && now_ms - lane->told_ms < WORKLOAD_TELL_MS)
        return;
    lane->told_ms = now_ms;
    (void)KM_FAIL(&err, KM_E_BUSY, "it does not keep up: %llu messages for it are lost",
                  (unsigned long long)lane->n_lost);
    host->told(host->ctx, rule->name, NULL, message, &err);
}

static struct compiled_rule *with_most(const struct workload *load)
{
    struct compiled_rule *most = load->rules->first;
    for (struct compiled_rule *rule = most; rule != NULL; rule = rule->next)
        if (rule->lane.octets > most->lane.octets)
            most = rule;
    return most;
}

static void make_room(struct workload *load, const struct dispatch_host *host, int64_t now_ms)
{
    while (load->backlog.octets > load->octets_max && load->backlog.n > 0) {
        struct compiled_rule *rule = with_most(load);
        KM_AUTO(parcel_dropp) struct parcel *parcel = lane_take_newest(&rule->lane);
        lost(rule, &parcel->message, host, now_ms);
    }
}

void workload_put(struct workload *load, const struct dispatch_message *message,
                  const struct dispatch_host *host, int64_t now_ms)
{
    KM_AUTO(parcel_dropp) struct parcel *parcel = NULL;
    for (struct compiled_rule *rule = load->rules->first; rule != NULL; rule = rule->next) {
        if (!dispatch_concerns(rule, message->message.topic))
            continue;
        if (parcel == NULL)
            parcel = parcel_new(&load->backlog, message);
        if (parcel == NULL || !lane_put(&rule->lane, parcel))
            lost(rule, message, host, now_ms);
    }
    make_room(load, host, now_ms);
}

bool workload_waits(const struct workload *load)
{
    return load->backlog.n > 0;
}

bool workload_run(struct workload *load, const struct dispatch_host *host)
{
    if (!workload_waits(load))
        return false;
    struct compiled_rule *rule = load->next;
    while (rule == NULL || rule->lane.oldest == NULL)
        rule = rule == NULL ? load->rules->first : rule->next;
    load->next = rule->next;
    KM_AUTO(parcel_dropp) struct parcel *parcel = lane_take(&rule->lane);
    /* The rule may have changed since. */
    if (dispatch_concerns(rule, parcel->message.message.topic))
        dispatch(rule, &parcel->message, host);
    return true;
}
