/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/engine/engine_key.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/km_secret.h"
#include "interop/engine/engine.h"

struct engine_key {
    atomic_uint refs;
    bool is_saved;
    pid_t home;
    ClrcKeyHandle handle;
    /*
     * A symmetric key is the program's, which OpenSSL would keep in its context all the same. Without this, random numbers
     * would end in a forked child: OpenSSL's generator has a cipher context that goes on for ever.
     */
    ClrcKeyType type;
    size_t len;
    uint8_t octets[ENGINE_SYMMETRIC_MAX];
};

struct engine_key *engine_key_take(ClrcKeyHandle handle, bool is_saved)
{
    struct engine_key *key = calloc(1, sizeof(*key));
    if (key == NULL) {
        clrcFreeKey(handle);
        return NULL;
    }
    atomic_init(&key->refs, 1);
    key->is_saved = is_saved;
    key->home = getpid();
    key->handle = handle;
    return key;
}

struct engine_key *engine_key_ref(struct engine_key *key)
{
    if (key != NULL)
        (void)atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
    return key;
}

void engine_key_unref(struct engine_key *key)
{
    if (key == NULL || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1)
        return;
    clrcFreeKey(key->handle);
    km_wipe(key->octets, sizeof(key->octets));
    free(key);
}

void engine_key_unrefp(struct engine_key **key)
{
    engine_key_unref(*key);
}

ClrcKeyHandle engine_key_handle(const struct engine_key *key)
{
    return key->handle;
}

bool engine_key_is_here(const struct engine_key *key)
{
    return key->is_saved || key->home == getpid();
}

ClrcKeyTemplate engine_key_wish(ClrcKeyType type, unsigned bits)
{
    return (ClrcKeyTemplate){
        .type = type,
        .bits = bits,
        .attributes = engine_hides_private() ? 0 : CLRC_ATTR_EXPORT_AS_PLAIN,
    };
}

struct engine_key *engine_key_import(ClrcKeyType type, struct km_slice octets)
{
    const ClrcKeyTemplate wish = engine_key_wish(type, (unsigned)octets.len * 8);
    ClrcKeyHandle handle = NULL;
    ClrcResult result = clrcImportKeyRaw(&wish, octets.ptr, (uint32_t)octets.len, &handle);
    struct engine_key *key = result == CLRC_SUCCESS ? engine_key_take(handle, false) : NULL;
    if (key == NULL)
        (void)engine_clrc(result == CLRC_SUCCESS ? CLRC_ERROR_OUT_OF_MEMORY : result,
                          "take in a key", __func__);
    if (key != NULL) {
        key->type = type;
        key->len = octets.len;
        km_copy(key->octets, sizeof(key->octets), octets.ptr, octets.len);
    }
    return key;
}

bool engine_key_renew(struct engine_key **key, ClrcResult result)
{
    const struct engine_key *old = *key;
    bool is_over = result == CLRC_ERROR_KEY_GONE || result == CLRC_ERROR_SERVICE_DIED;
    if (old == NULL || old->len == 0 || (engine_key_is_here(old) && !is_over))
        return false;
    struct engine_key *fresh = engine_key_import(old->type, KM_SLICE(old->octets, old->len));
    if (fresh == NULL)
        return false;
    engine_key_unref(*key);
    *key = fresh;
    return true;
}

bool engine_key_component(const struct engine_key *key, ClrcAttribute attribute,
                          uint8_t ret[ENGINE_COMPONENT_MAX], uint32_t *ret_len)
{
    *ret_len = ENGINE_COMPONENT_MAX;
    return clrcGetKeyAttribute(key->handle, attribute, ret, ret_len) == CLRC_SUCCESS;
}
