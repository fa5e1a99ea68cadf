/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is checked before a CA is registered, one row a check, in this order: the registration stops at the first that fails, a
 * page that helps to prepare one shows them all.
 */
#ifndef KM_CONTROL_CA_CHECK_H
#define KM_CONTROL_CA_CHECK_H

#include "cloud/control/exception.h"
#include "cloud/control/x509.h"

/* All zero but what the caller sets; to be cleared. Texts are borrowed. */
struct km_ca_candidate {
    const struct km_crypto *crypto;
    int64_t now_ms;
    char code[KM_X509_NAME_MAX + 1]; /* the account's registration code; for a proof alone */
    struct km_slice ca_pem;
    struct km_slice proof_pem; /* the verification certificate; ptr NULL: there is none */
    struct km_x509 ca;         /* set by the first check */
    struct km_x509 proof;      /* set by the first check of it */
};
/* km_ca_candidate_clear: for KM_AUTO. */
void km_ca_candidate_clear(struct km_ca_candidate *candidate);

/* What a check is: of the CA unless said otherwise, and of a certificate that was read before. */
#define KM_CA_CHECK_PROOF 1u /* of the verification certificate */
#define KM_CA_CHECK_READS 2u /* reads its certificate */
#define KM_CA_CHECK_BOTH 4u  /* of the one and the other */

struct km_ca_check {
    const char *name; /* for programs */
    unsigned flags;
    enum km_exception exception; /* KM_X_NONE: by the outcome, as all of x509.h */
    km_status (*run)(struct km_err *err, struct km_ca_candidate *candidate);
};
#define KM_CA_CHECKS 8
extern const struct km_ca_check km_ca_checks[KM_CA_CHECKS];

#endif
