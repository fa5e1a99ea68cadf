/* SPDX-License-Identifier: Apache-2.0 */
#include "key_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PEM_BEGIN "-----BEGIN "
#define PEM_END "-----END "
#define PEM_DASHES "-----"

void key_file_wipe(void *octets, size_t len)
{
    volatile uint8_t *at = (volatile uint8_t *)octets;
    while (len-- > 0)
        *at++ = 0;
}

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* Decodes what stands between the lines of a PEM block. Returns the octets written, 0 when it is no base64. */
static size_t base64_decode(const char *text, const char *end, uint8_t *out)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t len = 0;
    for (; text < end && *text != '='; text++) {
        if (*text == '\n' || *text == '\r' || *text == ' ')
            continue;
        int value = base64_value(*text);
        if (value < 0)
            return 0;
        bits = (bits << 6) | (uint32_t)value;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[len++] = (uint8_t)(bits >> n_bits);
        }
    }
    return len;
}

/*
 * The block that holds a key: "EC PARAMETERS", which openssl writes before it, is passed over. An
 * encrypted one is not for us.
 */
static size_t pem_decode(const char *text, uint8_t *out)
{
    const char *begin = strstr(text, PEM_BEGIN);
    while (begin != NULL) {
        const char *line_end = strchr(begin, '\n');
        const char *end = strstr(begin, PEM_END);
        const char *label = strstr(begin, "PRIVATE KEY" PEM_DASHES);
        if (line_end == NULL || end == NULL)
            return 0;
        if (label != NULL && label < line_end && strstr(line_end, "ENCRYPTED") == NULL)
            return base64_decode(line_end, end, out);
        begin = strstr(end, PEM_BEGIN);
    }
    return 0;
}

int key_file_read(const char *path, uint8_t *der, size_t *ret_len)
{
    char text[KEY_FILE_MAX + 1] = {0};
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        fprintf(stderr, "clrc_demo: can't open %s: %s\n", path, strerror(errno));
        return -1;
    }
    size_t len = fread(text, 1, KEY_FILE_MAX, file);
    int is_longer = fgetc(file) != EOF;
    (void)fclose(file);
    if (len == 0 || is_longer) {
        key_file_wipe(text, sizeof(text));
        fprintf(stderr, "clrc_demo: %s is empty, or longer than %d octets\n", path, KEY_FILE_MAX);
        return -1;
    }
    if (strncmp(text, PEM_DASHES, strlen(PEM_DASHES)) == 0) {
        *ret_len = pem_decode(text, der);
    } else {
        for (size_t i = 0; i < len; i++)
            der[i] = (uint8_t)text[i];
        *ret_len = len;
    }
    key_file_wipe(text, sizeof(text));
    if (*ret_len == 0) {
        fprintf(stderr, "clrc_demo: %s holds no private key in clear\n", path);
        return -1;
    }
    return 0;
}
