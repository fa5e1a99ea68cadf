/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/policy/key.h"

#include <string.h>

/* A thing's attribute stands between this and a bracket. */
#define ATTRIBUTES "iot:Connection.Thing.Attributes["

static const char *const key_texts[KM_POLICY_SUBJECT] = {
    [KM_POLICY_CLIENT_ID] = "iot:ClientId",
    [KM_POLICY_SOURCE_IP] = "aws:SourceIp",
    [KM_POLICY_THING_NAME] = "iot:Connection.Thing.ThingName",
    [KM_POLICY_THING_TYPE_NAME] = "iot:Connection.Thing.ThingTypeName",
    [KM_POLICY_THING_IS_ATTACHED] = "iot:Connection.Thing.IsAttached",
    [KM_POLICY_CERT_SERIAL_NUMBER] = "iot:Certificate.SerialNumber",
    [KM_POLICY_CERT_KEYS] = "iot:Certificate.AvailableKeys",
    [KM_POLICY_CONNECT_ATTRIBUTES] = "iot:ConnectAttributes",
    [KM_POLICY_LAST_WILL_TOPIC] = "iot:LastWillTopic",
    [KM_POLICY_DOMAIN_NAME] = "iot:DomainName",
};

#define NAME_TEXTS(whose)                                                                          \
    [KM_POLICY_DN_QUALIFIER] = "iot:Certificate." whose ".DistinguishedNameQualifier",             \
    [KM_POLICY_COUNTRY] = "iot:Certificate." whose ".Country",                                     \
    [KM_POLICY_ORGANIZATION] = "iot:Certificate." whose ".Organization",                           \
    [KM_POLICY_ORGANIZATIONAL_UNIT] = "iot:Certificate." whose ".OrganizationalUnit",              \
    [KM_POLICY_STATE] = "iot:Certificate." whose ".State",                                         \
    [KM_POLICY_COMMON_NAME] = "iot:Certificate." whose ".CommonName",                              \
    [KM_POLICY_NAME_SERIAL_NUMBER] = "iot:Certificate." whose ".SerialNumber",                     \
    [KM_POLICY_TITLE] = "iot:Certificate." whose ".Title",                                         \
    [KM_POLICY_SURNAME] = "iot:Certificate." whose ".Surname",                                     \
    [KM_POLICY_GIVEN_NAME] = "iot:Certificate." whose ".GivenName",                                \
    [KM_POLICY_INITIALS] = "iot:Certificate." whose ".Initials",                                   \
    [KM_POLICY_PSEUDONYM] = "iot:Certificate." whose ".Pseudonym",                                 \
    [KM_POLICY_GENERATION_QUALIFIER] = "iot:Certificate." whose ".GenerationQualifier",            \
    [KM_POLICY_ALT_RFC822_NAME] = "iot:Certificate." whose ".AlternativeName.RFC822Name",          \
    [KM_POLICY_ALT_DNS_NAME] = "iot:Certificate." whose ".AlternativeName.DNSName",                \
    [KM_POLICY_ALT_DIRECTORY_NAME] = "iot:Certificate." whose ".AlternativeName.DirectoryName",    \
    [KM_POLICY_ALT_URI] = "iot:Certificate." whose ".AlternativeName.UniformResourceIdentifier",   \
    [KM_POLICY_ALT_IP_ADDRESS] = "iot:Certificate." whose ".AlternativeName.IPAddress"

static const char *const subject_texts[KM_POLICY_N_NAMES] = {NAME_TEXTS("Subject")};
static const char *const issuer_texts[KM_POLICY_N_NAMES] = {NAME_TEXTS("Issuer")};

const char *km_key_text(enum km_policy_key plain)
{
    if (plain < KM_POLICY_SUBJECT)
        return key_texts[plain];
    if (plain < KM_POLICY_ISSUER)
        return subject_texts[plain - KM_POLICY_SUBJECT];
    return issuer_texts[plain - KM_POLICY_ISSUER];
}

/* ---- parsing ---- */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

bool km_text_equal_nocase(struct km_slice a, struct km_slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

bool km_octet_is_one_of(uint8_t octet, const char *set)
{
    return octet != '\0' && strchr(set, octet) != NULL;
}

static bool starts_with(struct km_slice text, struct km_slice front)
{
    return text.len >= front.len && km_text_equal_nocase(KM_SLICE(text.ptr, front.len), front);
}

static bool find_plain(struct km_slice name, enum km_policy_key *ret)
{
    for (unsigned i = 0; i < KM_POLICY_N_KEYS; i++) {
        const char *text = km_key_text((enum km_policy_key)i);
        if (km_text_equal_nocase(name, KM_SLICE_STR(text))) {
            *ret = (enum km_policy_key)i;
            return true;
        }
    }
    return false;
}

static bool is_list_by_nature(enum km_policy_key key)
{
    return key == KM_POLICY_CERT_KEYS || key == KM_POLICY_CONNECT_ATTRIBUTES;
}

/* ".List" or ".12" behind an attribute of a certificate, of which there can be several. */
static bool parse_suffix(struct km_slice suffix, struct km_key *key)
{
    if (km_text_equal_nocase(suffix, KM_SLICE_STR("List"))) {
        key->is_list = true;
        return true;
    }
    if (suffix.len < 1 || suffix.len > 2)
        return false;
    for (size_t i = 0; i < suffix.len; i++) {
        if (suffix.ptr[i] < '0' || suffix.ptr[i] > '9')
            return false;
        key->index = key->index * 10 + (size_t)(suffix.ptr[i] - '0');
    }
    return true;
}

static bool parse_one_of_many(struct km_slice text, struct km_key *key)
{
    const uint8_t *dot = text.len > 0 ? memrchr(text.ptr, '.', text.len) : NULL;
    if (dot == NULL)
        return false;
    size_t len = (size_t)(dot - text.ptr);
    return find_plain(KM_SLICE(text.ptr, len), &key->plain) && key->plain >= KM_POLICY_SUBJECT &&
           parse_suffix(KM_SLICE(dot + 1, text.len - len - 1), key);
}

static bool parse_attribute(struct km_slice text, struct km_key *key)
{
    size_t front = sizeof(ATTRIBUTES) - 1;
    if (!starts_with(text, KM_SLICE_STR(ATTRIBUTES)) || text.len < front + 2 ||
        text.ptr[text.len - 1] != ']')
        return false;
    key->kind = KM_KEY_ATTRIBUTE;
    key->attribute = KM_SLICE(text.ptr + front, text.len - front - 1);
    return true;
}

bool km_key_parse(struct km_slice text, struct km_key *ret)
{
    struct km_key key = {.text = text};
    if (find_plain(text, &key.plain)) {
        key.is_list = is_list_by_nature(key.plain);
    } else if (km_text_equal_nocase(text, KM_SLICE_STR("aws:CurrentTime"))) {
        key.kind = KM_KEY_CURRENT_TIME;
    } else if (km_text_equal_nocase(text, KM_SLICE_STR("aws:EpochTime"))) {
        key.kind = KM_KEY_EPOCH_TIME;
    } else if (!parse_attribute(text, &key) && !parse_one_of_many(text, &key)) {
        return false;
    }
    *ret = key;
    return true;
}

/* ---- looking up ---- */

static struct km_policy_values attribute_values(struct km_slice name,
                                                const struct km_policy_context *context)
{
    for (size_t i = 0; i < context->n_attributes; i++) {
        if (km_slice_equal(context->attributes[i].name, name))
            return (struct km_policy_values){.at = &context->attributes[i].value, .n = 1};
    }
    return (struct km_policy_values){0};
}

struct km_policy_values km_key_values(const struct km_key *key,
                                      const struct km_policy_context *context)
{
    if (key->kind == KM_KEY_ATTRIBUTE)
        return attribute_values(key->attribute, context);
    struct km_policy_values all = context->values[key->plain];
    if (all.n > KM_POLICY_VALUES_MAX)
        all.n = KM_POLICY_VALUES_MAX;
    if (key->is_list)
        return all;
    if (key->index >= all.n)
        return (struct km_policy_values){0};
    return (struct km_policy_values){.at = all.at + key->index, .n = 1};
}
