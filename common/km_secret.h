/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secret bytes in pages of their own: locked where the system lets us, guarded on both sides, left
 * out of core dumps, emptied in a forked child, wiped when freed.
 */
#ifndef KM_SECRET_H
#define KM_SECRET_H

#include "common/km_bytes.h"

struct km_secret;

/* km_secret_new: len zero bytes; NULL when memory is short. Returns owned. */
struct km_secret *km_secret_new(size_t len);
/* km_secret_from: copies bytes; the source stays the caller's to wipe. Returns owned or NULL. */
struct km_secret *km_secret_from(struct km_slice bytes);
/* km_secret_expose: returns a view, valid until the secret is freed. The one way to read it. */
struct km_slice km_secret_expose(const struct km_secret *secret);
/* km_secret_fill: the same for writing. */
struct km_span km_secret_fill(struct km_secret *secret);
/* km_secret_is_locked: whether its pages are locked in memory (never so in a forked child). */
bool km_secret_is_locked(const struct km_secret *secret);
/* km_secret_free: wipes and unmaps; aborts when somebody wrote outside the bytes (our own bug). */
void km_secret_free(struct km_secret *secret);
void km_secret_freep(struct km_secret **secret);

/* km_wipe: zeroes so that the compiler can't leave it out. */
void km_wipe(void *ptr, size_t len);
/* km_ct_equal: compares without a branch on the bytes. */
KM_MUST_USE bool km_ct_equal(const void *a, const void *b, size_t len);

#endif
