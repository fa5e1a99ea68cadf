/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS application with itself as its peer: a client's and a server's session in this process, and a stand-in for the two
 * applications that it asks, which signs with a key of its own and gives the verdict that a test wants.
 */
#ifndef TLSIO_RIG_H
#define TLSIO_RIG_H

#include "ta/certs/certs_protocol.h"
#include "ta/tlsio/tlsio_wire.h"
#include "tests/unit/crypto_rig.h"

#define TLSIO_RIG_ROOM 98304u
#define TLSIO_RIG_PEM_MAX 4096u

/* What the stand-in does, and what was asked of it. */
struct tlsio_peers {
    uint32_t verdict, verify_result, sign_result;
    unsigned n_verified, n_signed, n_loaded;
    bool is_rsa;    /* which of the two keys the name stands for */
    char host[256]; /* of the last question */
    uint32_t purpose;
};
extern struct tlsio_peers tlsio_peers;

/* PEM of a key and of a certificate that goes with it; made once. */
struct tlsio_pem {
    char key[TLSIO_RIG_PEM_MAX], cert[TLSIO_RIG_PEM_MAX];
};
const struct tlsio_pem *tlsio_pem(bool is_rsa);

/* One end: a session with one connection. Starts as {0}. */
struct tlsio_end {
    struct rig_session session;
    uint32_t conn;
    struct km_tlsio_step_out last;
    uint8_t sent[TLSIO_RIG_ROOM]; /* ciphertext that waits for the other end */
    size_t n_sent;
    uint8_t got[TLSIO_RIG_ROOM]; /* plaintext that came */
    size_t n_got;
};

struct km_tlsio_settings tlsio_settings(uint32_t role);
/* tlsio_setup: SETUP in a session of its own. pem NULL: none, or what the settings name. */
uint32_t tlsio_setup(struct tlsio_end *end, const struct km_tlsio_settings *settings,
                     const struct tlsio_pem *pem);
/* tlsio_connect: OPEN; host "" for a server. */
uint32_t tlsio_connect(struct tlsio_end *end, const char *host);
void tlsio_end_close(struct tlsio_end *end);

/* A step with what is given; what comes out is put behind sent and got. Answers the command's result. */
struct tlsio_wish {
    uint32_t flags;
    struct km_slice cipher, plain;
    size_t cipher_room, plain_room; /* 0: enough */
};
uint32_t tlsio_step(struct tlsio_end *end, const struct tlsio_wish *wish);
/* tlsio_pump: carries ciphertext to and fro, at most `chunk` octets a step, until nothing moves. */
void tlsio_pump(struct tlsio_end *a, struct tlsio_end *b, size_t chunk);

/* tlsio_rig_start: a store in a new directory, and the stand-in at its best; tlsio_rig_stop takes both away. */
void tlsio_rig_start(void);
void tlsio_rig_stop(void);

#endif
