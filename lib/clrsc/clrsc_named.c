/* SPDX-License-Identifier: Apache-2.0 */
/* Provisioned certificates, by name. */
#include <string.h>

#include "lib/clrsc/clrsc_internal.h"

_Static_assert(CLRSC_CERTIFICATE_MAX == KM_CERTS_DER_MAX, "both sides agree on the limit");
_Static_assert(CLRC_NAME_MAX == KM_CERTS_NAME_MAX, "both sides agree on the limit");

bool clrsc_name_is(const char *name)
{
    size_t len = name == NULL ? 0 : strnlen(name, CLRC_NAME_MAX + 1);
    return len > 0 && len <= CLRC_NAME_MAX && km_utf8_valid(KM_SLICE(name, len));
}

ClrcResult clrscGetNamedCertificate(const char *name, uint8_t *der, uint32_t *length)
{
    struct clrsc_call call = {
        .function = "clrscGetNamedCertificate", .subject = name, .sent.command = KM_CERTS_CMD_GET};
    if (!clrsc_name_is(name))
        return clrsc_fail(call.function, CLRC_ERROR_BAD_NAME, NULL, NULL);
    if (length == NULL || (der == NULL && *length != 0))
        return clrsc_fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_out(&call.sent, 1, der,
                *length < CLRSC_CERTIFICATE_MAX ? *length : CLRSC_CERTIFICATE_MAX);
    ClrcResult result = clrsc_run(&call);
    if (result == CLRC_SUCCESS || result == CLRC_ERROR_SHORT_BUFFER)
        *length = (uint32_t)call.sent.op.params[1].tmpref.size;
    return result;
}

ClrcResult clrscProvisionCertificate(const char *name, const uint8_t *der, uint32_t length)
{
    struct clrsc_call call = {.function = "clrscProvisionCertificate",
                              .subject = name,
                              .sent.command = KM_CERTS_CMD_PROVISION,
                              .bad_format =
                                  "not a certificate in strict DER, or not a request under a "
                                  "name that ends in \"_csr\""};
    if (!clrsc_name_is(name))
        return clrsc_fail(call.function, CLRC_ERROR_BAD_NAME, NULL, NULL);
    if (der == NULL)
        return clrsc_fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    if (length > CLRSC_CERTIFICATE_MAX)
        return clrsc_fail(call.function, CLRC_ERROR_TOO_LARGE, name, NULL);
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_in(&call.sent, 1, der, length);
    return clrsc_run(&call);
}

ClrcResult clrscProvisionSeal(void)
{
    struct clrsc_call call = {.function = "clrscProvisionSeal",
                              .sent.command = KM_CERTS_CMD_PROVISION_SEAL};
    return clrsc_run(&call);
}

ClrcResult clrscProvisionNumbers(int unnumbered)
{
    struct clrsc_call call = {.function = "clrscProvisionNumbers",
                              .sent.command = KM_CERTS_CMD_PROVISION_NUMBERS};
    km_call_value(&call.sent, 0, unnumbered != 0 ? 1 : 0, 0);
    return clrsc_run(&call);
}

ClrcResult clrscStorageState(ClrcStorageState *state)
{
    uint8_t bytes[KM_RESULT_STATE_LEN] = {0};
    struct clrsc_call call = {.function = "clrscStorageState",
                              .sent.command = KM_CERTS_CMD_STORAGE_STATE};
    if (state == NULL)
        return clrsc_fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    km_call_out(&call.sent, 0, bytes, sizeof(bytes));
    ClrcResult result = clrsc_run(&call);
    if (result != CLRC_SUCCESS)
        return result;
    size_t len = call.sent.op.params[0].tmpref.size;
    if (len != sizeof(bytes) || !km_result_state(KM_SLICE(bytes, len), state))
        return clrsc_fail(call.function, CLRC_ERROR_GENERIC, NULL,
                          "the service's answer is malformed");
    return CLRC_SUCCESS;
}

struct names_to {
    int (*seen)(void *arg, const char *name, uint32_t length);
    void *arg;
};

static bool show(struct km_rd *rd, void *to, bool *ret_goes_on)
{
    const struct names_to *names = to;
    struct km_slice text = {0};
    uint32_t length = 0;
    char name[CLRC_NAME_MAX + 1] = "";
    if (!km_rd_blob32le(rd, CLRC_NAME_MAX, &text) || !km_utf8_valid(text) ||
        !km_rd_u32le(rd, &length))
        return false;
    km_copy(name, CLRC_NAME_MAX, text.ptr, text.len);
    *ret_goes_on = names->seen(names->arg, name, length) != 0;
    return true;
}

ClrcResult clrscListNamedCertificates(int (*seen)(void *arg, const char *name, uint32_t length),
                                      void *arg)
{
    static const char function[] = "clrscListNamedCertificates";
    struct names_to to = {seen, arg};
    if (seen == NULL)
        return clrsc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    return clrsc_list(function, KM_CERTS_CMD_LIST, show, &to);
}
