/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate commands, STP files among them, from one row. */
#include "factory/fleet/fleet.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "factory/fleet/key_text.h"
#include "format/cert_command.h"
#include "format/cert_form.h"

#define CERTIFICATE_MAX 8192u
#define EC_BITS_LEAST 256
#define RSA_BITS_LEAST 2048

/* DER of a certificate or revocation list, from libcrypto. */
struct body {
    uint8_t *der;
    size_t len;
};

static void body_clear(struct body *body)
{
    OPENSSL_free(body->der);
}

static void pkey_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* What a device takes from a command key. */
static km_status check_signer(struct km_err *err, const struct km_fleet *fleet)
{
    const struct km_sign_alg *alg = km_fleet_signer_alg(fleet->signer);
    const unsigned char *at = km_fleet_signer_spki(fleet->signer).ptr;
    KM_AUTO(pkey_freep)
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)km_fleet_signer_spki(fleet->signer).len);
    if (key == NULL || alg->family == KM_SIGN_DSA || alg->digest_len < 32)
        return KM_FAIL(err, KM_E_ARG,
                       "a command is signed by an EC or RSA key with SHA-256 or better");
    int least = alg->family == KM_SIGN_RSA ? RSA_BITS_LEAST : EC_BITS_LEAST;
    int bits = EVP_PKEY_get_bits(key);
    if (bits < least)
        return KM_FAIL(err, KM_E_ARG,
                       "a key of %d bits is too weak to sign commands: %d is the least", bits,
                       least);
    return KM_OK;
}

/* A column with a number that may be empty. */
static km_status read_number(struct km_err *err, const char *column, const char *text,
                             uint64_t *ret)
{
    if (text[0] == '\0' || km_fleet_number(text, KM_CERT_COMMAND_NUMBER_MAX, ret))
        return KM_OK;
    return KM_FAIL(err, KM_E_ARG, "the column '%s' is a number from 1 to 2^63 - 1", column);
}

static km_status read_device(struct km_err *err, const char *path,
                             uint8_t ret[KM_CERT_COMMAND_DEVICE_LEN])
{
    uint8_t buf[KM_FLEET_SPKI_MAX] = {0};
    struct km_slice spki = {0};
    KM_AUTO(pkey_freep) EVP_PKEY *key = NULL;
    KM_TRY(km_fleet_public_key(err, path, &key));
    KM_TRY(km_fleet_spki(err, key, KM_SPAN(buf, sizeof(buf)), &spki));
    return EVP_Digest(spki.ptr, spki.len, ret, NULL, EVP_sha256(), NULL) == 1
               ? KM_OK
               : KM_FAIL(err, KM_E_INTERNAL, "libcrypto could not hash");
}

static km_status read_body(struct km_err *err, const struct km_fleet_job *job,
                           enum km_cert_operation operation, struct body *body)
{
    bool is_crl = operation == KM_CERT_ADD_CRL;
    size_t max = is_crl ? KM_CERT_COMMAND_BODY_MAX : CERTIFICATE_MAX;
    if (job->certificate[0] == '\0')
        return KM_OK;
    if (is_crl)
        KM_TRY(km_fleet_crl(err, job->certificate, &body->der, &body->len));
    else
        KM_TRY(km_fleet_certificate(err, job->certificate, &body->der, &body->len));
    return body->len <= max ? KM_OK
                            : KM_FAIL(err, KM_E_LIMIT, "'%s' has %zu octets, more than %zu",
                                      job->certificate, body->len, max);
}

static km_status check_fields(struct km_err *err, const struct km_cert_command *command,
                              const char *operation)
{
    if (command->name.len > KM_CERT_COMMAND_NAME_MAX || km_cert_form_names_request(command->name))
        return KM_FAIL(err, KM_E_ARG,
                       "the column 'name' has 1 to 63 octets and does not end in \"_csr\"");
    return km_cert_command_fits(command)
               ? KM_OK
               : KM_FAIL(err, KM_E_ARG,
                         "'%s' lacks a column or has one too many of sequence, device_key, name, "
                         "time, certificate",
                         operation);
}

km_status km_fleet_command(struct km_err *err, const struct km_fleet *fleet,
                           const struct km_fleet_job *job, struct km_fleet_made *ret)
{
    static uint8_t content[KM_CERT_COMMAND_MAX];
    uint8_t device[KM_CERT_COMMAND_DEVICE_LEN] = {0};
    struct km_slice whole = {0};
    KM_AUTO(body_clear) struct body body = {0};
    const struct km_cert_operation_info *info = km_cert_operation_by_name(job->operation);
    if (info == NULL)
        return KM_FAIL(err, KM_E_ARG, "the column 'operation' says '%.40s', which is none",
                       job->operation);
    struct km_cert_command command = {.operation = info->operation,
                                      .name = KM_SLICE_STR(job->name)};
    KM_TRY(check_signer(err, fleet));
    KM_TRY(read_number(err, "sequence", job->sequence, &command.sequence));
    KM_TRY(read_number(err, "time", job->time, &command.time));
    KM_TRY(read_body(err, job, info->operation, &body));
    command.body = KM_SLICE(body.der, body.len);
    if (job->device_key[0] != '\0') {
        KM_TRY(read_device(err, job->device_key, device));
        command.device = KM_SLICE(device, sizeof(device));
    }
    KM_TRY(check_fields(err, &command, job->operation));
    struct km_wr wr = km_wr_init(content, sizeof(content));
    km_cert_command_content(&wr, km_fleet_signer_alg(fleet->signer), &command);
    if (!km_wr_finish(&wr, &whole))
        return KM_FAIL(err, KM_E_LIMIT, "the command is longer than %u octets",
                       KM_CERT_COMMAND_MAX);
    return km_fleet_package(err, fleet, whole, ret);
}
