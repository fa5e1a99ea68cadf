/* SPDX-License-Identifier: Apache-2.0 */
/* Payload packages: their beginning; what follows are the commands of any operation in parts (cmd_parts.c). */
#include "ta/crypto/payload_wire.h"
#include "ta/crypto/session.h"

static TEE_Result head_in(const TEE_Param *param, struct km_payload *ret)
{
    switch (km_payload_parse_content(km_in(param), ret)) {
    case KM_PAYLOAD_OK:
        return TEE_SUCCESS;
    case KM_PAYLOAD_UNSUPPORTED:
        return TEE_ERROR_NOT_SUPPORTED;
    case KM_PAYLOAD_TRUNCATED:
    case KM_PAYLOAD_TRAILING:
    case KM_PAYLOAD_MALFORMED:
    case KM_PAYLOAD_OTHER_KIND:
    default:
        return TEE_ERROR_BAD_FORMAT;
    }
}

TEE_Result km_cmd_payload_new(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_payload payload = {0};
    struct km_claim_wish claim = {.payload = &payload};
    uint32_t id = 0;
    KM_TRY_TEE(head_in(&params[1], &payload));
    if (!km_payload_wish_parse(km_in(&params[2]), &claim.wish))
        return TEE_ERROR_BAD_FORMAT;
    const struct km_crypto_signing signing = km_crypto_signing_of(payload.alg);
    const struct km_op_wish wish = {.key = params[0].value.a,
                                    .algorithm = signing.algorithm,
                                    .mode = KM_CRYPTO_MODE_VERIFY,
                                    .digest = signing.op_digest,
                                    .iv = KM_SLICE("", 0),
                                    .claim = &claim};
    KM_TRY_TEE(km_op_make(session, &wish, &id));
    params[3].value.a = id;
    params[3].value.b = 0;
    return TEE_SUCCESS;
}
