/* SPDX-License-Identifier: Apache-2.0 */
/* STORE_LIST and STORE_GET: what commands put into the store. */
#include "ta/certs/order.h"
#include "ta/certs/stored.h"
#include "ta/certs/x509.h"

/* A page being made, with room for one object at a time. */
struct page {
    struct km_wr wr;
    uint32_t skip;   /* entries of earlier pages */
    uint32_t n_seen; /* entries so far */
    size_t needed;   /* octets of the entry that did not fit; 0: all did */
    uint8_t octets[KM_CERTS_LIST_MAX];
    uint8_t data[KM_CERTS_CRL_MAX];
};

struct entry {
    enum km_certs_entry_kind kind;
    uint8_t digest[KM_CERTS_DIGEST_LEN];
    uint32_t der_len;
    char subject[KM_CERTS_SUBJECT_MAX + 1];
};

static TEE_Result read_certificate(struct km_slice data, struct entry *ret)
{
    struct km_x509_facts facts = {0};
    if (!km_x509_read(data, &facts))
        return TEE_ERROR_CORRUPT_OBJECT;
    ret->kind = facts.is_authority ? KM_CERTS_ENTRY_AUTHORITY : KM_CERTS_ENTRY_CERTIFICATE;
    ret->der_len = (uint32_t)data.len;
    km_copy(ret->subject, sizeof(ret->subject), facts.subject, sizeof(facts.subject));
    return km_sha256(data, ret->digest);
}

static TEE_Result read_crl(struct km_slice data, struct entry *ret)
{
    ret->kind = KM_CERTS_ENTRY_CRL;
    ret->der_len = (uint32_t)data.len;
    if (km_x509_crl_read(data, ret->subject) != KM_X509_CRL_GOOD)
        return TEE_ERROR_CORRUPT_OBJECT;
    return km_sha256(data, ret->digest);
}

static TEE_Result read_revoked(struct km_slice data, struct entry *ret)
{
    struct km_rd rd = km_rd_init(data);
    ret->kind = KM_CERTS_ENTRY_REVOKED;
    if (data.len > KM_CERTS_DIGEST_LEN + KM_CERTS_SUBJECT_MAX ||
        !km_rd_copy(&rd, ret->digest, sizeof(ret->digest)) ||
        !km_rd_copy(&rd, ret->subject, km_rd_left(&rd)))
        return TEE_ERROR_CORRUPT_OBJECT;
    return TEE_SUCCESS;
}

static TEE_Result read_entry(const struct km_stored_id *id, struct page *page, struct entry *ret)
{
    size_t len = 0;
    KM_TRY_TEE(km_stored_read(id, KM_SPAN(page->data, sizeof(page->data)), &len));
    struct km_slice data = KM_SLICE(page->data, len);
    if (km_stored_is(id, KM_STORED_CRL))
        return read_crl(data, ret);
    return km_stored_is(id, KM_STORED_REVOKED) ? read_revoked(data, ret)
                                               : read_certificate(data, ret);
}

static bool is_entry(const struct km_stored_id *id)
{
    return km_stored_is(id, KM_STORED_ADDED) || km_stored_is(id, KM_STORED_REVOKED) ||
           km_stored_is(id, KM_STORED_CRL);
}

static TEE_Result add(void *arg, const struct km_stored_id *id, size_t len)
{
    struct page *page = arg;
    struct entry entry = {0};
    (void)len;
    if (page->needed != 0 || !is_entry(id) || page->n_seen++ < page->skip)
        return TEE_SUCCESS;
    KM_TRY_TEE(read_entry(id, page, &entry));
    size_t needed = 12 + KM_CERTS_DIGEST_LEN + strlen(entry.subject);
    if (page->wr.cap - page->wr.len < needed) {
        page->needed = needed;
        return TEE_SUCCESS;
    }
    km_wr_u32le(&page->wr, entry.kind);
    km_wr_bytes(&page->wr, KM_SLICE(entry.digest, sizeof(entry.digest)));
    km_wr_u32le(&page->wr, entry.der_len);
    km_wr_blob32le(&page->wr, KM_SLICE_STR(entry.subject));
    return TEE_SUCCESS;
}

TEE_Result km_certs_store_list(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    size_t room = params[1].memref.size;
    (void)client;
    if (params[0].value.b != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_AUTO(km_ta_freep) struct page *page = TEE_Malloc(sizeof(*page), TEE_MALLOC_FILL_ZERO);
    if (page == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    page->wr = km_wr_init(page->octets, room < sizeof(page->octets) ? room : sizeof(page->octets));
    page->skip = params[0].value.a;
    KM_TRY_TEE(km_order_enter(KM_GATE_TOGETHER, &gate));
    KM_TRY_TEE(km_stored_walk(add, page));
    if (page->needed != 0 && page->wr.len == 0) {
        params[1].memref.size = page->needed;
        return TEE_ERROR_SHORT_BUFFER;
    }
    KM_TRY_TEE(km_ta_give(&params[1], KM_SLICE(page->octets, page->wr.len)));
    params[0].value.a = page->needed == 0 ? 0 : page->n_seen - 1;
    return TEE_SUCCESS;
}

/* ---- one of them ---- */

struct wanted {
    uint8_t digest[KM_CERTS_DIGEST_LEN];
    bool is_found;
    size_t len;
    uint8_t data[KM_CERTS_CRL_MAX];
};

static TEE_Result compare(void *arg, const struct km_stored_id *id, size_t len)
{
    struct wanted *wanted = arg;
    uint8_t digest[KM_CERTS_DIGEST_LEN] = {0};
    (void)len;
    /* Of a revoked certificate the digest alone is kept. */
    if (wanted->is_found || !is_entry(id) || km_stored_is(id, KM_STORED_REVOKED))
        return TEE_SUCCESS;
    KM_TRY_TEE(km_stored_read(id, KM_SPAN(wanted->data, sizeof(wanted->data)), &wanted->len));
    KM_TRY_TEE(km_sha256(KM_SLICE(wanted->data, wanted->len), digest));
    wanted->is_found = memcmp(digest, wanted->digest, sizeof(digest)) == 0;
    return TEE_SUCCESS;
}

TEE_Result km_certs_store_get(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    KM_AUTO(km_ta_freep) struct wanted *wanted = TEE_Malloc(sizeof(*wanted), TEE_MALLOC_FILL_ZERO);
    (void)client;
    if (wanted == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    if (params[0].memref.size != sizeof(wanted->digest))
        return TEE_ERROR_BAD_PARAMETERS;
    TEE_MemMove(wanted->digest, params[0].memref.buffer, sizeof(wanted->digest));
    KM_TRY_TEE(km_order_enter(KM_GATE_TOGETHER, &gate));
    KM_TRY_TEE(km_stored_walk(compare, wanted));
    if (!wanted->is_found)
        return TEE_ERROR_ITEM_NOT_FOUND;
    return km_ta_give(&params[1], KM_SLICE(wanted->data, wanted->len));
}
