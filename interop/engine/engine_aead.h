/* SPDX-License-Identifier: Apache-2.0 */
/* What engine_aead.c and engine_aead_stream.c share: the state of one authenticated cipher context. */
#ifndef KM_ENGINE_AEAD_H
#define KM_ENGINE_AEAD_H

#include <openssl/evp.h>

#include "interop/engine/engine.h"
#include "interop/engine/engine_key.h"

#define AEAD_TAG_MAX 16u
#define AEAD_IV_MAX 64u
#define AEAD_TLS_AAD_LEN 13u

/* Octets that grow; wiped when they go. */
struct aead_octets {
    uint8_t *ptr;
    size_t len;
    size_t cap;
};
/* aead_octets_add: false when memory is short. */
bool aead_octets_add(struct aead_octets *octets, struct km_slice in);
void aead_octets_clear(struct aead_octets *octets);

/* How far a message is. */
enum aead_phase {
    AEAD_NEW,     /* nothing of the text has come */
    AEAD_AT_ONCE, /* one part came and was dealt with as if it were the whole; text has it in clear */
    AEAD_STREAM, /* more came: operations go on */
};

struct aead_state {
    ClrcAlgorithm algorithm;
    struct engine_key *key;
    uint8_t iv[AEAD_IV_MAX];
    size_t iv_len;
    bool has_iv;
    uint8_t tag[AEAD_TAG_MAX]; /* encryption: made; decryption: expected */
    size_t tag_len;
    bool has_tag;
    enum aead_phase phase;
    struct aead_octets aad;
    struct aead_octets text;
    ClrcOperationHandle forward; /* encrypts what came */
    ClrcOperationHandle mirror;  /* decryption: encrypts what came out, for the tag */
    /* TLS 1.2: what is fixed of the nonce stands in iv */
    bool is_tls_record;
    uint8_t tls_aad[AEAD_TLS_AAD_LEN];
    size_t tls_explicit; /* octets of a nonce that travel in the record */
};

/* aead_restart: the next message; the key stays. */
void aead_restart(struct aead_state *state);
/* aead_at_once: a whole message; decryption needs the tag. CLRC_ERROR_MAC says nothing in the error queue. */
ClrcResult aead_at_once(struct aead_state *state, bool encrypts, struct km_slice in, uint8_t *out);
/* aead_update: the next part of a message; as many octets come out. 0 after raising. */
int aead_update(struct aead_state *state, bool encrypts, struct km_slice in, uint8_t *out);
/* aead_final: makes or compares the tag. 0 after raising, or quietly when the tag does not fit. */
int aead_final(struct aead_state *state, bool encrypts);

#endif
