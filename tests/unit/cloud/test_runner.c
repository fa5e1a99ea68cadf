/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that behave: they are run, answered for, queued and tried again. */
#include "tests/unit/cloud/runner_rig.h"

static const struct km_function_variable variables[] = {{"GREETING", "good morning"}};

static const struct rig_function functions[] = {
    {.name = "echo", .source = "def handler(event, context):\n    return event\n"},
    {.name = "context",
     .source = "import os\n"
               "def handler(event, context):\n"
               "    return [context.function_name, context.function_version,\n"
               "            context.invoked_function_arn, context.memory_limit_in_mb,\n"
               "            context.log_group_name, len(context.aws_request_id),\n"
               "            0 < context.get_remaining_time_in_millis() <= 20000,\n"
               "            os.environ['AWS_REGION'], os.environ['AWS_DEFAULT_REGION'],\n"
               "            os.environ['AWS_ACCESS_KEY_ID'], os.environ['GREETING'], os.getcwd(),\n"
               "            [name for name in os.environ if name.startswith('KEYMOOR')]]\n",
     .variables = variables,
     .n_variables = 1},
    {.name = "raises",
     .source = "def handler(event, context):\n    raise ValueError('no ' + event['what'])\n"},
    {.name = "does_not_load", .source = "import there_is_no_such_module\n"},
    {.name = "has_no_handler", .source = "x = 1\n"},
    {.name = "exits", .source = "import sys\ndef handler(e, c):\n    sys.exit(3)\n"},
    {.name = "no_json", .source = "def handler(e, c):\n    return {1, 2}\n"},
    {.name = "not_a_number", .source = "def handler(e, c):\n    return float('nan')\n"},
    {.name = "logs",
     .source = "import sys\ndef handler(e, c):\n    print('to stdout')\n"
               "    print('to stderr', file=sys.stderr)\n"},
    {.name = "program",
     .runtime = "provided",
     .handler = "any.name",
     .source = "#!/bin/sh\nread -r event\necho seen >&2\nprintf '{\"got\":%s}' \"$event\"\n"},
    {.name = "program_is_none", .runtime = "provided", .source = "hello\n"},
    {.name = "program_fails", .runtime = "provided.al2", .source = "#!/bin/sh\nexit 7\n"},
    {.name = "program_says_no_json", .runtime = "provided", .source = "#!/bin/sh\necho hello\n"},
    {.name = "sleeps",
     .source = "import time\ndef handler(e, c):\n    time.sleep(300)\n",
     .timeout_s = 300},
};

static int set_up(void **state)
{
    struct rig *rig = rig_new(functions, KM_ARRAY_LEN(functions));
    rig_start(rig);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static void an_event_comes_back(void **state)
{
    struct rig *rig = *state;
    static const char *const values[] = {"{\"a\": [1, null, \"\\u00fc\"]}", "null", "3", "\"x\""};
    for (size_t i = 0; i < KM_ARRAY_LEN(values); i++) {
        assert_string_equal(rig_call(rig, "echo", values[i]), values[i]);
        assert_false(rig->answer.is_function_error);
        assert_string_equal(rig->answer.version, "$LATEST");
    }
    assert_string_equal(rig_call(rig, "echo", ""), "null");
    assert_string_equal(
        rig_call(rig, "arn:aws:lambda:us-west-1:" RIG_ACCOUNT ":function:echo", "1"), "1");
}

static void a_large_event_comes_back(void **state)
{
    struct rig *rig = *state;
    size_t len = KM_FUNCTION_PAYLOAD_MAX;
    char *text = malloc(len + 2);
    memset(text, 'x', len + 1);
    text[0] = '"';
    text[len - 1] = '"';
    text[len] = '\0';
    assert_string_equal(rig_call(rig, "echo", text), text);
    text[len - 1] = 'x';
    text[len] = '"';
    text[len + 1] = '\0';
    (void)rig_ask(rig, KM_INVOKE_WAIT, "echo", text);
    assert_int_equal(rig->failure.status, KM_E_LIMIT);
    free(text);
}

static void a_handler_knows_where_it_is(void **state)
{
    assert_string_equal(
        rig_call(*state, "context", "{}"),
        "[\"context\", \"$LATEST\", \"arn:aws:lambda:us-west-1:" RIG_ACCOUNT ":function:context\", "
        "\"128\", \"/aws/lambda/context\", 36, true, \"us-west-1\", \"us-west-1\", \"ASIARIG\", "
        "\"good morning\", \"/var/task\", []]");
}

static void fails_with(struct rig *rig, const char *function, const char *type, const char *message)
{
    const char *answer = rig_call(rig, function, "{\"what\":\"luck\"}");
    if (!rig->answer.is_function_error || strstr(answer, type) == NULL ||
        strstr(answer, message) == NULL)
        fail_msg("%s answered %s", function, answer);
}

static void failures_are_told(void **state)
{
    struct rig *rig = *state;
    fails_with(rig, "raises", "\"ValueError\"", "\"no luck\"");
    assert_non_null(strstr((const char *)rig->answer.payload, "f.py\\\", line 2, in handler"));
    fails_with(rig, "does_not_load", "Runtime.ImportModuleError", "there_is_no_such_module");
    fails_with(rig, "has_no_handler", "AttributeError", "'handler' missing");
    fails_with(rig, "exits", "Runtime.ExitError", "exit status 3");
    fails_with(rig, "no_json", "TypeError", "set is not JSON serializable");
    fails_with(rig, "not_a_number", "Runtime.ExitError", "no JSON");
    fails_with(rig, "program_is_none", "Runtime.ExitError", "exit status 126");
    fails_with(rig, "program_fails", "Runtime.ExitError", "exit status 7");
    fails_with(rig, "program_says_no_json", "Runtime.ExitError", "no JSON");
}

static void a_program_is_run(void **state)
{
    assert_string_equal(rig_call(*state, "program", "{\"a\":1}\n"), "{\"got\":{\"a\":1}}");
}

static void the_log_is_kept_and_its_end_told(void **state)
{
    struct rig *rig = *state;
    rig_call(rig, "logs", "");
    char *log = rig_log(rig, "logs");
    assert_string_equal(log, rig->answer.log);
    assert_non_null(strstr(log, "START RequestId: "));
    assert_non_null(strstr(log, "\nto stdout\nto stderr\nEND RequestId: "));
    assert_non_null(strstr(log, "Memory Size: 128 MB\tMax Memory Used: "));
    free(log);
}

static void what_cannot_be_run_is_refused(void **state)
{
    struct rig *rig = *state;
    (void)rig_ask(rig, KM_INVOKE_WAIT, "nobody", "");
    assert_int_equal(rig->failure.status, KM_E_NOTFOUND);
    (void)rig_ask(rig, KM_INVOKE_EVENT, "nobody", "");
    assert_int_equal(rig->failure.status, KM_E_NOTFOUND);
    (void)rig_ask(rig, KM_INVOKE_WAIT, "123456789013:function:echo", "");
    assert_int_equal(rig->failure.status, KM_E_NOTFOUND);
    (void)rig_ask(rig, KM_INVOKE_WAIT, "echo", "{");
    assert_int_equal(rig->failure.status, KM_E_MALFORMED);
    (void)rig_ask(rig, KM_INVOKE_DRY, "echo", "{}");
    assert_int_equal(rig->failure.status, KM_OK);
    assert_int_equal(km_runner_count(rig->runner).n_runs, 0);
}

static void two_run_at_a_time_and_others_wait(void **state)
{
    struct rig *rig = *state;
    uint64_t tickets[2] = {0};
    for (size_t i = 0; i < 2; i++)
        tickets[i] = rig_ask(rig, KM_INVOKE_WAIT, "sleeps", "");
    (void)rig_ask(rig, KM_INVOKE_WAIT, "echo", "1");
    (void)rig_ask(rig, KM_INVOKE_WAIT, "echo", "2");
    assert_int_equal(km_runner_count(rig->runner).running, 2);
    assert_int_equal(km_runner_count(rig->runner).waiting, 2);
    /* Who waited for the first has gone: its place is free. */
    km_runner_forget(rig->runner, tickets[0]);
    rig_wait(rig, 2);
    assert_string_equal((const char *)rig->answer.payload, "2");
    km_runner_forget(rig->runner, tickets[1]);
    assert_int_equal(km_runner_count(rig->runner).running, 0);
    assert_int_equal(rig->n_done, 2);
}

static void as_many_wait_as_may(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < 2 + KM_RUNNER_WAITING_MAX; i++)
        assert_true(rig_ask(rig, KM_INVOKE_WAIT, "sleeps", "") != 0);
    assert_true(rig_ask(rig, KM_INVOKE_WAIT, "sleeps", "") == 0);
    assert_int_equal(rig->failure.status, KM_E_BUSY);
}

static void an_event_is_run_later(void **state)
{
    struct rig *rig = *state;
    (void)rig_ask(rig, KM_INVOKE_EVENT, "logs", "{}");
    assert_int_equal(rig->n_done, 1);
    assert_int_equal(rig->failure.status, KM_OK);
    assert_int_equal(rig->answer.payload_len, 0);
    assert_int_equal(strlen(rig->answer.request_id), 36);
    rig_idle(rig);
    char *log = rig_log(rig, "logs");
    assert_non_null(strstr(log, rig->answer.request_id));
    free(log);
}

static void an_event_that_fails_is_tried_twice_more(void **state)
{
    struct rig *rig = *state;
    (void)rig_ask(rig, KM_INVOKE_EVENT, "raises", "{\"what\":\"x\"}");
    rig_idle(rig);
    struct km_runner_count count = km_runner_count(rig->runner);
    assert_int_equal(count.n_runs, 3);
    assert_int_equal(count.n_retries, 2);
    assert_int_equal(count.n_given_up, 1);
    assert_int_equal(rig->n_ended_badly, 3);
    assert_int_equal(rig->n_ended_well, 0);
    assert_int_equal(rig->n_notes, 1);
}

/* The event is accepted, and then the registry is gone for longer than three attempts. */
static void an_outage_is_no_attempt(void **state)
{
    struct rig *rig = *state;
    uint64_t tickets[2] = {rig_ask(rig, KM_INVOKE_WAIT, "sleeps", ""),
                           rig_ask(rig, KM_INVOKE_WAIT, "sleeps", "")};
    (void)rig_ask(rig, KM_INVOKE_EVENT, "logs", "{}");
    assert_int_equal(km_runner_count(rig->runner).spooled, 1);
    rig->n_outages = 20;
    km_runner_forget(rig->runner, tickets[0]);
    km_runner_forget(rig->runner, tickets[1]);
    rig_idle(rig);
    assert_int_equal(rig->n_outages, 0);
    assert_int_equal(rig->n_ended_well, 1);
    assert_int_equal(km_runner_count(rig->runner).n_given_up, 0);
    assert_int_equal(km_runner_count(rig->runner).n_retries, 0);
}

/* The runner is killed while the event runs: the next one runs it. */
static int accept_and_die(void *arg)
{
    struct rig *rig = arg;
    rig_start(rig);
    (void)rig_ask(rig, KM_INVOKE_EVENT, "sleeps", "{}");
    (void)rig_ask(rig, KM_INVOKE_EVENT, "logs", "{}");
    (void)rig_ask(rig, KM_INVOKE_EVENT, "logs", "{}");
    CHILD_CHECK(km_runner_count(rig->runner).spooled == 3);
    (void)kill(getpid(), SIGKILL);
    return 1;
}

static void no_accepted_event_is_lost(void **state)
{
    (void)state;
    static struct rig_function again[KM_ARRAY_LEN(functions)];
    struct rig *rig = rig_new(functions, KM_ARRAY_LEN(functions));
    assert_child_killed_by(SIGKILL, accept_and_die, rig);
    km_copy(again, sizeof again, functions, sizeof functions);
    rig->functions = again;
    /* What slept for ever ends at once now; its code is unpacked already, so that its name stands for it. */
    again[KM_ARRAY_LEN(again) - 1].timeout_s = 1;
    rig_start(rig);
    assert_int_equal(km_runner_count(rig->runner).spooled, 3);
    rig_idle(rig);
    struct km_runner_count count = km_runner_count(rig->runner);
    assert_int_equal(count.n_runs, 2 + 3);
    assert_int_equal(count.n_timeouts, 3);
    rig_free(rig);
}

static void a_spoiled_event_is_set_aside(void **state)
{
    struct rig *rig = *state;
    char path[256] = {0};
    rig_stop(rig);
    snprintf(path, sizeof path, "%s/spool/0000000000000009.ev", rig->dir);
    KM_AUTO(km_fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "\1\0nonsense", 10), 10);
    rig_start(rig);
    rig_idle(rig);
    snprintf(path, sizeof path, "%s/spool/0000000000000009.ev.bad", rig->dir);
    assert_int_equal(access(path, R_OK), 0);
}

#define RUNNER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNNER_TEST(an_event_comes_back),
        RUNNER_TEST(a_large_event_comes_back),
        RUNNER_TEST(a_handler_knows_where_it_is),
        RUNNER_TEST(failures_are_told),
        RUNNER_TEST(a_program_is_run),
        RUNNER_TEST(the_log_is_kept_and_its_end_told),
        RUNNER_TEST(what_cannot_be_run_is_refused),
        RUNNER_TEST(two_run_at_a_time_and_others_wait),
        RUNNER_TEST(as_many_wait_as_may),
        RUNNER_TEST(an_event_is_run_later),
        RUNNER_TEST(an_event_that_fails_is_tried_twice_more),
        RUNNER_TEST(an_outage_is_no_attempt),
        cmocka_unit_test(no_accepted_event_is_lost),
        RUNNER_TEST(a_spoiled_event_is_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
