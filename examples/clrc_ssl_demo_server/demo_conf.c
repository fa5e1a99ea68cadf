/* SPDX-License-Identifier: Apache-2.0 */
#include "demo_conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_LEN 512
#define KEYS_MAX 32

static int bad_line(const char *path, unsigned number, const char *what, const char *word)
{
    fprintf(stderr, "%s:%u: %s%s%s%s\n", path, number, what, word[0] != '\0' ? " '" : "", word,
            word[0] != '\0' ? "'" : "");
    return -1;
}

/* Cuts white space off both ends. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    text[len] = '\0';
    return text;
}

static struct demo_conf_key *find(struct demo_conf_key *keys, size_t n_keys, const char *name)
{
    for (size_t i = 0; i < n_keys; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static int take_line(const char *path, unsigned number, char *line, struct demo_conf_key *keys,
                     size_t n_keys, int is_seen[KEYS_MAX])
{
    if (strchr(line, '\n') == NULL && strlen(line) == LINE_MAX_LEN - 1)
        return bad_line(path, number, "the line is too long", "");
    line[strcspn(line, "#")] = '\0';
    char *name = trim(line);
    if (*name == '\0')
        return 0;
    char *equals = strchr(name, '=');
    if (equals == NULL)
        return bad_line(path, number, "expected key = value, not", name);
    *equals = '\0';
    const char *value = trim(equals + 1);
    name = trim(name);
    struct demo_conf_key *key = find(keys, n_keys, name);
    if (key == NULL)
        return bad_line(path, number, "there is no key", name);
    if (is_seen[key - keys])
        return bad_line(path, number, "given twice:", name);
    if (strlen(value) >= sizeof(key->value))
        return bad_line(path, number, "the value is too long:", name);
    is_seen[key - keys] = 1;
    snprintf(key->value, sizeof(key->value), "%s", value);
    return 0;
}

static int check_required(const char *path, const struct demo_conf_key *keys, size_t n_keys)
{
    for (size_t i = 0; i < n_keys; i++) {
        if (keys[i].is_required && keys[i].value[0] == '\0') {
            fprintf(stderr, "%s: %s is missing\n", path, keys[i].name);
            return -1;
        }
    }
    return 0;
}

int demo_conf_read(const char *path, struct demo_conf_key *keys, size_t n_keys)
{
    char line[LINE_MAX_LEN] = {0};
    int is_seen[KEYS_MAX] = {0};
    unsigned number = 0;
    int rc = n_keys <= KEYS_MAX ? 0 : -1;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    while (rc == 0 && fgets(line, sizeof(line), file) != NULL)
        rc = take_line(path, ++number, line, keys, n_keys, is_seen);
    fclose(file);
    return rc == 0 ? check_required(path, keys, n_keys) : rc;
}

const char *demo_conf_get(const struct demo_conf_key *keys, size_t n_keys, const char *name)
{
    for (size_t i = 0; i < n_keys; i++)
        if (strcmp(keys[i].name, name) == 0)
            return keys[i].value;
    return "";
}
