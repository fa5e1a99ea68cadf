/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENCODER: public parts as SubjectPublicKeyInfo and as text, with curves by name. What wants the
 * private part is told that it stays where it is; but a key that was just made and saved is written as
 * its reference (interop/door/door_reference.h), so that `openssl genpkey -out` gives a file to use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "interop/door/door_reference.h"
#include "interop/provider/rsa_ids.h"

#define PEM_OCTETS_PER_LINE 48

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

/* The public key as its kind wants it; empty for a key without one. */
static struct km_slice spki_of(const struct prov_key *key, struct km_span buf)
{
    struct km_wr wr = km_wr_init(buf.ptr, buf.len);
    struct km_slice spki = {0};
    if (key == NULL || key->key == NULL)
        return spki;
    const struct km_door_public *public = km_door_key_public(key->key);
    if (key->kind != PROV_RSA_PSS)
        return public->spki;
    rsa_ids_put_spki(&wr, key->pss, public->n, public->e);
    return km_wr_finish(&wr, &spki) ? spki : (struct km_slice){0};
}

static int encode_spki_der(ENCODE_PARAMETERS)
{
    uint8_t buf[KM_DOOR_SPKI_MAX] = {0};
    IGNORE_THE_REST;
    struct km_slice spki = spki_of(keydata, KM_SPAN(buf, sizeof(buf)));
    return spki.len != 0 && prov_write(ctx, out, spki);
}

static bool write_pem(struct prov *prov, OSSL_CORE_BIO *out, const char *label, struct km_slice der)
{
    bool done = write_text(prov, out, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; done && at < der.len; at += PEM_OCTETS_PER_LINE) {
        uint8_t line[PEM_OCTETS_PER_LINE / 3 * 4 + 1] = {0};
        size_t left = der.len - at;
        int n = (int)(left < PEM_OCTETS_PER_LINE ? left : PEM_OCTETS_PER_LINE);
        (void)EVP_EncodeBlock(line, der.ptr + at, n);
        done = write_text(prov, out, "%s\n", line);
    }
    return done && write_text(prov, out, "-----END %s-----\n", label);
}

static int encode_spki_pem(ENCODE_PARAMETERS)
{
    uint8_t buf[KM_DOOR_SPKI_MAX] = {0};
    IGNORE_THE_REST;
    struct km_slice spki = spki_of(keydata, KM_SPAN(buf, sizeof(buf)));
    return spki.len != 0 && write_pem(ctx, out, "PUBLIC KEY", spki);
}

/* ---- text, as `openssl pkey -text` shows keys ---- */

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

static bool write_bounds(struct prov *prov, OSSL_CORE_BIO *out, enum km_door_pss pss)
{
    const struct rsa_pss_bounds *bounds = rsa_pss_bounds(pss);
    if (bounds->digest == NULL)
        return write_text(prov, out, "No PSS parameter restrictions\n");
    return write_text(prov, out,
                      "PSS parameter restrictions: %s, MGF1 with %s, salt of %d at least\n",
                      bounds->digest, bounds->digest, bounds->digest_len);
}

static bool write_public(struct prov *prov, OSSL_CORE_BIO *out, const struct prov_key *key,
                         const struct km_door_public *public)
{
    switch (key->kind) {
    case PROV_EC:
        return write_ec(prov, out, public);
    case PROV_RSA:
        return write_rsa(prov, out, public);
    case PROV_RSA_PSS:
        return write_rsa(prov, out, public) && write_bounds(prov, out, key->pss);
    case PROV_ED25519:
    case PROV_X25519:
        return write_octets(prov, out, "pub:", public->point, false);
    case PROV_KINDS:
        break;
    }
    return false;
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
    return done && write_public(prov, out, key, public);
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

/* A key that was just made and saved has a reference to be opened by. */
static int encode_private_pem(ENCODE_PARAMETERS)
{
    const struct prov_key *key = keydata;
    uint8_t der_buf[KM_DOOR_REFERENCE_MAX] = {0};
    uint8_t uri_buf[KM_DOOR_REFERENCE_MAX] = {0};
    struct km_wr der_wr = km_wr_init(der_buf, sizeof(der_buf));
    struct km_wr uri_wr = km_wr_init(uri_buf, sizeof(uri_buf));
    struct km_slice uri_text = {0};
    struct km_slice der = {0};
    if (key == NULL || key->key == NULL || !key->is_new)
        return refuse(ctx, out, keydata, abstract, selection, pw_cb, pw_arg);
    struct km_door_uri uri = *km_door_key_uri(key->key);
    uri.pss = key->pss;
    km_door_uri_write(&uri_wr, &uri);
    if (!km_wr_finish(&uri_wr, &uri_text))
        return 0;
    km_door_reference_write(&der_wr, uri_text);
    return km_wr_finish(&der_wr, &der) && write_pem(ctx, out, KM_DOOR_REFERENCE_LABEL, der);
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
ENCODER(private_pem, does_private, encode_private_pem);
ENCODER(private_part, does_private, refuse);

#define OUTPUT(output, structure) PROV_PROPERTIES ",output=" output ",structure=" structure

#define ENCODERS_OF(type)                                                                          \
    {type, OUTPUT("der", "SubjectPublicKeyInfo"), spki_der, NULL},                                 \
        {type, OUTPUT("pem", "SubjectPublicKeyInfo"), spki_pem, NULL},                             \
        {type, OUTPUT("der", "PrivateKeyInfo"), private_part, NULL},                               \
        {type, OUTPUT("pem", "PrivateKeyInfo"), private_pem, NULL},                                \
        {type, OUTPUT("der", "EncryptedPrivateKeyInfo"), private_part, NULL},                      \
        {type, OUTPUT("pem", "EncryptedPrivateKeyInfo"), private_part, NULL},                      \
        {type, OUTPUT("der", "type-specific"), private_part, NULL},                                \
        {type, OUTPUT("pem", "type-specific"), private_part, NULL},                                \
    {                                                                                              \
        type, PROV_PROPERTIES ",output=text", text, NULL                                           \
    }

const OSSL_ALGORITHM prov_encoder[] = {
    ENCODERS_OF("EC"),      ENCODERS_OF("RSA"),    ENCODERS_OF("RSA-PSS"),
    ENCODERS_OF("ED25519"), ENCODERS_OF("X25519"), {NULL, NULL, NULL, NULL},
};
