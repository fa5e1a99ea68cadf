/* SPDX-License-Identifier: Apache-2.0 */
/* What every file of this application leans on. */
#ifndef KM_CRYPTO_TA_H
#define KM_CRYPTO_TA_H

#include "ta/common/ta_util.h"
#include "ta/crypto/crypto_protocol.h"
#include "ta/crypto/crypto_wire.h"

#endif
