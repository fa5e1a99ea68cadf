/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TA packages, <UUID>.stp: docs/formats.md has the ASN.1 module and a worked example.
 *
 * The checks come in this order: size, structure, signature, UUID, version, then everything else.
 * km_ta_package_parse is the first two; km_trust_verify (trust.h) the third; the caller compares
 * UUID and version; km_ta_package_check is the rest. Nothing of the ELF is looked at before that.
 */
#ifndef KM_TA_PACKAGE_H
#define KM_TA_PACKAGE_H

#include "common/km_bytes.h"
#include "common/km_uuid.h"

#define KM_TA_ELF_MAX (16u << 20)
#define KM_TA_PACKAGE_MAX (KM_TA_ELF_MAX + (64u << 10))
#define KM_TA_PROPERTIES_MAX 64
#define KM_TA_PROPERTY_NAME_MAX 128
#define KM_TA_PROPERTY_VALUE_MAX 1024
#define KM_TA_PROPERTIES_LEN_MAX 16384 /* all of them together, encoded */
#define KM_TA_SIGNATURE_MAX 1024
#define KM_TA_STACK_MAX (8u << 20)
#define KM_TA_HEAP_MAX (256u << 20)

enum km_ta_alg {
    KM_TA_ECDSA_SHA256 = 1,
    KM_TA_ECDSA_SHA384,
    KM_TA_ECDSA_SHA512,
    KM_TA_RSA_SHA256,
    KM_TA_RSA_SHA384,
    KM_TA_RSA_SHA512,
};

struct km_ta_property {
    struct km_slice name;  /* letters, digits, '.', '-', '_' */
    struct km_slice value; /* UTF-8 */
};

/* All slices view the parsed bytes. */
struct km_ta_package {
    struct km_slice signature;
    struct km_slice content; /* what is signed: the whole second element, header included */
    struct km_uuid uuid;
    uint32_t version;
    struct km_ta_property properties[KM_TA_PROPERTIES_MAX];
    size_t n_properties;
    enum km_ta_alg alg;
    uint32_t stack_size;
    uint32_t heap_size;
    struct km_slice elf;
};

/*
 * km_ta_package_parse: size and structure. A pure function; *ret is written only on success and
 * views `in`. KM_E_LIMIT when something is larger than allowed, KM_E_UNSUPPORTED for another format
 * version or signature algorithm, KM_E_MALFORMED for anything else.
 */
km_status km_ta_package_parse(struct km_err *err, struct km_slice in, struct km_ta_package *ret);

/* km_ta_package_put: prints the package again; print(parse(x)) is x. */
void km_ta_package_put(struct km_wr *wr, const struct km_ta_package *package);

/*
 * km_ta_package_check: what is left after signature, UUID and version: an ELF shared object for
 * this machine, and properties of the form their names promise. KM_E_MALFORMED.
 */
km_status km_ta_package_check(struct km_err *err, const struct km_ta_package *package);

/* km_ta_package_flag: a boolean property, `otherwise` when it is not there. */
bool km_ta_package_flag(const struct km_ta_package *package, const char *name, bool otherwise);

/* km_ta_alg_digest: "SHA256" ... of an algorithm; static storage. */
const char *km_ta_alg_digest(enum km_ta_alg alg);
bool km_ta_alg_is_rsa(enum km_ta_alg alg);

#endif
