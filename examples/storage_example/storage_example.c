/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage_example: writes a secret to an encrypted file in the trusted service's storage, and reads it. README.txt walks
 * through it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "clrf.h"

#define PIECE ((size_t)256 * 1024) /* each piece is stored before the next is read */

/* The password, and where it is to come from. */
struct password {
    uint8_t octets[CLRF_PASSWORD_MAX];
    uint32_t length;
};

static const char usage[] =
    "Usage: storage_example w FILENAME \"DATA\" [PASSWORD]   write DATA to FILENAME\n"
    "       storage_example r FILENAME [PASSWORD]          print what FILENAME holds\n"
    "       storage_example [-f FILE | -a] w|r ...         the password from the first line of FILE\n"
    "                                                      (-: standard input), or asked for\n"
    "       DATA may be -: what comes on standard input is written\n";

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "storage_example: %s: %s\n", what, why);
    return -1;
}

static void wipe(void *octets, size_t length)
{
    volatile uint8_t *at = (volatile uint8_t *)octets;
    while (length-- > 0)
        *at++ = 0;
}

/* ---- the password ---- */

/* Others can see the arguments of a program. */
static int password_from_argument(char *argument, struct password *ret)
{
    size_t length = strlen(argument);
    fprintf(stderr, "storage_example: warning: others can read a password on the command line; "
                    "give -f FILE, or -a to be asked\n");
    if (length == 0 || length > sizeof(ret->octets))
        return complain("password", "1 to 256 octets");
    for (size_t i = 0; i < length; i++)
        ret->octets[i] = (uint8_t)argument[i];
    ret->length = (uint32_t)length;
    wipe(argument, length);
    return 0;
}

/* The first line, without its end. The stream has no buffer, so that no copy stays in it. */
static int password_from_stream(FILE *in, struct password *ret)
{
    for (int c = fgetc(in); c != EOF && c != '\n'; c = fgetc(in)) {
        if (ret->length == sizeof(ret->octets))
            return complain("password", "1 to 256 octets");
        ret->octets[ret->length++] = (uint8_t)c;
    }
    return ret->length > 0 ? 0 : complain("password", "1 to 256 octets");
}

static int password_from_file(const char *path, struct password *ret)
{
    if (strcmp(path, "-") == 0) {
        (void)setvbuf(stdin, NULL, _IONBF, 0);
        return password_from_stream(stdin, ret);
    }
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return complain(path, strerror(errno));
    (void)setvbuf(file, NULL, _IONBF, 0);
    int status = password_from_stream(file, ret);
    (void)fclose(file);
    return status;
}

static int password_from_terminal(struct password *ret)
{
    struct termios before;
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (terminal == NULL || tcgetattr(fileno(terminal), &before) != 0) {
        if (terminal != NULL)
            (void)fclose(terminal);
        return complain("/dev/tty", "there is no terminal to ask for the password");
    }
    (void)setvbuf(terminal, NULL, _IONBF, 0);
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    /* First silent, which throws away what was typed before, then the prompt. */
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    fprintf(terminal, "Password: ");
    int status = password_from_stream(terminal, ret);
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &before);
    fprintf(terminal, "\n");
    (void)fclose(terminal);
    return status;
}

/* ---- the two commands ---- */

static int could_not(const char *what, const char *name, ClrcResult result)
{
    printf("Could not %s %s: 0x%08x\n", what, name, (unsigned)result);
    (void)fflush(stdout);
    fprintf(stderr, "storage_example: %s\n", clrfLastError());
    return -1;
}

/* Any length, piece by piece. */
static ClrcResult write_stream(ClrfHandle file, FILE *in)
{
    static uint8_t piece[PIECE];
    ClrcResult result = CLRC_SUCCESS;
    size_t length = fread(piece, 1, sizeof(piece), in);
    while (result == CLRC_SUCCESS && length > 0) {
        result = clrfWrite(file, piece, length);
        length = fread(piece, 1, sizeof(piece), in);
    }
    wipe(piece, sizeof(piece));
    return result == CLRC_SUCCESS && ferror(in) ? CLRC_ERROR_FILE : result;
}

/* A replacement: whoever reads sees the old contents or the new ones, never half of each. */
static int write_secret(const char *name, const char *data, const ClrfOptions *options)
{
    ClrfHandle file = NULL;
    ClrcResult result = clrfOpen(name, CLRF_WRITE | CLRF_REPLACE, options, &file);
    if (result != CLRC_SUCCESS)
        return could_not("open", name, result);
    if (strcmp(data, "-") == 0)
        result = write_stream(file, stdin);
    else
        result = clrfWrite(file, data, strlen(data));
    if (result == CLRC_SUCCESS)
        result = clrfCommit(file);
    if (result != CLRC_SUCCESS) {
        int status = could_not("write", name, result);
        clrfClose(file);
        return status;
    }
    printf("Secret written to: %s\n", name);
    return 0;
}

static int read_secret(const char *name, const ClrfOptions *options)
{
    ClrfHandle file = NULL;
    static uint8_t piece[PIECE];
    size_t length = sizeof(piece);
    ClrcResult result = clrfOpen(name, CLRF_READ, options, &file);
    if (result != CLRC_SUCCESS)
        return could_not("open", name, result);
    printf("Secret retrieved: ");
    while (result == CLRC_SUCCESS && length > 0) {
        length = sizeof(piece);
        result = clrfRead(file, piece, &length);
        if (result == CLRC_SUCCESS)
            (void)fwrite(piece, 1, length, stdout);
    }
    printf("\n");
    wipe(piece, sizeof(piece));
    int status = result == CLRC_SUCCESS ? 0 : could_not("read", name, result);
    clrfClose(file);
    return status;
}

/* ---- the command line ---- */

struct command_line {
    const char *password_file;
    int asks;
    char **words; /* w FILENAME DATA [PASSWORD] or r FILENAME [PASSWORD] */
    int n_words;
    int n_wanted; /* without the password */
};

static int parse(int argc, char **argv, struct command_line *ret)
{
    for (int option = getopt(argc, argv, "+f:a"); option != -1;
         option = getopt(argc, argv, "+f:a")) {
        if (option == 'f')
            ret->password_file = optarg;
        else if (option == 'a')
            ret->asks = 1;
        else
            return -1;
    }
    ret->words = argv + optind;
    ret->n_words = argc - optind;
    if (ret->n_words < 1)
        return -1;
    int writes = strcmp(ret->words[0], "w") == 0;
    ret->n_wanted = writes ? 3 : 2;
    int has_other = ret->password_file != NULL || ret->asks;
    int n_most = has_other ? ret->n_wanted : ret->n_wanted + 1;
    return (writes || strcmp(ret->words[0], "r") == 0) && ret->n_words >= ret->n_wanted &&
                   ret->n_words <= n_most
               ? 0
               : -1;
}

static int find_password(const struct command_line *line, struct password *ret)
{
    if (line->password_file != NULL)
        return password_from_file(line->password_file, ret);
    if (line->asks)
        return password_from_terminal(ret);
    if (line->n_words > line->n_wanted)
        return password_from_argument(line->words[line->n_wanted], ret);
    return 0;
}

int main(int argc, char **argv)
{
    struct command_line line = {0};
    struct password password = {0};
    ClrfOptions options = {0};
    if (parse(argc, argv, &line) != 0) {
        fprintf(stderr, "%s", usage);
        return 2;
    }
    int status = find_password(&line, &password);
    options.password = password.octets;
    options.password_length = password.length;
    if (status == 0 && line.n_wanted == 3)
        status = write_secret(line.words[1], line.words[2], &options);
    else if (status == 0)
        status = read_secret(line.words[1], &options);
    wipe(&password, sizeof(password));
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
