/* SPDX-License-Identifier: Apache-2.0 */
/* Key data from files and memory. */
#include <fcntl.h>
#include <stdlib.h>

#include "lib/clrpv/clrpv_internal.h"

/* Octets that are wiped before they are freed. */
struct octets {
    uint8_t *ptr;
    size_t len;
};

static void octets_clear(struct octets *octets)
{
    if (octets->ptr != NULL)
        km_wipe(octets->ptr, octets->len);
    free(octets->ptr);
    *octets = (struct octets){0};
}

static bool is_pem(struct km_slice in)
{
    /* Text may stand before it, as openssl writes it with -text; DER begins with a SEQUENCE. */
    return in.len != 0 && in.ptr[0] != KM_DER_SEQUENCE;
}

static ClrpvResult take(const char *function, struct km_slice in, bool is_raw,
                        struct clrpv_key_data *ret)
{
    KM_AUTO(km_secret_freep) struct km_secret *secret = km_secret_new(in.len);
    if (secret == NULL)
        return clrpv_fail(function, CLRPV_ERROR_OUT_OF_MEMORY, NULL);
    struct km_span room = km_secret_fill(secret);
    size_t len = in.len;
    if (!is_raw && is_pem(in))
        len = clrpv_pem_decode(in, room.ptr, room.len);
    else
        km_copy(room.ptr, room.len, in.ptr, in.len);
    ret->der = KM_SLICE(room.ptr, len);
    if (!is_raw && !clrpv_key_form_parse(ret->der, &ret->form))
        return clrpv_fail(function, CLRPV_ERROR_KEY_FILE, NULL);
    ret->secret = km_steal(&secret);
    return CLRPV_SUCCESS;
}

static ClrpvResult read_file(const char *function, const char *path, bool is_raw,
                             struct clrpv_key_data *ret)
{
    struct km_err err = {0};
    KM_AUTO(octets_clear) struct octets file = {0};
    km_status status = km_file_read(&err, AT_FDCWD, path, CLRPV_KEY_FILE_MAX, &file.ptr, &file.len);
    if (status != KM_OK)
        return clrpv_fail_km(function, &err);
    if (file.len == 0)
        return clrpv_fail(function, CLRPV_ERROR_KEY_FILE, "the key file is empty");
    return take(function, KM_SLICE(file.ptr, file.len), is_raw, ret);
}

ClrpvResult clrpv_key_data_get(const char *function, const ClrpvKey *key, bool is_raw,
                               struct clrpv_key_data *ret)
{
    if (key->file != NULL)
        return read_file(function, key->file, is_raw, ret);
    if (key->der_length == 0 || key->der_length > CLRPV_KEY_FILE_MAX)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, "key data of 1 to 16384 octets");
    return take(function, KM_SLICE(key->der, key->der_length), is_raw, ret);
}

void clrpv_key_data_clear(struct clrpv_key_data *data)
{
    km_secret_freep(&data->secret);
    *data = (struct clrpv_key_data){0};
}

ClrpvResult clrpv_key_check(const char *function, const ClrpvKey *key)
{
    int n = (key->name != NULL) + (key->file != NULL) + (key->der != NULL) + (key->handle != NULL);
    if (n != 1)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS,
                          "a key is given by one of name, file, der and handle");
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_family_check(const char *function, enum clrpv_family family)
{
    switch (family) {
    case CLRPV_FAMILY_EC:
    case CLRPV_FAMILY_RSA:
    case CLRPV_FAMILY_DSA:
        return CLRPV_SUCCESS;
    case CLRPV_FAMILY_DH:
    case CLRPV_FAMILY_X25519:
    case CLRPV_FAMILY_X448:
        return clrpv_fail(
            function, CLRPV_ERROR_KEY_TYPE,
            "DH, ECDH, X25519 and X448 keys agree on secrets, they can't sign: take EC, RSA or "
            "DSA");
    case CLRPV_FAMILY_UNKNOWN:
    case CLRPV_FAMILY_ED25519:
    case CLRPV_FAMILY_ED448:
    default:
        return clrpv_fail(function, CLRPV_ERROR_KEY_TYPE, NULL);
    }
}

ClrpvResult clrpvKeyKind(const ClrpvKey *key, ClrpvKeyFamily *family)
{
    static const char function[] = "clrpvKeyKind";
    KM_AUTO(clrpv_crypto_freep) struct clrpv_crypto *crypto = NULL;
    if (key == NULL || family == NULL)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, "a pointer is NULL");
    CLRPV_TRY(clrpv_key_check(function, key));
    CLRPV_TRY(clrpv_crypto_open(function, key, false, &crypto));
    *family = (ClrpvKeyFamily)clrpv_crypto_family(crypto);
    return CLRPV_SUCCESS;
}
