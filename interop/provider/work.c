/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/provider/work.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/params.h>

#include "common/km_des.h"
#include "common/km_secret.h"

bool work_check(struct prov *prov, ClrcResult result, const char *what, const char *name)
{
    struct km_err err = {0};
    return km_door_clrc(&err, result, what, name) == KM_OK || prov_raise(prov, &err, __func__);
}

/* ---- keys ---- */

struct work_key {
    atomic_uint refs;
    ClrcKeyHandle handle;
};

static struct work_key *key_new(struct prov *prov)
{
    struct work_key *key = calloc(1, sizeof(*key));
    if (key == NULL)
        PROV_FAIL(prov, KM_E_NOMEM, "key");
    else
        atomic_init(&key->refs, 1);
    return key;
}

/* OpenSSL cares for no parity in triple DES keys, the service does. */
static ClrcResult import_des3(const ClrcKeyTemplate *wish, struct km_slice octets,
                              ClrcKeyHandle *ret)
{
    uint8_t key[3 * KM_DES_PART_LEN] = {0};
    if (octets.len > sizeof(key))
        return CLRC_ERROR_BAD_FORMAT;
    km_copy(key, sizeof(key), octets.ptr, octets.len);
    km_des_set_parity(KM_SPAN(key, octets.len));
    ClrcResult result = clrcImportKeyRaw(wish, key, (uint32_t)octets.len, ret);
    km_wipe(key, sizeof(key));
    return result;
}

struct work_key *work_key_import(struct prov *prov, ClrcKeyType type, struct km_slice octets)
{
    KM_AUTO(work_key_unrefp) struct work_key *key = key_new(prov);
    /* The program has the octets anyway; exportable, so that what is derived may be given to it. */
    const ClrcKeyTemplate wish = {.type = type, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    if (key == NULL)
        return NULL;
    ClrcResult result =
        type == KEY_DES3 ? import_des3(&wish, octets, &key->handle)
                         : clrcImportKeyRaw(&wish, octets.ptr, (uint32_t)octets.len, &key->handle);
    if (!work_check(prov, result, "take in a key of type", clrcKeyTypeName(type)))
        return NULL;
    return km_steal(&key);
}

static km_status uri_of(struct km_err *err, const char *text, struct km_door_uri *ret)
{
    if (strncmp(text, KM_DOOR_SCHEME, strlen(KM_DOOR_SCHEME)) == 0)
        return km_door_uri_parse(err, KM_SLICE_STR(text), ret);
    return km_door_uri_of_name(err, text, ret);
}

struct work_key *work_key_named(struct prov *prov, const OSSL_PARAM *p)
{
    struct km_err err = {0};
    struct km_door_uri uri = {0};
    const char *text = NULL;
    KM_AUTO(work_key_unrefp) struct work_key *key = key_new(prov);
    if (key == NULL || !OSSL_PARAM_get_utf8_string_ptr(p, &text))
        return NULL;
    if (uri_of(&err, text, &uri) != KM_OK || km_door_handle(&err, &uri, &key->handle) != KM_OK) {
        prov_raise(prov, &err, __func__);
        return NULL;
    }
    return km_steal(&key);
}

struct work_key *work_key_ref(struct work_key *key)
{
    if (key != NULL)
        atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
    return key;
}

void work_key_unref(struct work_key *key)
{
    if (key == NULL || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1)
        return;
    clrcFreeKey(key->handle);
    free(key);
}

void work_key_unrefp(struct work_key **key)
{
    work_key_unref(*key);
}

ClrcKeyHandle work_key_handle(const struct work_key *key)
{
    return key == NULL ? NULL : key->handle;
}

/* ---- messages that are hashed ---- */

void work_hash_clear(struct work_hash *hash)
{
    clrcOperationFree(hash->operation);
    work_key_unref(hash->key);
    km_wipe(hash, sizeof(*hash));
}

void work_hash_begin(struct work_hash *hash, struct prov *prov, ClrcAlgorithm algorithm,
                     struct work_key *key)
{
    work_hash_clear(hash);
    hash->prov = prov;
    hash->algorithm = algorithm;
    hash->key = key;
}

static bool send(struct work_hash *hash, struct km_slice in)
{
    const ClrcOperationWish wish = {.algorithm = hash->algorithm,
                                    .mode = hash->key == NULL ? CLRC_MODE_DIGEST : CLRC_MODE_MAC};
    ClrcResult result = CLRC_SUCCESS;
    if (hash->operation == NULL)
        result = clrcOperationNew(work_key_handle(hash->key), &wish, &hash->operation);
    while (result == CLRC_SUCCESS && in.len != 0) {
        size_t n = in.len < WORK_PART_MAX ? in.len : WORK_PART_MAX;
        result = clrcOperationUpdate(hash->operation, in.ptr, n, NULL, NULL);
        in = KM_SLICE(in.ptr + n, in.len - n);
    }
    return work_check(hash->prov, result, "hash with", clrcAlgorithmName(hash->algorithm));
}

bool work_hash_update(struct work_hash *hash, struct km_slice in)
{
    if (in.len <= sizeof(hash->held) - hash->held_len) {
        km_copy(hash->held + hash->held_len, sizeof(hash->held) - hash->held_len, in.ptr, in.len);
        hash->held_len += in.len;
        return true;
    }
    if (hash->held_len != 0 && !send(hash, KM_SLICE(hash->held, hash->held_len)))
        return false;
    hash->held_len = 0;
    return in.len <= sizeof(hash->held) ? work_hash_update(hash, in) : send(hash, in);
}

static ClrcResult final_at_once(struct work_hash *hash, uint8_t *ret, uint32_t *len)
{
    if (hash->key == NULL)
        return clrcDigest(hash->algorithm, hash->held, hash->held_len, ret, len);
    return clrcMac(work_key_handle(hash->key), hash->algorithm, hash->held, hash->held_len, ret,
                   len);
}

bool work_hash_final(struct work_hash *hash, struct km_span ret)
{
    uint32_t len = (uint32_t)ret.len;
    ClrcResult result = CLRC_SUCCESS;
    if (hash->operation == NULL) {
        result = final_at_once(hash, ret.ptr, &len);
    } else {
        if (hash->held_len != 0 && !send(hash, KM_SLICE(hash->held, hash->held_len)))
            return false;
        result = clrcOperationFinal(hash->operation, NULL, NULL, ret.ptr, &len);
    }
    return work_check(hash->prov, result, "end", clrcAlgorithmName(hash->algorithm)) &&
           (len == ret.len || PROV_FAIL(hash->prov, KM_E_INTERNAL, "a digest of %u octets", len));
}

bool work_hash_copy(struct work_hash *to, const struct work_hash *from)
{
    *to = *from;
    to->operation = NULL;
    to->key = work_key_ref(from->key);
    if (from->operation == NULL)
        return true;
    return work_check(from->prov, clrcOperationCopy(from->operation, &to->operation), "copy",
                      clrcAlgorithmName(from->algorithm));
}

/* ---- messages that are encrypted or decrypted in parts ---- */

bool work_cipher(struct prov *prov, ClrcOperationHandle operation, struct km_slice in, uint8_t *out)
{
    ClrcResult result = CLRC_SUCCESS;
    while (result == CLRC_SUCCESS && in.len != 0) {
        size_t n = in.len < WORK_PART_MAX ? in.len : WORK_PART_MAX;
        size_t len = n;
        result = clrcOperationUpdate(operation, in.ptr, n, out, &len);
        in = KM_SLICE(in.ptr + n, in.len - n);
        out += n;
    }
    return work_check(prov, result, "run", "the cipher");
}
