/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/engine/engine_number.h"

#include "common/km_secret.h"
#include "interop/engine/engine.h"

void engine_numbers_add(struct engine_numbers *numbers, ClrcAttribute attribute,
                        const BIGNUM *number, size_t len)
{
    if (number == NULL)
        return;
    if (len == 0)
        len = (size_t)BN_num_bytes(number);
    if (numbers->n == ENGINE_NUMBERS_MAX || len > ENGINE_COMPONENT_MAX ||
        BN_bn2binpad(number, numbers->octets[numbers->n], (int)len) < 0) {
        numbers->overflow = true;
        return;
    }
    numbers->values[numbers->n] = (ClrcAttributeValue){
        .attribute = attribute, .length = (uint32_t)len, .data = numbers->octets[numbers->n]};
    numbers->n++;
}

static struct engine_key *taken(ClrcResult result, ClrcKeyHandle handle, const char *what)
{
    struct engine_key *key = result == CLRC_SUCCESS ? engine_key_take(handle, false) : NULL;
    if (key == NULL)
        (void)engine_clrc(result == CLRC_SUCCESS ? CLRC_ERROR_OUT_OF_MEMORY : result, what,
                          __func__);
    return key;
}

struct engine_key *engine_numbers_import(const struct engine_numbers *numbers, ClrcKeyType type,
                                         unsigned bits)
{
    const ClrcKeyTemplate wish = engine_key_wish(type, bits);
    ClrcKeyHandle handle = NULL;
    ClrcResult result = CLRC_ERROR_TOO_LARGE;
    if (!numbers->overflow)
        result = clrcImportKeyAttributes(&wish, numbers->values, numbers->n, &handle);
    return taken(result, handle, "take in a key");
}

struct engine_key *engine_numbers_create(const struct engine_numbers *numbers, ClrcKeyType type,
                                         unsigned bits)
{
    const ClrcKeyTemplate wish = engine_key_wish(type, bits);
    ClrcKeyHandle handle = NULL;
    ClrcResult result = CLRC_ERROR_TOO_LARGE;
    if (!numbers->overflow && numbers->n == 0)
        result = clrcCreateKey(&wish, &handle);
    else if (!numbers->overflow)
        result = clrcCreateKeyWith(&wish, numbers->values, numbers->n, &handle);
    return taken(result, handle, "make a key");
}

void engine_numbers_wipe(struct engine_numbers *numbers)
{
    km_wipe(numbers, sizeof(*numbers));
}

BIGNUM *engine_number_of(const struct engine_key *key, ClrcAttribute attribute)
{
    uint8_t octets[ENGINE_COMPONENT_MAX] = {0};
    uint32_t len = 0;
    BIGNUM *made = NULL;
    if (engine_key_component(key, attribute, octets, &len))
        made = BN_bin2bn(octets, (int)len, NULL);
    km_wipe(octets, sizeof(octets));
    return made;
}
