/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1024 /* of one value, its NUL included */

/* What holds for every instance of this build; the configuration adds to it and may override it. */
static const struct km_rt_property builtin_tee[] = {
    {"gpd.tee.apiversion", "1.3"},
    {"gpd.tee.internalCore.version", "16974080"}, /* 1.3.1.0 as TEE_CORE_API_VERSION has it */
    {"gpd.tee.description", "Keymoor"},
    {"gpd.tee.systemTime.protectionLevel", "100"},
    {"gpd.tee.TAPersistentTime.protectionLevel", "100"},
    {"gpd.tee.arith.maxBigIntSize", "8192"},
    {"gpd.tee.cryptography.ecc", "true"},
    {"gpd.tee.cryptography.nist", "true"},
    {"gpd.tee.cryptography.bsi-r", "false"},
    {"gpd.tee.cryptography.bsi-t", "false"},
    {"gpd.tee.cryptography.ietf", "false"},
    {"gpd.tee.cryptography.octa", "false"},
    {"gpd.tee.trustedStorage.antiRollback.protectionLevel", "0"},
    {"gpd.tee.trustedStorage.rollbackDetection.protectionLevel", "0"},
    {"gpd.tee.trustedos.implementation.version", "0.1.0"},
    {"gpd.tee.trustedos.implementation.binaryversion", "AAEA"}, /* 0, 1, 0 */
    {"gpd.tee.trustedos.manufacturer", "Keymoor"},
    /* There is none below. No value is empty: programs take that for a property that can't be read. */
    {"gpd.tee.firmware.implementation.version", "none"},
    {"gpd.tee.firmware.implementation.binaryversion", "AA=="}, /* 0 */
    {"gpd.tee.firmware.manufacturer", "none"},
    {"gpd.tee.event.maxSources", "0"},
};

static const struct km_rt_property builtin_ta[] = {
    {"gpd.ta.appID", NULL},           {"gpd.ta.singleInstance", "false"},
    {"gpd.ta.multiSession", "false"}, {"gpd.ta.instanceKeepAlive", "false"},
    {"gpd.ta.dataSize", NULL},        {"gpd.ta.stackSize", "65536"},
    {"gpd.ta.version", "0"},          {"gpd.ta.description", "none"},
    {"gpd.ta.endian", "0"},           {KM_RT_DES_PARITY, "check"},
    {KM_RT_LENIENT, "false"},
};

/* All made from the socket's word about the peer; the last two are asked for at the host. */
static const char *const client_names[] = {
    "gpd.client.identity",     "gpd.client.endian",
    "org.keymoor.client.uid",  "org.keymoor.client.gid",
    "org.keymoor.client.pid",  "org.keymoor.client.admin",
    "org.keymoor.client.unit", "org.keymoor.client.exe.sha256",
};

struct property_enum {
    TEE_PropSetHandle set; /* NULL: not started */
    size_t at;
};

static const struct km_rt_property *find(const struct km_rt_property *list, size_t n,
                                         const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

struct property_set {
    const struct km_rt_property *own; /* of the configuration: first, and it wins */
    size_t n_own;
    const struct km_rt_property *builtin;
    size_t n_builtin;
};

static struct property_set set_of(TEE_PropSetHandle set)
{
    const struct km_rt_config *config = &km_rt.config;
    if (set == TEE_PROPSET_CURRENT_TA)
        return (struct property_set){config->ta_properties, config->n_ta_properties, builtin_ta,
                                     KM_ARRAY_LEN(builtin_ta)};
    return (struct property_set){config->tee_properties, config->n_tee_properties, builtin_tee,
                                 KM_ARRAY_LEN(builtin_tee)};
}

static bool is_pseudo(TEE_PropSetHandle set)
{
    return set == TEE_PROPSET_CURRENT_TA || set == TEE_PROPSET_CURRENT_CLIENT ||
           set == TEE_PROPSET_TEE_IMPLEMENTATION;
}

/* ---- the text of a value ---- */

static void put(char text[TEXT_MAX], const char *value)
{
    snprintf(text, TEXT_MAX, "%s", value);
}

static bool client_value(const char *name, char text[TEXT_MAX])
{
    const struct km_rt_client *client = &km_rt.client;
    char uuid[KM_UUID_TEXT_LEN] = {0};
    if (!km_rt.has_client)
        return false;
    if (strcmp(name, "gpd.client.identity") == 0) {
        km_uuid_format(&client->uuid, uuid);
        snprintf(text, TEXT_MAX, "%" PRIu32 ":%s", client->login, uuid);
    } else if (strcmp(name, "gpd.client.endian") == 0) {
        put(text, "0");
    } else if (strcmp(name, "org.keymoor.client.uid") == 0) {
        snprintf(text, TEXT_MAX, "%" PRIu32, client->uid);
    } else if (strcmp(name, "org.keymoor.client.gid") == 0) {
        snprintf(text, TEXT_MAX, "%" PRIu32, client->gid);
    } else if (strcmp(name, "org.keymoor.client.pid") == 0) {
        snprintf(text, TEXT_MAX, "%" PRIu32, client->pid);
    } else if (strcmp(name, "org.keymoor.client.admin") == 0) {
        put(text, client->is_admin ? "true" : "false");
    } else {
        const struct km_rt_host *host = &km_rt.config.host;
        return host->client_text != NULL &&
               host->client_text(host->arg, name, text, TEXT_MAX) == KM_OK;
    }
    return true;
}

/* ---- enumerating names: those of the configuration, then the built-in ones it does not override ---- */

/* Only what this client has: not every one belongs to a unit. */
static const char *client_name_at(size_t at)
{
    char text[TEXT_MAX] = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(client_names); i++)
        if (client_value(client_names[i], text) && at-- == 0)
            return client_names[i];
    return NULL;
}

static const char *name_at(TEE_PropSetHandle set, size_t at)
{
    if (set == TEE_PROPSET_CURRENT_CLIENT)
        return client_name_at(at);
    struct property_set from = set_of(set);
    if (at < from.n_own)
        return from.own[at].name;
    size_t left = at - from.n_own;
    for (size_t i = 0; i < from.n_builtin; i++) {
        if (find(from.own, from.n_own, from.builtin[i].name) != NULL)
            continue;
        if (left-- == 0)
            return from.builtin[i].name;
    }
    return NULL;
}

/* ---- values by name or enumerator ---- */

static void computed_value(const char *name, char text[TEXT_MAX])
{
    const struct km_rt_config *config = &km_rt.config;
    if (strcmp(name, "gpd.ta.appID") == 0)
        km_uuid_format(&config->ta, text);
    else
        snprintf(text, TEXT_MAX, "%zu", config->heap_max != 0 ? config->heap_max : (size_t)8 << 20);
}

static bool value_of(TEE_PropSetHandle set, const char *name, char text[TEXT_MAX])
{
    if (set == TEE_PROPSET_CURRENT_CLIENT)
        return client_value(name, text);
    struct property_set from = set_of(set);
    const struct km_rt_property *row = find(from.own, from.n_own, name);
    if (row == NULL)
        row = find(from.builtin, from.n_builtin, name);
    if (row == NULL)
        return false;
    if (row->value != NULL)
        put(text, row->value);
    else
        computed_value(name, text);
    return true;
}

bool km_rt_property_is(const char *name, const char *value)
{
    char text[TEXT_MAX] = {0};
    return value_of(TEE_PROPSET_CURRENT_TA, name, text) && strcmp(text, value) == 0;
}

bool km_rt_is_lenient(void)
{
    return km_rt_property_is(KM_RT_LENIENT, "true");
}

/* The text behind a getter's first two arguments; false: there is no such property. */
static bool look_up(TEE_PropSetHandle set_or_enum, const char *name, char text[TEXT_MAX])
{
    if (is_pseudo(set_or_enum)) {
        km_rt_need(name != NULL, "a property without a name");
        return value_of(set_or_enum, name, text);
    }
    const struct property_enum *self = km_rt_handle_get(KM_RT_PROPERTY_ENUM, set_or_enum);
    const char *at = self->set != NULL ? name_at(self->set, self->at) : NULL;
    return at != NULL && value_of(self->set, at, text);
}

/* ---- getters ---- */

TEE_Result TEE_GetPropertyAsString(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                   char *valueBuffer, size_t *valueBufferLen)
{
    char text[TEXT_MAX] = {0};
    km_rt_own(valueBufferLen, sizeof(*valueBufferLen), "a size outside the TA's own memory");
    if (!look_up(propsetOrEnumerator, name, text))
        return TEE_ERROR_ITEM_NOT_FOUND;
    return km_rt_give(valueBuffer, valueBufferLen, text, strlen(text) + 1);
}

TEE_Result TEE_GetPropertyAsBool(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                 bool *value)
{
    char text[TEXT_MAX] = {0};
    km_rt_own(value, sizeof(*value), "a value outside the TA's own memory");
    if (!look_up(propsetOrEnumerator, name, text))
        return TEE_ERROR_ITEM_NOT_FOUND;
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0)
        return TEE_ERROR_BAD_FORMAT;
    *value = yes;
    return TEE_SUCCESS;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

static unsigned suffix_shift(const char *text)
{
    if (text[0] == '\0')
        return 0;
    if (text[1] != '\0')
        return 99;
    return text[0] == 'K' ? 10 : text[0] == 'M' ? 20 : text[0] == 'G' ? 30 : 99;
}

/* Decimal with an optional K, M or G; or 0x, 0b. */
static bool parse_number(const char *text, uint64_t *ret)
{
    unsigned base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'b')) {
        base = text[1] == 'x' ? 16 : 2;
        text += 2;
    }
    uint64_t value = 0;
    size_t n = 0;
    for (; (unsigned)digit_of(*text) < base; text++, n++) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit_of(*text), &value))
            return false;
    }
    unsigned shift = base == 10 ? suffix_shift(text) : (*text == '\0' ? 0 : 99);
    if (n == 0 || shift > 30 || (value << shift) >> shift != value)
        return false;
    *ret = value << shift;
    return true;
}

TEE_Result TEE_GetPropertyAsU64(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                uint64_t *value)
{
    char text[TEXT_MAX] = {0};
    km_rt_own(value, sizeof(*value), "a value outside the TA's own memory");
    if (!look_up(propsetOrEnumerator, name, text))
        return TEE_ERROR_ITEM_NOT_FOUND;
    return parse_number(text, value) ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT;
}

TEE_Result TEE_GetPropertyAsU32(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                uint32_t *value)
{
    uint64_t wide = 0;
    km_rt_own(value, sizeof(*value), "a value outside the TA's own memory");
    TEE_Result result = TEE_GetPropertyAsU64(propsetOrEnumerator, name, &wide);
    if (result == TEE_SUCCESS && wide > UINT32_MAX)
        result = TEE_ERROR_BAD_FORMAT;
    if (result == TEE_SUCCESS)
        *value = (uint32_t)wide;
    return result;
}

static int base64_of(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

/* RFC 4648 with its padding; nothing else in between. */
static bool parse_base64(const char *text, uint8_t out[TEXT_MAX], size_t *ret_len)
{
    size_t len = strlen(text);
    size_t n = 0;
    if (len % 4 != 0)
        return false;
    for (size_t i = 0; i < len; i += 4) {
        bool is_last = i + 4 == len;
        unsigned pads = 0;
        if (is_last && text[i + 3] == '=')
            pads = text[i + 2] == '=' ? 2 : 1;
        uint32_t group = 0;
        for (unsigned k = 0; k < 4; k++) {
            int value = k >= 4 - pads ? 0 : base64_of(text[i + k]);
            if (value < 0)
                return false;
            group = group << 6 | (uint32_t)value;
        }
        if ((group & ((1u << (8 * pads)) - 1u)) != 0)
            return false;
        for (unsigned k = 0; k < 3 - pads; k++)
            out[n++] = (uint8_t)(group >> (16 - 8 * k));
    }
    *ret_len = n;
    return true;
}

TEE_Result TEE_GetPropertyAsBinaryBlock(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                        void *valueBuffer, size_t *valueBufferLen)
{
    char text[TEXT_MAX] = {0};
    uint8_t block[TEXT_MAX] = {0};
    size_t len = 0;
    km_rt_own(valueBufferLen, sizeof(*valueBufferLen), "a size outside the TA's own memory");
    if (!look_up(propsetOrEnumerator, name, text))
        return TEE_ERROR_ITEM_NOT_FOUND;
    if (!parse_base64(text, block, &len))
        return TEE_ERROR_BAD_FORMAT;
    return km_rt_give(valueBuffer, valueBufferLen, block, len);
}

static bool parse_uuid(const char *text, TEE_UUID *ret)
{
    struct km_uuid uuid = {0};
    if (!km_uuid_parse(text, &uuid))
        return false;
    struct km_rd rd = km_rd_init(KM_SLICE(uuid.octet, sizeof(uuid.octet)));
    return km_rd_u32be(&rd, &ret->timeLow) && km_rd_u16be(&rd, &ret->timeMid) &&
           km_rd_u16be(&rd, &ret->timeHiAndVersion) &&
           km_rd_copy(&rd, ret->clockSeqAndNode, sizeof(ret->clockSeqAndNode)) && km_rd_done(&rd);
}

TEE_Result TEE_GetPropertyAsUUID(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                 TEE_UUID *value)
{
    char text[TEXT_MAX] = {0};
    TEE_UUID uuid = {0};
    km_rt_own(value, sizeof(*value), "a value outside the TA's own memory");
    if (!look_up(propsetOrEnumerator, name, text))
        return TEE_ERROR_ITEM_NOT_FOUND;
    if (!parse_uuid(text, &uuid))
        return TEE_ERROR_BAD_FORMAT;
    *value = uuid;
    return TEE_SUCCESS;
}

TEE_Result TEE_GetPropertyAsIdentity(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                     TEE_Identity *value)
{
    char text[TEXT_MAX] = {0};
    TEE_Identity identity = {0};
    uint64_t login = 0;
    km_rt_own(value, sizeof(*value), "a value outside the TA's own memory");
    if (!look_up(propsetOrEnumerator, name, text))
        return TEE_ERROR_ITEM_NOT_FOUND;
    char *colon = strchr(text, ':');
    if (colon == NULL)
        return TEE_ERROR_BAD_FORMAT;
    *colon = '\0';
    if (!parse_number(text, &login) || login > UINT32_MAX || !parse_uuid(colon + 1, &identity.uuid))
        return TEE_ERROR_BAD_FORMAT;
    identity.login = (uint32_t)login;
    *value = identity;
    return TEE_SUCCESS;
}

/* ---- enumerators ---- */

void km_rt_property_enum_free(void *enumerator)
{
    free(enumerator);
}

TEE_Result TEE_AllocatePropertyEnumerator(TEE_PropSetHandle *enumerator)
{
    km_rt_own_handle(enumerator);
    *enumerator = TEE_HANDLE_NULL;
    struct property_enum *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    *enumerator = km_rt_handle_new(KM_RT_PROPERTY_ENUM, self);
    if (*enumerator != TEE_HANDLE_NULL)
        return TEE_SUCCESS;
    free(self);
    return TEE_ERROR_OUT_OF_MEMORY;
}

void TEE_FreePropertyEnumerator(TEE_PropSetHandle enumerator)
{
    km_rt_property_enum_free(km_rt_handle_drop(KM_RT_PROPERTY_ENUM, enumerator));
}

void TEE_StartPropertyEnumerator(TEE_PropSetHandle enumerator, TEE_PropSetHandle propSet)
{
    struct property_enum *self = km_rt_handle_get(KM_RT_PROPERTY_ENUM, enumerator);
    km_rt_need(is_pseudo(propSet), "enumerate something that is no property set");
    *self = (struct property_enum){.set = propSet};
}

void TEE_ResetPropertyEnumerator(TEE_PropSetHandle enumerator)
{
    struct property_enum *self = km_rt_handle_get(KM_RT_PROPERTY_ENUM, enumerator);
    *self = (struct property_enum){0};
}

TEE_Result TEE_GetPropertyName(TEE_PropSetHandle enumerator, void *nameBuffer,
                               size_t *nameBufferLen)
{
    const struct property_enum *self = km_rt_handle_get(KM_RT_PROPERTY_ENUM, enumerator);
    km_rt_own(nameBufferLen, sizeof(*nameBufferLen), "a size outside the TA's own memory");
    const char *name = self->set != NULL ? name_at(self->set, self->at) : NULL;
    if (name == NULL)
        return TEE_ERROR_ITEM_NOT_FOUND;
    return km_rt_give(nameBuffer, nameBufferLen, name, strlen(name) + 1);
}

TEE_Result TEE_GetNextProperty(TEE_PropSetHandle enumerator)
{
    struct property_enum *self = km_rt_handle_get(KM_RT_PROPERTY_ENUM, enumerator);
    if (self->set == NULL || name_at(self->set, self->at) == NULL)
        return TEE_ERROR_ITEM_NOT_FOUND;
    self->at++;
    return name_at(self->set, self->at) != NULL ? TEE_SUCCESS : TEE_ERROR_ITEM_NOT_FOUND;
}
