/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/claim.h"

#include "ta/crypto/package_sign.h"
#include "ta/crypto/stored.h"

#define MAGIC "KMV1"
#define RECORD_LEN 12u
#define VERSION_AT 4u
#define HASH_LEN 32u
#define SUBJECT_LEN 30u /* in hex, as a walk passes over what is no name */
/* Nobody can delete a record, so there is an end to how many strangers make with keys of their own. */
#ifndef KM_CLAIM_RECORDS_MAX
#define KM_CLAIM_RECORDS_MAX 1024u
#endif

struct km_claim {
    enum km_payload_answer answer;
    bool has_version;
    uint64_t version;
    bool is_provisioned;
    struct km_crypto_name subject; /* whose version: the record's name */
    struct km_crypto_name signer;  /* what the audit calls the key */
};

/* SHA-256 of the key's fingerprint and the target: whoever signs with another key has other versions. */
static TEE_Result subject_of(const struct km_key *key, struct km_slice target,
                             struct km_crypto_name *ret)
{
    uint8_t fingerprint[HASH_LEN] = {0};
    uint8_t hash[HASH_LEN] = {0};
    size_t len = sizeof(hash);
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    KM_TRY_TEE(km_key_fingerprint(key, fingerprint));
    KM_TRY_TEE(TEE_AllocateOperation(&op, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    TEE_DigestUpdate(op, fingerprint, sizeof(fingerprint));
    KM_TRY_TEE(TEE_DigestDoFinal(op, target.ptr, target.len, hash, &len));
    km_hex(KM_SLICE(hash, SUBJECT_LEN), ret->at, sizeof(ret->at));
    ret->len = 2u * SUBJECT_LEN;
    return TEE_SUCCESS;
}

TEE_Result km_claim_begin(const struct km_key *key, const struct km_claim_wish *wish,
                          TEE_OperationHandle digest, struct km_claim **ret)
{
    const struct km_payload *payload = wish->payload;
    KM_AUTO(km_ta_freep)
    struct km_claim *claim = TEE_Malloc(sizeof(*claim), TEE_MALLOC_FILL_ZERO);
    if (claim == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    claim->answer = km_payload_fits(payload, &wish->wish);
    claim->has_version = payload->has_version;
    claim->version = payload->version;
    claim->is_provisioned = (key->meta.flags & KM_CRYPTO_INFO_PROVISIONED) != 0;
    km_key_subject(key, &claim->signer);
    KM_TRY_TEE(subject_of(key, payload->target, &claim->subject));
    TEE_DigestUpdate(digest, payload->content_head.ptr, payload->content_head.len);
    *ret = km_steal(&claim);
    return TEE_SUCCESS;
}

static void record_put(uint8_t record[RECORD_LEN], uint64_t version)
{
    struct km_wr wr = km_wr_init(record, RECORD_LEN);
    km_wr_bytes(&wr, KM_SLICE_STR(MAGIC));
    km_wr_u64le(&wr, version);
}

static bool record_parse(struct km_slice in, uint64_t *ret_version)
{
    struct km_rd rd = km_rd_init(in);
    struct km_slice magic = {0};
    return km_rd_bytes(&rd, VERSION_AT, &magic) && km_slice_equal(magic, KM_SLICE_STR(MAGIC)) &&
           km_rd_u64le(&rd, ret_version) && km_rd_done(&rd);
}

/* Held alone from reading to writing, so that of two versions at once the higher one stays. */
static TEE_Result raise_stored(const struct km_claim *claim)
{
    uint8_t buf[KM_RECORD_MAX] = {0};
    uint8_t record[RECORD_LEN] = {0};
    struct km_slice data = {0};
    uint64_t seen = 0;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_TRY_TEE(km_stored_open(KM_STORED_VERSION, &claim->subject,
                              TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE, &object));
    KM_TRY_TEE(km_stored_read(&object, buf, &data));
    if (!record_parse(data, &seen))
        return TEE_ERROR_CORRUPT_OBJECT;
    if (!claim->has_version || claim->version < seen)
        return KM_CRYPTO_E_DOWNGRADE;
    if (claim->version == seen)
        return TEE_SUCCESS;
    record_put(record, claim->version);
    return km_stored_write(&object, VERSION_AT,
                           KM_SLICE(record + VERSION_AT, RECORD_LEN - VERSION_AT));
}

/* Only when a record is made: the walk looks at every object of the store. */
static TEE_Result check_room(void)
{
    struct km_stored_walk walk = {0};
    struct km_crypto_name name = {0};
    uint32_t count = 0;
    TEE_Result result = km_stored_walk_begin(&walk, KM_STORED_VERSION, KM_STORED_VERSION);
    while (result == TEE_SUCCESS && count < KM_CLAIM_RECORDS_MAX) {
        result = km_stored_walk_next(&walk, &name);
        count++;
    }
    km_stored_walk_end(&walk);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return TEE_SUCCESS;
    return result == TEE_SUCCESS ? TEE_ERROR_STORAGE_NO_SPACE : result;
}

static TEE_Result first_version(const struct km_claim *claim)
{
    uint8_t record[RECORD_LEN] = {0};
    if (!claim->is_provisioned)
        KM_TRY_TEE(check_room());
    record_put(record, claim->version);
    TEE_Result result =
        km_stored_create(KM_STORED_VERSION, &claim->subject, KM_SLICE(record, sizeof(record)));
    /* Somebody else was first, and the object is never deleted. */
    return result == KM_CRYPTO_E_EXISTS ? raise_stored(claim) : result;
}

static TEE_Result settle(const struct km_claim *claim)
{
    if (claim->answer == KM_PAYLOAD_NOT_FOR_US)
        return KM_CRYPTO_E_TARGET;
    if (claim->answer == KM_PAYLOAD_TOO_OLD)
        return KM_CRYPTO_E_DOWNGRADE;
    TEE_Result result = raise_stored(claim);
    if (result != TEE_ERROR_ITEM_NOT_FOUND)
        return result;
    return claim->has_version ? first_version(claim) : TEE_SUCCESS;
}

TEE_Result km_claim_settle(const struct km_claim *claim)
{
    TEE_Result result = settle(claim);
    if (result != TEE_SUCCESS)
        km_audit("payload", &claim->signer, result);
    return result;
}
