/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/km_bytes.h"

#define LINE_MAX_LEN 1024

static struct {
    const char *name;
    bool journal;
    enum km_log_level up_to;
} log_config = {.name = "keymoor", .up_to = KM_LOG_INFO};

void km_log_init(const char *name, bool journal, enum km_log_level up_to)
{
    log_config.name = name;
    log_config.journal = journal;
    log_config.up_to = up_to;
}

/*
 * What a terminal or a log reader could take for a command or for a second line becomes '?': C0,
 * DEL and C1 controls, and all high octets of what is not UTF-8.
 */
static void disarm(char *text, size_t len)
{
    uint8_t *octets = (uint8_t *)text;
    bool is_utf8 = km_utf8_valid(KM_SLICE(octets, len));
    for (size_t i = 0; i < len; i++) {
        bool is_c1 = octets[i] == 0xc2 && i + 1 < len && octets[i + 1] < 0xa0;
        if (octets[i] < 0x20 || octets[i] == 0x7f || (octets[i] >= 0x80 && !is_utf8))
            octets[i] = '?';
        else if (is_c1)
            octets[i] = octets[i + 1] = '?';
    }
}

/* Cuts text that was too long at a whole character and says so; its new length. */
static size_t mark_as_cut(char *text, size_t len)
{
    static const char sign[] = " ...";
    size_t keep = len - (sizeof(sign) - 1);
    while (keep > 0 && ((uint8_t)text[keep] & 0xc0) == 0x80)
        keep--;
    km_copy(text + keep, len - keep, sign, sizeof(sign) - 1);
    return keep + sizeof(sign) - 1;
}

static void write_line(const char *line, size_t len)
{
    ssize_t n = 0;
    do {
        n = write(STDERR_FILENO, line, len);
    } while (n < 0 && errno == EINTR);
}

void km_log(enum km_log_level level, const char *fmt, ...)
{
    if (level > log_config.up_to)
        return;
    int saved_errno = errno;
    char line[LINE_MAX_LEN] = {0};
    int n = log_config.journal ? snprintf(line, sizeof(line), "<%u>", (unsigned)level)
                               : snprintf(line, sizeof(line), "%.64s: ", log_config.name);
    size_t start = n > 0 ? (size_t)n : 0;
    size_t room = sizeof(line) - start - 1; /* text and its NUL; one octet is the newline's */

    va_list args;
    va_start(args, fmt);
    n = vsnprintf(line + start, room, fmt, args);
    va_end(args);
    size_t len = n > 0 ? (size_t)n : 0;
    if (len >= room)
        len = mark_as_cut(line + start, room - 1);
    disarm(line + start, len);
    line[start + len] = '\n';
    write_line(line, start + len + 1);
    errno = saved_errno;
}

static const char *layer_name(enum km_layer layer)
{
    switch (layer) {
    case KM_LAYER_NONE:
        return "";
    case KM_LAYER_ERRNO:
        return "errno";
    case KM_LAYER_OPENSSL:
        return "openssl";
    case KM_LAYER_LMDB:
        return "lmdb";
    case KM_LAYER_TEE:
        return "tee";
    case KM_LAYER_TSS:
        return "tss";
    case KM_LAYER_SE:
        return "se";
    case KM_LAYER_SQLITE:
        return "sqlite";
    }
    return "unknown";
}

void km_log_err(enum km_log_level level, const struct km_err *err, const char *what)
{
    const char *status = km_status_name(err->status);
    if (err->layer == KM_LAYER_NONE) {
        km_log(level, "%s: %s (%s)", what, err->text, status);
        return;
    }
    if (err->layer == KM_LAYER_ERRNO) {
        const char *reason = strerrordesc_np((int)err->native);
        km_log(level, "%s: %s (%s, errno %" PRId64 " %s)", what, err->text, status, err->native,
               reason != NULL ? reason : "unknown");
        return;
    }
    km_log(level, "%s: %s (%s, %s 0x%" PRIx64 ")", what, err->text, status, layer_name(err->layer),
           (uint64_t)err->native);
}
