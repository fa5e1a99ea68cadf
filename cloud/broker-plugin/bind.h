/* SPDX-License-Identifier: Apache-2.0 */
/* A device's policies, bound to its connection. */
#ifndef BROKER_BIND_H
#define BROKER_BIND_H

#include "cloud/admission/facts.h"
#include "cloud/broker-plugin/conn.h"
#include "cloud/broker-plugin/settings.h"

/*
 * bind_facts: from now on the connection may do what these facts say; takes them on success. They have the
 * values of the certificate, which are freed. With an error it is as before.
 * KM_E_LIMIT, KM_E_NOMEM.
 */
km_status bind_facts(struct km_err *err, const struct settings *settings, struct conn *conn,
                     struct km_facts *facts);

#endif
