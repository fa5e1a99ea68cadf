/* SPDX-License-Identifier: Apache-2.0 */
/* The operations that the lines can ask for: one table, filled once by each API. */
#ifndef KM_VECTOR_OPS_H
#define KM_VECTOR_OPS_H

#include "tests/vectors/vector_line.h"

enum vec_op {
    VEC_OP_SUPPORTED,
    VEC_OP_DIGEST,
    VEC_OP_MAC,
    VEC_OP_MAC_VERIFY,
    VEC_OP_ENCRYPT, /* ciphers and key wrap */
    VEC_OP_DECRYPT,
    VEC_OP_SEAL, /* authenticated encryption */
    VEC_OP_OPEN,
    VEC_OP_SIGN, /* a digest; for Ed25519 the message */
    VEC_OP_VERIFY,
    VEC_OP_PUBLIC_ENCRYPT,
    VEC_OP_PRIVATE_DECRYPT,
    VEC_OP_AGREE,
    VEC_OP_DERIVE,
    VEC_OP_KEY, /* only takes the key */
    VEC_N_OPS
};

typedef void vec_handler(const struct vec_request *request, struct vec_reply *reply);

/* An API: a handler for each operation. */
struct vec_api {
    vec_handler *handler[VEC_N_OPS];
};

/* vec_serve: answers one line (NUL at its end), which is overwritten. "malformed" for one that is none. */
void vec_serve(const struct vec_api *api, char *line, struct vec_reply *reply);

/*
 * vec_loop: answers each line of standard input on standard output; 0 at the end of the input.
 * answer gets the line without its line feed.
 */
int vec_loop(void (*answer)(char *line, struct vec_reply *reply));

#endif
