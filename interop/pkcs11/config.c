/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/km_file.h"
#include "interop/pkcs11/p11.h"

#define CONFIG_FILE "/etc/keymoor/pkcs11.conf"
#define CONFIG_MAX 4096u

static void set_text(char *to, size_t room, const char *text)
{
    km_copy(to, room, text, strlen(text) + 1);
}

void km_p11_config_default(struct km_p11_config *ret)
{
    *ret = (struct km_p11_config){
        .hardware = {1, 0}, .firmware = {1, 0}, .has_free_slot = true, .has_key_slot = true};
    set_text(ret->manufacturer, sizeof(ret->manufacturer), "Keymoor");
    set_text(ret->model, sizeof(ret->model), "soft");
    set_text(ret->serial, sizeof(ret->serial), "0000000000000000");
    set_text(ret->label, sizeof(ret->label), "keymoor");
}

static struct km_slice trim(struct km_slice text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t' ||
                            text.ptr[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/* Cuts off what stands before the first `mark`; all of it when there is none. */
static struct km_slice cut(struct km_slice *rest, char mark)
{
    const uint8_t *found = rest->len == 0 ? NULL : memchr(rest->ptr, mark, rest->len);
    size_t len = found == NULL ? rest->len : (size_t)(found - rest->ptr);
    struct km_slice head = KM_SLICE(rest->ptr, len);
    size_t skip = found == NULL ? len : len + 1;
    *rest = KM_SLICE(rest->ptr + skip, rest->len - skip);
    return head;
}

static bool take_text(struct km_slice value, char *to, size_t room)
{
    if (value.len == 0 || value.len >= room)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < 0x20)
            return false;
    }
    km_copy(to, room, value.ptr, value.len);
    to[value.len] = 0;
    return true;
}

static bool take_number(struct km_slice digits, CK_BYTE *ret)
{
    unsigned number = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        number = 10 * number + (unsigned)(digits.ptr[i] - '0');
    }
    *ret = (CK_BYTE)number;
    return digits.len > 0 && digits.len <= 3 && number <= 255;
}

static bool take_version(struct km_slice value, CK_VERSION *ret)
{
    struct km_slice major = cut(&value, '.');
    return take_number(major, &ret->major) && take_number(value, &ret->minor);
}

static bool take_bool(struct km_slice value, bool *ret)
{
    *ret = km_slice_equal(value, KM_SLICE_STR("yes"));
    return *ret || km_slice_equal(value, KM_SLICE_STR("no"));
}

static bool take_line(struct km_slice name, struct km_slice value, struct km_p11_config *config)
{
    if (km_slice_equal(name, KM_SLICE_STR("manufacturer")))
        return take_text(value, config->manufacturer, sizeof(config->manufacturer));
    if (km_slice_equal(name, KM_SLICE_STR("model")))
        return take_text(value, config->model, sizeof(config->model));
    if (km_slice_equal(name, KM_SLICE_STR("serial")))
        return config->has_serial = take_text(value, config->serial, sizeof(config->serial));
    if (km_slice_equal(name, KM_SLICE_STR("label")))
        return take_text(value, config->label, sizeof(config->label));
    if (km_slice_equal(name, KM_SLICE_STR("hardware-version")))
        return take_version(value, &config->hardware);
    if (km_slice_equal(name, KM_SLICE_STR("firmware-version")))
        return take_version(value, &config->firmware);
    if (km_slice_equal(name, KM_SLICE_STR("key-slot")))
        return take_bool(value, &config->has_key_slot);
    if (km_slice_equal(name, KM_SLICE_STR("free-slot")))
        return take_bool(value, &config->has_free_slot);
    if (km_slice_equal(name, KM_SLICE_STR("hardware-slot")))
        return take_bool(value, &config->is_hardware);
    return false;
}

bool km_p11_config_parse(struct km_slice text, struct km_p11_config *ret)
{
    struct km_p11_config config = *ret;
    while (text.len > 0) {
        struct km_slice line = trim(cut(&text, '\n'));
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        struct km_slice name = trim(cut(&line, '='));
        if (!take_line(name, trim(line), &config))
            return false;
    }
    *ret = config;
    return true;
}

CK_RV km_p11_config_load(struct km_p11_config *ret)
{
    const char *path = secure_getenv("KEYMOOR_PKCS11_CONF");
    KM_AUTO(km_freep) uint8_t *text = NULL;
    size_t len = 0;
    struct km_err err = {0};
    km_p11_config_default(ret);
    km_status status =
        km_file_read(&err, AT_FDCWD, path != NULL ? path : CONFIG_FILE, CONFIG_MAX, &text, &len);
    if (status == KM_E_NOTFOUND)
        return CKR_OK;
    if (status != KM_OK || !km_p11_config_parse(KM_SLICE(text, len), ret))
        return CKR_GENERAL_ERROR;
    return CKR_OK;
}
