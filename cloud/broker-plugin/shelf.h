/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled policies, so that a document is compiled once however many devices have it. */
#ifndef BROKER_SHELF_H
#define BROKER_SHELF_H

#include "common/km_bytes.h"

struct km_policy;

#define SHELF_MAX 1024 /* policies that are kept; beyond that all are compiled anew */

/* A compiled policy; whoever holds one gives it back. Threads may hold the same one. */
struct shelf_policy;
const struct km_policy *shelf_policy(const struct shelf_policy *held);
const char *shelf_name(const struct shelf_policy *held);
/* shelf_give_back: NULL is allowed. */
void shelf_give_back(struct shelf_policy *held);

/* All zero: empty. One shelf, one thread. */
struct shelf {
    void *by_name; /* tree of search.h */
    size_t n;
};

/* What a policy is found by: generation is another one whenever the document may be. */
struct shelf_wish {
    const char *name;
    const char *generation;
    int64_t version;
    const char *document;
};
/* shelf_take: KM_E_MALFORMED: the document does not compile, KM_E_NOMEM. *ret is to be given back. */
km_status shelf_take(struct km_err *err, struct shelf *shelf, const struct shelf_wish *wish,
                     struct shelf_policy **ret);
void shelf_clear(struct shelf *shelf);

#endif
