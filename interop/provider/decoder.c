/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DECODER: key reference files (interop/door/door_reference.h), in the two steps that OpenSSL's
 * file readers expect: PEM to DER, DER to key. Every PEM and DER file that the program reads as a
 * key passes by here, so what is not ours is left silently and without calling the service.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include "interop/door/door_reference.h"
#include "interop/provider/provider.h"

#define LINE_MAX_OCTETS 256
/* Base64 of the longest reference with line ends, and the two label lines. */
#define PEM_MAX (KM_DOOR_REFERENCE_MAX * 2u)

static void *decoder_new(void *provctx)
{
    return provctx;
}

static void decoder_free(void *ctx)
{
    (void)ctx;
}

static int decoder_does(void *provctx, int selection)
{
    (void)provctx;
    return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0;
}

/* ---- PEM to DER ---- */

static bool starts_with(const char *line, const char *prefix)
{
    return strncmp(line, prefix, strlen(prefix)) == 0;
}

/*
 * Reads one PEM block, whatever its label, as OpenSSL goes on behind it when nothing came of it.
 * Keeps the block when it is ours; *ret_len is 0 otherwise.
 */
static void read_block(struct prov *prov, OSSL_CORE_BIO *in, struct km_span pem, size_t *ret_len)
{
    char line[LINE_MAX_OCTETS] = {0};
    struct km_wr wr = km_wr_init(pem.ptr, pem.len);
    struct km_slice block = {0};
    bool begun = false;
    bool ours = false;
    bool at_line_start = true;
    *ret_len = 0;
    while (prov->bio_gets(in, line, sizeof(line)) > 0) {
        bool starts_line = at_line_start;
        at_line_start = strchr(line, '\n') != NULL;
        if (starts_line && !begun && starts_with(line, "-----BEGIN ")) {
            begun = true;
            ours = starts_with(line, "-----BEGIN " KM_DOOR_REFERENCE_LABEL "-----");
        }
        if (ours)
            km_wr_bytes(&wr, KM_SLICE_STR(line));
        if (starts_line && begun && starts_with(line, "-----END "))
            break;
    }
    if (ours && km_wr_finish(&wr, &block))
        *ret_len = block.len;
}

static int offer_der(struct km_span der, OSSL_CALLBACK *data_cb, void *data_arg)
{
    int type = OSSL_OBJECT_PKEY;
    char structure[] = PROV_REFERENCE_STRUCTURE;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, structure, 0),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der.ptr, der.len),
        OSSL_PARAM_construct_end(),
    };
    return data_cb(params, data_arg);
}

static int decode_pem(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *data_cb,
                      void *data_arg, OSSL_PASSPHRASE_CALLBACK *pw_cb, void *pw_arg)
{
    struct prov *prov = ctx;
    struct km_err err = {0};
    size_t pem_len = 0;
    size_t der_len = 0;
    uint8_t *pem = malloc(PEM_MAX + KM_DOOR_REFERENCE_MAX);
    (void)selection;
    (void)pw_cb;
    (void)pw_arg;
    if (pem == NULL)
        return 0;
    uint8_t *der = pem + PEM_MAX;
    int answer = 1; /* "not mine" */
    read_block(prov, in, KM_SPAN(pem, PEM_MAX), &pem_len);
    if (pem_len != 0) {
        km_status status = km_door_reference_from_pem(
            &err, KM_SLICE(pem, pem_len), KM_SPAN(der, KM_DOOR_REFERENCE_MAX), &der_len);
        answer = status == KM_OK ? offer_der(KM_SPAN(der, der_len), data_cb, data_arg)
                                 : prov_raise(prov, &err, __func__);
    }
    free(pem);
    return answer;
}

/* ---- DER to key ---- */

/*
 * Public keys are what programs read from strangers, too: a file that is read as one gives no use of a
 * private key, has no other file opened for a password, and nobody asked for one.
 */
static km_status open_public(struct km_err *err, const struct km_door_uri *uri,
                             struct km_door_key **ret)
{
    KM_AUTO(km_door_key_unrefp) struct km_door_key *key = NULL;
    if (uri->password_file[0] != '\0' || uri->password_name[0] != '\0')
        return KM_FAIL(err, KM_E_DENIED,
                       "a reference with a password is read as a private key only");
    KM_TRY(km_door_key_open(err, uri, NULL, &key));
    return km_door_key_of_public(err, km_door_key_public(key)->spki, ret);
}

static int open_reference(struct prov *prov, struct km_slice der, bool wants_private,
                          OSSL_CALLBACK *data_cb, void *data_arg, const struct km_door_ask *ask)
{
    struct km_err err = {0};
    struct km_slice text = {0};
    struct km_door_uri uri = {0};
    KM_AUTO(km_door_key_unrefp) struct km_door_key *key = NULL;
    if (km_door_reference_parse(&err, der, &text) != KM_OK ||
        km_door_uri_parse(&err, text, &uri) != KM_OK ||
        (wants_private ? km_door_key_open(&err, &uri, ask, &key) : open_public(&err, &uri, &key)) !=
            KM_OK)
        return prov_raise(prov, &err, __func__);
    struct prov_key *made = prov_key_of(prov, key);
    if (made == NULL)
        return 0;
    (void)km_steal(&key);
    return prov_key_offer(made, data_cb, data_arg);
}

static int decode_der(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *data_cb,
                      void *data_arg, OSSL_PASSPHRASE_CALLBACK *pw_cb, void *pw_arg)
{
    struct prov *prov = ctx;
    uint8_t der[KM_DOOR_REFERENCE_MAX + 1] = {0};
    size_t len = 0;
    bool wants_private = selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
    bool whole = prov_read(prov, in, KM_SPAN(der, sizeof(der)), &len);
    if (!whole || !km_door_reference_looks_so(KM_SLICE(der, len)))
        return 1;
    struct prov_ask asking = {.callback = pw_cb, .arg = pw_arg};
    struct km_door_ask ask = prov_ask_init(&asking);
    return open_reference(prov, KM_SLICE(der, len), wants_private, data_cb, data_arg, &ask);
}

static const OSSL_DISPATCH pem_functions[] = {
    {OSSL_FUNC_DECODER_NEWCTX, PROV_FN(decoder_new)},
    {OSSL_FUNC_DECODER_FREECTX, PROV_FN(decoder_free)},
    {OSSL_FUNC_DECODER_DOES_SELECTION, PROV_FN(decoder_does)},
    {OSSL_FUNC_DECODER_DECODE, PROV_FN(decode_pem)},
    {0, NULL},
};

static const OSSL_DISPATCH der_functions[] = {
    {OSSL_FUNC_DECODER_NEWCTX, PROV_FN(decoder_new)},
    {OSSL_FUNC_DECODER_FREECTX, PROV_FN(decoder_free)},
    {OSSL_FUNC_DECODER_DOES_SELECTION, PROV_FN(decoder_does)},
    {OSSL_FUNC_DECODER_DECODE, PROV_FN(decode_der)},
    {0, NULL},
};

#define FROM_PEM PROV_PROPERTIES ",input=pem"
#define FROM_DER PROV_PROPERTIES ",input=der,structure=" PROV_REFERENCE_STRUCTURE

/* A reference does not tell the kind of key, so the same code answers for all. */
const OSSL_ALGORITHM prov_decoder[] = {
    {"DER", FROM_PEM, pem_functions, "key reference files"},
    {"EC", FROM_DER, der_functions, "key references"},
    {"RSA", FROM_DER, der_functions, "key references"},
    {"RSA-PSS", FROM_DER, der_functions, "key references"},
    {"ED25519", FROM_DER, der_functions, "key references"},
    {"X25519", FROM_DER, der_functions, "key references"},
    {NULL, NULL, NULL, NULL},
};
