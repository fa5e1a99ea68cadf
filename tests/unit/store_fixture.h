/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder of its own, for the tests of tee/store. */
#ifndef KM_TEST_STORE_FIXTURE_H
#define KM_TEST_STORE_FIXTURE_H

#include <sys/types.h>

#include "tee/store/store.h"

struct fixture {
    pid_t owner;
    char base[64];
    char dir[96];
    char data_path[128];
    struct km_secret *key;
    struct km_secret *other_key;
    struct km_store_config config;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* fixture_keys: makes the keys; a forked child must, for secrets do not pass a fork. */
void fixture_keys(struct fixture *f);
/* fixture_open: opens or makes the store; fails the test, or ends a forked child with 99. */
struct km_store *fixture_open(struct fixture *f);
/* fixture_put: creates or replaces an object. */
void fixture_put(struct km_store *store, const char *name, const char *meta, const char *data);
/* fixture_expect: it must be there, with exactly these contents. */
void fixture_expect(struct km_store *store, const char *name, const char *meta, const char *data);

#endif
