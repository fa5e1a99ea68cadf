/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/overheard.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_CAP 1200 /* the broker cuts its own at 1000 */

/* The C library has one standard error a process, and so there is one of these. */
static struct {
    FILE *before; /* NULL: it is not listened to */
    FILE *stream;
    pthread_t thread;
    char line[LINE_CAP]; /* that is being written */
    size_t len;
    char last[LINE_CAP]; /* that is complete; empty: none, or it was asked for */
} overheard;

/* The words around the client's id; behind those that end with a colon stands an error's text. */
static const struct {
    const char *before, *behind;
    enum ending ending;
} words[] = {
    {"Client ", " disconnected.", ENDING_CLIENT},
    {"Client ", " closed its connection.", ENDING_LOST},
    {"Client ", " disconnected: ", ENDING_LOST},
    {"Bad socket read/write on client ", ": ", ENDING_LOST},
    {"Client ", " has exceeded timeout, disconnecting.", ENDING_KEEP_ALIVE},
    {"Client ", " disconnected due to malformed packet.", ENDING_CLIENT_ERROR},
    {"Client ", " disconnected due to protocol error.", ENDING_CLIENT_ERROR},
    {"Client ", " disconnected due to oversize packet.", ENDING_CLIENT_ERROR},
    {"Client ", " disconnected due to oversize payload.", ENDING_CLIENT_ERROR},
    {"Client ", " disconnected due to QoS too high or retain not supported.", ENDING_CLIENT_ERROR},
    {"Client ", " disconnected, not authorised.", ENDING_FORBIDDEN},
    {"Client ", " disconnected due to out of memory.", ENDING_SERVER_ERROR},
    {"Client ", " been disconnected by administrative action.", ENDING_SERVER},
};

static bool skip(const char **at, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(*at, text, len) != 0)
        return false;
    *at += len;
    return true;
}

/* In front of what the broker says stands the time, unless that is switched off. */
static bool says(const char *line, size_t row, const char *client_id)
{
    const char *time_end = strstr(line, ": ");
    const char *const starts[] = {line, time_end == NULL ? line : time_end + 2};
    for (size_t i = 0; i < KM_ARRAY_LEN(starts); i++) {
        const char *at = starts[i];
        if (skip(&at, words[row].before) && skip(&at, client_id) && skip(&at, words[row].behind) &&
            (*at == '\0' || words[row].behind[strlen(words[row].behind) - 1] == ' '))
            return true;
    }
    return false;
}

enum ending ending_told(const char *line, const char *client_id)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(words); i++)
        if (says(line, i, client_id))
            return words[i].ending;
    return ENDING_UNKNOWN;
}

enum ending overheard_ending(const char *client_id)
{
    enum ending ending = ending_told(overheard.last, client_id);
    overheard.last[0] = '\0';
    return ending;
}

static void listen_to(char letter)
{
    if (letter == '\n') {
        overheard.line[overheard.len] = '\0';
        km_copy(overheard.last, LINE_CAP, overheard.line, overheard.len + 1);
        overheard.len = 0;
    } else if (overheard.len < LINE_CAP - 1) {
        overheard.line[overheard.len++] = letter;
    }
}

/* Other threads may write there too; the broker's log is written by its own. */
static ssize_t pass_on(void *cookie, const char *text, size_t len)
{
    (void)cookie;
    if (pthread_equal(pthread_self(), overheard.thread))
        for (size_t i = 0; i < len; i++)
            listen_to(text[i]);
    return write(STDERR_FILENO, text, len);
}

void overheard_start(void)
{
    FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = pass_on});
    if (stream == NULL)
        return;
    (void)setvbuf(stream, NULL, _IONBF, 0);
    overheard.thread = pthread_self();
    overheard.stream = stream;
    overheard.before = stderr;
    stderr = stream;
}

void overheard_stop(void)
{
    if (overheard.before == NULL)
        return;
    stderr = overheard.before;
    overheard.before = NULL;
    (void)fclose(overheard.stream);
    overheard.stream = NULL;
}
