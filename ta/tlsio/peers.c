/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/tlsio/peers.h"

#include "ta/certs/wish_wire.h"

#define SPKI_MAX 1024u
#define CERTS_LEN_MAX 65536u

#define NONE TEE_PARAM_TYPE_NONE
#define VI TEE_PARAM_TYPE_VALUE_INPUT
#define VO TEE_PARAM_TYPE_VALUE_OUTPUT
#define VIO TEE_PARAM_TYPE_VALUE_INOUT
#define MI TEE_PARAM_TYPE_MEMREF_INPUT
#define MO TEE_PARAM_TYPE_MEMREF_OUTPUT

static const TEE_UUID crypto_uuid = KM_CRYPTO_TA_UUID;
static const TEE_UUID certs_uuid = KM_CERTS_TA_UUID;

/* ---- calls ---- */

static TEE_Param octets(struct km_slice bytes)
{
    /* Inputs are only read; the Core API has no const for them. */
    return (TEE_Param){.memref = {.buffer = (void *)(uintptr_t)bytes.ptr, .size = bytes.len}};
}

static TEE_Param number(uint32_t a, uint32_t b)
{
    return (TEE_Param){.value = {.a = a, .b = b}};
}

static bool is_lost(TEE_Result result, uint32_t origin)
{
    return origin != TEE_ORIGIN_TRUSTED_APP &&
           (result == TEE_ERROR_TARGET_DEAD || result == TEE_ERROR_COMMUNICATION);
}

static TEE_Result connect(TEE_TASessionHandle *session, const TEE_UUID *uuid)
{
    /* The Core API wants it in memory that can be written. */
    TEE_UUID ta = *uuid;
    if (*session != TEE_HANDLE_NULL)
        return TEE_SUCCESS;
    return TEE_OpenTASession(&ta, TEE_TIMEOUT_INFINITE, 0, NULL, session, NULL);
}

static TEE_Result call(TEE_TASessionHandle *session, uint32_t command, uint32_t types,
                       TEE_Param params[TEE_NUM_PARAMS])
{
    uint32_t origin = 0;
    TEE_Result result =
        TEE_InvokeTACommand(*session, TEE_TIMEOUT_INFINITE, command, types, params, &origin);
    if (is_lost(result, origin)) {
        km_ta_sessionp(session);
        return TEE_ERROR_TARGET_DEAD;
    }
    return result;
}

/* Nothing of ours lives in the certificate application, so what died is simply asked again. */
static TEE_Result ask_certs(struct km_peers *peers, uint32_t command, uint32_t types,
                            TEE_Param params[TEE_NUM_PARAMS])
{
    TEE_Param as_given[TEE_NUM_PARAMS] = {params[0], params[1], params[2], params[3]};
    KM_TRY_TEE(connect(&peers->certs, &certs_uuid));
    TEE_Result result = call(&peers->certs, command, types, params);
    if (result != TEE_ERROR_TARGET_DEAD)
        return result;
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++)
        params[i] = as_given[i];
    KM_TRY_TEE(connect(&peers->certs, &certs_uuid));
    return call(&peers->certs, command, types, params);
}

void km_peers_clear(struct km_peers *peers)
{
    km_ta_sessionp(&peers->crypto);
    km_ta_sessionp(&peers->certs);
}

/* ---- the key ---- */

static TEE_Result load_key(struct km_peers *peers, struct km_slice expected_id)
{
    struct km_slice name = KM_SLICE(peers->key_name.at, peers->key_name.len);
    TEE_Param params[TEE_NUM_PARAMS] = {octets(name), number(0, 0), octets(expected_id)};
    KM_TRY_TEE(connect(&peers->crypto, &crypto_uuid));
    KM_TRY_TEE(
        call(&peers->crypto, KM_CRYPTO_CMD_LOAD_KEY, TEE_PARAM_TYPES(MI, VI, MI, VO), params));
    peers->key = params[3].value.a;
    return TEE_SUCCESS;
}

static uint32_t curve_bytes(const struct km_crypto_info *info)
{
    bool is_ec =
        info->type == KM_CRYPTO_KEY_ECDSA_KEYPAIR || info->type == KM_CRYPTO_KEY_EC_DUAL_KEYPAIR;
    return is_ec ? (info->bits + 7u) / 8u : 0;
}

static TEE_Result look_at_key(struct km_peers *peers)
{
    uint8_t wire[KM_CRYPTO_INFO_WIRE_MAX] = {0};
    struct km_crypto_info info = {0};
    TEE_Param params[TEE_NUM_PARAMS] = {number(peers->key, 0),
                                        octets(KM_SLICE(wire, sizeof(wire)))};
    KM_TRY_TEE(
        call(&peers->crypto, KM_CRYPTO_CMD_KEY_INFO, TEE_PARAM_TYPES(VI, MO, NONE, NONE), params));
    if (params[1].memref.size > sizeof(wire) ||
        !km_crypto_info_parse(KM_SLICE(wire, params[1].memref.size), &info))
        return TEE_ERROR_GENERIC;
    peers->curve_bytes = curve_bytes(&info);
    if (peers->curve_bytes == 0 && info.type != KM_CRYPTO_KEY_RSA_KEYPAIR)
        return TEE_ERROR_NOT_SUPPORTED;
    km_copy(peers->key_id, sizeof(peers->key_id), info.id, sizeof(info.id));
    return (info.usage & KM_CRYPTO_USAGE_SIGN) != 0 ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED;
}

TEE_Result km_peers_key(struct km_peers *peers, struct km_slice name, uint8_t **ret_spki,
                        size_t *ret_len)
{
    if (!km_crypto_name_parse(name, &peers->key_name))
        return KM_TLSIO_E_BAD_NAME;
    KM_TRY_TEE(load_key(peers, KM_SLICE(NULL, 0)));
    KM_TRY_TEE(look_at_key(peers));
    KM_AUTO(km_ta_freep) uint8_t *spki = TEE_Malloc(SPKI_MAX, TEE_MALLOC_FILL_ZERO);
    if (spki == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_Param params[TEE_NUM_PARAMS] = {number(peers->key, 0), octets(KM_SLICE(spki, SPKI_MAX))};
    KM_TRY_TEE(call(&peers->crypto, KM_CRYPTO_CMD_EXPORT_PUBLIC,
                    TEE_PARAM_TYPES(VI, MO, NONE, NONE), params));
    if (params[1].memref.size > SPKI_MAX)
        return TEE_ERROR_GENERIC;
    *ret_len = params[1].memref.size;
    *ret_spki = km_steal(&spki);
    return TEE_SUCCESS;
}

static uint32_t algorithm_of(enum km_tls_scheme scheme, size_t digest_len)
{
    static const struct {
        size_t digest_len;
        uint32_t pkcs1, pss;
    } rsa[] = {
        {32, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA256, KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA256},
        {48, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA384, KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA384},
        {64, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA512, KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA512},
    };
    if (scheme == KM_TLS_ECDSA)
        return KM_CRYPTO_ECDSA;
    for (size_t i = 0; i < KM_ARRAY_LEN(rsa); i++) {
        if (rsa[i].digest_len == digest_len)
            return scheme == KM_TLS_RSA_PSS ? rsa[i].pss : rsa[i].pkcs1;
    }
    return KM_CRYPTO_ALG_NONE;
}

/* One signature; TARGET_DEAD when the session was lost with the key in it. */
static TEE_Result sign_once(struct km_peers *peers, uint32_t algorithm, struct km_slice digest,
                            struct km_span ret, size_t *ret_len)
{
    uint8_t signature[KM_CRYPTO_SIGNATURE_MAX] = {0};
    TEE_Param params[TEE_NUM_PARAMS] = {number(peers->key, algorithm), octets(digest),
                                        octets(KM_SLICE(signature, sizeof(signature))),
                                        number((uint32_t)digest.len, 0)};
    bool is_pss = algorithm >= KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA256 &&
                  algorithm <= KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA512;
    KM_TRY_TEE(call(&peers->crypto,
                    is_pss ? KM_CRYPTO_CMD_SIGN_DIGEST_PSS : KM_CRYPTO_CMD_SIGN_DIGEST,
                    TEE_PARAM_TYPES(VI, MI, MO, is_pss ? VI : NONE), params));
    size_t len = params[2].memref.size;
    if (len > sizeof(signature) || len > ret.len)
        return TEE_ERROR_GENERIC;
    km_copy(ret.ptr, ret.len, signature, len);
    *ret_len = len;
    return TEE_SUCCESS;
}

static TEE_Result sign(void *arg, enum km_tls_scheme scheme, struct km_slice digest,
                       struct km_span ret, size_t *ret_len)
{
    struct km_peers *peers = arg;
    uint32_t algorithm = algorithm_of(scheme, digest.len);
    if (algorithm == KM_CRYPTO_ALG_NONE)
        return TEE_ERROR_NOT_SUPPORTED;
    TEE_Result result = TEE_ERROR_TARGET_DEAD;
    if (peers->crypto != TEE_HANDLE_NULL)
        result = sign_once(peers, algorithm, digest, ret, ret_len);
    if (result != TEE_ERROR_TARGET_DEAD)
        return result;
    KM_TRY_TEE(load_key(peers, KM_SLICE(peers->key_id, sizeof(peers->key_id))));
    return sign_once(peers, algorithm, digest, ret, ret_len);
}

/* ---- certificates ---- */

TEE_Result km_peers_cert(struct km_peers *peers, struct km_slice name, uint8_t **ret_der,
                         size_t *ret_len)
{
    KM_AUTO(km_ta_freep) uint8_t *der = TEE_Malloc(KM_CERTS_DER_MAX, TEE_MALLOC_FILL_ZERO);
    if (der == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_Param params[TEE_NUM_PARAMS] = {octets(name), octets(KM_SLICE(der, KM_CERTS_DER_MAX))};
    KM_TRY_TEE(ask_certs(peers, KM_CERTS_CMD_GET, TEE_PARAM_TYPES(MI, MO, NONE, NONE), params));
    if (params[1].memref.size > KM_CERTS_DER_MAX)
        return TEE_ERROR_GENERIC;
    *ret_len = params[1].memref.size;
    *ret_der = km_steal(&der);
    return TEE_SUCCESS;
}

TEE_Result km_peers_anchor(struct km_peers *peers, struct km_slice name)
{
    KM_AUTO(km_ta_freep) uint8_t *der = NULL;
    size_t len = 0;
    if (!km_crypto_name_parse(name, &peers->anchor))
        return KM_TLSIO_E_BAD_NAME;
    return km_peers_cert(peers, name, &der, &len);
}

static bool is_request(struct km_slice name)
{
    static const char suffix[] = "_csr";
    size_t len = sizeof(suffix) - 1;
    return name.len > len && memcmp(name.ptr + name.len - len, suffix, len) == 0;
}

/* One that is deleted meanwhile is left out. */
static TEE_Result add_page(struct km_peers *peers, struct km_slice page, struct km_wr *wr)
{
    struct km_rd rd = km_rd_init(page);
    while (!km_rd_done(&rd)) {
        KM_AUTO(km_ta_freep) uint8_t *der = NULL;
        struct km_slice name = {0};
        uint32_t size = 0;
        size_t len = 0;
        if (!km_rd_blob32le(&rd, KM_CERTS_NAME_MAX, &name) || !km_rd_u32le(&rd, &size))
            return TEE_ERROR_GENERIC;
        if (is_request(name))
            continue;
        TEE_Result result = km_peers_cert(peers, name, &der, &len);
        if (result != TEE_SUCCESS && result != TEE_ERROR_ITEM_NOT_FOUND)
            return result;
        if (result == TEE_SUCCESS && wr->cap - wr->len >= 4 + len)
            km_wr_blob32le(wr, KM_SLICE(der, len));
    }
    return TEE_SUCCESS;
}

static TEE_Result add_all(struct km_peers *peers, uint8_t *page, struct km_wr *wr)
{
    uint32_t cursor = 0;
    do {
        TEE_Param params[TEE_NUM_PARAMS] = {number(cursor, 0),
                                            octets(KM_SLICE(page, KM_CERTS_LIST_MAX))};
        KM_TRY_TEE(
            ask_certs(peers, KM_CERTS_CMD_LIST, TEE_PARAM_TYPES(VIO, MO, NONE, NONE), params));
        uint32_t next = params[0].value.a;
        if (params[1].memref.size > KM_CERTS_LIST_MAX || (next != 0 && next <= cursor))
            return TEE_ERROR_GENERIC;
        KM_TRY_TEE(add_page(peers, KM_SLICE(page, params[1].memref.size), wr));
        cursor = next;
    } while (cursor != 0);
    return TEE_SUCCESS;
}

TEE_Result km_peers_certs(struct km_peers *peers, uint8_t **ret_blobs, size_t *ret_len)
{
    KM_AUTO(km_ta_freep) uint8_t *page = TEE_Malloc(KM_CERTS_LIST_MAX, TEE_MALLOC_FILL_ZERO);
    KM_AUTO(km_ta_freep) uint8_t *blobs = TEE_Malloc(CERTS_LEN_MAX, TEE_MALLOC_FILL_ZERO);
    if (page == NULL || blobs == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    struct km_wr wr = km_wr_init(blobs, CERTS_LEN_MAX);
    KM_TRY_TEE(add_all(peers, page, &wr));
    *ret_len = wr.len;
    *ret_blobs = km_steal(&blobs);
    return TEE_SUCCESS;
}

/* ---- verdicts ---- */

static TEE_Result verify(void *arg, const struct km_tls_question *question, uint32_t *ret_verdict)
{
    struct km_peers *peers = arg;
    uint8_t wire[16 + KM_CERTS_HOST_MAX + KM_CERTS_NAME_MAX] = {0};
    struct km_wr wr = km_wr_init(wire, sizeof(wire));
    struct km_slice wish = {0};
    const struct km_certs_wish wanted = {
        .purpose = question->is_server ? KM_CERTS_PURPOSE_TLS_SERVER : KM_CERTS_PURPOSE_TLS_CLIENT,
        .host = question->host,
        .anchor = KM_SLICE(peers->anchor.at, peers->anchor.len)};
    km_certs_wish_put(&wr, &wanted);
    if (!km_wr_finish(&wr, &wish))
        return TEE_ERROR_BAD_PARAMETERS;
    TEE_Param params[TEE_NUM_PARAMS] = {octets(question->chain), octets(wish)};
    KM_TRY_TEE(ask_certs(peers, KM_CERTS_CMD_VERIFY, TEE_PARAM_TYPES(MI, MI, VO, NONE), params));
    *ret_verdict = params[2].value.a;
    return TEE_SUCCESS;
}

struct km_tls_hooks km_peers_hooks(struct km_peers *peers)
{
    return (struct km_tls_hooks){.sign = sign, .verify = verify, .arg = peers};
}
