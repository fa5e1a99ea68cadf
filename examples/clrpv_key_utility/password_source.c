/* SPDX-License-Identifier: Apache-2.0 */
#include "password_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void wipe(void *octets, size_t len)
{
    volatile uint8_t *at = (volatile uint8_t *)octets;
    while (len-- > 0)
        *at++ = 0;
}

void password_wipe(struct password *password)
{
    wipe(password, sizeof(*password));
}

static int set_octets(struct password *ret, const char *octets, size_t len)
{
    if (len == 0 || len > PASSWORD_MAX) {
        fprintf(stderr, "clrpv_key_utility: a password is 1 to %d octets\n", PASSWORD_MAX);
        return -1;
    }
    for (size_t i = 0; i < len; i++)
        ret->octets[i] = (uint8_t)octets[i];
    ret->len = (uint32_t)len;
    return 0;
}

int password_name(char *argument, struct password *ret)
{
    char *colon = strchr(argument, ':');
    size_t len = colon == NULL ? strlen(argument) : (size_t)(colon - argument);
    if (len == 0 || len > PASSWORD_NAME_MAX) {
        fprintf(stderr, "clrpv_key_utility: a password's name is 1 to %d octets\n",
                PASSWORD_NAME_MAX);
        return -1;
    }
    (void)snprintf(ret->name, sizeof(ret->name), "%.*s", (int)len, argument);
    if (colon == NULL)
        return 0;
    fprintf(stderr, "clrpv_key_utility: warning: others can read a password on the command line; "
                    "give -p NAME and -w FILE, or type it\n");
    int status = set_octets(ret, colon + 1, strlen(colon + 1));
    wipe(colon + 1, strlen(colon + 1));
    return status;
}

/* The first line, without its end. */
static int read_line(FILE *in, struct password *ret)
{
    char line[PASSWORD_MAX + 2] = {0};
    size_t len = 0;
    int c = fgetc(in);
    while (c != EOF && c != '\n' && len < PASSWORD_MAX + 1) {
        line[len++] = (char)c;
        c = fgetc(in);
    }
    int status = set_octets(ret, line, len);
    wipe(line, sizeof(line));
    return status;
}

static int read_file(const char *path, struct password *ret)
{
    if (strcmp(path, "-") == 0)
        return read_line(stdin, ret);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "clrpv_key_utility: can't open %s: %s\n", path, strerror(errno));
        return -1;
    }
    (void)setvbuf(file, NULL, _IONBF, 0); /* no copy stays in a buffer */
    int status = read_line(file, ret);
    (void)fclose(file);
    return status;
}

static int ask(struct password *ret)
{
    struct termios before;
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (terminal == NULL || tcgetattr(fileno(terminal), &before) != 0) {
        fprintf(stderr,
                "clrpv_key_utility: there is no terminal to ask for the password of %s: "
                "give -w FILE\n",
                ret->name);
        if (terminal != NULL)
            (void)fclose(terminal);
        return -1;
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)setvbuf(terminal, NULL, _IONBF, 0);
    /* First silent, which throws away what was typed before, then the prompt. */
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    fprintf(terminal, "Password %s: ", ret->name);
    int status = read_line(terminal, ret);
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &before);
    fprintf(terminal, "\n");
    (void)fclose(terminal);
    return status;
}

int password_get(struct password *password, const char *file)
{
    if (password->len != 0)
        return 0;
    return file != NULL ? read_file(file, password) : ask(password);
}
