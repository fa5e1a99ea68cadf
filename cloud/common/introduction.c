/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/introduction.h"

#include <stdio.h>
#include <string.h>

static bool is_made_of(const char *text, const char *octets)
{
    size_t len = strlen(text);
    return len > 0 && strspn(text, octets) == len;
}

static bool is_sound(const struct km_introduction *introduction)
{
    return is_made_of(introduction->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") &&
           is_made_of(introduction->address,
                      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:%_-");
}

bool km_introduction_write(const struct km_introduction *introduction,
                           char ret[KM_INTRODUCTION_CAP])
{
    if (!is_sound(introduction))
        return false;
    (void)snprintf(ret, KM_INTRODUCTION_CAP, "%s %s", introduction->key, introduction->address);
    return true;
}

bool km_introduction_parse(struct km_slice text, struct km_introduction *ret)
{
    struct km_introduction introduction = {0};
    const uint8_t *blank = text.len == 0 ? NULL : memchr(text.ptr, ' ', text.len);
    size_t key_len = blank == NULL ? 0 : (size_t)(blank - text.ptr);
    size_t address_len = text.len - key_len - 1;
    if (blank == NULL || key_len > KM_INTRODUCTION_KEY_MAX ||
        address_len > KM_INTRODUCTION_ADDRESS_MAX || memchr(text.ptr, 0, text.len) != NULL)
        return false;
    km_copy(introduction.key, KM_INTRODUCTION_KEY_MAX, text.ptr, key_len);
    km_copy(introduction.address, KM_INTRODUCTION_ADDRESS_MAX, blank + 1, address_len);
    if (!is_sound(&introduction))
        return false;
    *ret = introduction;
    return true;
}
