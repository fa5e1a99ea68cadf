/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud/runner_rig.h"

#include <ftw.h>
#include <sys/random.h>
#include <time.h>

#include "common/km_file.h"
#include "tests/unit/cloud/zip_maker.h"

#ifndef KM_TEST_LIBEXEC
#error "where the build has keymoor-function-host"
#endif

static const struct rig_function *find(const struct rig *rig, const char *name)
{
    for (size_t i = 0; i < rig->n_functions; i++)
        if (strcmp(rig->functions[i].name, name) == 0)
            return &rig->functions[i];
    return NULL;
}

static km_status load(void *ctx, struct km_err *err, const struct km_function_name *name,
                      struct km_function *ret, void **ret_handle)
{
    struct rig *rig = ctx;
    const struct rig_function *function = find(rig, name->name);
    if (rig->n_outages > 0) {
        rig->n_outages--;
        return KM_FAIL(err, KM_E_DEAD, "the registry is gone");
    }
    if (function == NULL)
        return KM_FAIL(err, KM_E_NOTFOUND, "there is no function %.64s", name->name);
    *ret = (struct km_function){
        .account = RIG_ACCOUNT,
        .region = "us-west-1",
        .name = function->name,
        .version = KM_FUNCTION_LATEST_TEXT,
        .runtime = function->runtime != NULL ? function->runtime : "python3.8",
        .handler = function->handler != NULL ? function->handler : "f.handler",
        .variables = function->variables,
        .n_variables = function->n_variables,
        .timeout_s = function->timeout_s != 0 ? function->timeout_s : 20,
        .memory_mb = 128,
        .code_id = function->name,
    };
    *ret_handle = (void *)(uintptr_t)function;
    return KM_OK;
}

static void unload(void *ctx, void *handle)
{
    (void)ctx;
    (void)handle;
}

static km_status code(void *ctx, struct km_err *err, void *handle, struct km_slice *ret)
{
    (void)err;
    struct rig *rig = ctx;
    const struct rig_function *function = handle;
    struct zip_file file = {"f.py", KM_SLICE_STR(function->source), S_IFREG | 0644, true};
    *ret = KM_SLICE_STR(function->source);
    if (function->runtime != NULL)
        return KM_OK;
    *ret = KM_SLICE(rig->archive, zip_make(&file, 1, rig->archive, sizeof rig->archive));
    return KM_OK;
}

static km_status mint(void *ctx, struct km_err *err, const struct km_function *function,
                      unsigned lifetime_s, struct km_runner_credentials *ret)
{
    (void)err;
    assert_string_equal(function->account, RIG_ACCOUNT);
    assert_true(lifetime_s > 0);
    *ret = ((struct rig *)ctx)->credentials;
    return KM_OK;
}

static void note(void *ctx, const struct km_err *err, const char *function)
{
    (void)err;
    (void)function;
    ((struct rig *)ctx)->n_notes++;
}

static void ended(void *ctx, const struct km_function_name *function, const char *request_id,
                  const struct km_err *failure)
{
    struct rig *rig = ctx;
    assert_true(function->name[0] != '\0' && strlen(request_id) == 36);
    rig->n_ended_well += failure == NULL ? 1 : 0;
    rig->n_ended_badly += failure != NULL ? 1 : 0;
}

static int64_t now_ms(void *ctx)
{
    struct timespec now = {0};
    (void)ctx;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static km_status chance(void *ctx, struct km_err *err, void *ret, size_t len)
{
    (void)ctx;
    (void)err;
    assert_int_equal(getrandom(ret, len, 0), (ssize_t)len);
    return KM_OK;
}

uid_t rig_first_uid(void)
{
    static uid_t first;
    if (first == 0)
        first = 100000000 + 16 * (uid_t)getpid();
    return first;
}

struct rig *rig_new(const struct rig_function *functions, size_t n_functions)
{
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    snprintf(rig->dir, sizeof rig->dir, "/tmp/test_runner.XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    rig->functions = functions;
    rig->n_functions = n_functions;
    rig->credentials = (struct km_runner_credentials){
        .key_id = "ASIARIG", .secret = RIG_SECRET, .token = "rig-token"};
    rig->config = (struct km_runner_config){
        .state_dir = rig->dir,
        .host_path = KM_TEST_LIBEXEC "/keymoor-function-host",
        .runtime_dir = KM_TEST_LIBEXEC "/functions",
        .region = "us-west-1",
        .parallel = 2,
        .first_uid = geteuid() == 0 ? rig_first_uid() : 0,
        .tmp_mb = 8,
        .retry_ms = 1,
    };
    return rig;
}

void rig_start(struct rig *rig)
{
    const struct km_runner_calls calls = {.ctx = rig,
                                          .load = load,
                                          .unload = unload,
                                          .code = code,
                                          .mint = mint,
                                          .note = note,
                                          .ended = ended,
                                          .now_ms = now_ms,
                                          .random = chance};
    struct km_err err = {.status = KM_OK};
    assert_int_equal(km_loop_init(&err, &rig->loop), KM_OK);
    if (km_runner_new(&err, &rig->loop, &rig->config, &calls, &rig->runner) != KM_OK)
        fail_msg("%s", err.text);
}

void rig_stop(struct rig *rig)
{
    km_runner_free(rig->runner);
    rig->runner = NULL;
    km_loop_clear(&rig->loop);
}

static int take_away(const char *path, const struct stat *st, int what, struct FTW *at)
{
    (void)st;
    (void)what;
    (void)at;
    return remove(path);
}

void rig_free(struct rig *rig)
{
    if (rig->runner != NULL)
        rig_stop(rig);
    (void)nftw(rig->dir, take_away, 16, FTW_DEPTH | FTW_PHYS);
    km_invoke_answer_clear(&rig->answer);
    free(rig);
}

static void done(void *ctx, const struct km_err *failure, const struct km_invoke_answer *answer)
{
    struct rig *rig = ctx;
    km_invoke_answer_clear(&rig->answer);
    rig->failure = (struct km_err){.status = KM_OK};
    rig->n_done++;
    if (failure != NULL) {
        rig->failure = *failure;
        return;
    }
    rig->answer = *answer;
    rig->answer.payload = malloc(answer->payload_len + 1);
    assert_non_null(rig->answer.payload);
    if (answer->payload_len > 0)
        km_copy(rig->answer.payload, answer->payload_len, answer->payload, answer->payload_len);
    rig->answer.payload[answer->payload_len] = '\0';
}

uint64_t rig_ask(struct rig *rig, enum km_invoke_kind kind, const char *function,
                 const char *payload)
{
    const struct km_invoke invoke = {.kind = kind,
                                     .account = RIG_ACCOUNT,
                                     .region = "us-west-1",
                                     .function = function,
                                     .payload = KM_SLICE_STR(payload),
                                     .wants_log = true};
    return km_runner_invoke(rig->runner, &invoke, done, rig);
}

void rig_turn(struct rig *rig)
{
    int left = km_runner_next_ms(rig->runner);
    assert_int_equal(km_loop_once(NULL, &rig->loop, left < 0 || left > 100 ? 100 : left), KM_OK);
    km_runner_tick(rig->runner);
}

void rig_wait(struct rig *rig, unsigned n_done)
{
    while (rig->n_done < n_done)
        rig_turn(rig);
}

void rig_idle(struct rig *rig)
{
    while (km_runner_count(rig->runner).running > 0 || km_runner_count(rig->runner).spooled > 0)
        rig_turn(rig);
}

const char *rig_call(struct rig *rig, const char *function, const char *payload)
{
    unsigned before = rig->n_done;
    (void)rig_ask(rig, KM_INVOKE_WAIT, function, payload);
    rig_wait(rig, before + 1);
    if (rig->failure.status != KM_OK)
        fail_msg("%s: %s", function, rig->failure.text);
    return (const char *)rig->answer.payload;
}

char *rig_log(struct rig *rig, const char *function)
{
    char path[256] = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;
    snprintf(path, sizeof path, "%s/log/" RIG_ACCOUNT "/%s.log", rig->dir, function);
    assert_int_equal(km_file_read(NULL, AT_FDCWD, path, 2u << 20, &bytes, &len), KM_OK);
    char *text = malloc(len + 1);
    assert_non_null(text);
    km_copy(text, len, bytes, len);
    text[len] = '\0';
    free(bytes);
    return text;
}

static bool has_word(const char *pid, const char *word)
{
    char path[64] = {0}, text[512] = {0};
    snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    KM_AUTO(km_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    for (ssize_t i = 0; i + 1 < n; i++)
        text[i] = text[i] == '\0' ? ' ' : text[i];
    return strstr(text, word) != NULL;
}

unsigned rig_n_processes(const char *word)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc");
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            n += has_word(entry->d_name, word) ? 1 : 0;
    (void)closedir(dir);
    return n;
}
