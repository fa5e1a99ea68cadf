/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and signatures in the trusted service. */
#include "lib/clrpv/clrpv_device.h"

#include <stdlib.h>

#include "ta/crypto/payload_wire.h"

struct clrpv_crypto {
    const char *function;
    ClrcKeyHandle key;
    bool owns_key;
    enum clrpv_family family;
    ClrcOperationHandle op;
};

const char *clrpv_service_text(ClrpvResult result)
{
    return clrcResultText(result);
}

ClrpvResult clrpv_fail_clrc(const char *function, ClrcResult result)
{
    switch (result) {
    case CLRC_ERROR_SIGNATURE:
        return clrpv_fail(function, CLRPV_ERROR_SIGNATURE, NULL);
    case CLRC_ERROR_TARGET:
        return clrpv_fail(function, CLRPV_ERROR_TARGET, NULL);
    case CLRC_ERROR_DOWNGRADE:
        return clrpv_fail(function, CLRPV_ERROR_DOWNGRADE, NULL);
    default:
        return clrpv_fail(function, result, clrcLastError());
    }
}

/* What the key may do, as its type says. */
static enum clrpv_family family_of(ClrcKeyType type, bool *ret_private)
{
    *ret_private = type == KEY_ECDSA_KEYPAIR || type == KEY_EC_DUAL_KEYPAIR ||
                   type == KEY_RSA_KEYPAIR || type == KEY_DSA_KEYPAIR;
    if (type == KEY_ECDSA_PUBLIC || type == KEY_ECDSA_KEYPAIR || type == KEY_EC_DUAL_PUBLIC ||
        type == KEY_EC_DUAL_KEYPAIR)
        return CLRPV_FAMILY_EC;
    if (type == KEY_RSA_PUBLIC || type == KEY_RSA_KEYPAIR)
        return CLRPV_FAMILY_RSA;
    if (type == KEY_DSA_PUBLIC || type == KEY_DSA_KEYPAIR)
        return CLRPV_FAMILY_DSA;
    if (type == KEY_DH_PUBLIC || type == KEY_DH_KEYPAIR || type == KEY_ECDH_PUBLIC ||
        type == KEY_ECDH_KEYPAIR || type == KEY_X25519_PUBLIC || type == KEY_X25519_KEYPAIR ||
        type == KEY_X448_PUBLIC || type == KEY_X448_KEYPAIR)
        return CLRPV_FAMILY_DH;
    return CLRPV_FAMILY_UNKNOWN;
}

static ClrpvResult look_at_key(struct clrpv_crypto *crypto, bool signs)
{
    ClrcKeyInfo info = {.type = KEY_NONE};
    bool is_private = false;
    ClrcResult result = clrcGetKeyInfo(crypto->key, &info);
    if (result != CLRC_SUCCESS)
        return clrpv_fail_clrc(crypto->function, result);
    crypto->family = family_of(info.type, &is_private);
    CLRPV_TRY(clrpv_family_check(crypto->function, crypto->family));
    if (signs && !is_private)
        return clrpv_fail(crypto->function, CLRPV_ERROR_KEY_PUBLIC, NULL);
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_crypto_open(const char *function, const ClrpvKey *key, bool signs,
                              struct clrpv_crypto **ret)
{
    KM_AUTO(clrpv_crypto_freep) struct clrpv_crypto *crypto = calloc(1, sizeof(*crypto));
    if (crypto == NULL)
        return clrpv_fail(function, CLRPV_ERROR_OUT_OF_MEMORY, NULL);
    crypto->function = function;
    crypto->key = key->handle;
    if (key->handle == NULL) {
        CLRPV_TRY(clrpv_key_load(function, key, KEY_NONE, true, &crypto->key));
        crypto->owns_key = true;
    }
    CLRPV_TRY(look_at_key(crypto, signs));
    *ret = km_steal(&crypto);
    return CLRPV_SUCCESS;
}

void clrpv_crypto_free(struct clrpv_crypto *crypto)
{
    if (crypto == NULL)
        return;
    clrcOperationFree(crypto->op);
    if (crypto->owns_key)
        clrcFreeKey(crypto->key);
    free(crypto);
}

void clrpv_crypto_freep(struct clrpv_crypto **crypto)
{
    clrpv_crypto_free(*crypto);
    *crypto = NULL;
}

enum clrpv_family clrpv_crypto_family(const struct clrpv_crypto *crypto)
{
    return crypto->family;
}

ClrpvResult clrpv_digest_begin(struct clrpv_crypto *crypto, const struct km_sign_alg *alg)
{
    const ClrcOperationWish wish = {.algorithm = (ClrcAlgorithm)km_crypto_signing_of(alg).digest,
                                    .mode = CLRC_MODE_DIGEST};
    clrcOperationFree(km_steal(&crypto->op));
    ClrcResult result = clrcOperationNew(NULL, &wish, &crypto->op);
    return result == CLRC_SUCCESS ? CLRPV_SUCCESS : clrpv_fail_clrc(crypto->function, result);
}

ClrpvResult clrpv_digest_end(struct clrpv_crypto *crypto, uint8_t digest[CLRPV_DIGEST_MAX])
{
    uint32_t len = CLRPV_DIGEST_MAX;
    ClrcResult result = clrcOperationFinal(crypto->op, NULL, NULL, digest, &len);
    return result == CLRC_SUCCESS ? CLRPV_SUCCESS : clrpv_fail_clrc(crypto->function, result);
}

ClrpvResult clrpv_sign(struct clrpv_crypto *crypto, const struct km_sign_alg *alg,
                       const uint8_t *digest, uint8_t signature[CLRPV_SIGNATURE_ROOM],
                       size_t *ret_len)
{
    uint32_t len = CLRPV_SIGNATURE_ROOM;
    ClrcResult result =
        clrcSignDigest(crypto->key, (ClrcAlgorithm)km_crypto_signing_of(alg).algorithm, digest,
                       (uint32_t)alg->digest_len, signature, &len);
    if (result != CLRC_SUCCESS)
        return clrpv_fail_clrc(crypto->function, result);
    *ret_len = len;
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_verify_begin(struct clrpv_crypto *crypto, const struct km_payload *payload,
                               const struct km_payload_wish *wish)
{
    char target[CLRPV_TARGET_MAX + 1] = {0};
    if (wish->target.len != 0)
        km_copy(target, CLRPV_TARGET_MAX, wish->target.ptr, wish->target.len);
    const ClrcPayloadWish asked = {.target = wish->any_target ? NULL : target,
                                   .lowest_version = wish->lowest};
    clrcOperationFree(km_steal(&crypto->op));
    ClrcResult result =
        clrcOperationNewPayload(crypto->key, payload->content_head.ptr,
                                (uint32_t)payload->content_head.len, &asked, &crypto->op);
    return result == CLRC_SUCCESS ? CLRPV_SUCCESS : clrpv_fail_clrc(crypto->function, result);
}

ClrpvResult clrpv_verify_end(struct clrpv_crypto *crypto, struct km_slice signature)
{
    /* The service takes no empty signature, and there is no such thing. */
    if (signature.len == 0)
        return clrpv_fail(crypto->function, CLRPV_ERROR_SIGNATURE, NULL);
    ClrcResult result =
        clrcOperationFinalVerify(crypto->op, NULL, NULL, signature.ptr, (uint32_t)signature.len);
    return result == CLRC_SUCCESS ? CLRPV_SUCCESS : clrpv_fail_clrc(crypto->function, result);
}

ClrpvResult clrpv_update(struct clrpv_crypto *crypto, struct km_slice octets)
{
    if (octets.len == 0)
        return CLRPV_SUCCESS;
    ClrcResult result = clrcOperationUpdate(crypto->op, octets.ptr, octets.len, NULL, NULL);
    return result == CLRC_SUCCESS ? CLRPV_SUCCESS : clrpv_fail_clrc(crypto->function, result);
}

/* Memory that the service reads in place; nobody but this process writes to it. */
uint8_t *clrpv_piece_new(void)
{
    return clrcSharedAlloc(CLRPV_PIECE);
}

void clrpv_piece_freep(uint8_t **piece)
{
    if (*piece != NULL)
        clrcSharedFree(*piece);
    *piece = NULL;
}
