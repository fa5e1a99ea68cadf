/* SPDX-License-Identifier: Apache-2.0 */
/* Whom this device trusts, as its store says. */
#ifndef KM_CERTS_TRUST_H
#define KM_CERTS_TRUST_H

#include "ta/certs/gate.h"
#include "ta/certs/stored.h"
#include "ta/certs/x509.h"

/* km_trust_each_anchor: calls each with every certificate that is trusted as an authority, until one answer is not TEE_SUCCESS. */
typedef TEE_Result (*km_trust_each)(void *arg, struct km_slice der);
TEE_Result km_trust_each_anchor(km_trust_each each, void *arg);
/* km_trust_each_crl: the same with every revocation list. */
TEE_Result km_trust_each_crl(km_trust_each each, void *arg);

/*
 * km_trust_get: all anchors and lists, parsed; or of the anchors only the provisioned certificate of that name, whatever it is
 * (ITEM_NOT_FOUND). Kept by the instance, all and the last name, and made anew when the gate, which is open, tells another
 * generation. A view, valid until the next call.
 */
TEE_Result km_trust_get(const struct km_gate_state *state, struct km_slice name,
                        const struct km_x509_trust **ret);
/* km_trust_forget: what is kept, when the instance ends. */
void km_trust_forget(void);

#endif
