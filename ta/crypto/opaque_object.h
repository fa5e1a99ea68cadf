/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An opaque object that is open: the operations that decrypt it and look over what comes out. Its key is in
 * them alone and goes when it is freed.
 */
#ifndef KM_CRYPTO_OPAQUE_OBJECT_H
#define KM_CRYPTO_OPAQUE_OBJECT_H

#include "format/opaque_object.h"
#include "ta/crypto/caller.h"

struct km_opaque;

/* km_opaque_new: from what the identifier says of it. NOT_SUPPORTED: cipher or digest; BAD_FORMAT. Returns owned. */
TEE_Result km_opaque_new(const struct km_object_info *info, struct km_opaque **ret_object);
void km_opaque_free(void *object);
void km_opaque_freep(struct km_opaque **object);
/* km_opaque_allows: NOT_YET_VALID, EXPIRED, ACCESS_DENIED (the caller's executable); opens are not looked at. */
TEE_Result km_opaque_allows(const struct km_object_policy *policy, struct km_caller *caller);
/* km_opaque_algorithm: KM_CRYPTO_AES_... */
uint32_t km_opaque_algorithm(const struct km_opaque *object);

/*
 * km_opaque_update: the next part; out of size 0 takes nothing. in and out may be memory of the client, and the same.
 * SHORT_BUFFER, with the size set and nothing taken in; OTHER_OBJECT: more than there should be; BAD_STATE: is over.
 */
TEE_Result km_opaque_update(struct km_opaque *object, struct km_slice in, TEE_Param *out);
/* km_opaque_finish: OTHER_OBJECT unless size and digest are right. It is over then, until it is rewound. */
TEE_Result km_opaque_finish(struct km_opaque *object);
void km_opaque_rewind(struct km_opaque *object);

#endif
