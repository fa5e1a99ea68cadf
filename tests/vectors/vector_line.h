/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request a line, one answer a line, between the reader of test vectors and the drivers that
 * stand before an API:
 *
 *     OP ALGORITHM NAME:HEX... NAME=NUMBER...
 *     ok [NAME:HEX...]  |  fail CODE OUT  |  refused CODE OUT  |  badkey CODE  |  panic CODE  |  unknown
 *
 * fail: signature, tag or ciphertext does not fit; badkey: the key (or the peer's) was not taken;
 * refused: any other result; unknown: no such algorithm here. OUT says what became of the output
 * buffer: clean (as before, or zeros) or dirty.
 */
#ifndef KM_VECTOR_LINE_H
#define KM_VECTOR_LINE_H

#include "common/km_bytes.h"

#define VEC_LINE_MAX ((size_t)1 << 20)
#define VEC_DATA_MAX (VEC_LINE_MAX / 2)
#define VEC_WORD_MAX 48u

enum vec_field {
    VEC_KEY,
    VEC_IV,
    VEC_AAD,
    VEC_IN,
    VEC_TAG,
    VEC_SALT,
    VEC_INFO,
    VEC_SIG,
    VEC_N, /* RSA: n e d p q dp dq qi; DSA and DH: p q g y x; EC: x y s; curve 25519: y s */
    VEC_E,
    VEC_D,
    VEC_P,
    VEC_Q,
    VEC_DP,
    VEC_DQ,
    VEC_QI,
    VEC_G,
    VEC_X,
    VEC_Y,
    VEC_S,
    VEC_PEER_X, /* a peer's public value: px py, or py alone */
    VEC_PEER_Y,
    VEC_N_FIELDS
};

enum vec_number {
    VEC_BITS,     /* of the curve */
    VEC_LEN,      /* octets wanted */
    VEC_TAG_LEN,  /* octets */
    VEC_CHUNK,    /* 0: in one piece */
    VEC_SALT_LEN, /* octets, PSS */
    VEC_ITERATIONS,
    VEC_MGF, /* TEE_ALG_ of OAEP's mask hash */
    VEC_N_NUMBERS
};

struct vec_request {
    char op[VEC_WORD_MAX];
    char alg[VEC_WORD_MAX];
    struct km_slice field[VEC_N_FIELDS]; /* views of the line; ptr NULL: not given */
    uint32_t number[VEC_N_NUMBERS];
    bool has_number[VEC_N_NUMBERS];
};

/* vec_request_parse: takes a line (NUL at its end, no line feed) apart; octets are written over their hex. */
KM_MUST_USE bool vec_request_parse(char *line, struct vec_request *ret);

struct vec_reply {
    char *text;
    size_t cap, len;
};

/* vec_reply_word: starts the answer. */
void vec_reply_word(struct vec_reply *reply, const char *word);
/* vec_reply_code: starts the answer with a word and a result. */
void vec_reply_code(struct vec_reply *reply, const char *word, uint32_t code);
void vec_reply_bytes(struct vec_reply *reply, const char *name, struct km_slice bytes);

/*
 * The output of one operation, filled with a pattern beforehand, so that what a failed call left
 * behind can be seen.
 */
struct vec_output {
    uint8_t *octets;
    size_t len; /* room, then what was written */
    size_t cap;
};
/* vec_output: one of a few static buffers with len octets of room; n below 3. */
struct vec_output vec_output(unsigned n, size_t len);
/* vec_reply_failure: the answer for a result that is not success, and what became of out (NULL: nothing to look at). */
void vec_reply_failure(struct vec_reply *reply, const char *word, uint32_t code,
                       const struct vec_output *out);

#endif
