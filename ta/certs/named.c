/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/named.h"

#include "format/cert_form.h"
#include "ta/certs/order.h"
#include "ta/crypto/crypto_protocol.h"

static const struct km_named_role ROLES[] = {
    {.name = "com.seqlabs.oem_root_cert",
     .public_key = "com.seqlabs.oem_pub_key",
     .is_anchor = true,
     .is_root = true},
    {.name = "com.seqlabs.oem_cloud_cert",
     .public_key = "com.seqlabs.oem_cloud_pub_key",
     .is_anchor = true},
    {.name = "com.seqlabs.oem_payload_cert", .public_key = "com.seqlabs.oem_payload_pub_key"},
    {.name = KM_COMMAND_CERTIFICATE,
     .public_key = "com.seqlabs.oem_command_pub_key",
     .is_command = true},
    {.name = "com.seqlabs.emp_root_cert",
     .public_key = "com.seqlabs.emp_pub_key",
     .is_anchor = true,
     .is_root = true},
    {.name = "com.seqlabs.emp_cloud_cert",
     .public_key = "com.seqlabs.emp_cloud_pub_key",
     .is_anchor = true},
    {.name = "com.seqlabs.oem_device_cert",
     .public_key = "com.seqlabs.oem_device_pub_key",
     .is_device = true},
    {.name = "com.seqlabs.emp_device_cert",
     .public_key = "com.seqlabs.emp_device_pub_key",
     .is_device = true},
};

const struct km_named_role *km_named_roles(size_t *ret_n)
{
    *ret_n = KM_ARRAY_LEN(ROLES);
    return ROLES;
}

const struct km_named_role *km_named_role(struct km_slice name)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(ROLES); i++) {
        if (km_slice_equal(name, KM_SLICE_STR(ROLES[i].name)))
            return &ROLES[i];
    }
    return NULL;
}

/* A name after its kind, out of the client's reach before it is checked. */
static TEE_Result id_from(const TEE_Param *param, struct km_stored_id *ret)
{
    size_t len = param->memref.size;
    if (len == 0 || len > KM_CERTS_NAME_MAX)
        return KM_CERTS_E_BAD_NAME;
    struct km_stored_id id = km_stored_id(KM_STORED_NAMED, KM_SLICE(param->memref.buffer, len));
    if (!km_utf8_valid(KM_SLICE(id.at + 1, len)))
        return KM_CERTS_E_BAD_NAME;
    *ret = id;
    return TEE_SUCCESS;
}

static struct km_slice name_in(const struct km_stored_id *id)
{
    return KM_SLICE(id->at + 1, id->len - 1);
}

TEE_Result km_named_read(struct km_slice name, uint8_t out[KM_CERTS_DER_MAX],
                         struct km_slice *ret_der)
{
    struct km_stored_id id = km_stored_id(KM_STORED_NAMED, name);
    size_t len = 0;
    KM_TRY_TEE(km_stored_read(&id, KM_SPAN(out, KM_CERTS_DER_MAX), &len));
    *ret_der = KM_SLICE(out, len);
    return TEE_SUCCESS;
}

TEE_Result km_certs_get(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)client;
    struct km_stored_id id = {0};
    KM_TRY_TEE(id_from(&params[0], &id));
    KM_TRY_TEE(km_order_settled());
    return km_stored_give(&id, &params[1]);
}

/* ---- the list ---- */

/* A page of a list being made. */
struct page {
    struct km_wr wr;
    uint32_t skip;   /* entries of earlier pages */
    uint32_t n_seen; /* entries so far */
    size_t needed;   /* octets of the entry that did not fit; 0: all did */
};

static TEE_Result page_add(void *arg, const struct km_stored_id *id, size_t len)
{
    struct page *page = arg;
    size_t needed = 8 + id->len - 1;
    if (page->needed != 0 || !km_stored_is(id, KM_STORED_NAMED) || page->n_seen++ < page->skip)
        return TEE_SUCCESS;
    if (page->wr.cap - page->wr.len < needed) {
        page->needed = needed;
        return TEE_SUCCESS;
    }
    km_wr_blob32le(&page->wr, name_in(id));
    km_wr_u32le(&page->wr, (uint32_t)len);
    return TEE_SUCCESS;
}

TEE_Result km_certs_list(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)client;
    uint8_t octets[KM_CERTS_LIST_MAX] = {0};
    size_t room = params[1].memref.size < sizeof(octets) ? params[1].memref.size : sizeof(octets);
    if (params[0].value.b != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_order_settled());
    struct page page = {.wr = km_wr_init(octets, room), .skip = params[0].value.a};
    KM_TRY_TEE(km_stored_walk(page_add, &page));
    if (page.needed != 0 && page.wr.len == 0) {
        params[1].memref.size = page.needed;
        return TEE_ERROR_SHORT_BUFFER;
    }
    KM_TRY_TEE(km_ta_give(&params[1], KM_SLICE(octets, page.wr.len)));
    params[0].value.a = page.needed == 0 ? 0 : page.n_seen - 1;
    return TEE_SUCCESS;
}

/* ---- provisioning ---- */

/*
 * The new generation is written before the certificate: whoever reads in between is kept waiting by the gate, and if this process
 * dies there, what was trusted is only read once more.
 */
static TEE_Result replace(struct km_gate *gate, const struct km_stored_id *id, struct km_slice der)
{
    gate->state.generation++;
    KM_TRY_TEE(km_gate_save(gate, KM_SLICE(NULL, 0)));
    return km_stored_put(id, der);
}

TEE_Result km_certs_provision(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)client;
    KM_AUTO(km_ta_freep) uint8_t *copy = NULL;
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    struct km_stored_id id = {0};
    struct km_slice der = {0};
    KM_TRY_TEE(id_from(&params[0], &id));
    KM_TRY_TEE(km_certs_copy_in(&params[1], KM_CERTS_DER_MAX, &copy, &der));
    if (!km_cert_form_is(
            km_cert_form_names_request(name_in(&id)) ? KM_CERT_REQUEST : KM_CERT_CERTIFICATE, der))
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(km_order_enter(KM_GATE_ALONE, &gate));
    return gate.state.is_sealed ? TEE_ERROR_BAD_STATE : replace(&gate, &id, der);
}

TEE_Result km_certs_manifest_put(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    /* Who replaces certificates by a manifest has checked its signature: the crypto application, and nobody in its place. */
    static const TEE_UUID crypto = KM_CRYPTO_TA_UUID;
    (void)client;
    KM_AUTO(km_ta_freep) uint8_t *copy = NULL;
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    struct km_stored_id id = {0};
    struct km_slice der = {0};
    KM_TRY_TEE(id_from(&params[0], &id));
    KM_TRY_TEE(km_certs_copy_in(&params[1], KM_CERTS_DER_MAX, &copy, &der));
    if (!km_client_is_ta(&crypto))
        return TEE_ERROR_ACCESS_DENIED;
    if (km_cert_form_names_request(name_in(&id)))
        return KM_CERTS_E_BAD_NAME;
    if (!km_cert_form_is(KM_CERT_CERTIFICATE, der))
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(km_order_enter(KM_GATE_ALONE, &gate));
    return replace(&gate, &id, der);
}
