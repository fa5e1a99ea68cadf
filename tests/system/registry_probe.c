/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that holds a registry open and does one call for each line that it reads, for tests of what happens around
 * it: create NAME, get NAME, begin, commit, generation, hint (and waits for one). It answers each with a line. Usage: registry_probe URL TIMEOUT_MS
 */
#include "cloud/registry/registry_account.h"
#include "cloud/registry/registry_change.h"
#include "cloud/registry/registry_policy.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNT "123456789012"
#define LINE_MAX_LEN 256
#define HINT_WAIT_MS 60000

static struct km_registry *reg;
static struct km_arena *arena;

static const char *get(const char *name)
{
    struct km_registry_policy policy = {0};
    return km_status_name(km_registry_policy_get(reg, arena, ACCOUNT, name, 0, &policy));
}

static const char *generation(void)
{
    int64_t number = 0;
    return km_status_name(km_registry_generation(reg, &number));
}

static const char *hint(void)
{
    struct pollfd fd = {.fd = km_registry_hint_fd(reg), .events = POLLIN};
    if (km_registry_hint(reg))
        return "moved";
    return poll(&fd, 1, HINT_WAIT_MS) == 1 && km_registry_hint(reg) ? "moved" : "still";
}

static const char *answer(const char *line)
{
    if (strncmp(line, "create ", 7) == 0)
        return km_status_name(km_registry_policy_create(reg, ACCOUNT, line + 7, "{}"));
    if (strncmp(line, "get ", 4) == 0)
        return get(line + 4);
    if (strcmp(line, "begin") == 0)
        return km_status_name(km_registry_begin(reg));
    if (strcmp(line, "commit") == 0)
        return km_status_name(km_registry_commit(reg));
    if (strcmp(line, "generation") == 0)
        return generation();
    return strcmp(line, "hint") == 0 ? hint() : "what?";
}

/* The account is there from the first probe on. */
static bool open_registry(const char *url, unsigned timeout_ms)
{
    struct km_err err = {0};
    struct km_registry_config config = {.url = url, .may_create = true, .timeout_ms = timeout_ms};
    if (km_registry_open(&err, &config, &reg) != KM_OK) {
        (void)fprintf(stderr, "registry_probe: %s\n", err.text);
        return false;
    }
    km_status status = km_registry_account_create(reg, ACCOUNT, "probe");
    return status == KM_OK || status == KM_E_EXISTS;
}

int main(int argc, char **argv)
{
    char line[LINE_MAX_LEN] = {0};
    arena = km_arena_new(1u << 20);
    if (argc != 3 || arena == NULL || !open_registry(argv[1], (unsigned)strtoul(argv[2], NULL, 10)))
        return 2;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        (void)puts(answer(line));
        (void)fflush(stdout);
        km_arena_reset(arena);
    }
    km_registry_close(reg);
    km_arena_free(arena);
    return 0;
}
