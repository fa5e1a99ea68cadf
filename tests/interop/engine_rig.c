/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/rsa.h>
#include <openssl/x509.h>

static uint64_t rig_state = 1;

void rig_seed(void)
{
    const char *given = getenv("KM_TEST_SEED");
    rig_state = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    fprintf(stderr, "KM_TEST_SEED=%llu\n", (unsigned long long)rig_state);
    rig_state |= 1;
}

static uint64_t next(void)
{
    rig_state ^= rig_state << 13;
    rig_state ^= rig_state >> 7;
    rig_state ^= rig_state << 17;
    return rig_state;
}

void rig_octets(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(next() >> 32);
}

size_t rig_below(size_t limit)
{
    return (size_t)(next() >> 16) % limit;
}

ENGINE *rig_engine(void)
{
    ENGINE_load_dynamic();
    ENGINE *engine = ENGINE_by_id("clrc");
    assert_non_null(engine);
    assert_int_equal(ENGINE_init(engine), 1);
    return engine;
}

void rig_close(ENGINE *engine)
{
    ENGINE_finish(engine);
    ENGINE_free(engine);
}

bool rig_sign_and_verify(EVP_PKEY *key, bool pss)
{
    uint8_t sig[512] = {0};
    size_t len = sizeof(sig);
    unsigned char *der = NULL;
    EVP_PKEY_CTX *pctx = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL, key) == 1;
    if (pss)
        done = done && EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    done = done && EVP_DigestSign(ctx, sig, &len, (const uint8_t *)"message", 7) == 1;
    EVP_MD_CTX_free(ctx);
    int der_len = i2d_PUBKEY(key, &der);
    const unsigned char *at = der;
    EVP_PKEY *public = der_len > 0 ? d2i_PUBKEY(NULL, &at, der_len) : NULL;
    OPENSSL_free(der);
    ctx = EVP_MD_CTX_new();
    done = done && EVP_DigestVerifyInit(ctx, &pctx, EVP_sha256(), NULL, public) == 1;
    if (pss)
        done = done && EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1;
    done = done && EVP_DigestVerify(ctx, sig, len, (const uint8_t *)"message", 7) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(public);
    return done;
}
