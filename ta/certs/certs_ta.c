/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate trusted application: the provisioned certificates and requests in its sealed store.
 *
 * Objects: 'p' and the name hold the DER of a provisioned one; "gate" holds one octet, 1 when
 * provisioning has ended. Who provisions keeps the gate open for reading, who seals needs it alone, so
 * nothing can slip in while it closes. Other first letters are free for what comes later.
 */
#include "format/cert_form.h"
#include "ta/certs/certs_protocol.h"
#include "ta/common/client.h"
#include "ta/crypto/crypto_protocol.h"

#define GATE "gate"
#define GATE_WAIT_MS 8000u
#define GATE_STEP_MAX_MS 32u
#define PROVISIONED 'p'
#define REQUEST_SUFFIX "_csr"

#define NONE TEE_PARAM_TYPE_NONE
#define VO TEE_PARAM_TYPE_VALUE_OUTPUT
#define VIO TEE_PARAM_TYPE_VALUE_INOUT
#define MI TEE_PARAM_TYPE_MEMREF_INPUT
#define MO TEE_PARAM_TYPE_MEMREF_OUTPUT

/* The id of a provisioned object. */
struct object_id {
    uint8_t octets[1 + KM_CERTS_NAME_MAX];
    size_t len;
};

/* The name is copied before it is checked: the client may change it meanwhile. */
static TEE_Result id_from(const TEE_Param *param, struct object_id *ret)
{
    struct object_id id = {.octets = {PROVISIONED}};
    size_t len = param->memref.size;
    if (len == 0 || len > KM_CERTS_NAME_MAX)
        return KM_CERTS_E_BAD_NAME;
    km_copy(id.octets + 1, KM_CERTS_NAME_MAX, param->memref.buffer, len);
    id.len = 1 + len;
    if (!km_utf8_valid(KM_SLICE(id.octets + 1, len)))
        return KM_CERTS_E_BAD_NAME;
    *ret = id;
    return TEE_SUCCESS;
}

static enum km_cert_form form_of(const struct object_id *id)
{
    static const char suffix[] = REQUEST_SUFFIX;
    size_t len = sizeof(suffix) - 1;
    if (id->len > len && memcmp(id->octets + id->len - len, suffix, len) == 0)
        return KM_CERT_REQUEST;
    return KM_CERT_CERTIFICATE;
}

/* ---- the gate ---- */

/* Somebody else holds it for as long as storing one object takes, or a few. */
static TEE_Result gate_open_existing(uint32_t flags, TEE_ObjectHandle *ret_gate)
{
    uint32_t step = 1;
    for (uint32_t waited = 0;; waited += step) {
        TEE_Result result =
            TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, GATE, strlen(GATE), flags, ret_gate);
        if (result != TEE_ERROR_ACCESS_CONFLICT || waited >= GATE_WAIT_MS)
            return result;
        KM_TRY_TEE(TEE_Wait(step));
        step = step < GATE_STEP_MAX_MS ? 2 * step : step;
    }
}

/* Opens the gate, making it where it is missing. */
static TEE_Result gate_open(uint32_t flags, TEE_ObjectHandle *ret_gate)
{
    static const uint8_t is_sealed = 0;
    TEE_Result result = gate_open_existing(flags, ret_gate);
    if (result != TEE_ERROR_ITEM_NOT_FOUND)
        return result;
    /* Another instance may do the same: then its gate is as good. */
    result = TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, GATE, strlen(GATE), 0, TEE_HANDLE_NULL,
                                        &is_sealed, sizeof(is_sealed), NULL);
    if (result != TEE_SUCCESS && result != TEE_ERROR_ACCESS_CONFLICT)
        return result;
    return gate_open_existing(flags, ret_gate);
}

static TEE_Result gate_read(TEE_ObjectHandle gate, bool *ret_is_sealed)
{
    uint8_t is_sealed = 0;
    size_t count = 0;
    KM_TRY_TEE(TEE_ReadObjectData(gate, &is_sealed, sizeof(is_sealed), &count));
    if (count != sizeof(is_sealed) || is_sealed > 1)
        return TEE_ERROR_CORRUPT_OBJECT;
    *ret_is_sealed = is_sealed == 1;
    return TEE_SUCCESS;
}

/* ---- commands ---- */

static TEE_Result version(TEE_Param params[TEE_NUM_PARAMS])
{
    params[0].value.a = KM_CERTS_VERSION;
    params[0].value.b = 0;
    return TEE_SUCCESS;
}

static TEE_Result read_whole(TEE_ObjectHandle object, TEE_Param *out)
{
    TEE_ObjectInfo info = {0};
    KM_TRY_TEE(TEE_GetObjectInfo1(object, &info));
    size_t room = out->memref.size;
    if (info.dataSize > room || out->memref.buffer == NULL) {
        out->memref.size = info.dataSize;
        return TEE_ERROR_SHORT_BUFFER;
    }
    size_t count = 0;
    KM_TRY_TEE(TEE_ReadObjectData(object, out->memref.buffer, info.dataSize, &count));
    if (count != info.dataSize)
        return TEE_ERROR_CORRUPT_OBJECT;
    out->memref.size = count;
    return TEE_SUCCESS;
}

static TEE_Result get(TEE_Param params[TEE_NUM_PARAMS])
{
    struct object_id id = {0};
    KM_TRY_TEE(id_from(&params[0], &id));
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_TRY_TEE(TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, id.octets, id.len,
                                        TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ,
                                        &object));
    return read_whole(object, &params[1]);
}

/* A page of a list being made. */
struct page {
    struct km_wr wr;
    uint32_t skip;   /* entries of earlier pages */
    uint32_t n_seen; /* entries so far */
    size_t needed;   /* octets of the entry that did not fit; 0: all did */
};

static void page_add(struct page *page, const struct object_id *id, size_t der_len)
{
    if (page->n_seen++ < page->skip)
        return;
    size_t needed = 8 + id->len - 1;
    if (page->wr.cap - page->wr.len < needed) {
        page->needed = needed;
        return;
    }
    km_wr_blob32le(&page->wr, KM_SLICE(id->octets + 1, id->len - 1));
    km_wr_u32le(&page->wr, (uint32_t)der_len);
}

static TEE_Result page_fill(struct page *page)
{
    KM_AUTO(km_ta_enumeratorp) TEE_ObjectEnumHandle all = TEE_HANDLE_NULL;
    KM_TRY_TEE(TEE_AllocatePersistentObjectEnumerator(&all));
    TEE_Result result = TEE_StartPersistentObjectEnumerator(all, TEE_STORAGE_PRIVATE);
    while (result == TEE_SUCCESS && page->needed == 0) {
        struct object_id id = {.len = sizeof(id.octets)};
        TEE_ObjectInfo info = {0};
        result = TEE_GetNextPersistentObject(all, &info, id.octets, &id.len);
        if (result == TEE_SUCCESS && id.len > 1 && id.octets[0] == PROVISIONED)
            page_add(page, &id, info.dataSize);
    }
    return result == TEE_ERROR_ITEM_NOT_FOUND ? TEE_SUCCESS : result;
}

static TEE_Result list(TEE_Param params[TEE_NUM_PARAMS])
{
    uint8_t octets[KM_CERTS_LIST_MAX];
    TEE_MemFill(octets, 0, sizeof(octets));
    size_t room = params[1].memref.size < sizeof(octets) ? params[1].memref.size : sizeof(octets);
    if (params[0].value.b != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    struct page page = {.wr = km_wr_init(octets, room), .skip = params[0].value.a};
    KM_TRY_TEE(page_fill(&page));
    if (page.needed != 0 && page.wr.len == 0) {
        params[1].memref.size = page.needed;
        return TEE_ERROR_SHORT_BUFFER;
    }
    if (page.wr.len > 0)
        TEE_MemMove(params[1].memref.buffer, octets, page.wr.len);
    params[1].memref.size = page.wr.len;
    params[0].value.a = page.needed == 0 ? 0 : page.n_seen - 1;
    return TEE_SUCCESS;
}

/* Somebody may be reading the one that goes: for as long as that takes. */
static TEE_Result write_down(const struct object_id *id, struct km_slice der)
{
    uint32_t step = 1;
    for (uint32_t waited = 0;; waited += step) {
        TEE_Result result = TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, id->octets, id->len,
                                                       TEE_DATA_FLAG_OVERWRITE, TEE_HANDLE_NULL,
                                                       der.ptr, der.len, NULL);
        if (result != TEE_ERROR_ACCESS_CONFLICT || waited >= GATE_WAIT_MS)
            return result;
        KM_TRY_TEE(TEE_Wait(step));
        step = step < GATE_STEP_MAX_MS ? 2 * step : step;
    }
}

static TEE_Result store(const struct object_id *id, struct km_slice der)
{
    if (!km_cert_form_is(form_of(id), der))
        return TEE_ERROR_BAD_FORMAT;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle gate = TEE_HANDLE_NULL;
    bool is_sealed = true;
    KM_TRY_TEE(gate_open(TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ, &gate));
    KM_TRY_TEE(gate_read(gate, &is_sealed));
    if (is_sealed)
        return TEE_ERROR_BAD_STATE;
    return write_down(id, der);
}

static TEE_Result replace(const struct object_id *id, struct km_slice der)
{
    /* Who replaces certificates by a manifest has checked its signature: the crypto application, and nobody in its place. */
    static const TEE_UUID crypto = KM_CRYPTO_TA_UUID;
    if (!km_client_is_ta(&crypto))
        return TEE_ERROR_ACCESS_DENIED;
    if (form_of(id) == KM_CERT_REQUEST)
        return KM_CERTS_E_BAD_NAME;
    if (!km_cert_form_is(KM_CERT_CERTIFICATE, der))
        return TEE_ERROR_BAD_FORMAT;
    return write_down(id, der);
}

/* One way or another into the store. */
typedef TEE_Result (*storing)(const struct object_id *id, struct km_slice der);

static TEE_Result take_and(storing put, TEE_Param params[TEE_NUM_PARAMS])
{
    struct object_id id = {0};
    KM_TRY_TEE(id_from(&params[0], &id));
    size_t len = params[1].memref.size;
    if (len > KM_CERTS_DER_MAX)
        return KM_CERTS_E_TOO_LARGE;
    /* Checked and stored is a copy that the client can't reach. */
    KM_AUTO(km_ta_freep) uint8_t *der = TEE_Malloc(KM_CERTS_DER_MAX, TEE_MALLOC_FILL_ZERO);
    if (der == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    if (len > 0)
        TEE_MemMove(der, params[1].memref.buffer, len);
    return put(&id, KM_SLICE(der, len));
}

static TEE_Result provision(TEE_Param params[TEE_NUM_PARAMS])
{
    return take_and(store, params);
}

static TEE_Result manifest_put(TEE_Param params[TEE_NUM_PARAMS])
{
    return take_and(replace, params);
}

static TEE_Result provision_seal(TEE_Param params[TEE_NUM_PARAMS])
{
    (void)params;
    static const uint8_t sealed = 1;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle gate = TEE_HANDLE_NULL;
    bool is_sealed = false;
    KM_TRY_TEE(gate_open(TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE, &gate));
    KM_TRY_TEE(gate_read(gate, &is_sealed));
    if (is_sealed)
        return TEE_SUCCESS;
    KM_TRY_TEE(TEE_SeekObjectData(gate, 0, TEE_DATA_SEEK_SET));
    return TEE_WriteObjectData(gate, &sealed, sizeof(sealed));
}

static TEE_Result provision_state(TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle gate = TEE_HANDLE_NULL;
    bool is_sealed = false;
    KM_TRY_TEE(gate_open(TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ, &gate));
    KM_TRY_TEE(gate_read(gate, &is_sealed));
    params[0].value.a = is_sealed ? 1 : 0;
    params[0].value.b = 0;
    return TEE_SUCCESS;
}

/* ---- who may call what ---- */

static const struct row {
    uint32_t command;
    uint32_t types;
    bool for_admin;
    TEE_Result (*run)(TEE_Param params[TEE_NUM_PARAMS]);
} rows[] = {
    {KM_CERTS_CMD_VERSION, TEE_PARAM_TYPES(VO, NONE, NONE, NONE), false, version},
    {KM_CERTS_CMD_GET, TEE_PARAM_TYPES(MI, MO, NONE, NONE), false, get},
    {KM_CERTS_CMD_LIST, TEE_PARAM_TYPES(VIO, MO, NONE, NONE), false, list},
    {KM_CERTS_CMD_PROVISION, TEE_PARAM_TYPES(MI, MI, NONE, NONE), true, provision},
    {KM_CERTS_CMD_PROVISION_SEAL, TEE_PARAM_TYPES(NONE, NONE, NONE, NONE), true, provision_seal},
    {KM_CERTS_CMD_PROVISION_STATE, TEE_PARAM_TYPES(VO, NONE, NONE, NONE), false, provision_state},
    {KM_CERTS_CMD_MANIFEST_PUT, TEE_PARAM_TYPES(MI, MI, NONE, NONE), false, manifest_put},
};

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
    (void)params;
    *sessionContext = NULL;
    return paramTypes == TEE_PARAM_TYPES(NONE, NONE, NONE, NONE) ? TEE_SUCCESS
                                                                 : TEE_ERROR_BAD_PARAMETERS;
}

void TA_CloseSessionEntryPoint(void *sessionContext)
{
    (void)sessionContext;
}

TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID, uint32_t paramTypes,
                                      TEE_Param params[TEE_NUM_PARAMS])
{
    (void)sessionContext;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        if (rows[i].command != commandID)
            continue;
        if (rows[i].types != paramTypes)
            return TEE_ERROR_BAD_PARAMETERS;
        struct km_client client = {0};
        km_client_init(&client, NULL, 0);
        if (rows[i].for_admin && !client.is_admin)
            return TEE_ERROR_ACCESS_DENIED;
        return rows[i].run(params);
    }
    return TEE_ERROR_NOT_SUPPORTED;
}
