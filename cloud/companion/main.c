/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor-cloud-rules: messages through the rules of an account, and functions for rules and the control plane. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "cloud/common/json.h"
#include "cloud/common/link.h"
#include "cloud/companion/door.h"
#include "cloud/companion/lookup.h"
#include "cloud/companion/options.h"
#include "cloud/companion/origin.h"
#include "cloud/companion/shadow_document.h"
#include "cloud/companion/source.h"
#include "cloud/companion/workload.h"
#include "cloud/functions/run_log.h"
#include "cloud/registry/registry_event.h"
#include "common/km_log.h"
#include "common/km_uuid.h"

#ifndef KEYMOOR_VERSION
#define KEYMOOR_VERSION "unknown"
#endif
#define PATH_CAP 4096
#define RECORDS_PER_S_MAX 50
#define FEED_DOWN_MS 2000
#define REGISTRY_REST_MS 2000 /* how long a registry that did not answer is left alone by rules */
#define SLICE_MS 2            /* of rules, before new messages are taken in */
#define END_MS 2000           /* how long what waits is carried out when the program is to end */
#define FULL_WAIT_MS 50       /* before brokers that were full are looked at again */
#define NO_CLIENT "n/a"       /* clientid() of what no device has sent by MQTT */
#define BUS_NAME "keymoor-cloud-rules"
#define INGEST_FILTER "$aws/rules/#"

static struct companion {
    struct options options;
    struct km_loop loop;
    struct km_watch signals;
    struct km_registry *registry;
    struct km_secret *key;
    struct lookup lookup;
    struct km_runner *runner;
    struct door *door;
    struct links *links;
    struct source source;
    struct ruleset rules;
    struct workload load;
    struct origins origins;
    bool is_known_refusal;                 /* the failure that told hears of next was told before */
    int64_t reads_rest_ms, writes_rest_ms; /* the registry is not asked before that */
    char log_dir[PATH_CAP], host_path[PATH_CAP], runtime_dir[PATH_CAP];
    int64_t next_look_ms;
    bool feed_is_down; /* that was said */
    bool has_ended;
} companion = {.loop = {.epoll_fd = -1}, .signals = {.fd = -1}};

static int64_t wall_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what actions do ---- */

/* Each look at a registry that does not answer takes its whole timeout, in which all rules would wait. */
static bool rests(int64_t until_ms)
{
    return km_loop_now_ms() < until_ms;
}

static void note_answer(km_status status, int64_t *ret_until_ms)
{
    if (status == KM_E_DEAD || status == KM_E_TIMEOUT)
        *ret_until_ms = km_loop_now_ms() + REGISTRY_REST_MS;
}

static void event_is_safe(void *ctx, const struct km_err *failure,
                          const struct km_invoke_answer *answer)
{
    (void)answer;
    if (failure != NULL)
        *(struct km_err *)ctx = *failure;
}

static km_status call_function(void *ctx, struct km_err *err, const char *rule, const char *arn,
                               struct km_slice event)
{
    const struct options *options = &companion.options;
    struct km_function_name name = {.account = ""};
    char rule_arn[512] = {0};
    (void)ctx;
    snprintf(rule_arn, sizeof rule_arn, "arn:aws:iot:%s:%s:rule/%s", options->region,
             options->account, rule);
    KM_TRY(km_function_name_parse(err, arn, &name));
    if (rests(companion.reads_rest_ms))
        return KM_FAIL(err, KM_E_DEAD, "the registry did not answer a moment ago");
    km_status status = lookup_permits(err, &companion.lookup, options->account, &name, rule_arn);
    note_answer(status, &companion.reads_rest_ms);
    KM_TRY(status);
    const struct km_invoke invoke = {.kind = KM_INVOKE_EVENT,
                                     .account = options->account,
                                     .region = options->region,
                                     .function = arn,
                                     .payload = event};
    (void)km_runner_invoke(companion.runner, &invoke, event_is_safe, err);
    return err->status;
}

static km_status spend(struct km_err *err, const struct dispatch_message *cause,
                       bool is_error_action, uint64_t *ret_number)
{
    enum origin_verdict verdict =
        origins_spend(&companion.origins, cause->origin, is_error_action, ret_number);
    if (verdict == ORIGIN_MAY)
        return KM_OK;
    companion.is_known_refusal = verdict == ORIGIN_REFUSED_AGAIN;
    return KM_FAIL(err, KM_E_LIMIT, "rules have republished what came of one message %d times",
                   ORIGIN_REPUBLISHES_MAX);
}

static km_status publish(void *ctx, struct km_err *err, const struct dispatch_message *cause,
                         const struct dispatch_publish *what)
{
    struct km_bus_frame frame = {.kind = KM_BUS_PUBLISH,
                                 .topic = what->topic,
                                 .qos = what->qos,
                                 .hops = (uint8_t)(cause->hops + 1),
                                 .payload = what->payload};
    (void)ctx;
    if (cause->hops >= KM_BUS_HOPS_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "rules have republished it %d times already",
                       KM_BUS_HOPS_MAX);
    KM_TRY(spend(err, cause, what->is_error_action, &frame.number));
    return links_publish(err, companion.links, cause->link, &frame);
}

/* A log group as a file: its name may hold slashes. */
static km_status write_log(void *ctx, struct km_err *err, const char *group, struct km_slice text)
{
    char name[KM_FUNCTION_NAME_LEN_MAX + 1] = {0};
    char *line = malloc(text.len + 1);
    (void)ctx;
    if (line == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a line of a log");
    for (size_t i = 0; group[i] != '\0' && i + 1 < sizeof name; i++)
        name[i] = strchr("/.", group[i]) != NULL ? '_' : group[i];
    km_copy(line, text.len, text.ptr, text.len);
    line[text.len] = '\n';
    km_status status = km_run_log_keep(err, companion.log_dir, companion.options.account, name,
                                       KM_RUNNER_LOG_FILE_MAX, KM_SLICE(line, text.len + 1));
    free(line);
    return status;
}

/* An event's texts are NUL-terminated. */
static const char *cut(struct km_slice text, char *ret, size_t cap)
{
    size_t len = text.len < cap ? text.len : cap - 1;
    km_copy(ret, cap, text.ptr, len);
    ret[len] = '\0';
    return len > 0 ? ret : NULL;
}

/* One device with a rule that can't work must not fill registry and log: so many a second are recorded, the others counted. */
static bool may_record(void)
{
    static int64_t second;
    static unsigned n_recorded, n_left_out;
    int64_t now = km_loop_now_ms() / 1000;
    if (now != second) {
        if (n_left_out > 0)
            km_log(KM_LOG_WARNING, "%u more failures of rules are not on record", n_left_out);
        second = now;
        n_recorded = n_left_out = 0;
    }
    bool may = n_recorded < RECORDS_PER_S_MAX;
    n_recorded += may ? 1 : 0;
    n_left_out += may ? 0 : 1;
    return may;
}

/* Failures are kept: they are what somebody will ask for. */
static void told(void *ctx, const char *rule, const char *word,
                 const struct dispatch_message *message, const struct km_err *failure)
{
    char client[KM_EVENT_CLIENT_MAX + 1] = {0}, principal[KM_CERTIFICATE_ID_LEN + 1] = {0};
    char detail[512] = {0};
    struct km_slice client_id = message->message.client_id;
    (void)ctx;
    bool is_known = failure != NULL && companion.is_known_refusal;
    companion.is_known_refusal = false;
    if (failure == NULL || is_known || !may_record())
        return;
    if (km_slice_equal(client_id, KM_SLICE_STR(NO_CLIENT)))
        client_id = KM_SLICE_STR("");
    snprintf(detail, sizeof detail, "{\"rule\":\"%s\",\"action\":\"%s\"}", rule,
             word != NULL ? word : "none");
    const struct km_registry_event event = {
        .account = companion.options.account,
        .kind = "RuleExecution",
        .is_success = false,
        .client_id = cut(client_id, client, sizeof client),
        .certificate_id = cut(message->message.principal, principal, sizeof principal),
        .reason = failure->text,
        .detail = detail};
    km_log_err(KM_LOG_WARNING, failure, rule);
    if (rests(companion.writes_rest_ms))
        return;
    km_status status = km_registry_event_add(companion.registry, &event);
    note_answer(status, &companion.writes_rest_ms);
    if (status != KM_OK)
        km_log_err(KM_LOG_WARNING, km_registry_err(companion.registry), "the registry");
}

static bool chance(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    return getrandom(buf, len, 0) == (ssize_t)len;
}

static bool shadow(void *ctx, struct km_slice thing, struct km_slice name, json_t **ret)
{
    (void)ctx;
    if (rests(companion.reads_rest_ms))
        return false;
    km_status status = shadow_document(companion.registry, companion.options.account, thing, name,
                                       wall_ms() / 1000, ret);
    note_answer(status, &companion.reads_rest_ms);
    return status == KM_OK;
}

static const struct km_rule_host rule_host = {.random = chance, .shadow = shadow};
static const struct dispatch_host host = {.rule_host = &rule_host,
                                          .lambda = call_function,
                                          .publish = publish,
                                          .log = write_log,
                                          .told = told};

/* ---- what comes in ---- */

static void message_came(void *ctx, const struct km_bus_frame *frame)
{
    struct km_uuid uuid = {{0}};
    char trace[KM_UUID_TEXT_LEN] = {0};
    (void)ctx;
    if (chance(NULL, uuid.octet, sizeof uuid.octet))
        km_uuid_format(&uuid, trace);
    const struct dispatch_message message = {
        .message = {.topic = frame->topic,
                    .payload = frame->payload,
                    .client_id =
                        frame->client_id.len > 0 ? frame->client_id : KM_SLICE_STR(NO_CLIENT),
                    .principal = frame->principal,
                    .account_id = KM_SLICE_STR(companion.options.account),
                    .source_ip = frame->address,
                    .trace_id = KM_SLICE_STR(trace),
                    .now_ms = frame->time_ms > 0 ? (int64_t)frame->time_ms : wall_ms()},
        .hops = frame->hops,
        .origin = frame->number != 0 ? frame->number : origins_new(&companion.origins),
        .link = links_asking(companion.links)};
    workload_put(&companion.load, &message, &host, km_loop_now_ms());
}

static void link_note(void *ctx, const char *path, const struct km_err *failure, uint64_t n_lost)
{
    (void)ctx;
    if (failure != NULL)
        km_log_err(KM_LOG_WARNING, failure, path);
    else if (n_lost > 0)
        km_log(KM_LOG_WARNING, "%s: the broker dropped %" PRIu64 " messages for rules", path,
               n_lost);
    else
        km_log(KM_LOG_INFO, "%s: connected", path);
}

static void function_note(const struct km_err *err, const char *function)
{
    km_log_err(KM_LOG_WARNING, err, function);
}

static void rule_skipped(const struct km_err *err, const char *rule)
{
    km_log_err(KM_LOG_WARNING, err, rule);
}

/* ---- rules that change ---- */

static km_status watch_rules(struct km_err *err)
{
    size_t n = 0;
    const char **filters = calloc(companion.rules.n_rules + 1, sizeof *filters);
    char **texts = calloc(companion.rules.n_rules + 1, sizeof *texts);
    bool is_whole = filters != NULL && texts != NULL;
    if (is_whole)
        filters[n++] = INGEST_FILTER;
    for (const struct compiled_rule *rule = companion.rules.first; is_whole && rule != NULL;
         rule = rule->next) {
        struct km_slice filter = km_rule_filter(rule->rule);
        texts[n - 1] = strndup((const char *)filter.ptr, filter.len);
        is_whole = texts[n - 1] != NULL;
        filters[n] = texts[n - 1];
        n++;
    }
    km_status status = is_whole ? links_watch(err, companion.links, filters, n)
                                : KM_FAIL(err, KM_E_NOMEM, "no memory for topic filters");
    for (size_t i = 0; texts != NULL && i < companion.rules.n_rules; i++)
        free(texts[i]);
    free(texts);
    free(filters);
    return status;
}

static void look_at_feed(void)
{
    struct km_err err = {.status = KM_OK};
    bool has_changed = false;
    companion.next_look_ms = km_loop_now_ms() + SOURCE_FEED_MS;
    km_status status = source_update(&err, &companion.source, &companion.rules, &has_changed);
    if (status == KM_OK && has_changed) {
        workload_moved(&companion.load);
        status = watch_rules(&err);
    }
    if (status != KM_OK && !companion.feed_is_down)
        km_log_err(KM_LOG_ERROR, &err, "the rules stay as they were");
    if (status == KM_OK && companion.feed_is_down)
        km_log(KM_LOG_INFO, "the registry answers again");
    if (status == KM_OK && has_changed)
        km_log(KM_LOG_INFO, "%zu rules", companion.rules.n_rules);
    companion.feed_is_down = status != KM_OK;
    /* Each look at a registry that is gone may take its whole timeout. */
    if (companion.feed_is_down)
        companion.next_look_ms = km_loop_now_ms() + FEED_DOWN_MS;
}

/* ---- the loop ---- */

static int sooner(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

static int wait_ms(void)
{
    int64_t left = companion.next_look_ms - km_loop_now_ms();
    int wait = left < 0 ? 0 : (int)left;
    if (workload_waits(&companion.load))
        wait = sooner(wait, links_are_full(companion.links) ? FULL_WAIT_MS : 0);
    wait = sooner(wait, km_runner_next_ms(companion.runner));
    return sooner(wait, links_next_ms(companion.links));
}

/* While brokers do not keep up messages wait here, where each rule has its own. */
static void run_rules(void)
{
    int64_t end_ms = km_loop_now_ms() + SLICE_MS;
    while (km_loop_now_ms() <= end_ms && !links_are_full(companion.links) &&
           workload_run(&companion.load, &host))
        continue;
}

/* What was taken from the brokers nobody else has. */
static void finish_rules(void)
{
    int64_t end_ms = km_loop_now_ms() + END_MS;
    while (workload_waits(&companion.load) && !links_are_full(companion.links) &&
           km_loop_now_ms() < end_ms)
        run_rules();
    if (workload_waits(&companion.load))
        km_log(KM_LOG_WARNING, "%zu messages were not carried out: it is over",
               companion.load.backlog.n);
}

static km_status serve(struct km_err *err)
{
    while (!companion.has_ended) {
        KM_TRY(km_loop_once(err, &companion.loop, wait_ms()));
        if (km_loop_now_ms() >= companion.next_look_ms)
            look_at_feed();
        links_tick(companion.links);
        km_runner_tick(companion.runner);
        run_rules();
    }
    finish_rules();
    return KM_OK;
}

static void on_signal(struct km_watch *watch, uint32_t events)
{
    (void)events;
    if (km_loop_take_signal(watch) != 0)
        companion.has_ended = true;
}

/* ---- beginning and end ---- */

/* Parts that are not named are where this program's own installation, or build, has them. */
static km_status find_parts(struct km_err *err)
{
    char self[PATH_CAP - 64] = {0};
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = len > 0 ? strrchr(self, '/') : NULL;
    if (slash == NULL)
        return KM_FAIL_ERRNO(err, "can't find out where this program is");
    *slash = '\0';
    snprintf(companion.host_path, PATH_CAP, "%s/../libexec/keymoor/keymoor-function-host", self);
    snprintf(companion.runtime_dir, PATH_CAP, "%s/../libexec/keymoor/functions", self);
    return KM_OK;
}

static km_status open_runner(struct km_err *err)
{
    const struct options *options = &companion.options;
    const struct km_runner_config config = {
        .state_dir = options->state_dir,
        .host_path = options->host_path[0] != '\0' ? options->host_path : companion.host_path,
        .runtime_dir =
            options->runtime_dir[0] != '\0' ? options->runtime_dir : companion.runtime_dir,
        .region = options->region,
        .endpoint = options->endpoint,
        .ca_file = options->ca_file,
        .parallel = options->parallel,
        .first_uid = options->first_uid,
        .tmp_mb = options->tmp_mb,
        .retry_ms = options->retry_ms};
    const struct km_runner_calls calls = lookup_calls(&companion.lookup);
    KM_TRY(find_parts(err));
    KM_TRY(km_runner_new(err, &companion.loop, &config, &calls, &companion.runner));
    snprintf(companion.log_dir, PATH_CAP, "%s/log", options->state_dir);
    if (options->socket == NULL)
        return KM_OK;
    const struct km_listen_wish wish = {.path = options->socket,
                                        .type = SOCK_STREAM,
                                        .mode = options->socket_mode,
                                        .gid = options->socket_group,
                                        .backlog = DOOR_GUESTS_MAX};
    return door_open(err, &companion.loop, companion.runner, &wish, &companion.door);
}

static km_status open_registry(struct km_err *err)
{
    const struct options *options = &companion.options;
    KM_TRY(km_registry_key_load(err, options->key_file, false, &companion.key));
    const struct km_registry_config config = {.url = options->registry, .key = companion.key};
    KM_TRY(km_registry_open(err, &config, &companion.registry));
    KM_TRY(lookup_init(err, companion.registry, options->region, function_note, &companion.lookup));
    return source_init(err, companion.registry, options->account, rule_skipped, &companion.source);
}

static km_status begin(struct km_err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, 0};
    static const struct links_host links_host = {.message = message_came, .note = link_note};
    uint64_t seed = 0;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return KM_FAIL_ERRNO(err, "can't refuse to be dumped");
    if (!chance(NULL, &seed, sizeof seed))
        return KM_FAIL_ERRNO(err, "no random bytes");
    origins_init(&companion.origins, seed);
    json_set_alloc_funcs(km_json_alloc, free);
    ruleset_init(&companion.rules);
    workload_init(&companion.load, &companion.rules, WORKLOAD_OCTETS_MAX);
    KM_TRY(km_loop_init(err, &companion.loop));
    KM_TRY(km_loop_add_signals(err, &companion.loop, &companion.signals, signals, on_signal));
    KM_TRY(open_registry(err));
    KM_TRY(links_new(err, &companion.loop, BUS_NAME, companion.options.buses,
                     companion.options.n_buses, &links_host, &companion.links));
    KM_TRY(open_runner(err));
    look_at_feed();
    km_notify("READY=1");
    km_log(KM_LOG_INFO, "ready");
    return serve(err);
}

static void end(void)
{
    door_closep(&companion.door);
    links_freep(&companion.links);
    km_runner_freep(&companion.runner);
    lookup_clear(&companion.lookup);
    source_clear(&companion.source);
    ruleset_clear(&companion.rules);
    km_registry_closep(&companion.registry);
    km_secret_freep(&companion.key);
    if (companion.signals.fd >= 0)
        km_loop_remove(&companion.loop, &companion.signals);
    km_loop_clear(&companion.loop);
}

int main(int argc, char **argv)
{
    struct km_err err = {.status = KM_OK};
    km_status status = options_read(&err, argc, argv, &companion.options);
    km_log_init("keymoor-cloud-rules", companion.options.logs_to_journal, KM_LOG_INFO);
    if (status != KM_OK) {
        km_log_err(KM_LOG_ERROR, &err, "command line");
        return 2;
    }
    if (companion.options.wants_help) {
        options_help();
        return EXIT_SUCCESS;
    }
    if (companion.options.wants_version) {
        (void)printf("keymoor-cloud-rules %s\n", KEYMOOR_VERSION);
        return EXIT_SUCCESS;
    }
    status = begin(&err);
    if (status != KM_OK)
        km_log_err(KM_LOG_ERROR, &err, "can't go on");
    end();
    return status == KM_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
