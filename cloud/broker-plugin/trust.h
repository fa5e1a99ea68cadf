/* SPDX-License-Identifier: Apache-2.0 */
/* That TLS lets any client's certificate through: which ones count is asked at each connect (cloud/admission/trust.h). */
#ifndef BROKER_TRUST_H
#define BROKER_TRUST_H

#include "common/km_status.h"

/*
 * trust_init: TLS servers of this process that are made from now on verify no chains. It has to be called before the listeners are
 * made, which is when a broker loads its plugins. TLS clients (bridges, a database's) verify as before.
 */
km_status trust_init(struct km_err *err);

#endif
