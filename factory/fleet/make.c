/* SPDX-License-Identifier: Apache-2.0 */
/* From a row to its package. */
#include "factory/fleet/fleet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "common/km_file.h"
#include "common/km_secret.h"
#include "factory/fleet/key_text.h"
#include "format/opaque_key.h"
#include "format/opaque_object.h"

#define OOCFG_MAX 4096u

static void pkey_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

km_status km_fleet_package(struct km_err *err, const struct km_fleet *fleet,
                           struct km_slice content, struct km_fleet_made *ret)
{
    uint8_t signature[KM_ENVELOPE_SIGNATURE_MAX] = {0};
    size_t len = 0;
    KM_TRY(km_fleet_sign(err, fleet->signer, content, signature, &len));
    struct km_wr wr = km_wr_init(ret->octets, sizeof(ret->octets));
    km_envelope_put(&wr, KM_SLICE(signature, len), content);
    return km_wr_finish(&wr, &ret->package)
               ? KM_OK
               : KM_FAIL(err, KM_E_LIMIT, "the package is longer than %u octets",
                         KM_FLEET_PACKAGE_MAX);
}

/* ---- opaque keys ---- */

static km_status opaque_plain(struct km_err *err, const struct km_fleet_job *job,
                              struct km_fleet_key *key, struct km_fleet_made *ret,
                              struct km_span buf, struct km_slice *ret_plain)
{
    struct km_fleet_key_text text = {
        .name = job->name, .type = job->type, .source = job->key, .rules = job->rules};
    KM_TRY(km_fleet_key_read(err, &text, key));
    if (key->spki_len != 0) {
        km_copy(ret->spki, sizeof(ret->spki), key->spki, key->spki_len);
        ret->public_spki = KM_SLICE(ret->spki, key->spki_len);
    }
    struct km_wr wr = km_wr_init(buf.ptr, buf.len);
    km_opaque_key_put(&wr, &key->opaque);
    return km_wr_finish(&wr, ret_plain)
               ? KM_OK
               : KM_FAIL(err, KM_E_LIMIT, "the key is too long for a package");
}

static km_status sealed_content(struct km_err *err, const struct km_fleet *fleet, const char *kind,
                                struct km_slice before, EVP_PKEY *device, struct km_slice plain,
                                struct km_fleet_made *ret)
{
    uint8_t content[KM_OPAQUE_PACKAGE_MAX] = {0};
    struct km_wr wr = km_wr_init(content, sizeof(content));
    struct km_slice whole = {0};
    size_t mark = km_envelope_begin(&wr, kind, km_fleet_signer_alg(fleet->signer));
    km_wr_bytes(&wr, before);
    KM_TRY(km_fleet_sealed_put(err, fleet->seal, device, plain, &wr));
    km_der_end(&wr, mark);
    if (!km_wr_finish(&wr, &whole))
        return KM_FAIL(err, KM_E_LIMIT, "the package is longer than %u octets",
                       KM_OPAQUE_PACKAGE_MAX);
    return km_fleet_package(err, fleet, whole, ret);
}

static km_status opaque_key(struct km_err *err, const struct km_fleet *fleet,
                            const struct km_fleet_job *job, struct km_fleet_made *ret)
{
    uint8_t buf[KM_OPAQUE_PACKAGE_MAX] = {0};
    struct km_slice plain = {0};
    KM_AUTO(km_fleet_key_clear) struct km_fleet_key key = {0};
    KM_AUTO(pkey_freep) EVP_PKEY *device = NULL;
    KM_TRY(km_fleet_public_key(err, job->device_key, &device));
    km_status status = opaque_plain(err, job, &key, ret, KM_SPAN(buf, sizeof(buf)), &plain);
    if (status == KM_OK)
        status =
            sealed_content(err, fleet, KM_OPAQUE_KEY_KIND, KM_SLICE(buf, 0), device, plain, ret);
    km_wipe(buf, sizeof(buf));
    return status;
}

/* ---- object identifiers ---- */

static km_status object_plain(struct km_err *err, const struct km_fleet *fleet,
                              const struct km_fleet_job *job, struct km_slice config,
                              const uint8_t id[KM_OBJECT_ID_LEN], struct km_span buf,
                              struct km_slice *ret_plain)
{
    uint8_t signer[32] = {0};
    struct km_slice spki = km_fleet_signer_spki(fleet->signer);
    struct km_object_secret secret = {.object_id = KM_SLICE(id, KM_OBJECT_ID_LEN),
                                      .signer = KM_SLICE(signer, sizeof(signer))};
    if (!km_object_info_parse(config, &secret.info))
        return KM_FAIL(err, KM_E_MALFORMED, "'%s' is not what make_opaque_object.sh writes",
                       job->object);
    if (EVP_Digest(spki.ptr, spki.len, signer, NULL, EVP_sha256(), NULL) != 1)
        return KM_FAIL(err, KM_E_INTERNAL, "libcrypto could not hash");
    KM_TRY(km_fleet_object_rules(err, job->rules, &secret));
    struct km_wr wr = km_wr_init(buf.ptr, buf.len);
    km_object_secret_put(&wr, &secret);
    return km_wr_finish(&wr, ret_plain) ? KM_OK
                                        : KM_FAIL(err, KM_E_LIMIT, "the identifier is too long");
}

static km_status object_id(struct km_err *err, const struct km_fleet *fleet,
                           const struct km_fleet_job *job, struct km_fleet_made *ret)
{
    uint8_t id[KM_OBJECT_ID_LEN] = {0};
    uint8_t head[KM_OBJECT_ID_LEN + 2] = {0};
    uint8_t buf[OOCFG_MAX] = {0};
    struct km_slice plain = {0};
    struct km_slice before = {0};
    KM_AUTO(km_freep) uint8_t *config = NULL;
    size_t config_len = 0;
    KM_AUTO(pkey_freep) EVP_PKEY *device = NULL;
    KM_TRY(km_fleet_public_key(err, job->device_key, &device));
    KM_TRY(km_file_read(err, AT_FDCWD, job->object, OOCFG_MAX, &config, &config_len));
    if (RAND_bytes(id, sizeof(id)) != 1)
        return KM_FAIL(err, KM_E_INTERNAL, "libcrypto gave no random octets");
    struct km_wr wr = km_wr_init(head, sizeof(head));
    km_der_put(&wr, KM_DER_OCTET_STRING, KM_SLICE(id, sizeof(id)));
    km_status status = km_wr_finish(&wr, &before)
                           ? object_plain(err, fleet, job, KM_SLICE(config, config_len), id,
                                          KM_SPAN(buf, sizeof(buf)), &plain)
                           : KM_E_INTERNAL;
    if (status == KM_OK)
        status = sealed_content(err, fleet, KM_OBJECT_ID_KIND, before, device, plain, ret);
    km_wipe(buf, sizeof(buf));
    km_wipe(config, config_len);
    return status;
}

/* ---- all of them ---- */

static const struct kind {
    const char *name;
    km_status (*make)(struct km_err *err, const struct km_fleet *fleet,
                      const struct km_fleet_job *job, struct km_fleet_made *ret);
    bool is_for_any; /* device_key may be empty */
} KINDS[] = {
    {"opaque-key", opaque_key, false},
    {"object-id", object_id, false},
    {"manifest", km_fleet_manifest, false},
    {"command", km_fleet_command, true},
};

km_status km_fleet_make(struct km_err *err, const struct km_fleet *fleet,
                        const struct km_fleet_job *job, struct km_fleet_made *ret)
{
    ret->package = KM_SLICE(ret->octets, 0);
    ret->public_spki = KM_SLICE(ret->spki, 0);
    if (job->output[0] == '\0')
        return KM_FAIL(err, KM_E_ARG, "the column 'output' is empty");
    for (size_t i = 0; i < KM_ARRAY_LEN(KINDS); i++) {
        if (strcmp(job->make, KINDS[i].name) != 0)
            continue;
        if (job->device_key[0] == '\0' && !KINDS[i].is_for_any)
            return KM_FAIL(err, KM_E_ARG, "the column 'device_key' is empty");
        return KINDS[i].make(err, fleet, job, ret);
    }
    return KM_FAIL(err, KM_E_ARG,
                   "the column 'make' says '%.40s', not opaque-key, object-id, manifest or command",
                   job->make);
}
