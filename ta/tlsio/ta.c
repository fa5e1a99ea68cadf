/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS trusted application: entry points, and the table of commands that everything passes. */
#include "ta/common/slots.h"
#include "ta/tlsio/peers.h"

#define NONE TEE_PARAM_TYPE_NONE
#define VI TEE_PARAM_TYPE_VALUE_INPUT
#define VO TEE_PARAM_TYPE_VALUE_OUTPUT
#define MI TEE_PARAM_TYPE_MEMREF_INPUT
#define MO TEE_PARAM_TYPE_MEMREF_OUTPUT
#define MIO TEE_PARAM_TYPE_MEMREF_INOUT

struct session {
    struct km_peers peers;
    struct km_tls *tls; /* NULL: there are no settings yet */
    struct km_slots conns;
    bool is_client;
};

/* A copy that the client can't reach any more. */
struct owned {
    uint8_t *at;
    size_t len;
};

static void owned_clear(struct owned *owned)
{
    TEE_Free(owned->at);
    *owned = (struct owned){0};
}

static TEE_Result take(const TEE_Param *param, size_t max, struct owned *ret)
{
    size_t len = param->memref.size;
    if (len > max)
        return KM_TLSIO_E_TOO_LARGE;
    uint8_t *copy = TEE_Malloc(len, TEE_MALLOC_FILL_ZERO);
    if (copy == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_copy(copy, len, param->memref.buffer, len);
    *ret = (struct owned){.at = copy, .len = len};
    return TEE_SUCCESS;
}

static struct km_slice view(const struct owned *owned)
{
    return KM_SLICE(owned->at, owned->len);
}

/* ---- settings ---- */

static bool identity_fits(const struct km_tlsio_settings *settings, size_t key_len, size_t cert_len)
{
    bool has_name = settings->key_name.len != 0;
    if (key_len != 0 && has_name)
        return false;
    if (key_len == 0 && !has_name)
        return cert_len == 0 && settings->cert_name.len == 0;
    return (cert_len != 0) != (settings->cert_name.len != 0) && (has_name || cert_len != 0);
}

/* Everything that the identity's slices point into. */
struct identity {
    struct owned key_pem, cert_pem, spki, cert, issuers;
};

static void identity_clear(struct identity *identity)
{
    owned_clear(&identity->key_pem);
    owned_clear(&identity->cert_pem);
    owned_clear(&identity->spki);
    owned_clear(&identity->cert);
    owned_clear(&identity->issuers);
}

static TEE_Result fetch(struct session *session, const struct km_tlsio_settings *settings,
                        struct identity *identity)
{
    struct km_peers *peers = &session->peers;
    if (settings->key_name.len != 0)
        KM_TRY_TEE(
            km_peers_key(peers, settings->key_name, &identity->spki.at, &identity->spki.len));
    if (settings->anchor.len != 0)
        KM_TRY_TEE(km_peers_anchor(peers, settings->anchor));
    if (settings->cert_name.len == 0)
        return TEE_SUCCESS;
    KM_TRY_TEE(km_peers_cert(peers, settings->cert_name, &identity->cert.at, &identity->cert.len));
    return km_peers_certs(peers, &identity->issuers.at, &identity->issuers.len);
}

static TEE_Result set_up(struct session *session, const struct km_tlsio_settings *settings,
                         struct identity *identity)
{
    if (!identity_fits(settings, identity->key_pem.len, identity->cert_pem.len))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(fetch(session, settings, identity));
    const struct km_tls_identity as = {.spki = view(&identity->spki),
                                       .key_pem = view(&identity->key_pem),
                                       .cert_der = view(&identity->cert),
                                       .cert_pem = view(&identity->cert_pem),
                                       .issuers = view(&identity->issuers)};
    const struct km_tls_hooks hooks = km_peers_hooks(&session->peers);
    session->is_client = settings->role == KM_TLSIO_CLIENT;
    return km_tls_new(settings, &as, &hooks, &session->tls);
}

static TEE_Result cmd_setup(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(owned_clear) struct owned wire = {0};
    KM_AUTO(identity_clear) struct identity identity = {0};
    struct km_tlsio_settings settings = {0};
    if (session->tls != NULL)
        return TEE_ERROR_BAD_STATE;
    KM_TRY_TEE(take(&params[0], KM_TLSIO_SETTINGS_MAX, &wire));
    KM_TRY_TEE(take(&params[1], KM_TLSIO_KEY_PEM_MAX, &identity.key_pem));
    KM_TRY_TEE(take(&params[2], KM_TLSIO_CHAIN_PEM_MAX, &identity.cert_pem));
    if (!km_tlsio_settings_parse(view(&wire), &settings))
        return TEE_ERROR_BAD_FORMAT;
    return set_up(session, &settings, &identity);
}

/* ---- connections ---- */

static void conn_free(void *conn)
{
    km_tls_conn_free(conn);
}

static TEE_Result cmd_open(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(owned_clear) struct owned host = {0};
    struct km_tls_conn *conn = NULL;
    if (session->tls == NULL)
        return TEE_ERROR_BAD_STATE;
    KM_TRY_TEE(take(&params[0], KM_TLSIO_HOST_MAX, &host));
    if (host.len != 0 && !km_tlsio_host_is(view(&host)))
        return KM_TLSIO_E_BAD_NAME;
    if ((host.len != 0) != session->is_client)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_tls_conn_new(session->tls, view(&host), &conn));
    TEE_Result result = km_slots_add(&session->conns, conn, &params[1].value.a);
    params[1].value.b = 0;
    if (result != TEE_SUCCESS)
        km_tls_conn_free(conn);
    return result;
}

static TEE_Result find(const struct session *session, uint32_t id, struct km_tls_conn **ret_conn)
{
    *ret_conn = km_slots_find(&session->conns, id);
    return *ret_conn != NULL ? TEE_SUCCESS : KM_TLSIO_E_STALE_ID;
}

static bool overlap(const TEE_Param *a, const TEE_Param *b)
{
    uintptr_t a_at = (uintptr_t)a->memref.buffer;
    uintptr_t b_at = (uintptr_t)b->memref.buffer;
    if (a->memref.size == 0 || b->memref.size == 0)
        return false;
    return a_at < b_at ? b_at - a_at < a->memref.size : a_at - b_at < b->memref.size;
}

static bool any_overlap(const TEE_Param params[TEE_NUM_PARAMS])
{
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        for (unsigned k = i + 1; k < TEE_NUM_PARAMS; k++) {
            if (overlap(&params[i], &params[k]))
                return true;
        }
    }
    return false;
}

static TEE_Result cmd_step(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    uint8_t head[KM_TLSIO_STEP_LEN] = {0};
    struct km_tlsio_step_in in = {0};
    struct km_tlsio_step_out out = {0};
    struct km_tls_conn *conn = NULL;
    size_t in_len = params[1].memref.size;
    if (params[0].memref.size != sizeof(head) || any_overlap(params) || in_len > UINT32_MAX)
        return TEE_ERROR_BAD_PARAMETERS;
    km_copy(head, sizeof(head), params[0].memref.buffer, sizeof(head));
    if (!km_tlsio_step_in_parse(KM_SLICE(head, sizeof(head)), &in) || in.cipher_len > in_len)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(find(session, in.connection, &conn));
    const uint8_t *octets = params[1].memref.buffer;
    struct km_tls_io io = {
        .flags = in.flags,
        .cipher_in = KM_SLICE(octets, in.cipher_len),
        .plain_in = KM_SLICE(in_len > in.cipher_len ? octets + in.cipher_len : NULL,
                             in_len - in.cipher_len),
        .cipher_out = KM_SPAN(params[2].memref.buffer, params[2].memref.size),
        .plain_out = KM_SPAN(params[3].memref.buffer, params[3].memref.size),
    };
    km_tls_step(conn, &io, &out);
    struct km_wr wr = km_wr_init(head, sizeof(head));
    km_tlsio_step_out_put(&wr, &out);
    km_copy(params[0].memref.buffer, sizeof(head), head, sizeof(head));
    params[2].memref.size = io.cipher_len;
    params[3].memref.size = io.plain_len;
    return TEE_SUCCESS;
}

static TEE_Result cmd_info(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    uint8_t octets[KM_TLSIO_INFO_MAX] = {0};
    struct km_tls_conn *conn = NULL;
    struct km_slice info = {0};
    KM_TRY_TEE(find(session, params[0].value.a, &conn));
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    km_tls_info_put(conn, &wr);
    if (!km_wr_finish(&wr, &info))
        km_ta_unreached();
    return km_ta_give(&params[1], info);
}

static TEE_Result cmd_peer(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(owned_clear) struct owned der = {0};
    struct km_tls_conn *conn = NULL;
    KM_TRY_TEE(find(session, params[0].value.a, &conn));
    KM_TRY_TEE(km_tls_peer(conn, &der.at, &der.len));
    return km_ta_give(&params[1], view(&der));
}

static TEE_Result cmd_free(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return km_slots_free(&session->conns, params[0].value.a);
}

static TEE_Result cmd_version(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)session;
    params[0].value.a = KM_TLSIO_VERSION;
    params[0].value.b = 0;
    return TEE_SUCCESS;
}

/* ---- the table ---- */

static const struct row {
    uint32_t command;
    uint32_t types;
    TEE_Result (*run)(struct session *session, TEE_Param params[TEE_NUM_PARAMS]);
} rows[] = {
    {KM_TLSIO_CMD_VERSION, TEE_PARAM_TYPES(VO, NONE, NONE, NONE), cmd_version},
    {KM_TLSIO_CMD_SETUP, TEE_PARAM_TYPES(MI, MI, MI, NONE), cmd_setup},
    {KM_TLSIO_CMD_OPEN, TEE_PARAM_TYPES(MI, VO, NONE, NONE), cmd_open},
    {KM_TLSIO_CMD_STEP, TEE_PARAM_TYPES(MIO, MI, MO, MO), cmd_step},
    {KM_TLSIO_CMD_INFO, TEE_PARAM_TYPES(VI, MO, NONE, NONE), cmd_info},
    {KM_TLSIO_CMD_PEER, TEE_PARAM_TYPES(VI, MO, NONE, NONE), cmd_peer},
    {KM_TLSIO_CMD_FREE, TEE_PARAM_TYPES(VI, NONE, NONE, NONE), cmd_free},
};

/* The members that no row names are 0, and a buffer that is missing has no octets. */
static bool values_fit(uint32_t types, const TEE_Param params[TEE_NUM_PARAMS])
{
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        uint32_t type = TEE_PARAM_TYPE_GET(types, i);
        if (type == VI && params[i].value.b != 0)
            return false;
        if (type >= MI && params[i].memref.buffer == NULL && params[i].memref.size != 0)
            return false;
    }
    return true;
}

static void session_free(struct session *session)
{
    if (session == NULL)
        return;
    km_slots_clear(&session->conns);
    km_tls_free(session->tls);
    km_peers_clear(&session->peers);
    TEE_Free(session);
}

static void session_freep(struct session **session)
{
    session_free(*session);
}

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
                                    void **sessionContext)
{
    const struct km_slots like = {.n_max = KM_TLSIO_CONNECTIONS_MAX,
                                  .free = conn_free,
                                  .full = KM_TLSIO_E_TOO_LARGE,
                                  .stale = KM_TLSIO_E_STALE_ID};
    (void)params;
    if (paramTypes != TEE_PARAM_TYPES(NONE, NONE, NONE, NONE))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_AUTO(session_freep)
    struct session *session = TEE_Malloc(sizeof(*session), TEE_MALLOC_FILL_ZERO);
    if (session == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_slots_init(&session->conns, &like));
    *sessionContext = km_steal(&session);
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *sessionContext)
{
    session_free(sessionContext);
}

TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID, uint32_t paramTypes,
                                      TEE_Param params[TEE_NUM_PARAMS])
{
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        if (rows[i].command != commandID)
            continue;
        if (rows[i].types != paramTypes || !values_fit(paramTypes, params))
            return TEE_ERROR_BAD_PARAMETERS;
        return rows[i].run(sessionContext, params);
    }
    return TEE_ERROR_NOT_SUPPORTED;
}
