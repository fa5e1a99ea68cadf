/* SPDX-License-Identifier: Apache-2.0 */
/* The object types this build offers and the attributes of each (Internal Core API 1.3.1, 5.6 and 6.11). */
#ifndef KM_RT_OBJECT_TABLE_H
#define KM_RT_OBJECT_TABLE_H

#include "tee/runtime/internal.h"

#define KM_RT_ATTRS_MAX 8

enum km_rt_need_attr {
    KM_RT_MUST,  /* needed to populate */
    KM_RT_GROUP, /* all of the group or none of it */
    KM_RT_MAY,
};

/* Whether TEE_GenerateKey takes it as a parameter. */
enum km_rt_gen_attr {
    KM_RT_GEN_NOT,
    KM_RT_GEN_MAY,
    KM_RT_GEN_MUST,
};

struct km_rt_attr_rule {
    uint32_t id;
    uint8_t need;      /* enum km_rt_need_attr */
    uint8_t gen;       /* enum km_rt_gen_attr */
    const char *param; /* libcrypto's name for it; NULL when it is handled by hand */
};

enum km_rt_family {
    KM_RT_SECRET,
    KM_RT_RSA,
    KM_RT_EC,
    KM_RT_RAW, /* Ed25519, X25519, Ed448, X448: plain octets */
    KM_RT_FFC_DSA,
    KM_RT_FFC_DH,
};

struct km_rt_type {
    uint32_t type;
    uint8_t family; /* enum km_rt_family */
    bool has_private;
    uint32_t min_bits, max_bits, step;
    uint32_t lenient_bits; /* the least where keys are taken leniently; 0: min_bits */
    bool lenient_only;     /* there at all only where they are */
    uint32_t public_type;  /* what a key pair may be copied to; 0 for none */
    const struct km_rt_attr_rule *rules;
    size_t n_rules;
};

/* km_rt_type_find: NULL when this build, or this TA, has no such type. */
const struct km_rt_type *km_rt_type_find(uint32_t type);
/* km_rt_type_is_des: DES or triple DES, whose octets have a parity each. */
bool km_rt_type_is_des(const struct km_rt_type *type);
/* km_rt_type_bits: the size as the runtime counts it: DES with its parity bits, so 64 for 56, 128 for 112 and 192 for 168. */
uint32_t km_rt_type_bits(const struct km_rt_type *type, uint32_t bits);
/* km_rt_type_long_enough: not shorter than keys of that type may be. */
bool km_rt_type_long_enough(const struct km_rt_type *type, uint32_t bits);
/* km_rt_type_size_ok: whether a key of that many bits may exist. */
bool km_rt_type_size_ok(const struct km_rt_type *type, uint32_t bits);
const struct km_rt_attr_rule *km_rt_type_rule(const struct km_rt_type *type, uint32_t id);

struct km_rt_curve {
    uint32_t id; /* TEE_ECC_CURVE_... */
    uint32_t bits;
    const char *group; /* libcrypto's name */
    int nid;
};
/* By identifier or by size; NULL when this build has no such curve. */
const struct km_rt_curve *km_rt_curve_by_id(uint32_t id);
const struct km_rt_curve *km_rt_curve_by_bits(uint32_t bits);
static inline size_t km_rt_bytes(uint32_t bits)
{
    return (bits + 7u) / 8u;
}

#endif
