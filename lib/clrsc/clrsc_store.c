/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the Certificate Store. */
#include <stdlib.h>
#include <string.h>

#include "lib/clrsc/clrsc_internal.h"

_Static_assert(CLRSC_DIGEST_LENGTH == KM_CERTS_DIGEST_LEN, "both sides agree on the limit");
_Static_assert(CLRSC_SUBJECT_MAX == KM_CERTS_SUBJECT_MAX, "both sides agree on the limit");
_Static_assert(CLRSC_CRL_MAX == KM_CERTS_CRL_MAX, "both sides agree on the limit");
_Static_assert((int)CLRSC_ENTRY_AUTHORITY == KM_CERTS_ENTRY_AUTHORITY &&
                   (int)CLRSC_ENTRY_CERTIFICATE == KM_CERTS_ENTRY_CERTIFICATE &&
                   (int)CLRSC_ENTRY_REVOKED == KM_CERTS_ENTRY_REVOKED &&
                   (int)CLRSC_ENTRY_CRL == KM_CERTS_ENTRY_CRL,
               "both sides agree on the numbers");

static bool read_entry(struct km_rd *rd, ClrscEntry *ret)
{
    uint32_t kind = 0;
    struct km_slice digest = {0};
    struct km_slice subject = {0};
    if (!km_rd_u32le(rd, &kind) || kind < CLRSC_ENTRY_AUTHORITY || kind > CLRSC_ENTRY_CRL ||
        !km_rd_bytes(rd, CLRSC_DIGEST_LENGTH, &digest) || !km_rd_u32le(rd, &ret->length) ||
        !km_rd_blob32le(rd, CLRSC_SUBJECT_MAX, &subject) || !km_utf8_valid(subject))
        return false;
    ret->kind = (ClrscEntryKind)kind;
    km_copy(ret->digest, sizeof(ret->digest), digest.ptr, digest.len);
    if (subject.len != 0)
        km_copy(ret->subject, CLRSC_SUBJECT_MAX, subject.ptr, subject.len);
    return true;
}

static ClrcResult show(const struct clrsc_listing *list,
                       int (*seen)(void *arg, const ClrscEntry *entry), void *arg)
{
    struct km_rd rd = km_rd_init(KM_SLICE(list->octets, list->len));
    while (!km_rd_done(&rd)) {
        ClrscEntry entry = {.kind = CLRSC_ENTRY_AUTHORITY};
        if (!read_entry(&rd, &entry))
            return clrsc_list_malformed(list);
        if (seen(arg, &entry) == 0)
            return CLRC_SUCCESS;
    }
    return CLRC_SUCCESS;
}

ClrcResult clrscListCertificates(int (*seen)(void *arg, const ClrscEntry *entry), void *arg)
{
    struct clrsc_listing list = {.function = "clrscListCertificates",
                                 .command = KM_CERTS_CMD_STORE_LIST};
    if (seen == NULL)
        return clrsc_fail(list.function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    ClrcResult result = clrsc_list(&list);
    if (result == CLRC_SUCCESS)
        result = show(&list, seen, arg);
    free(list.octets);
    return result;
}

ClrcResult clrscGetCertificate(const uint8_t digest[CLRSC_DIGEST_LENGTH], uint8_t *der,
                               uint32_t *length)
{
    struct clrsc_call call = {.function = "clrscGetCertificate",
                              .sent.command = KM_CERTS_CMD_STORE_GET};
    if (digest == NULL || length == NULL || (der == NULL && *length != 0))
        return clrsc_fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    km_call_in(&call.sent, 0, digest, CLRSC_DIGEST_LENGTH);
    km_call_out(&call.sent, 1, der, *length < CLRSC_CRL_MAX ? *length : CLRSC_CRL_MAX);
    ClrcResult result = clrsc_run(&call);
    if (result == CLRC_SUCCESS || result == CLRC_ERROR_SHORT_BUFFER)
        *length = (uint32_t)call.sent.op.params[1].tmpref.size;
    return result;
}
