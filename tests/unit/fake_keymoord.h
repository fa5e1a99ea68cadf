/* SPDX-License-Identifier: Apache-2.0 */
/* A service for the tests of the client library: opens sessions, with one bad behaviour at a time. */
#ifndef KM_TEST_FAKE_KEYMOORD_H
#define KM_TEST_FAKE_KEYMOORD_H

#include <sys/types.h>

#include "common/km_uuid.h"

enum fake_mode {
    FAKE_GOOD,
    FAKE_REFUSES,   /* OPENED with ACCESS_DENIED from the TEE */
    FAKE_ERROR,     /* ERROR with BUSY from the TEE */
    FAKE_SILENT,    /* never answers */
    FAKE_HANGS_UP,  /* closes without an answer */
    FAKE_NONSENSE,  /* an answer with a wrong magic */
    FAKE_NO_FDS,    /* OPENED without the descriptors */
    FAKE_UNSEALED,  /* OPENED with memory that can shrink */
    FAKE_DEAD_LANE, /* OPENED with a lane nobody serves */
};

/* Told in the answer to a session's opening, by the instance: which UUID's first octet asked. */
struct fake_keymoord {
    char dir[64];
    char path[96];
    pid_t pid;
};

void fake_start(struct fake_keymoord *fake, enum fake_mode mode);
/* fake_restart: the same path once more, after fake_kill. */
void fake_restart(struct fake_keymoord *fake, enum fake_mode mode);
/* fake_kill: SIGKILL to the service; its instances live on with their clients. */
void fake_kill(struct fake_keymoord *fake);
void fake_stop(struct fake_keymoord *fake);

#endif
