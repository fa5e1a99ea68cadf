/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet_same DEVICE_KEY.pem PACKAGE [BODY]: takes a package of the scripts apart, gives keymoor-fleet's code the same random octets, ephemeral
 * key and signature, and says whether the same octets come out, and
 * whether BODY is what is sealed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>

#include "common/km_file.h"
#include "factory/fleet/fleet.h"
#include "format/manifest.h"
#include "format/opaque_key.h"
#include "format/opaque_object.h"

static int fail(const char *what)
{
    fprintf(stderr, "fleet_same: %s\n", what);
    return EXIT_FAILURE;
}

static bool agree(EVP_PKEY *own, struct km_slice ephemeral, uint8_t z[66], size_t *ret_len)
{
    const uint8_t *at = ephemeral.ptr;
    EVP_PKEY *peer = d2i_PUBKEY(NULL, &at, (long)ephemeral.len);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    *ret_len = 66;
    bool ok = peer != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
              EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, z, ret_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return ok;
}

/* CTR: the key stream that seals zeros is what opens. */
static bool open_sealed(struct km_fleet_seal *seal, struct km_slice recipient,
                        const struct km_sealed *sealed, const struct km_fleet_lot *lot,
                        uint8_t *plain)
{
    uint8_t *buf = calloc(1, sealed->ciphertext.len + 2048);
    uint8_t *zeros = calloc(1, sealed->ciphertext.len);
    struct km_err err = {0};
    struct km_wr wr = km_wr_init(buf, sealed->ciphertext.len + 2048);
    struct km_slice whole = {0};
    struct km_sealed stream = {0};
    bool ok = km_fleet_sealed_put_with(&err, seal, recipient, lot,
                                       KM_SLICE(zeros, sealed->ciphertext.len), &wr) == KM_OK &&
              km_wr_finish(&wr, &whole);
    struct km_rd rd = km_rd_init(whole);
    ok = ok && km_sealed_parse(&rd, KM_MANIFEST_MAX, &stream);
    for (size_t i = 0; ok && i < sealed->ciphertext.len; i++)
        plain[i] = sealed->ciphertext.ptr[i] ^ stream.ciphertext.ptr[i];
    free(buf);
    free(zeros);
    return ok;
}

/* What is sealed, printed anew from what its parser makes of it. */
static bool reprint(const char *kind, struct km_slice plain, struct km_wr *wr)
{
    static struct km_manifest_body body;
    struct km_opaque_key key = {0};
    struct km_object_secret secret = {0};
    if (strcmp(kind, KM_MANIFEST_KIND) == 0) {
        if (!km_manifest_body_parse(plain, &body))
            return false;
        for (uint32_t i = 0; i < body.n_keys; i++) {
            if (!km_opaque_key_parse(body.keys[i], &key))
                return false;
        }
        km_manifest_body_put(wr, &body);
    } else if (strcmp(kind, KM_OPAQUE_KEY_KIND) == 0) {
        if (!km_opaque_key_parse(plain, &key))
            return false;
        km_opaque_key_put(wr, &key);
    } else {
        if (!km_object_secret_parse(plain, &secret))
            return false;
        km_object_secret_put(wr, &secret);
    }
    return true;
}

/* The fields before the Sealed element, and where that lies. */
static bool split(const char *kind, const struct km_envelope *envelope, struct km_sealed *sealed,
                  struct km_wr *wr)
{
    struct km_manifest manifest = {0};
    struct km_object_id id = {0};
    if (strcmp(kind, KM_MANIFEST_KIND) == 0) {
        if (!km_manifest_parse(envelope->body, &manifest))
            return false;
        km_manifest_head_put(wr, &manifest);
        *sealed = manifest.sealed;
        return true;
    }
    if (strcmp(kind, KM_OPAQUE_KEY_KIND) == 0)
        return km_opaque_key_body_parse(envelope->body, sealed);
    if (!km_object_id_body_parse(envelope->body, &id))
        return false;
    km_der_put(wr, KM_DER_OCTET_STRING, id.object_id);
    *sealed = id.sealed;
    return true;
}

static int compare(const char *kind, const struct km_envelope *envelope, EVP_PKEY *device,
                   struct km_slice package, struct km_slice expected)
{
    static uint8_t content[KM_MANIFEST_MAX], printed[KM_MANIFEST_MAX], plain[KM_MANIFEST_MAX],
        again[KM_MANIFEST_MAX];
    uint8_t z[66] = {0};
    uint8_t spki[KM_FLEET_SPKI_MAX] = {0};
    struct km_slice recipient = {0}, whole = {0}, body = {0};
    struct km_fleet_seal *seal = NULL;
    struct km_sealed sealed = {0};
    struct km_err err = {0};
    size_t z_len = 0;
    struct km_wr wr = km_wr_init(content, sizeof(content));
    size_t mark = km_envelope_begin(&wr, kind, envelope->alg);
    if (!split(kind, envelope, &sealed, &wr) || !agree(device, sealed.ephemeral, z, &z_len))
        return fail("not a package for this key");
    struct km_fleet_lot lot = {
        .z = KM_SLICE(z, z_len), .ephemeral = sealed.ephemeral, .random = sealed.random};
    if (km_fleet_spki(&err, device, KM_SPAN(spki, sizeof(spki)), &recipient) != KM_OK ||
        km_fleet_seal_new(&err, "AES_CTR", "HMAC_SHA256", &seal) != KM_OK ||
        !open_sealed(seal, recipient, &sealed, &lot, plain))
        return fail("it can't be opened");
    struct km_wr inner = km_wr_init(printed, sizeof(printed));
    if (!reprint(kind, KM_SLICE(plain, sealed.ciphertext.len), &inner) ||
        !km_wr_finish(&inner, &body))
        return fail("what is sealed is something else");
    if (expected.len != 0 && !km_slice_equal(body, expected))
        return fail("what is sealed is not what was expected");
    if (km_fleet_sealed_put_with(&err, seal, recipient, &lot, body, &wr) != KM_OK)
        return fail(err.text);
    km_der_end(&wr, mark);
    km_fleet_seal_free(seal);
    struct km_wr out = km_wr_init(again, sizeof(again));
    struct km_slice made = {0};
    if (!km_wr_finish(&wr, &whole))
        return fail("too long");
    km_envelope_put(&out, envelope->signature, whole);
    if (!km_wr_finish(&out, &made) || !km_slice_equal(made, package))
        return fail("other octets");
    printf("the same %zu octets of %s\n", made.len, kind);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {KM_OPAQUE_KEY_KIND, KM_OBJECT_ID_KIND, KM_MANIFEST_KIND};
    struct km_err err = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;
    EVP_PKEY *device = NULL;
    struct km_envelope envelope = {0};
    int status = EXIT_FAILURE;
    uint8_t *body = NULL;
    size_t body_len = 0;
    if (argc == 4 &&
        km_file_read(&err, AT_FDCWD, argv[3], KM_MANIFEST_MAX, &body, &body_len) != KM_OK)
        return fail(err.text);
    if (argc < 3 || argc > 4 || km_fleet_private_key(&err, argv[1], &device) != KM_OK ||
        km_file_read(&err, AT_FDCWD, argv[2], KM_MANIFEST_MAX, &bytes, &len) != KM_OK)
        return fail(err.text[0] != '\0' ? err.text : "DEVICE_KEY.pem PACKAGE [BODY]");
    size_t at = 0;
    while (at < KM_ARRAY_LEN(kinds) &&
           !km_envelope_parse(KM_SLICE(bytes, len), kinds[at], &envelope))
        at++;
    status =
        at == KM_ARRAY_LEN(kinds) || envelope.alg == NULL
            ? fail("no package")
            : compare(kinds[at], &envelope, device, KM_SLICE(bytes, len), KM_SLICE(body, body_len));
    EVP_PKEY_free(device);
    free(bytes);
    free(body);
    return status;
}
