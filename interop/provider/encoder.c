/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENCODER: public parts as SubjectPublicKeyInfo and as text, with curves by name. What wants the
 * private part is told that it stays where it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "interop/provider/provider.h"

#define PEM_MAX (2u * KM_DOOR_SPKI_MAX)

static void *encoder_new(void *provctx)
{
    return provctx;
}

static void encoder_free(void *ctx)
{
    (void)ctx;
}

static int does_public(void *provctx, int selection)
{
    (void)provctx;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 &&
           (selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0);
}

static int does_private(void *provctx, int selection)
{
    (void)provctx;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

static int does_all(void *provctx, int selection)
{
    (void)provctx;
    (void)selection;
    return 1;
}

#define ENCODE_PARAMETERS                                                                          \
    void *ctx, OSSL_CORE_BIO *out, const void *keydata, const OSSL_PARAM abstract[],               \
        int selection, OSSL_PASSPHRASE_CALLBACK *pw_cb, void *pw_arg
#define IGNORE_THE_REST                                                                            \
    (void)abstract;                                                                                \
    (void)selection;                                                                               \
    (void)pw_cb;                                                                                   \
    (void)pw_arg

static int encode_spki_der(ENCODE_PARAMETERS)
{
    const struct prov_key *key = keydata;
    IGNORE_THE_REST;
    return key != NULL && key->key != NULL &&
           prov_write(ctx, out, km_door_key_public(key->key)->spki);
}

#define PEM_OCTETS_PER_LINE 48

static int encode_spki_pem(ENCODE_PARAMETERS)
{
    static const char begin[] = "-----BEGIN PUBLIC KEY-----\n";
    static const char end[] = "-----END PUBLIC KEY-----\n";
    const struct prov_key *key = keydata;
    uint8_t buf[PEM_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice pem = {0};
    IGNORE_THE_REST;
    if (key == NULL || key->key == NULL)
        return 0;
    struct km_slice spki = km_door_key_public(key->key)->spki;
    km_wr_bytes(&wr, KM_SLICE_STR(begin));
    for (size_t at = 0; at < spki.len; at += PEM_OCTETS_PER_LINE) {
        uint8_t line[PEM_OCTETS_PER_LINE / 3 * 4 + 1] = {0};
        size_t left = spki.len - at;
        int n = (int)(left < PEM_OCTETS_PER_LINE ? left : PEM_OCTETS_PER_LINE);
        int n_chars = EVP_EncodeBlock(line, spki.ptr + at, n);
        km_wr_bytes(&wr, KM_SLICE(line, (size_t)n_chars));
        km_wr_u8(&wr, '\n');
    }
    km_wr_bytes(&wr, KM_SLICE_STR(end));
    return km_wr_finish(&wr, &pem) && prov_write(ctx, out, pem);
}

/* ---- text, as `openssl pkey -text` shows keys ---- */

static bool write_text(struct prov *prov, OSSL_CORE_BIO *out, const char *fmt, ...) KM_PRINTF(3, 4);

static bool write_text(struct prov *prov, OSSL_CORE_BIO *out, const char *fmt, ...)
{
    char text[256] = {0};
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return len >= 0 && (size_t)len < sizeof(text) &&
           prov_write(prov, out, KM_SLICE(text, (size_t)len));
}

static bool write_octets(struct prov *prov, OSSL_CORE_BIO *out, const char *label,
                         struct km_slice octets, bool is_number)
{
    bool done = write_text(prov, out, "%s\n", label);
    size_t column = 0;
    size_t sign = is_number && (octets.ptr[0] & 0x80) != 0 ? 1 : 0;
    for (size_t i = 0; done && i < octets.len + sign; i++) {
        uint8_t octet = i < sign ? 0 : octets.ptr[i - sign];
        bool is_last = i + 1 == octets.len + sign;
        done = write_text(prov, out, "%s%02x%s", column == 0 ? "    " : "", octet,
                          is_last        ? "\n"
                          : column == 14 ? ":\n"
                                         : ":");
        column = column == 14 ? 0 : column + 1;
    }
    return done;
}

static bool write_ec(struct prov *prov, OSSL_CORE_BIO *out, const struct km_door_public *public)
{
    return write_octets(prov, out, "pub:", public->point, false) &&
           write_text(prov, out, "ASN1 OID: %s\nNIST CURVE: %s\n", public->curve->name,
                      public->curve->nist_name);
}

static bool write_rsa(struct prov *prov, OSSL_CORE_BIO *out, const struct km_door_public *public)
{
    uint64_t e = 0;
    for (size_t i = 0; i < public->e.len && i < sizeof(e); i++)
        e = e << 8 | public->e.ptr[i];
    bool done = write_octets(prov, out, "Modulus:", public->n, true);
    if (public->e.len > sizeof(e))
        return done && write_octets(prov, out, "Exponent:", public->e, true);
    return done && write_text(prov, out, "Exponent: %llu (0x%llx)\n", (unsigned long long)e,
                              (unsigned long long)e);
}

static int encode_text(ENCODE_PARAMETERS)
{
    struct prov *prov = ctx;
    const struct prov_key *key = keydata;
    (void)abstract;
    (void)pw_cb;
    (void)pw_arg;
    if (key == NULL || key->key == NULL)
        return 0;
    const struct km_door_public *public = km_door_key_public(key->key);
    bool wants_private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
    bool done = true;
    if (wants_private && km_door_key_has_private(key->key))
        done = write_text(prov, out,
                          "Private-Key: (%u bit) in the trusted service, name '%s'\n"
                          "The private part stays there.\n",
                          public->bits, km_door_key_name(key->key));
    else
        done = write_text(prov, out, "Public-Key: (%u bit)\n", public->bits);
    if (public->family == KM_DOOR_EC)
        return done && write_ec(prov, out, public);
    return done && write_rsa(prov, out, public);
}

/* ---- the private part ---- */

static int refuse(ENCODE_PARAMETERS)
{
    const struct prov_key *key = keydata;
    struct km_err err = {0};
    (void)out;
    IGNORE_THE_REST;
    if (key == NULL || key->key == NULL)
        return 0;
    if (km_door_key_has_private(key->key))
        (void)km_door_not_exportable(&err, km_door_key_name(key->key));
    else
        (void)km_door_no_private(&err, "this output");
    return prov_raise(ctx, &err, __func__);
}

#define ENCODER(name, does, encode)                                                                \
    static const OSSL_DISPATCH name[] = {                                                          \
        {OSSL_FUNC_ENCODER_NEWCTX, PROV_FN(encoder_new)},                                          \
        {OSSL_FUNC_ENCODER_FREECTX, PROV_FN(encoder_free)},                                        \
        {OSSL_FUNC_ENCODER_DOES_SELECTION, PROV_FN(does)},                                         \
        {OSSL_FUNC_ENCODER_ENCODE, PROV_FN(encode)},                                               \
        {0, NULL},                                                                                 \
    }

ENCODER(spki_der, does_public, encode_spki_der);
ENCODER(spki_pem, does_public, encode_spki_pem);
ENCODER(text, does_all, encode_text);
ENCODER(private_part, does_private, refuse);

#define OUTPUT(output, structure) PROV_PROPERTIES ",output=" output ",structure=" structure

#define ENCODERS_OF(type)                                                                          \
    {type, OUTPUT("der", "SubjectPublicKeyInfo"), spki_der, NULL},                                 \
        {type, OUTPUT("pem", "SubjectPublicKeyInfo"), spki_pem, NULL},                             \
        {type, OUTPUT("der", "PrivateKeyInfo"), private_part, NULL},                               \
        {type, OUTPUT("pem", "PrivateKeyInfo"), private_part, NULL},                               \
        {type, OUTPUT("der", "EncryptedPrivateKeyInfo"), private_part, NULL},                      \
        {type, OUTPUT("pem", "EncryptedPrivateKeyInfo"), private_part, NULL},                      \
        {type, OUTPUT("der", "type-specific"), private_part, NULL},                                \
        {type, OUTPUT("pem", "type-specific"), private_part, NULL},                                \
    {                                                                                              \
        type, PROV_PROPERTIES ",output=text", text, NULL                                           \
    }

const OSSL_ALGORITHM prov_encoder[] = {
    ENCODERS_OF("EC"),
    ENCODERS_OF("RSA"),
    {NULL, NULL, NULL, NULL},
};
