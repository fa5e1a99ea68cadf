/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/vector_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN 0xa5

static const char *const FIELDS[VEC_N_FIELDS] = {
    [VEC_KEY] = "key",   [VEC_IV] = "iv",     [VEC_AAD] = "aad", [VEC_IN] = "in", [VEC_TAG] = "tag",
    [VEC_SALT] = "salt", [VEC_INFO] = "info", [VEC_SIG] = "sig", [VEC_N] = "n",   [VEC_E] = "e",
    [VEC_D] = "d",       [VEC_P] = "p",       [VEC_Q] = "q",     [VEC_DP] = "dp", [VEC_DQ] = "dq",
    [VEC_QI] = "qi",     [VEC_G] = "g",       [VEC_X] = "x",     [VEC_Y] = "y",   [VEC_S] = "s",
    [VEC_PEER_X] = "px", [VEC_PEER_Y] = "py",
};

static const char *const NUMBERS[VEC_N_NUMBERS] = {
    [VEC_BITS] = "bits",   [VEC_LEN] = "len",          [VEC_TAG_LEN] = "taglen",
    [VEC_CHUNK] = "chunk", [VEC_SALT_LEN] = "saltlen", [VEC_ITERATIONS] = "iterations",
    [VEC_MGF] = "mgf",
};

static int index_of(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

static bool take_word(char *word, char ret[VEC_WORD_MAX])
{
    if (word == NULL || strlen(word) >= VEC_WORD_MAX)
        return false;
    km_copy(ret, VEC_WORD_MAX, word, strlen(word) + 1);
    return true;
}

static bool take_octets(const char *name, char *hex, struct vec_request *ret)
{
    int i = index_of(FIELDS, VEC_N_FIELDS, name);
    size_t len = strlen(hex) / 2;
    if (i < 0 || ret->field[i].ptr != NULL || strlen(hex) % 2 != 0)
        return false;
    /* The octets never reach the digits that are still to be read. */
    if (!km_unhex(hex, (uint8_t *)hex, len))
        return false;
    ret->field[i] = KM_SLICE(hex, len);
    return true;
}

static bool take_number(const char *name, const char *digits, struct vec_request *ret)
{
    int i = index_of(NUMBERS, VEC_N_NUMBERS, name);
    char *end = NULL;
    unsigned long number = strtoul(digits, &end, 10);
    if (i < 0 || ret->has_number[i] || *digits == '\0' || *end != '\0' || number > UINT32_MAX)
        return false;
    ret->number[i] = (uint32_t)number;
    ret->has_number[i] = true;
    return true;
}

bool vec_request_parse(char *line, struct vec_request *ret)
{
    char *rest = NULL;
    *ret = (struct vec_request){0};
    if (!take_word(strtok_r(line, " ", &rest), ret->op) ||
        !take_word(strtok_r(NULL, " ", &rest), ret->alg))
        return false;
    for (char *item = strtok_r(NULL, " ", &rest); item != NULL; item = strtok_r(NULL, " ", &rest)) {
        char *mark = strpbrk(item, ":=");
        if (mark == NULL)
            return false;
        bool is_octets = *mark == ':';
        *mark = '\0';
        if (!(is_octets ? take_octets(item, mark + 1, ret) : take_number(item, mark + 1, ret)))
            return false;
    }
    return true;
}

static void append(struct vec_reply *reply, const char *text)
{
    size_t len = strlen(text);
    if (reply->cap - reply->len <= len)
        abort(); /* outputs are bounded by what a line can hold */
    km_copy(reply->text + reply->len, reply->cap - reply->len, text, len + 1);
    reply->len += len;
}

void vec_reply_word(struct vec_reply *reply, const char *word)
{
    reply->len = 0;
    append(reply, word);
}

void vec_reply_code(struct vec_reply *reply, const char *word, uint32_t code)
{
    char digits[16];
    (void)snprintf(digits, sizeof(digits), " %08x", (unsigned)code);
    vec_reply_word(reply, word);
    append(reply, digits);
}

void vec_reply_bytes(struct vec_reply *reply, const char *name, struct km_slice bytes)
{
    append(reply, " ");
    append(reply, name);
    append(reply, ":");
    if (reply->cap - reply->len < 2 * bytes.len + 1)
        abort();
    km_hex(bytes, reply->text + reply->len, reply->cap - reply->len);
    reply->len += 2 * bytes.len;
}

struct vec_output vec_output(unsigned n, size_t len)
{
    static uint8_t buffers[3][VEC_DATA_MAX + 4096];
    size_t cap = len < sizeof(buffers[0]) ? len : sizeof(buffers[0]);
    memset(buffers[n], PATTERN, cap);
    return (struct vec_output){.octets = buffers[n], .len = cap, .cap = cap};
}

void vec_reply_failure(struct vec_reply *reply, const char *word, uint32_t code,
                       const struct vec_output *out)
{
    bool is_pattern = true;
    bool is_zero = true;
    for (size_t i = 0; out != NULL && i < out->cap; i++) {
        is_pattern = is_pattern && out->octets[i] == PATTERN;
        is_zero = is_zero && (out->octets[i] == 0 || out->octets[i] == PATTERN);
    }
    vec_reply_code(reply, word, code);
    append(reply, is_pattern || is_zero ? " clean" : " dirty");
}
