/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions of policies: ten policies of five statements bound to a connection, asked about topics that the last of them allows, or none.
 * Beside libc's fnmatch over the same fifty resources, which is the least that such a decision could be made of.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "cloud/policy/policy.h"

#define POLICIES 10u
#define STATEMENTS 5u
#define ARN "arn:aws:iot:eu-west-1:123456789012:"
#define CLIENT "sensor-0017"

static struct km_policy_bound *bound;
static char patterns[POLICIES * STATEMENTS][96];

/* ---- the policies ---- */

static struct km_policy *make_policy(unsigned number)
{
    char document[2048] = "";
    struct km_err err = {0};
    struct km_policy *policy = NULL;
    size_t len =
        (size_t)snprintf(document, sizeof document, "{\"Version\":\"2012-10-17\",\"Statement\":[");
    for (unsigned s = 0; s < STATEMENTS; s++) {
        len += (size_t)snprintf(
            document + len, sizeof document - len,
            "%s{\"Effect\":\"%s\",\"Action\":[\"iot:Publish\",\"iot:Receive\"],\"Resource\":\"" ARN
            "topic/plant/%u/${iot:ClientId}/*/%u\"}",
            s > 0 ? "," : "", s == 0 ? "Deny" : "Allow", number, s);
        (void)snprintf(patterns[STATEMENTS * number + s], sizeof patterns[0],
                       ARN "topic/plant/%u/" CLIENT "/*/%u", number, s);
    }
    (void)snprintf(document + len, sizeof document - len, "]}");
    if (km_policy_compile(&err, KM_SLICE_STR(document), &policy) != KM_OK)
        bench_die("%s", err.text);
    return policy;
}

static void bind_policies(void)
{
    struct km_err err = {0};
    struct km_policy_source sources[POLICIES] = {0};
    struct km_slice client_id = KM_SLICE_STR(CLIENT);
    struct km_policy_context context = {.partition = KM_SLICE_STR("aws"),
                                        .region = KM_SLICE_STR("eu-west-1"),
                                        .account = KM_SLICE_STR("123456789012")};
    context.values[KM_POLICY_CLIENT_ID] = (struct km_policy_values){.at = &client_id, .n = 1};
    for (unsigned i = 0; i < POLICIES; i++)
        sources[i] = (struct km_policy_source){KM_SLICE_STR("bench"), make_policy(i)};
    if (km_policy_bind(&err, sources, POLICIES, &context, &bound) != KM_OK)
        bench_die("%s", err.text);
    for (unsigned i = 0; i < POLICIES; i++)
        km_policy_free((struct km_policy *)sources[i].policy);
}

/* ---- what is asked ---- */

static const char allowed_topic[] = "plant/9/" CLIENT "/line/3/4";
static const char denied_topic[] = "plant/9/" CLIENT "/line/3/5";

static void *begin(unsigned thread)
{
    (void)thread;
    return NULL;
}

static void end(void *state)
{
    (void)state;
}

static void decide(const char *topic, bool expected)
{
    struct km_policy_decision decision = {0};
    struct km_policy_request request = {
        .action = KM_POLICY_PUBLISH, .kind = KM_POLICY_TOPIC, .name = KM_SLICE_STR(topic)};
    if (km_policy_decide(bound, &request, &decision) != expected)
        bench_die("%s: %s", topic, km_policy_outcome_text(decision.outcome));
}

static void decide_allowed(void *state)
{
    (void)state;
    decide(allowed_topic, true);
}

static void decide_denied(void *state)
{
    (void)state;
    decide(denied_topic, false);
}

static void match(const char *topic, bool expected)
{
    char resource[256] = "";
    bool any = false;
    (void)snprintf(resource, sizeof resource, ARN "topic/%s", topic);
    for (unsigned i = 0; i < POLICIES * STATEMENTS; i++)
        any |= fnmatch(patterns[i], resource, FNM_NOESCAPE) == 0;
    if (any != expected)
        bench_die("fnmatch: %s", topic);
}

static void match_allowed(void *state)
{
    (void)state;
    match(allowed_topic, true);
}

static void match_denied(void *state)
{
    (void)state;
    match(denied_topic, false);
}

static void print_rows(const char *what, const struct bench_result *ours,
                       const struct bench_result *theirs)
{
    char id[96] = "";
    (void)snprintf(id, sizeof id, "policy decision, 50 statements, %s", what);
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "us",
                                    .value = 1e6 / ours->rate,
                                    .peer = "the limit",
                                    .peer_value = 2,
                                    .target = 1,
                                    .at_most = true});
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "us",
                                    .value = 1e6 / ours->rate,
                                    .peer = "fnmatch alone",
                                    .peer_value = 1e6 / theirs->rate});
}

int main(void)
{
    static const struct bench_contender contenders[] = {
        {"decide allowed", begin, decide_allowed, end},
        {"decide denied", begin, decide_denied, end},
        {"fnmatch allowed", begin, match_allowed, end},
        {"fnmatch denied", begin, match_denied, end},
    };
    struct bench_result results[BENCH_CONTENDERS_MAX] = {0};
    bind_policies();
    bench_run(contenders, 4, 1, 0.5, results);
    print_rows("allowed by the last", &results[0], &results[2]);
    print_rows("allowed by none", &results[1], &results[3]);
    km_policy_bound_free(bound);
    return EXIT_SUCCESS;
}
