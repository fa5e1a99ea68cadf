/* SPDX-License-Identifier: Apache-2.0 */
/* Input, output and complaints, the same way in every command. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "clrsc.h"
#include "common/km_file.h"
#include "common/km_secret.h"
#include "keymoor.h"

static int tell(ClrcResult result, const char *what, const char *name, const char *detail)
{
    fprintf(stderr, "keymoor: %s%s%s: %s (0x%08x)\n", what, name ? " " : "", name ? name : "",
            clrcResultText(result), result);
    if (detail != NULL && detail[0] != '\0')
        fprintf(stderr, "keymoor: %s\n", detail);
    return EXIT_FAILURE;
}

int fail(ClrcResult result, const char *what, const char *name)
{
    return tell(result, what, name, clrcLastError());
}

int fail_certs(ClrcResult result, const char *what, const char *name)
{
    return tell(result, what, name, clrscLastError());
}

int fail_err(const struct km_err *err, const char *what)
{
    fprintf(stderr, "keymoor: %s: %s (%s)\n", what, err->text, km_status_name(err->status));
    return EXIT_FAILURE;
}

void print_json(cJSON *json)
{
    char *text = json != NULL ? cJSON_Print(json) : NULL;
    if (text == NULL)
        fprintf(stderr, "keymoor: out of memory\n");
    else
        printf("%s\n", text);
    cJSON_free(text);
    cJSON_Delete(json);
}

/* PEM is Base64 in lines of 64 between two labels (RFC 7468). */
static bool to_pem(const char *label, struct km_slice der, uint8_t **ret, size_t *ret_len)
{
    size_t base64_len = (der.len + 2) / 3 * 4;
    size_t cap = base64_len + base64_len / 64 + 2 * strlen(label) + 64;
    KM_AUTO(km_freep) unsigned char *flat = calloc(1, base64_len + 1);
    KM_AUTO(km_freep) uint8_t *text = calloc(1, cap);
    if (flat == NULL || text == NULL)
        return false;
    EVP_EncodeBlock(flat, der.ptr, (int)der.len);
    size_t at = (size_t)snprintf((char *)text, cap, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; i < base64_len; i += 64)
        at += (size_t)snprintf((char *)text + at, cap - at, "%.64s\n", flat + i);
    at += (size_t)snprintf((char *)text + at, cap - at, "-----END %s-----\n", label);
    *ret = km_steal(&text);
    *ret_len = at;
    return true;
}

int write_output(const struct km_options *options, const char *pem_label, const uint8_t *der,
                 uint32_t length)
{
    struct km_slice bytes = KM_SLICE(der, length);
    KM_AUTO(km_freep) uint8_t *pem = NULL;
    size_t pem_len = 0;
    if (options->pem) {
        if (!to_pem(pem_label, bytes, &pem, &pem_len))
            return fail(CLRC_ERROR_OUT_OF_MEMORY, "writing", options->out);
        bytes = KM_SLICE(pem, pem_len);
    }
    if (options->out != NULL) {
        struct km_err err = {0};
        if (km_file_write(&err, AT_FDCWD, options->out, bytes, 0644) != KM_OK)
            return fail_err(&err, options->out);
        return EXIT_SUCCESS;
    }
    if (!options->pem && isatty(STDOUT_FILENO))
        return complain("not writing DER to a terminal; give --out FILE or --pem");
    return fwrite(bytes.ptr, 1, bytes.len, stdout) == bytes.len && fflush(stdout) == 0
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}

bool parse_number(const char *text, uint64_t low, uint64_t high, uint64_t fallback, uint64_t *ret)
{
    if (text == NULL) {
        *ret = fallback;
        return true;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || value < low || value > high)
        return false;
    *ret = value;
    return true;
}

/* One line without echo; the terminal is put back in any case. */
static bool ask_password(const char *name, uint8_t *ret, uint32_t cap, uint32_t *ret_length)
{
    KM_AUTO(km_fd_closep) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (tty < 0)
        return false;
    struct termios before = {0};
    bool is_terminal = tcgetattr(tty, &before) == 0;
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    /* First silent, which throws away what was typed before, then the prompt. */
    if (is_terminal)
        tcsetattr(tty, TCSAFLUSH, &quiet);
    dprintf(tty, "Password of '%s': ", name);
    ssize_t n = read(tty, ret, cap);
    if (is_terminal)
        tcsetattr(tty, TCSAFLUSH, &before);
    dprintf(tty, "\n");
    if (n <= 0)
        return false;
    *ret_length = (uint32_t)n;
    return true;
}

bool read_password(const struct km_options *options, const char *name, uint8_t *ret, uint32_t cap,
                   uint32_t *ret_length)
{
    uint32_t length = 0;
    if (options->password_file == NULL) {
        if (!ask_password(name, ret, cap, &length)) {
            complain("no terminal to ask for the password of '%s'; give --password-file", name);
            return false;
        }
    } else {
        bool from_stdin = strcmp(options->password_file, "-") == 0;
        KM_AUTO(km_fd_closep)
        int fd = from_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                            : open(options->password_file, O_RDONLY | O_CLOEXEC);
        ssize_t n = 0;
        while (fd >= 0 && length < cap && (n = read(fd, ret + length, cap - length)) > 0)
            length += (uint32_t)n;
        if (fd < 0 || n < 0) {
            complain("can't read the password from '%s': %s", options->password_file,
                     strerror(errno));
            return false;
        }
    }
    while (length > 0 && (ret[length - 1] == '\n' || ret[length - 1] == '\r'))
        length--;
    *ret_length = length;
    return true;
}

ClrcResult open_password(const struct km_options *options, ClrcPasswordHandle *ret)
{
    *ret = NULL;
    if (options->password_name == NULL)
        return CLRC_SUCCESS;
    uint8_t password[CLRC_PASSWORD_MAX + 2] = {0};
    uint32_t length = 0;
    ClrcResult result = CLRC_ERROR_PASSWORD;
    if (read_password(options, options->password_name, password, sizeof password, &length))
        result = clrcLoadPassword(options->password_name, password, length, ret);
    km_wipe(password, sizeof password);
    return result;
}
