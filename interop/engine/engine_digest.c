/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests. The beginning of a message is held here: what ends before HELD_MAX octets is digested with one
 * call, and copying such a context, as TLS does with its transcript, asks the service for nothing.
 */
#include <pthread.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "interop/engine/engine.h"

#define HELD_MAX 16384u
#define HELD_FIRST 512u

static const struct row {
    int nid;
    int signature_nid; /* with RSA; NID_undef where there is none */
    ClrcAlgorithm algorithm;
    int len;
    int block;
    bool is_xof;
} rows[] = {
    {NID_md5, NID_md5WithRSAEncryption, CLRC_MD5, 16, 64, false},
    {NID_sha1, NID_sha1WithRSAEncryption, CLRC_SHA1, 20, 64, false},
    {NID_sha224, NID_sha224WithRSAEncryption, CLRC_SHA224, 28, 64, false},
    {NID_sha256, NID_sha256WithRSAEncryption, CLRC_SHA256, 32, 64, false},
    {NID_sha384, NID_sha384WithRSAEncryption, CLRC_SHA384, 48, 128, false},
    {NID_sha512, NID_sha512WithRSAEncryption, CLRC_SHA512, 64, 128, false},
    {NID_sha3_224, NID_RSA_SHA3_224, CLRC_SHA3_224, 28, 144, false},
    {NID_sha3_256, NID_RSA_SHA3_256, CLRC_SHA3_256, 32, 136, false},
    {NID_sha3_384, NID_RSA_SHA3_384, CLRC_SHA3_384, 48, 104, false},
    {NID_sha3_512, NID_RSA_SHA3_512, CLRC_SHA3_512, 64, 72, false},
    {NID_shake128, NID_undef, CLRC_SHAKE128, 16, 168, true},
    {NID_shake256, NID_undef, CLRC_SHAKE256, 32, 136, true},
};
#define N_ROWS KM_ARRAY_LEN(rows)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *digests[N_ROWS];
static int nids[N_ROWS];
static int n_nids;

/* In a context's own memory, which OpenSSL clears when it makes it. */
struct state {
    uint8_t *held;
    size_t held_len;
    size_t held_cap;
    ClrcOperationHandle operation; /* NULL: all of the message is held */
    size_t xof_len;                /* 0: as long as the digest is by itself */
    bool is_broken;                /* a part is missing: programs seldom look at what update says */
};

static struct state *state_of(const EVP_MD_CTX *ctx)
{
    return EVP_MD_CTX_md_data(ctx);
}

static const struct row *row_of(const EVP_MD_CTX *ctx)
{
    int nid = EVP_MD_type(EVP_MD_CTX_md(ctx));
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].nid == nid)
            return &rows[i];
    return NULL;
}

static int clean_up(EVP_MD_CTX *ctx)
{
    struct state *state = state_of(ctx);
    if (state == NULL)
        return 1;
    clrcOperationFree(state->operation);
    OPENSSL_clear_free(state->held, state->held_cap);
    *state = (struct state){0};
    return 1;
}

static int begin(EVP_MD_CTX *ctx)
{
    return clean_up(ctx);
}

static int send(const EVP_MD_CTX *ctx, struct state *state, struct km_slice in)
{
    const struct row *row = row_of(ctx);
    ClrcResult result = CLRC_SUCCESS;
    if (row != NULL && state->operation == NULL) {
        const ClrcOperationWish wish = {.algorithm = row->algorithm, .mode = CLRC_MODE_DIGEST};
        result = clrcOperationNew(NULL, &wish, &state->operation);
    }
    for (size_t done = 0; result == CLRC_SUCCESS && done < in.len;) {
        size_t now = in.len - done < CLRC_DATA_MAX ? in.len - done : CLRC_DATA_MAX;
        result = clrcOperationUpdate(state->operation, in.ptr + done, now, NULL, NULL);
        done += now;
    }
    state->is_broken = result != CLRC_SUCCESS;
    return engine_clrc(result, "digest", __func__);
}

static int flush(const EVP_MD_CTX *ctx, struct state *state)
{
    if (state->held_len == 0)
        return 1;
    int done = send(ctx, state, KM_SLICE(state->held, state->held_len));
    state->held_len = 0;
    return done;
}

static int hold(struct state *state, struct km_slice in)
{
    size_t needed = state->held_len + in.len;
    size_t cap = state->held_cap != 0 ? state->held_cap : HELD_FIRST;
    while (cap < needed)
        cap *= 2;
    if (cap != state->held_cap) {
        uint8_t *grown = OPENSSL_clear_realloc(state->held, state->held_cap, cap);
        if (grown == NULL)
            return 0;
        state->held = grown;
        state->held_cap = cap;
    }
    km_copy(state->held + state->held_len, cap - state->held_len, in.ptr, in.len);
    state->held_len = needed;
    return 1;
}

static int update(EVP_MD_CTX *ctx, const void *data, size_t len)
{
    struct state *state = state_of(ctx);
    if (state->is_broken)
        return 0;
    if (len == 0)
        return 1;
    if (len > HELD_MAX - state->held_len && !flush(ctx, state))
        return 0;
    int done =
        len > HELD_MAX ? send(ctx, state, KM_SLICE(data, len)) : hold(state, KM_SLICE(data, len));
    state->is_broken = !done;
    return done;
}

static int finish(EVP_MD_CTX *ctx, unsigned char *md)
{
    static const uint8_t nothing[1];
    const struct row *row = row_of(ctx);
    struct state *state = state_of(ctx);
    if (row == NULL || state->is_broken)
        return 0;
    uint32_t len = state->xof_len != 0 ? (uint32_t)state->xof_len : (uint32_t)row->len;
    if (state->operation == NULL)
        return engine_clrc(clrcDigest(row->algorithm, state->held_len != 0 ? state->held : nothing,
                                      state->held_len, md, &len),
                           "digest", __func__);
    if (!flush(ctx, state))
        return 0;
    return engine_clrc(clrcOperationFinal(state->operation, NULL, NULL, md, &len), "digest",
                       __func__);
}

/* OpenSSL has copied the octets of the state: what it points to has to be made anew. */
static int copy(EVP_MD_CTX *to, const EVP_MD_CTX *from)
{
    struct state *made = state_of(to);
    const struct state *state = state_of(from);
    if (made == NULL || state == NULL)
        return 1;
    *made = (struct state){.xof_len = state->xof_len, .is_broken = true};
    if (state->held_len != 0 && !hold(made, KM_SLICE(state->held, state->held_len)))
        return 0;
    if (state->operation != NULL &&
        !engine_clrc(clrcOperationCopy(state->operation, &made->operation), "copy a digest",
                     __func__))
        return 0;
    made->is_broken = state->is_broken;
    return 1;
}

static int control(EVP_MD_CTX *ctx, int cmd, int value, void *ptr)
{
    (void)ptr;
    if (cmd != EVP_MD_CTRL_XOF_LEN || value <= 0) /* for none there is no room to write to */
        return 0;
    state_of(ctx)->xof_len = (size_t)value;
    return 1;
}

static EVP_MD *make(const struct row *row)
{
    EVP_MD *md = EVP_MD_meth_new(row->nid, row->signature_nid);
    unsigned long flags = EVP_MD_FLAG_DIGALGID_ABSENT;
    if (row->is_xof)
        flags |= EVP_MD_FLAG_XOF;
    if (md != NULL && EVP_MD_meth_set_result_size(md, row->len) &&
        EVP_MD_meth_set_input_blocksize(md, row->block) &&
        EVP_MD_meth_set_app_datasize(md, (int)sizeof(struct state)) &&
        EVP_MD_meth_set_flags(md, flags) && EVP_MD_meth_set_init(md, begin) &&
        EVP_MD_meth_set_update(md, update) && EVP_MD_meth_set_final(md, finish) &&
        EVP_MD_meth_set_copy(md, copy) && EVP_MD_meth_set_cleanup(md, clean_up) &&
        (!row->is_xof || EVP_MD_meth_set_ctrl(md, control)))
        return md;
    EVP_MD_meth_free(md);
    return NULL;
}

static void make_all(void)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        digests[i] = make(&rows[i]);
        if (digests[i] != NULL)
            nids[n_nids++] = rows[i].nid;
    }
}

int engine_digests(ENGINE *engine, const EVP_MD **ret, const int **ret_nids, int nid)
{
    (void)engine;
    (void)pthread_once(&once, make_all);
    if (ret == NULL) {
        *ret_nids = nids;
        return n_nids;
    }
    *ret = NULL;
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].nid == nid)
            *ret = digests[i];
    return *ret != NULL;
}
