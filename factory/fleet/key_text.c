/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/fleet/key_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "common/km_des.h"
#include "common/km_file.h"
#include "common/km_secret.h"
#include "factory/fleet/fleet.h"

#define DATA_MAX 4096u
#define WORD_MAX 256u
#define GENERATE "generate"
#define DES3 "KEY_DES3"

bool km_fleet_number(const char *text, uint64_t max, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || text[0] < '1' || text[0] > '9' || *end != '\0' || value > max)
        return false;
    *ret = value;
    return true;
}

/* ---- rules ---- */

/* One word, and what stands behind its '='; value "" when there is none. */
struct rule {
    char word[WORD_MAX];
    const char *value;
};

/* The next word of *at; false at the end. A word too long comes back cut, and is no rule then. */
static bool next_rule(const char **at, struct rule *ret)
{
    const char *from = *at + strspn(*at, " \t");
    size_t len = strcspn(from, " \t");
    *at = from + len;
    if (len == 0)
        return false;
    *ret = (struct rule){.value = ""};
    km_copy(ret->word, sizeof(ret->word), from, len < WORD_MAX ? len : WORD_MAX - 1);
    char *equals = strchr(ret->word, '=');
    if (equals != NULL) {
        *equals = '\0';
        ret->value = equals + 1;
    }
    return true;
}

static km_status bad_rule(struct km_err *err, const struct rule *rule)
{
    return KM_FAIL(err, KM_E_ARG, "'%.40s%s%.40s' is no rule for this", rule->word,
                   rule->value[0] != '\0' ? "=" : "", rule->value);
}

static const struct {
    const char *word;
    uint32_t bit;
} USAGES[] = {
    {"encrypt", 1}, {"decrypt", 2}, {"sign", 4},  {"verify", 8},
    {"mac", 16},    {"derive", 32}, {"wrap", 64}, {"unwrap", 128},
};

static const struct {
    const char *word;
    uint32_t bit;
} ATTRIBUTES[] = {{"exportable", 1}, {"shared", 2}, {"audit", 4}, {"wrappable", 8}};

static bool read_usage(const char *text, uint32_t *ret)
{
    uint32_t bits = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, "+");
        uint32_t bit = 0;
        for (size_t i = 0; i < KM_ARRAY_LEN(USAGES); i++) {
            if (len == strlen(USAGES[i].word) && strncmp(text, USAGES[i].word, len) == 0)
                bit = USAGES[i].bit;
        }
        if (bit == 0)
            return false;
        bits |= bit;
        text += len + (text[len] == '+' ? 1 : 0);
    }
    *ret = bits;
    return bits != 0;
}

static bool key_rule(const struct rule *rule, struct km_opaque_policy *policy)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(ATTRIBUTES); i++) {
        if (strcmp(rule->word, ATTRIBUTES[i].word) == 0 && rule->value[0] == '\0') {
            policy->attributes |= ATTRIBUTES[i].bit;
            return true;
        }
    }
    if (strcmp(rule->word, "usage") == 0)
        return read_usage(rule->value, &policy->usage);
    if (strcmp(rule->word, "max_uses") == 0)
        return km_fleet_number(rule->value, UINT64_MAX, &policy->max_uses);
    return strcmp(rule->word, "not_after") == 0 &&
           km_fleet_number(rule->value, UINT64_MAX, &policy->not_after);
}

static km_status key_rules(struct km_err *err, const char *rules, struct km_opaque_key *key)
{
    struct rule rule = {0};
    while (next_rule(&rules, &rule)) {
        if (!key_rule(&rule, &key->policy))
            return bad_rule(err, &rule);
        key->has_policy = true;
    }
    return KM_OK;
}

static bool object_rule(const struct rule *rule, struct km_object_policy *policy)
{
    if (strcmp(rule->word, "not_before") == 0)
        return km_fleet_number(rule->value, UINT64_MAX, &policy->not_before);
    if (strcmp(rule->word, "not_after") == 0)
        return km_fleet_number(rule->value, UINT64_MAX, &policy->not_after);
    return strcmp(rule->word, "max_opens") == 0 &&
           km_fleet_number(rule->value, UINT64_MAX, &policy->max_opens);
}

km_status km_fleet_object_rules(struct km_err *err, const char *rules,
                                struct km_object_secret *secret)
{
    struct rule rule = {0};
    while (next_rule(&rules, &rule)) {
        if (!object_rule(&rule, &secret->policy))
            return bad_rule(err, &rule);
        secret->has_policy = true;
    }
    return KM_OK;
}

/* ---- keys ---- */

enum family { SYMMETRIC, PUBLIC, PAIR_EC, PAIR_RSA, PAIR_OTHER };

static const struct type {
    const char *name;
    enum family family;
    unsigned bits;       /* of one that is generated when nothing is said; 0: none can be */
    const char *openssl; /* PAIR_OTHER: the name of its kind */
} TYPES[] = {
    {"KEY_AES", SYMMETRIC, 256, NULL},
    {"KEY_HMAC", SYMMETRIC, 256, NULL},
    {"KEY_GENERIC_SECRET", SYMMETRIC, 256, NULL},
    {"KEY_CHACHA20", SYMMETRIC, 256, NULL},
    {DES3, SYMMETRIC, 0, NULL},
    {"KEY_RSA_KEYPAIR", PAIR_RSA, 2048, NULL},
    {"KEY_ECDSA_KEYPAIR", PAIR_EC, 256, NULL},
    {"KEY_ECDH_KEYPAIR", PAIR_EC, 256, NULL},
    {"KEY_EC_DUAL_KEYPAIR", PAIR_EC, 256, NULL},
    {"KEY_ED25519_KEYPAIR", PAIR_OTHER, 256, "ED25519"},
    {"KEY_X25519_KEYPAIR", PAIR_OTHER, 256, "X25519"},
    {"KEY_ED448_KEYPAIR", PAIR_OTHER, 448, "ED448"},
    {"KEY_X448_KEYPAIR", PAIR_OTHER, 448, "X448"},
    {"KEY_DSA_KEYPAIR", PAIR_OTHER, 0, NULL},
    {"KEY_DH_KEYPAIR", PAIR_OTHER, 0, NULL},
    {"KEY_RSA_PUBLIC", PUBLIC, 0, NULL},
    {"KEY_DSA_PUBLIC", PUBLIC, 0, NULL},
    {"KEY_DH_PUBLIC", PUBLIC, 0, NULL},
    {"KEY_ECDSA_PUBLIC", PUBLIC, 0, NULL},
    {"KEY_ECDH_PUBLIC", PUBLIC, 0, NULL},
    {"KEY_EC_DUAL_PUBLIC", PUBLIC, 0, NULL},
    {"KEY_ED25519_PUBLIC", PUBLIC, 0, NULL},
    {"KEY_X25519_PUBLIC", PUBLIC, 0, NULL},
    {"KEY_ED448_PUBLIC", PUBLIC, 0, NULL},
    {"KEY_X448_PUBLIC", PUBLIC, 0, NULL},
};

void km_fleet_key_clear(struct km_fleet_key *key)
{
    if (key->data != NULL)
        km_wipe(key->data, key->data_len);
    free(key->data);
    *key = (struct km_fleet_key){0};
}

static const char *curve_of(unsigned bits)
{
    return bits == 256 ? "P-256" : bits == 384 ? "P-384" : bits == 521 ? "P-521" : NULL;
}

static EVP_PKEY *generate_pair(const struct type *type, unsigned bits)
{
    if (type->family == PAIR_RSA)
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
    if (type->family == PAIR_EC)
        return curve_of(bits) != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve_of(bits)) : NULL;
    return EVP_PKEY_Q_keygen(NULL, NULL, type->openssl);
}

/* PKCS#8 for a pair, SubjectPublicKeyInfo for a public key. */
static km_status keep_der(struct km_err *err, EVP_PKEY *pair, const struct type *type,
                          struct km_fleet_key *ret)
{
    unsigned char *der = NULL;
    int len = 0;
    PKCS8_PRIV_KEY_INFO *info = type->family == PUBLIC ? NULL : EVP_PKEY2PKCS8(pair);
    if (type->family == PUBLIC)
        len = i2d_PUBKEY(pair, &der);
    else if (info != NULL)
        len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
    if (len > 0 && len <= (int)DATA_MAX) {
        ret->data = malloc((size_t)len);
        ret->data_len = ret->data != NULL ? (size_t)len : 0;
    }
    if (ret->data != NULL)
        km_copy(ret->data, ret->data_len, der, (size_t)len);
    OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
    return ret->data != NULL ? KM_OK
                             : KM_FAIL(err, KM_E_LIMIT, "the key is too long for a package");
}

static km_status generate(struct km_err *err, const struct type *type, unsigned bits,
                          struct km_fleet_key *ret)
{
    if (type->family == SYMMETRIC) {
        if (bits % 8 != 0 || bits > 4096 || (ret->data = malloc(bits / 8)) == NULL)
            return KM_FAIL(err, KM_E_ARG, "no key %s of %u bits can be generated", type->name,
                           bits);
        ret->data_len = bits / 8;
        return RAND_priv_bytes(ret->data, (int)ret->data_len) == 1
                   ? KM_OK
                   : KM_FAIL(err, KM_E_INTERNAL, "libcrypto gave no random octets");
    }
    EVP_PKEY *pair = generate_pair(type, bits);
    ERR_clear_error();
    if (pair == NULL)
        return KM_FAIL(err, KM_E_ARG, "no key %s of %u bits can be generated", type->name, bits);
    struct km_slice spki = {0};
    km_status status = keep_der(err, pair, type, ret);
    if (status == KM_OK)
        status = km_fleet_spki(err, pair, KM_SPAN(ret->spki, sizeof(ret->spki)), &spki);
    ret->spki_len = spki.len;
    EVP_PKEY_free(pair);
    return status;
}

static km_status read_file(struct km_err *err, const struct type *type, const char *path,
                           struct km_fleet_key *ret)
{
    if (type->family == SYMMETRIC)
        return km_file_read(err, AT_FDCWD, path, DATA_MAX, &ret->data, &ret->data_len);
    EVP_PKEY *key = NULL;
    KM_TRY(type->family == PUBLIC ? km_fleet_public_key(err, path, &key)
                                  : km_fleet_private_key(err, path, &key));
    km_status status = keep_der(err, key, type, ret);
    EVP_PKEY_free(key);
    return status;
}

static km_status read_source(struct km_err *err, const struct type *type, const char *source,
                             struct km_fleet_key *ret)
{
    uint64_t bits = type->bits;
    size_t len = strlen(GENERATE);
    if (source[0] == '\0')
        return KM_FAIL(err, KM_E_ARG, "the key is neither a file nor 'generate'");
    if (strncmp(source, GENERATE, len) != 0 || (source[len] != '\0' && source[len] != ':'))
        return read_file(err, type, source, ret);
    if (source[len] == ':' && !km_fleet_number(source + len + 1, 16384, &bits))
        return KM_FAIL(err, KM_E_ARG, "'%.40s' gives no number of bits", source);
    if (type->bits == 0)
        return KM_FAIL(err, KM_E_ARG, "a key %s is not generated here: name a file", type->name);
    return generate(err, type, (unsigned)bits, ret);
}

static const struct type *type_find(const char *name)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(TYPES); i++) {
        if (strcmp(TYPES[i].name, name) == 0)
            return &TYPES[i];
    }
    return NULL;
}

/* What a device would refuse. */
static km_status check_des3(struct km_err *err, struct km_slice key)
{
    if (key.len != 16 && key.len != 24)
        return KM_FAIL(err, KM_E_MALFORMED, "a DES3 key has 16 or 24 octets, not %zu", key.len);
    if (!km_des_parts_differ(key))
        return KM_FAIL(err, KM_E_MALFORMED,
                       "a DES3 key has parts that all differ: with two alike it is weaker");
    return km_des_has_parity(key)
               ? KM_OK
               : KM_FAIL(err, KM_E_MALFORMED,
                         "a DES3 key has odd parity: an odd number of ones in each octet");
}

km_status km_fleet_key_read(struct km_err *err, const struct km_fleet_key_text *text,
                            struct km_fleet_key *ret)
{
    const struct type *type = type_find(text->type);
    size_t name_len = strlen(text->name);
    if (type == NULL)
        return KM_FAIL(err, KM_E_ARG, "there is no key type '%.40s'", text->type);
    if (name_len == 0 || name_len > KM_OPAQUE_NAME_MAX)
        return KM_FAIL(err, KM_E_ARG, "a key's name has 1 to 63 octets, not %zu", name_len);
    ret->opaque.type = KM_SLICE_STR(text->type);
    ret->opaque.name = KM_SLICE(text->name, name_len);
    KM_TRY(key_rules(err, text->rules, &ret->opaque));
    KM_TRY(read_source(err, type, text->source, ret));
    if (ret->data_len == 0)
        return KM_FAIL(err, KM_E_MALFORMED, "the key file is empty");
    ret->opaque.data = KM_SLICE(ret->data, ret->data_len);
    return strcmp(type->name, DES3) == 0 ? check_des3(err, ret->opaque.data) : KM_OK;
}
