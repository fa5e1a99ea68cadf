/* SPDX-License-Identifier: Apache-2.0 */
/* The name under which older documents include the crypto API; everything is in clrc.h. */
#ifndef CORELOCKR_CRYPTO_H
#define CORELOCKR_CRYPTO_H

#include "clrc.h"

#endif
