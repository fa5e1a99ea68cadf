/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/ca_check.h"

#include <string.h>

void km_ca_candidate_clear(struct km_ca_candidate *candidate)
{
    km_x509_clear(&candidate->ca);
    km_x509_clear(&candidate->proof);
}

static km_status read_ca(struct km_err *err, struct km_ca_candidate *candidate)
{
    return km_x509_read(err, candidate->crypto, candidate->ca_pem, &candidate->ca);
}

static km_status is_ca(struct km_err *err, struct km_ca_candidate *candidate)
{
    return km_x509_check_ca(err, &candidate->ca);
}

static km_status has_good_key(struct km_err *err, struct km_ca_candidate *candidate)
{
    return km_x509_check_key(err, &candidate->ca);
}

static km_status ca_is_valid_now(struct km_err *err, struct km_ca_candidate *candidate)
{
    return km_x509_check_time(err, &candidate->ca, candidate->now_ms);
}

static km_status read_proof(struct km_err *err, struct km_ca_candidate *candidate)
{
    return km_x509_read(err, candidate->crypto, candidate->proof_pem, &candidate->proof);
}

/* Who signs a certificate of this code has the CA's key. */
static km_status is_signed_by_ca(struct km_err *err, struct km_ca_candidate *candidate)
{
    return km_x509_check_issuer(err, &candidate->proof, &candidate->ca);
}

static km_status proof_is_valid_now(struct km_err *err, struct km_ca_candidate *candidate)
{
    return km_x509_check_time(err, &candidate->proof, candidate->now_ms);
}

static km_status has_code(struct km_err *err, struct km_ca_candidate *candidate)
{
    char name[KM_X509_NAME_MAX + 1] = {0};
    if (!km_x509_common_name(&candidate->proof, name) || strcmp(name, candidate->code) != 0)
        return KM_FAIL(err, KM_E_ARG,
                       "the verification certificate's common name is not the registration code "
                       "of this account");
    return KM_OK;
}

const struct km_ca_check km_ca_checks[KM_CA_CHECKS] = {
    {"ca-reads", KM_CA_CHECK_READS, KM_X_NONE, read_ca},
    {"ca-is-ca", 0, KM_X_NONE, is_ca},
    {"ca-key", 0, KM_X_NONE, has_good_key},
    {"ca-dates", 0, KM_X_NONE, ca_is_valid_now},
    {"proof-reads", KM_CA_CHECK_PROOF | KM_CA_CHECK_READS, KM_X_NONE, read_proof},
    {"proof-signature", KM_CA_CHECK_PROOF | KM_CA_CHECK_BOTH, KM_X_NONE, is_signed_by_ca},
    {"proof-dates", KM_CA_CHECK_PROOF, KM_X_NONE, proof_is_valid_now},
    {"proof-code", KM_CA_CHECK_PROOF, KM_X_REGISTRATION_CODE, has_code},
};
