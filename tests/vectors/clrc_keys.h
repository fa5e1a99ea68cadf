/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the crypto library made of a line's parts. */
#ifndef KM_VECTOR_CLRC_KEYS_H
#define KM_VECTOR_CLRC_KEYS_H

#include "include/clrc.h"
#include "tests/vectors/vector_ops.h"

/* clrc_key_new: an ephemeral key, a pair when the line has a private part. Returns owned. */
ClrcResult clrc_key_new(const struct vec_request *request, ClrcKeyHandle *ret_key);

#endif
