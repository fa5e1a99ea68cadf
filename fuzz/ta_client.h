/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of a whole trusted application, on crypto_rig.h, that sends anything. A run is a session; what is stored stays for later
 * runs.
 *
 * The input is who it is (one octet), then a list of calls: command, then for each parameter one octet of type and what it needs.
 */
#ifndef KM_FUZZ_TA_CLIENT_H
#define KM_FUZZ_TA_CLIENT_H

#include "fuzz/km_fuzz.h"
#include "tests/unit/crypto_rig.h"

struct fuzz_client {
    struct rig_session session;
    uint8_t memory[4][8192]; /* what memory parameters refer to */
    uint32_t
        ids[8]; /* answers of this run, so that calls can build on each other; 0 is the target's */
    unsigned n_ids;
};
extern struct fuzz_client fuzz_client;

/* fuzz_client_first: whether this is the process's first run; an instance with an empty store was started then. */
bool fuzz_client_first(void);
/* fuzz_client_open: a new session of whom the input names; false: it names nobody. */
bool fuzz_client_open(struct km_rd *rd);
/* fuzz_client_run: the calls, without the command `never` (0: all), each with check after it; then the session ends. */
void fuzz_client_run(struct km_rd *rd, uint8_t never, void (*check)(void));

#endif
