/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/keymoord/ta_package.h"

#include <elf.h>
#include <string.h>

#include "common/km_der.h"

#define KIND "keymoor-ta"
#define FORMAT_VERSION 1u

struct alg_row {
    enum km_ta_alg alg;
    bool is_rsa;
    const char *digest;
    struct km_slice oid; /* contents octets */
};

#define OID(s)                                                                                     \
    {                                                                                              \
        .ptr = (const uint8_t *)(s), .len = sizeof(s) - 1                                          \
    }

static const struct alg_row alg_rows[] = {
    {KM_TA_ECDSA_SHA256, false, "SHA256", OID("\x2a\x86\x48\xce\x3d\x04\x03\x02")},
    {KM_TA_ECDSA_SHA384, false, "SHA384", OID("\x2a\x86\x48\xce\x3d\x04\x03\x03")},
    {KM_TA_ECDSA_SHA512, false, "SHA512", OID("\x2a\x86\x48\xce\x3d\x04\x03\x04")},
    {KM_TA_RSA_SHA256, true, "SHA256", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b")},
    {KM_TA_RSA_SHA384, true, "SHA384", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c")},
    {KM_TA_RSA_SHA512, true, "SHA512", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d")},
};

static const struct alg_row *alg_find(enum km_ta_alg alg)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(alg_rows); i++) {
        if (alg_rows[i].alg == alg)
            return &alg_rows[i];
    }
    return NULL;
}

const char *km_ta_alg_digest(enum km_ta_alg alg)
{
    const struct alg_row *row = alg_find(alg);
    return row == NULL ? NULL : row->digest;
}

bool km_ta_alg_is_rsa(enum km_ta_alg alg)
{
    const struct alg_row *row = alg_find(alg);
    return row != NULL && row->is_rsa;
}

static bool is_name(struct km_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
        if (!ok)
            return false;
    }
    return text.len > 0;
}

static km_status parse_properties(struct km_err *err, struct km_rd *content,
                                  struct km_ta_package *pkg)
{
    struct km_rd list = {0};
    if (!km_der_enter(content, KM_DER_SEQUENCE, &list))
        return KM_FAIL(err, KM_E_MALFORMED, "the package's list of properties is not DER");
    if (km_rd_left(&list) > KM_TA_PROPERTIES_LEN_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "the package's properties are longer than %d octets",
                       KM_TA_PROPERTIES_LEN_MAX);
    while (km_rd_left(&list) > 0) {
        struct km_rd one = {0};
        struct km_ta_property property = {0};
        if (pkg->n_properties == KM_TA_PROPERTIES_MAX)
            return KM_FAIL(err, KM_E_LIMIT, "the package has more than %d properties",
                           KM_TA_PROPERTIES_MAX);
        if (!km_der_enter(&list, KM_DER_SEQUENCE, &one) ||
            !km_der_utf8(&one, KM_TA_PROPERTY_NAME_MAX, &property.name) ||
            !km_der_utf8(&one, KM_TA_PROPERTY_VALUE_MAX, &property.value) || !km_rd_done(&one) ||
            !is_name(property.name))
            return KM_FAIL(err, KM_E_MALFORMED, "property %zu of the package is malformed",
                           pkg->n_properties + 1);
        for (size_t i = 0; i < pkg->n_properties; i++) {
            if (km_slice_equal(pkg->properties[i].name, property.name))
                return KM_FAIL(err, KM_E_MALFORMED, "the package has a property twice");
        }
        pkg->properties[pkg->n_properties++] = property;
    }
    return KM_OK;
}

static km_status parse_alg(struct km_err *err, struct km_rd *content, struct km_ta_package *pkg)
{
    struct km_slice oid = {0};
    if (!km_der_bytes(content, KM_DER_OID, &oid))
        return KM_FAIL(err, KM_E_MALFORMED, "the package names no signature algorithm");
    for (size_t i = 0; i < KM_ARRAY_LEN(alg_rows); i++) {
        if (km_slice_equal(oid, alg_rows[i].oid)) {
            pkg->alg = alg_rows[i].alg;
            return KM_OK;
        }
    }
    return KM_FAIL(err, KM_E_UNSUPPORTED, "the package's signature algorithm is not known here");
}

static km_status parse_content(struct km_err *err, struct km_rd *content, struct km_ta_package *pkg)
{
    struct km_slice kind = {0}, uuid = {0};
    uint64_t format = 0, version = 0, stack = 0, heap = 0;
    if (!km_der_utf8(content, 64, &kind) || !km_slice_equal(kind, KM_SLICE_STR(KIND)))
        return KM_FAIL(err, KM_E_MALFORMED, "this is not a TA package");
    if (!km_der_u64(content, KM_DER_INTEGER, &format))
        return KM_FAIL(err, KM_E_MALFORMED, "the package's format version is not a number");
    if (format != FORMAT_VERSION)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "package format %llu is not known here",
                       (unsigned long long)format);
    if (!km_der_bytes(content, KM_DER_OCTET_STRING, &uuid) || uuid.len != sizeof(pkg->uuid.octet))
        return KM_FAIL(err, KM_E_MALFORMED, "the package's UUID is malformed");
    km_copy(pkg->uuid.octet, sizeof(pkg->uuid.octet), uuid.ptr, uuid.len);
    if (!km_der_u64(content, KM_DER_INTEGER, &version) || version > UINT32_MAX)
        return KM_FAIL(err, KM_E_MALFORMED, "the package's TA version is not below 2^32");
    pkg->version = (uint32_t)version;
    KM_TRY(parse_properties(err, content, pkg));
    KM_TRY(parse_alg(err, content, pkg));
    if (!km_der_u64(content, KM_DER_INTEGER, &stack) || !km_der_u64(content, KM_DER_INTEGER, &heap))
        return KM_FAIL(err, KM_E_MALFORMED, "the package's stack or heap size is not a number");
    if (stack > KM_TA_STACK_MAX || heap > KM_TA_HEAP_MAX)
        return KM_FAIL(err, KM_E_LIMIT,
                       "the package asks for more stack or heap than a TA may have");
    pkg->stack_size = (uint32_t)stack;
    pkg->heap_size = (uint32_t)heap;
    if (!km_der_bytes(content, KM_DER_OCTET_STRING, &pkg->elf) || !km_rd_done(content))
        return KM_FAIL(err, KM_E_MALFORMED, "the package's program is cut off or followed by more");
    if (pkg->elf.len > KM_TA_ELF_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "the package's program is larger than %u octets",
                       KM_TA_ELF_MAX);
    return KM_OK;
}

km_status km_ta_package_parse(struct km_err *err, struct km_slice in, struct km_ta_package *ret)
{
    if (in.len > KM_TA_PACKAGE_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "the package is larger than %u octets", KM_TA_PACKAGE_MAX);
    struct km_ta_package pkg = {0};
    struct km_rd whole = km_rd_init(in), outer = {0}, content = {0};
    if (!km_der_enter(&whole, KM_DER_SEQUENCE, &outer) || !km_rd_done(&whole) ||
        !km_der_bytes(&outer, KM_DER_OCTET_STRING, &pkg.signature))
        return KM_FAIL(err, KM_E_MALFORMED, "the package is not one whole DER sequence");
    if (pkg.signature.len > KM_TA_SIGNATURE_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "the package's signature is longer than %d octets",
                       KM_TA_SIGNATURE_MAX);
    pkg.content = KM_SLICE(outer.pos, km_rd_left(&outer));
    if (!km_der_enter(&outer, KM_DER_SEQUENCE, &content) || !km_rd_done(&outer))
        return KM_FAIL(err, KM_E_MALFORMED, "the package's content is not one DER sequence");
    KM_TRY(parse_content(err, &content, &pkg));
    *ret = pkg;
    return KM_OK;
}

void km_ta_package_put(struct km_wr *wr, const struct km_ta_package *package)
{
    const struct alg_row *row = alg_find(package->alg);
    size_t outer = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OCTET_STRING, package->signature);
    size_t content = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_UTF8_STRING, KM_SLICE_STR(KIND));
    km_der_put_u64(wr, KM_DER_INTEGER, FORMAT_VERSION);
    km_der_put(wr, KM_DER_OCTET_STRING, KM_SLICE(package->uuid.octet, sizeof(package->uuid.octet)));
    km_der_put_u64(wr, KM_DER_INTEGER, package->version);
    size_t list = km_der_begin(wr, KM_DER_SEQUENCE);
    for (size_t i = 0; i < package->n_properties; i++) {
        size_t one = km_der_begin(wr, KM_DER_SEQUENCE);
        km_der_put(wr, KM_DER_UTF8_STRING, package->properties[i].name);
        km_der_put(wr, KM_DER_UTF8_STRING, package->properties[i].value);
        km_der_end(wr, one);
    }
    km_der_end(wr, list);
    km_der_put(wr, KM_DER_OID, row == NULL ? (struct km_slice){0} : row->oid);
    km_der_put_u64(wr, KM_DER_INTEGER, package->stack_size);
    km_der_put_u64(wr, KM_DER_INTEGER, package->heap_size);
    km_der_put(wr, KM_DER_OCTET_STRING, package->elf);
    km_der_end(wr, content);
    km_der_end(wr, outer);
}

static const struct km_ta_property *property_find(const struct km_ta_package *package,
                                                  const char *name)
{
    for (size_t i = 0; i < package->n_properties; i++) {
        if (km_slice_equal(package->properties[i].name, KM_SLICE_STR(name)))
            return &package->properties[i];
    }
    return NULL;
}

bool km_ta_package_flag(const struct km_ta_package *package, const char *name, bool otherwise)
{
    const struct km_ta_property *property = property_find(package, name);
    return property == NULL ? otherwise : km_slice_equal(property->value, KM_SLICE_STR("true"));
}

static km_status check_elf(struct km_err *err, struct km_slice elf)
{
    Elf64_Ehdr header = {0};
    if (elf.len < sizeof(header))
        return KM_FAIL(err, KM_E_MALFORMED, "the package's program is too short for an ELF file");
    km_copy(&header, sizeof(header), elf.ptr, sizeof(header));
#if defined(__x86_64__)
    const uint16_t machine = EM_X86_64;
#elif defined(__aarch64__)
    const uint16_t machine = EM_AARCH64;
#elif defined(__riscv)
    const uint16_t machine = EM_RISCV;
#else
#error "name this machine's ELF number here"
#endif
    static const uint8_t magic[] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB};
    if (!km_slice_equal(KM_SLICE(header.e_ident, sizeof(magic)), KM_SLICE(magic, sizeof(magic))) ||
        header.e_type != ET_DYN || header.e_machine != machine)
        return KM_FAIL(err, KM_E_MALFORMED,
                       "the package's program is not an ELF shared object for this machine");
    return KM_OK;
}

km_status km_ta_package_check(struct km_err *err, const struct km_ta_package *package)
{
    static const struct {
        const char *name, *one, *other;
    } known[] = {{"gpd.ta.singleInstance", "true", "false"},
                 {"gpd.ta.multiSession", "true", "false"},
                 {"gpd.ta.instanceKeepAlive", "true", "false"},
                 {"org.keymoor.ta.shareInstance", "true", "false"},
                 {"org.keymoor.des.parity", "check", "ignore"},
                 {"org.keymoor.lenient", "true", "false"}};
    for (size_t i = 0; i < KM_ARRAY_LEN(known); i++) {
        const struct km_ta_property *property = property_find(package, known[i].name);
        if (property != NULL && !km_slice_equal(property->value, KM_SLICE_STR(known[i].one)) &&
            !km_slice_equal(property->value, KM_SLICE_STR(known[i].other)))
            return KM_FAIL(err, KM_E_MALFORMED, "property %s is neither %s nor %s", known[i].name,
                           known[i].one, known[i].other);
    }
    return check_elf(err, package->elf);
}
