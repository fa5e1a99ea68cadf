/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/keymoord/audit.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/km_log.h"
#include "common/km_loop.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SUBJECT_MAX 256u
#define TOLD_AFTER_MS 5000
#define ROOM_MIN (1u << 20)
#define ROOM_PART 8 /* of a small file system, this part is enough */

/* Whatever a client or a TA can cause as often as it likes. */
static const struct limit {
    const char *event;
    int64_t burst, per_second;
    bool by_ta; /* a source is a user and an application, else a user */
} limits[] = {
    {"ta", 200, 20, true},
    {"client-dropped", 20, 5, false},
    {"session-refused", 20, 5, false},
    {"instance-failed", 20, 5, true},
};

static km_status open_journal(struct km_err *err, struct km_audit *audit)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
    KM_AUTO(km_fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return KM_FAIL_ERRNO(err, "can't reach the journal at " JOURNAL_SOCKET);
    audit->fd = km_fd_steal(&fd);
    return KM_OK;
}

static km_status open_file(struct km_err *err, struct km_audit *audit)
{
    KM_AUTO(km_fd_closep)
    int fd = open(audit->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                  0600);
    struct stat st = {0};
    if (fd < 0 || fstat(fd, &st) != 0)
        return KM_FAIL_ERRNO(err, "can't open the audit file %s", audit->path);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        return KM_FAIL(err, KM_E_DENIED, "the audit file %s is not a file of ours with mode 0600",
                       audit->path);
    audit->fd = km_fd_steal(&fd);
    return KM_OK;
}

km_status km_audit_open(struct km_err *err, struct km_audit *audit, const char *target)
{
    audit->fd = -1;
    if (strcmp(target, "none") == 0)
        return KM_OK;
    audit->journal = strcmp(target, "journal") == 0;
    audit->path = target;
    return audit->journal ? open_journal(err, audit) : open_file(err, audit);
}

km_status km_audit_reopen(struct km_err *err, struct km_audit *audit)
{
    if (audit->fd < 0 && audit->path == NULL)
        return KM_OK;
    km_fd_closep(&audit->fd);
    audit->warned = false;
    return audit->journal ? open_journal(err, audit) : open_file(err, audit);
}

static void add_time(cJSON *object)
{
    struct timespec now = {0};
    struct tm parts = {0};
    char text[40] = {0}, whole[32] = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    (void)strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(text, sizeof(text), "%s.%03ldZ", whole, now.tv_nsec / 1000000);
    cJSON_AddStringToObject(object, "time", text);
}

/* Somebody else's bytes: as text where they are text without control characters, else in hex. */
static void add_bytes(cJSON *object, const char *name, struct km_slice bytes)
{
    char text[2 * SUBJECT_MAX + 1] = {0};
    bool is_text = bytes.len < sizeof(text) && km_utf8_valid(bytes);
    for (size_t i = 0; i < bytes.len && is_text; i++)
        is_text = bytes.ptr[i] >= 0x20 && bytes.ptr[i] != 0x7f;
    if (is_text)
        km_copy(text, sizeof(text) - 1, bytes.ptr, bytes.len);
    else
        km_hex(KM_SLICE(bytes.ptr, bytes.len > SUBJECT_MAX ? SUBJECT_MAX : bytes.len), text,
               sizeof(text));
    cJSON_AddStringToObject(object, name, text);
}

static void add_text(cJSON *object, const char *name, const char *text)
{
    if (text != NULL)
        add_bytes(object, name, KM_SLICE(text, strnlen(text, SUBJECT_MAX)));
}

static bool format(const struct km_audit_record *record, char ret[KM_AUDIT_LINE_MAX])
{
    char number[24] = {0};
    cJSON *object = cJSON_CreateObject();
    if (object == NULL)
        return false;
    add_time(object);
    add_text(object, "event", record->event);
    if (record->has_client) {
        cJSON_AddNumberToObject(object, "uid", record->uid);
    }
    if (record->has_client && !record->only_uid) {
        cJSON_AddNumberToObject(object, "gid", record->gid);
        cJSON_AddNumberToObject(object, "pid", record->pid);
        add_text(object, "exe", record->exe);
    }
    add_text(object, "ta", record->ta);
    add_text(object, "via", record->via);
    if (record->session != 0)
        cJSON_AddNumberToObject(object, "session", (double)record->session);
    add_text(object, "operation", record->operation);
    if (record->subject.len > 0)
        add_bytes(object, "subject", record->subject);
    if (record->has_result) {
        (void)snprintf(number, sizeof(number), "0x%08x", record->result);
        cJSON_AddStringToObject(object, "result", number);
    }
    add_text(object, "detail", record->detail);
    /* cJSON wants a few octets more than it uses. */
    bool good = cJSON_PrintPreallocated(object, ret, KM_AUDIT_LINE_MAX - 8, false) != 0;
    cJSON_Delete(object);
    return good;
}

/* The stores must not be kept from working by what is said of them. */
static bool has_room(const struct km_audit *audit)
{
    struct statvfs fs = {0};
    if (audit->journal || fstatvfs(audit->fd, &fs) != 0)
        return true;
    uint64_t part = (uint64_t)fs.f_blocks * fs.f_frsize / ROOM_PART;
    return (uint64_t)fs.f_bavail * fs.f_frsize >= (part < ROOM_MIN ? part : ROOM_MIN);
}

static bool deliver(struct km_audit *audit, const char *line)
{
    char out[KM_AUDIT_LINE_MAX + 96] = {0};
    int n = audit->journal
                ? snprintf(out, sizeof(out),
                           "PRIORITY=5\nSYSLOG_IDENTIFIER=keymoord\nKEYMOOR_AUDIT=1\nMESSAGE=%s\n",
                           line)
                : snprintf(out, sizeof(out), "%s%s\n", audit->torn ? "\n" : "", line);
    if (n <= 0 || (size_t)n >= sizeof(out))
        return false;
    if (!has_room(audit)) {
        errno = ENOSPC;
        return false;
    }
    ssize_t written = audit->journal ? send(audit->fd, out, (size_t)n, MSG_NOSIGNAL)
                                     : write(audit->fd, out, (size_t)n);
    if (written >= 0 && written < n)
        errno = ENOSPC;
    /* The next record is to start on a line of its own. */
    if (written > 0)
        audit->torn = written < n;
    return written == (ssize_t)n;
}

static void write_record(struct km_audit *audit, const struct km_audit_record *record)
{
    char *line = audit->ring[audit->n_records % KM_AUDIT_RING];
    bool good = format(record, line);
    if (good)
        audit->n_records++;
    if (good && (audit->fd < 0 || deliver(audit, line)))
        return;
    audit->n_lost++;
    if (!audit->warned)
        km_log(KM_LOG_WARNING, "audit records are being lost (%s); the service goes on",
               good ? strerror(errno) : "record too long");
    audit->warned = true;
}

/* ---- floods ---- */

static void tell_suppressed(struct km_audit *audit, struct km_audit_bucket *bucket)
{
    char detail[64] = {0};
    if (bucket->suppressed == 0)
        return;
    (void)snprintf(detail, sizeof(detail), "%llu records in %lld s",
                   (unsigned long long)bucket->suppressed,
                   (long long)(km_loop_now_ms() - bucket->since_ms) / 1000);
    const struct km_audit_record record = {.event = "suppressed",
                                           .has_client = bucket->has_uid,
                                           .only_uid = true,
                                           .uid = bucket->uid,
                                           .ta = bucket->ta[0] == '\0' ? NULL : bucket->ta,
                                           .operation = bucket->event,
                                           .detail = detail};
    bucket->suppressed = 0;
    write_record(audit, &record);
}

static const struct limit *limit_of(const struct km_audit_record *record)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(limits); i++) {
        if (strcmp(limits[i].event, record->event) == 0)
            return &limits[i];
    }
    return NULL;
}

static bool same_source(const struct km_audit_bucket *bucket, const struct limit *limit,
                        const struct km_audit_record *record)
{
    const char *ta = limit->by_ta && record->ta != NULL ? record->ta : "";
    return bucket->event == limit->event && bucket->has_uid == record->has_client &&
           (!bucket->has_uid || bucket->uid == record->uid) && strcmp(bucket->ta, ta) == 0;
}

/* The source that was silent longest makes room. */
static struct km_audit_bucket *bucket_for(struct km_audit *audit, const struct limit *limit,
                                          const struct km_audit_record *record, int64_t now)
{
    struct km_audit_bucket *oldest = &audit->buckets[0];
    for (size_t i = 0; i < KM_AUDIT_BUCKETS; i++) {
        struct km_audit_bucket *bucket = &audit->buckets[i];
        if (same_source(bucket, limit, record))
            return bucket;
        if (bucket->event == NULL ? oldest->event != NULL
                                  : oldest->event != NULL && bucket->used_ms < oldest->used_ms)
            oldest = bucket;
    }
    tell_suppressed(audit, oldest);
    *oldest = (struct km_audit_bucket){.event = limit->event,
                                       .has_uid = record->has_client,
                                       .uid = record->uid,
                                       .milli = limit->burst * 1000,
                                       .used_ms = now};
    if (limit->by_ta && record->ta != NULL)
        (void)snprintf(oldest->ta, sizeof(oldest->ta), "%s", record->ta);
    return oldest;
}

static bool may_write(struct km_audit *audit, const struct km_audit_record *record)
{
    const struct limit *limit = limit_of(record);
    if (limit == NULL)
        return true;
    int64_t now = km_loop_now_ms();
    struct km_audit_bucket *bucket = bucket_for(audit, limit, record, now);
    bucket->milli += (now - bucket->used_ms) * limit->per_second;
    if (bucket->milli > limit->burst * 1000)
        bucket->milli = limit->burst * 1000;
    bucket->used_ms = now;
    if (bucket->milli >= 1000) {
        bucket->milli -= 1000;
        return true;
    }
    if (bucket->suppressed++ == 0)
        bucket->since_ms = now;
    audit->n_suppressed++;
    return false;
}

void km_audit_write(struct km_audit *audit, const struct km_audit_record *record)
{
    if (may_write(audit, record))
        write_record(audit, record);
}

int km_audit_tick(struct km_audit *audit)
{
    int64_t now = km_loop_now_ms(), next = -1;
    for (size_t i = 0; i < KM_AUDIT_BUCKETS; i++) {
        struct km_audit_bucket *bucket = &audit->buckets[i];
        int64_t left = bucket->since_ms + TOLD_AFTER_MS - now;
        if (bucket->suppressed != 0 && left <= 0)
            tell_suppressed(audit, bucket);
        else if (bucket->suppressed != 0 && (next < 0 || left < next))
            next = left;
    }
    return (int)next;
}

void km_audit_close(struct km_audit *audit)
{
    for (size_t i = 0; i < KM_AUDIT_BUCKETS; i++)
        tell_suppressed(audit, &audit->buckets[i]);
    km_fd_closep(&audit->fd);
}

size_t km_audit_last(const struct km_audit *audit, uint32_t n, uint32_t skip, char *ret, size_t cap)
{
    uint64_t have = audit->n_records < KM_AUDIT_RING ? audit->n_records : KM_AUDIT_RING;
    uint64_t end = audit->n_records - (skip < have ? skip : have);
    uint64_t first = end;
    size_t len = 0;
    while (end - first < n && first > audit->n_records - have) {
        size_t line = strlen(audit->ring[(first - 1) % KM_AUDIT_RING]) + 1;
        if (len + line > cap)
            break;
        len += line;
        first--;
    }
    size_t at = 0;
    for (uint64_t i = first; i < end; i++) {
        const char *line = audit->ring[i % KM_AUDIT_RING];
        size_t line_len = strlen(line);
        km_copy(ret + at, cap - at, line, line_len);
        ret[at + line_len] = '\n';
        at += line_len + 1;
    }
    return at;
}
