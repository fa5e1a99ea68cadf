/* SPDX-License-Identifier: Apache-2.0 */
/* What is revoked: single certificates, and the lists of issuers. */
#include "ta/certs/named.h"
#include "ta/certs/order.h"
#include "ta/certs/stored.h"
#include "ta/certs/trust.h"

#define CRLS_MAX 64u
#define REVOKED_MAX 1024u

/* ---- single certificates ---- */

/*
 * Known by what its issuer signed: who gets a certificate with another encoding of the signature, which anybody can make
 * for ECDSA, has the same one.
 */
static struct km_stored_id revoked_id(const struct km_order *order)
{
    return km_stored_id(KM_STORED_REVOKED,
                        KM_SLICE(order->facts.content, sizeof(order->facts.content)));
}

/*
 * Its key would go on commanding: commands are verified by the provisioned certificate, whatever is revoked, or nobody could
 * ever replace it. So whoever wants to be rid of a key hears that he has to replace it.
 */
static TEE_Result check_not_commanding(const struct km_order *order)
{
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_CERTS_DER_MAX, TEE_MALLOC_FILL_ZERO);
    uint8_t content[KM_X509_ID_LEN] = {0};
    struct km_slice der = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_Result result = km_named_read(KM_SLICE_STR(KM_COMMAND_CERTIFICATE), buf, &der);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return TEE_SUCCESS;
    KM_TRY_TEE(result);
    return km_x509_content(der, content) &&
                   memcmp(content, order->facts.content, sizeof(content)) == 0
               ? KM_CERTS_E_LOCKOUT
               : TEE_SUCCESS;
}

static TEE_Result check_revoke(const struct km_order *order, struct km_gate_state *next)
{
    struct km_stored_id id = revoked_id(order);
    bool is_there = false;
    (void)next;
    KM_TRY_TEE(check_not_commanding(order));
    KM_TRY_TEE(km_stored_exists(&id, &is_there));
    return is_there ? KM_CERTS_E_EXISTS : km_stored_room(KM_STORED_REVOKED, REVOKED_MAX);
}

/* Stored is what a listing tells: the certificate's digest, and its subject. */
static TEE_Result revoke(const struct km_order *order)
{
    uint8_t octets[KM_CERTS_DIGEST_LEN + KM_CERTS_SUBJECT_MAX] = {0};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    struct km_stored_id id = revoked_id(order);
    uint8_t digest[KM_CERTS_DIGEST_LEN] = {0};
    struct km_slice whole = {0};
    KM_TRY_TEE(km_sha256(order->command.body, digest));
    km_wr_bytes(&wr, KM_SLICE(digest, sizeof(digest)));
    km_wr_bytes(&wr, KM_SLICE_STR(order->facts.subject));
    if (!km_wr_finish(&wr, &whole))
        km_ta_unreached();
    return km_stored_put(&id, whole);
}

const struct km_operation km_op_revoke = {
    .has_certificate = true, .check = check_revoke, .apply = revoke};

/* ---- lists ---- */

/* Who signed one, among those who are trusted. */
struct search {
    struct km_slice crl;
    enum km_x509_crl_signer best; /* the nearest that anybody came */
    uint8_t signer[KM_X509_ID_LEN];
};

static TEE_Result try_anchor(void *arg, struct km_slice der)
{
    struct search *search = arg;
    struct km_x509_facts facts = {0};
    enum km_x509_crl_signer answer = km_x509_crl_by(search->crl, der);
    if (search->best == KM_X509_CRL_SIGNED || answer == KM_X509_CRL_OTHER_NAME)
        return TEE_SUCCESS;
    search->best = answer;
    if (answer == KM_X509_CRL_SIGNED && km_x509_read(der, &facts))
        km_copy(search->signer, sizeof(search->signer), facts.identity, sizeof(facts.identity));
    return TEE_SUCCESS;
}

static TEE_Result find_signer(struct km_slice crl, struct km_stored_id *ret)
{
    struct search search = {.crl = crl, .best = KM_X509_CRL_OTHER_NAME};
    KM_TRY_TEE(km_trust_each_anchor(try_anchor, &search));
    switch (search.best) {
    case KM_X509_CRL_SIGNED:
        *ret = km_stored_id(KM_STORED_CRL, KM_SLICE(search.signer, sizeof(search.signer)));
        return TEE_SUCCESS;
    case KM_X509_CRL_BAD_SIGNATURE:
        return KM_CERTS_E_SIGNATURE;
    case KM_X509_CRL_OTHER_NAME:
    case KM_X509_CRL_MAY_NOT:
        break;
    }
    return KM_CERTS_E_NOT_AUTHORITY;
}

static TEE_Result check_later(const struct km_stored_id *id, struct km_slice crl)
{
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_CERTS_CRL_MAX, TEE_MALLOC_FILL_ZERO);
    size_t len = 0;
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_Result result = km_stored_read(id, KM_SPAN(buf, KM_CERTS_CRL_MAX), &len);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return km_stored_room(KM_STORED_CRL, CRLS_MAX);
    KM_TRY_TEE(result);
    return km_x509_crl_follows(crl, KM_SLICE(buf, len)) ? TEE_SUCCESS : KM_CERTS_E_ROLLBACK;
}

static TEE_Result check_crl(const struct km_order *order, struct km_gate_state *next)
{
    char issuer[KM_CERTS_SUBJECT_MAX + 1] = {0};
    struct km_stored_id id = {0};
    (void)next;
    switch (km_x509_crl_read(order->command.body, issuer)) {
    case KM_X509_CRL_GOOD:
        break;
    case KM_X509_CRL_MALFORMED:
        return TEE_ERROR_BAD_FORMAT;
    case KM_X509_CRL_UNSUPPORTED:
        return TEE_ERROR_NOT_SUPPORTED;
    }
    KM_TRY_TEE(find_signer(order->command.body, &id));
    return check_later(&id, order->command.body);
}

static TEE_Result put_crl(const struct km_order *order)
{
    struct km_stored_id id = {0};
    KM_TRY_TEE(find_signer(order->command.body, &id));
    return km_stored_put(&id, order->command.body);
}

const struct km_operation km_op_crl = {.check = check_crl, .apply = put_crl};

/* ---- for those who add ---- */

static TEE_Result look_in(void *arg, struct km_slice crl)
{
    const struct km_slice *der = arg;
    return km_x509_crl_lists(crl, *der) ? KM_CERTS_E_REVOKED : TEE_SUCCESS;
}

TEE_Result km_order_not_revoked(const struct km_order *order)
{
    struct km_stored_id id = revoked_id(order);
    struct km_slice der = order->command.body;
    bool is_revoked = false;
    KM_TRY_TEE(km_stored_exists(&id, &is_revoked));
    return is_revoked ? KM_CERTS_E_REVOKED : km_trust_each_crl(look_in, &der);
}
