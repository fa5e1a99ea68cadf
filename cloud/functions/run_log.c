/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/run_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cloud/common/json.h"

#define BLOT "****"
#define TEXT_CAP 512

/* ---- redaction ---- */

static size_t secret_at(const uint8_t *text, size_t len, const struct km_slice *secrets, size_t n)
{
    size_t longest = 0;
    for (size_t i = 0; i < n; i++)
        if (secrets[i].len >= KM_RUN_SECRET_MIN && secrets[i].len <= len &&
            secrets[i].len > longest && text[0] == secrets[i].ptr[0] &&
            memcmp(text, secrets[i].ptr, secrets[i].len) == 0) /* of a log, not of a guess */
            longest = secrets[i].len;
    return longest;
}

size_t km_run_redact(uint8_t *text, size_t len, const struct km_slice *secrets, size_t n_secrets)
{
    size_t out = 0;
    for (size_t at = 0; at < len;) {
        size_t hit = secret_at(text + at, len - at, secrets, n_secrets);
        if (hit == 0) {
            text[out++] = text[at++];
            continue;
        }
        km_copy(text + out, len - out, BLOT, sizeof BLOT - 1);
        out += sizeof BLOT - 1;
        at += hit;
    }
    return out;
}

/* A log that was cut may end within a secret. */
static size_t without_torn_end(const struct km_run_report *report)
{
    size_t longest = 0, len = report->outcome->log.len;
    if (!report->outcome->log_is_cut)
        return len;
    for (size_t i = 0; i < report->n_secrets; i++)
        if (report->secrets[i].len > longest)
            longest = report->secrets[i].len;
    return len > longest ? len - longest : 0;
}

/* ---- the answer ---- */

static void time_text(int64_t now_ms, char *ret, size_t cap)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm = {0};
    size_t len = 0;
    if (gmtime_r(&seconds, &tm) != NULL)
        len = strftime(ret, cap, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret + len, cap - len, ".%03dZ", (int)(now_ms % 1000));
}

/* What is wrong with a run that did not answer for itself; type "": only a message. */
static const char *describe(const struct km_run_report *report, char *text, size_t cap)
{
    static const char exit_error[] = "Runtime.ExitError";
    const struct km_host_outcome *outcome = report->outcome;
    char when[64] = {0};
    switch (outcome->end) {
    case KM_HOST_TIMEOUT:
        time_text(report->now_ms, when, sizeof when);
        snprintf(text, cap, "%s %s Task timed out after %u.00 seconds", when, report->request_id,
                 report->timeout_s);
        return "";
    case KM_HOST_INIT_TIMEOUT:
        snprintf(text, cap, "RequestId: %s Error: the code was not loaded after %u.00 seconds",
                 report->request_id, KM_HOST_INIT_MAX_S);
        return "Sandbox.Timedout";
    case KM_HOST_MEMORY:
        snprintf(text, cap, "RequestId: %s Error: Runtime exited with error: signal: killed",
                 report->request_id);
        return exit_error;
    case KM_HOST_TOO_MUCH:
        snprintf(text, cap,
                 "Response payload size exceeded maximum allowed payload size (%zu bytes).",
                 KM_FUNCTION_PAYLOAD_MAX);
        return "Function.ResponseSizeTooLarge";
    case KM_HOST_KILLED:
        snprintf(text, cap, "RequestId: %s Error: Runtime exited with error: signal: %s",
                 report->request_id, sigabbrev_np(outcome->code));
        return exit_error;
    case KM_HOST_EXITED:
        if (outcome->code == 0 && outcome->answer.len > 0)
            snprintf(text, cap, "RequestId: %s Error: the answer is no JSON", report->request_id);
        else if (outcome->code == 0)
            snprintf(text, cap, "RequestId: %s Error: Runtime exited without providing a reason",
                     report->request_id);
        else
            snprintf(text, cap, "RequestId: %s Error: Runtime exited with error: exit status %d",
                     report->request_id, outcome->code);
        return exit_error;
    case KM_HOST_NO_WALL:
        break;
    }
    text[0] = '\0';
    return exit_error;
}

static bool is_json(struct km_slice text)
{
    KM_AUTO(km_json_unref) json_t *json = NULL;
    return km_json_value(NULL, text, KM_INVOKE_DEPTH_MAX, &json) == KM_OK;
}

/* What the function says of itself: a result (*ret_is_error false) or a failure; false when it says nothing that can be used. */
static bool own_words(const struct km_run_report *report, struct km_slice *ret, bool *ret_is_error)
{
    const struct km_host_outcome *outcome = report->outcome;
    struct km_slice answer = outcome->answer;
    *ret_is_error = false;
    if (outcome->end != KM_HOST_EXITED)
        return false;
    if (report->is_python) {
        if (answer.len == 0 || (answer.ptr[0] != 'R' && answer.ptr[0] != 'E'))
            return false;
        *ret_is_error = answer.ptr[0] == 'E';
        answer = KM_SLICE(answer.ptr + 1, answer.len - 1);
    } else if (outcome->code != 0) {
        return false;
    }
    *ret = answer.len > 0 ? answer : KM_SLICE_STR("null");
    return is_json(*ret);
}

static char *description(const struct km_run_report *report)
{
    char text[TEXT_CAP] = {0};
    const char *type = describe(report, text, sizeof text);
    json_t *json = json_pack("{s:s}", "errorMessage", text);
    if (type[0] != '\0')
        (void)json_object_set_new(json, "errorType", json_string(type));
    char *dump = km_json_dump(json);
    json_decref(json);
    return dump;
}

km_status km_run_answer(struct km_err *err, const struct km_run_report *report,
                        struct km_invoke_answer *ret)
{
    struct km_slice words = {0};
    if (report->outcome->end == KM_HOST_NO_WALL)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "%.*s", (int)report->outcome->text.len,
                       (const char *)report->outcome->text.ptr);
    unsigned n_short = km_json_n_short();
    bool has_words = own_words(report, &words, &ret->is_function_error);
    if (km_json_n_short() != n_short)
        return KM_FAIL(err, KM_E_NOMEM, "no memory to read what a function answers");
    if (!has_words) {
        ret->is_function_error = true;
        ret->payload = (uint8_t *)description(report);
        ret->payload_len = ret->payload != NULL ? strlen((const char *)ret->payload) : 0;
    } else {
        ret->payload = malloc(words.len + 1);
        ret->payload_len = words.len;
        if (ret->payload != NULL) {
            km_copy(ret->payload, words.len, words.ptr, words.len);
            ret->payload[words.len] = '\0';
        }
    }
    return ret->payload != NULL ? KM_OK : KM_FAIL(err, KM_E_NOMEM, "no memory for an answer");
}

/* ---- the log ---- */

char *km_run_log(const struct km_run_report *report, size_t *ret_len)
{
    const struct km_host_outcome *outcome = report->outcome;
    size_t cap = outcome->log.len + 4 * TEXT_CAP;
    size_t len = without_torn_end(report);
    char failed[TEXT_CAP] = {0};
    char *text = malloc(cap);
    if (text == NULL)
        return NULL;
    int head = snprintf(text, cap, "START RequestId: %s Version: %s\n", report->request_id,
                        report->version);
    size_t at = (size_t)head;
    km_copy(text + at, cap - at, outcome->log.ptr, len);
    at += km_run_redact((uint8_t *)text + at, len, report->secrets, report->n_secrets);
    if (text[at - 1] != '\n')
        text[at++] = '\n';
    if (outcome->log_is_cut)
        at += (size_t)snprintf(text + at, cap - at, "[the rest of the log was dropped]\n");
    if (outcome->end != KM_HOST_EXITED) {
        (void)describe(report, failed, sizeof failed);
        at += (size_t)snprintf(text + at, cap - at, "%s\n", failed);
    }
    at += (size_t)snprintf(text + at, cap - at,
                           "END RequestId: %s\nREPORT RequestId: %s\tDuration: %u ms\tBilled "
                           "Duration: %u ms\tMemory Size: %u MB\tMax Memory Used: %u MB\n",
                           report->request_id, report->request_id, outcome->duration_ms,
                           outcome->duration_ms, report->memory_mb, outcome->memory_kb / 1024);
    *ret_len = at;
    return text;
}

static km_status open_folder(struct km_err *err, const char *log_dir, const char *account,
                             int *ret_fd)
{
    KM_AUTO(km_fd_closep) int parent = open(log_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0 || (mkdirat(parent, account, 0700) != 0 && errno != EEXIST))
        return KM_FAIL_ERRNO(err, "can't make %.100s/%s", log_dir, account);
    *ret_fd = openat(parent, account, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd >= 0 ? KM_OK : KM_FAIL_ERRNO(err, "can't open %.100s/%s", log_dir, account);
}

km_status km_run_log_keep(struct km_err *err, const char *log_dir, const char *account,
                          const char *name, size_t max, struct km_slice text)
{
    char file[KM_FUNCTION_NAME_LEN_MAX + 16] = {0}, older[KM_FUNCTION_NAME_LEN_MAX + 16] = {0};
    struct stat st = {0};
    KM_AUTO(km_fd_closep) int dir = -1;
    KM_TRY(open_folder(err, log_dir, account, &dir));
    snprintf(file, sizeof file, "%s.log", name);
    snprintf(older, sizeof older, "%s.log.1", name);
    if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0 && (size_t)st.st_size + text.len > max &&
        renameat(dir, file, dir, older) != 0)
        return KM_FAIL_ERRNO(err, "can't put the log of %s aside", name);
    KM_AUTO(km_fd_closep)
    int fd = openat(dir, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write(fd, text.ptr, text.len) != (ssize_t)text.len)
        return KM_FAIL_ERRNO(err, "can't write the log of %s", name);
    return KM_OK;
}
