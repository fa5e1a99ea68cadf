/* SPDX-License-Identifier: Apache-2.0 */
#include "format/cert_command.h"

#include <string.h>

#include "format/cert_form.h"

#define TAG_SEQUENCE KM_DER_CONTEXT_PRIM(0u)
#define TAG_DEVICE KM_DER_CONTEXT_PRIM(1u)
#define TAG_NAME KM_DER_CONTEXT_PRIM(2u)
#define TAG_TIME KM_DER_CONTEXT_PRIM(3u)

#define NONE KM_CERT_FIELD_NONE
#define MAY KM_CERT_FIELD_MAY
#define MUST KM_CERT_FIELD_MUST

/* Which commands have which fields:                sequence device name  time  body */
static const struct km_cert_operation_info OPERATIONS[] = {
    {"addAuthority", KM_CERT_ADD_AUTHORITY, MAY, MAY, NONE, NONE, MUST},
    {"updateAuthority", KM_CERT_UPDATE_AUTHORITY, MAY, MAY, NONE, NONE, MUST},
    {"deleteAuthority", KM_CERT_DELETE_AUTHORITY, MAY, MAY, NONE, NONE, MUST},
    {"addRevocation", KM_CERT_ADD_REVOCATION, MAY, MAY, NONE, NONE, MUST},
    {"addCrl", KM_CERT_ADD_CRL, MAY, MAY, NONE, NONE, MUST},
    {"updateNamed", KM_CERT_UPDATE_NAMED, MAY, MAY, MUST, NONE, MUST},
    {"numbersOnly", KM_CERT_NUMBERS_ONLY, MUST, MAY, NONE, NONE, NONE},
    {"setTime", KM_CERT_SET_TIME, MUST, MUST, NONE, MUST, NONE},
};

const struct km_cert_operation_info *km_cert_operation_find(uint64_t operation)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(OPERATIONS); i++) {
        if ((uint64_t)OPERATIONS[i].operation == operation)
            return &OPERATIONS[i];
    }
    return NULL;
}

const struct km_cert_operation_info *km_cert_operation_by_name(const char *name)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(OPERATIONS); i++) {
        if (strcmp(OPERATIONS[i].name, name) == 0)
            return &OPERATIONS[i];
    }
    return NULL;
}

static bool field_fits(enum km_cert_field rule, bool is_there)
{
    return rule == MAY || is_there == (rule == MUST);
}

bool km_cert_command_fits(const struct km_cert_command *command)
{
    const struct km_cert_operation_info *info = km_cert_operation_find(command->operation);
    return info != NULL && field_fits(info->sequence, command->sequence != 0) &&
           field_fits(info->device, command->device.len != 0) &&
           field_fits(info->named, command->name.len != 0) &&
           field_fits(info->time, command->time != 0) &&
           field_fits(info->body, command->body.len != 0) &&
           command->sequence <= KM_CERT_COMMAND_NUMBER_MAX &&
           command->time <= KM_CERT_COMMAND_NUMBER_MAX &&
           (command->device.len == 0 || command->device.len == KM_CERT_COMMAND_DEVICE_LEN) &&
           command->name.len <= KM_CERT_COMMAND_NAME_MAX && km_utf8_valid(command->name) &&
           !km_cert_form_names_request(command->name) &&
           command->body.len <= KM_CERT_COMMAND_BODY_MAX;
}

static bool is_next(const struct km_rd *rd, uint8_t tag)
{
    uint8_t found = 0;
    return km_der_peek(rd, &found) && found == tag;
}

/* A field that is written is never 0 or empty: that would be a second way to leave it out. */
static bool read_number(struct km_rd *rd, uint8_t tag, uint64_t *ret)
{
    return !is_next(rd, tag) || (km_der_u64(rd, tag, ret) && *ret != 0);
}

static bool read_octets(struct km_rd *rd, uint8_t tag, struct km_slice *ret)
{
    return !is_next(rd, tag) || (km_der_bytes(rd, tag, ret) && ret->len != 0);
}

bool km_cert_command_parse(struct km_rd body, struct km_cert_command *ret)
{
    struct km_cert_command found = {0};
    uint64_t operation = 0;
    if (!km_der_u64(&body, KM_DER_ENUMERATED, &operation) ||
        km_cert_operation_find(operation) == NULL)
        return false;
    found.operation = (enum km_cert_operation)operation;
    if (!read_number(&body, TAG_SEQUENCE, &found.sequence) ||
        !read_octets(&body, TAG_DEVICE, &found.device) ||
        !read_octets(&body, TAG_NAME, &found.name) || !read_number(&body, TAG_TIME, &found.time) ||
        !km_der_bytes(&body, KM_DER_OCTET_STRING, &found.body) || !km_rd_done(&body) ||
        !km_cert_command_fits(&found))
        return false;
    *ret = found;
    return true;
}

void km_cert_command_content(struct km_wr *wr, const struct km_sign_alg *alg,
                             const struct km_cert_command *command)
{
    size_t mark = km_envelope_begin(wr, KM_CERT_COMMAND_KIND, alg);
    km_der_put_u64(wr, KM_DER_ENUMERATED, (uint64_t)command->operation);
    if (command->sequence != 0)
        km_der_put_u64(wr, TAG_SEQUENCE, command->sequence);
    if (command->device.len != 0)
        km_der_put(wr, TAG_DEVICE, command->device);
    if (command->name.len != 0)
        km_der_put(wr, TAG_NAME, command->name);
    if (command->time != 0)
        km_der_put_u64(wr, TAG_TIME, command->time);
    km_der_put(wr, KM_DER_OCTET_STRING, command->body);
    km_der_end(wr, mark);
}
