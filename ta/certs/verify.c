/* SPDX-License-Identifier: Apache-2.0 */
/* VERIFY: what a client wants judged, read octet by octet, and the judgement. */
#include "ta/certs/clock.h"
#include "ta/certs/order.h"
#include "ta/certs/trust.h"
#include "ta/certs/wish_wire.h"

#define WISH_MAX 512u

struct question {
    uint8_t *chain_copy;
    uint8_t *wish_copy;
    struct km_certs_chain chain;
    struct km_certs_wish wish;
    struct km_gate_state state;
    struct km_clock clock;
};

static void question_clear(struct question *question)
{
    TEE_Free(question->chain_copy);
    TEE_Free(question->wish_copy);
}

static TEE_Result read_question(TEE_Param params[TEE_NUM_PARAMS], struct question *ret)
{
    struct km_slice chain = {0};
    struct km_slice wish = {0};
    KM_TRY_TEE(km_certs_copy_in(&params[0], KM_CERTS_CHAIN_LEN_MAX, &ret->chain_copy, &chain));
    KM_TRY_TEE(km_certs_copy_in(&params[1], WISH_MAX, &ret->wish_copy, &wish));
    return km_certs_chain_parse(chain, &ret->chain) && km_certs_wish_parse(wish, &ret->wish) &&
                   km_x509_host_is_sound(ret->wish.host)
               ? TEE_SUCCESS
               : TEE_ERROR_BAD_FORMAT;
}

/* A revoked certificate is nobody's, whoever issued it; this list is about the certificate alone, not about what it issued. */
static TEE_Result is_revoked(struct km_slice der, bool *ret)
{
    uint8_t content[KM_X509_ID_LEN] = {0};
    *ret = false;
    if (!km_x509_content(der, content))
        return TEE_SUCCESS; /* it is not good either way */
    struct km_stored_id id = km_stored_id(KM_STORED_REVOKED, KM_SLICE(content, sizeof(content)));
    return km_stored_exists(&id, ret);
}

/* What the administrator forbids the Core API is not used behind its back either. All other algorithms here can't be forbidden. */
static bool allows_ed25519(void)
{
    return TEE_IsAlgorithmSupported(TEE_ALG_ED25519, TEE_ECC_CURVE_25519) == TEE_SUCCESS;
}

static TEE_Result judge(const struct question *question, const struct km_x509_trust *trust,
                        uint32_t *ret_verdict, uint32_t *ret_depth)
{
    const struct km_x509_wish wish = {.purpose = question->wish.purpose,
                                      .host = question->wish.host,
                                      .now = question->clock.now,
                                      .allows_ed25519 = allows_ed25519()};
    bool revoked = false;
    KM_TRY_TEE(is_revoked(question->chain.at[0], &revoked));
    *ret_depth = 0;
    *ret_verdict =
        revoked ? KM_CERTS_REVOKED
                : km_x509_verify(trust, question->chain.at, question->chain.n, &wish, ret_depth);
    if (*ret_verdict == KM_CERTS_GOOD && question->clock.is_behind)
        *ret_verdict = KM_CERTS_CLOCK;
    return TEE_SUCCESS;
}

static TEE_Result answer(struct question *question, uint32_t *ret_verdict, uint32_t *ret_depth)
{
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    const struct km_x509_trust *trust = NULL;
    KM_TRY_TEE(km_order_enter(KM_GATE_TOGETHER, &gate));
    KM_TRY_TEE(km_trust_get(&gate.state, question->wish.anchor, &trust));
    question->state = gate.state;
    question->clock = km_clock_read(&gate.state);
    km_gate_close(&gate);
    return judge(question, trust, ret_verdict, ret_depth);
}

TEE_Result km_certs_verify(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)client;
    KM_AUTO(question_clear) struct question question = {0};
    uint32_t verdict = 0;
    uint32_t depth = 0;
    KM_TRY_TEE(read_question(params, &question));
    KM_TRY_TEE(answer(&question, &verdict, &depth));
    km_clock_tell(&question.clock);
    km_clock_follow(&question.state);
    params[2].value.a = verdict;
    params[2].value.b = depth;
    return TEE_SUCCESS;
}
