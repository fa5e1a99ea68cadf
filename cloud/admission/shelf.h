/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled policies, so that a document is compiled once however many devices have it. */
#ifndef KM_ADMISSION_SHELF_H
#define KM_ADMISSION_SHELF_H

#include "common/km_bytes.h"

struct km_policy;

#define KM_SHELF_MAX 1024 /* policies that are kept; beyond that all are compiled anew */

/* A compiled policy; whoever holds one gives it back. Threads may hold the same one. */
struct km_shelf_policy;
const struct km_policy *km_shelf_policy(const struct km_shelf_policy *held);
const char *km_shelf_name(const struct km_shelf_policy *held);
/* km_shelf_give_back: NULL is allowed. */
void km_shelf_give_back(struct km_shelf_policy *held);

/* All zero: empty. One shelf, one thread. */
struct km_shelf {
    void *by_name; /* tree of search.h */
    size_t n;
};

/* What a policy is found by: generation is another one whenever the document may be. */
struct km_shelf_wish {
    const char *name;
    const char *generation;
    int64_t version;
    const char *document;
};
/* km_shelf_take: KM_E_MALFORMED: the document does not compile, KM_E_NOMEM. *ret is to be given back. */
km_status km_shelf_take(struct km_err *err, struct km_shelf *shelf,
                        const struct km_shelf_wish *wish, struct km_shelf_policy **ret);
void km_shelf_clear(struct km_shelf *shelf);

#endif
