/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/channel/wire.h"

bool km_wire_header_parse(struct km_rd *rd, struct km_wire_header *ret)
{
    struct km_rd at = *rd;
    struct km_wire_header header = {0};
    uint32_t magic = 0;
    uint16_t zero = 0;
    if (km_rd_left(rd) > KM_WIRE_MAX || !km_rd_u32le(&at, &magic) || magic != KM_WIRE_MAGIC ||
        !km_rd_u16le(&at, &header.type) || !km_rd_u16le(&at, &zero) || zero != 0 ||
        !km_rd_u32le(&at, &header.serial))
        return false;
    *rd = at;
    *ret = header;
    return true;
}

void km_wire_header_put(struct km_wr *wr, const struct km_wire_header *header)
{
    km_wr_u32le(wr, KM_WIRE_MAGIC);
    km_wr_u16le(wr, header->type);
    km_wr_u16le(wr, 0);
    km_wr_u32le(wr, header->serial);
}

bool km_wire_open_parse(struct km_rd *rd, struct km_wire_open *ret)
{
    struct km_rd at = *rd;
    struct km_wire_open msg = {0};
    if (!km_rd_copy(&at, msg.ta.octet, sizeof(msg.ta.octet)) ||
        !km_rd_u32le(&at, &msg.login_method) || !km_rd_u32le(&at, &msg.login_data) ||
        !km_rd_u64le(&at, &msg.group) || !km_rd_done(&at))
        return false;
    *rd = at;
    *ret = msg;
    return true;
}

void km_wire_open_put(struct km_wr *wr, const struct km_wire_open *msg)
{
    km_wr_bytes(wr, KM_SLICE(msg->ta.octet, sizeof(msg->ta.octet)));
    km_wr_u32le(wr, msg->login_method);
    km_wr_u32le(wr, msg->login_data);
    km_wr_u64le(wr, msg->group);
}

/* The session number stands there only when the session does. */
bool km_wire_opened_parse(struct km_rd *rd, struct km_wire_opened *ret)
{
    struct km_rd at = *rd;
    struct km_wire_opened msg = {0};
    if (!km_rd_u32le(&at, &msg.result) || !km_rd_u32le(&at, &msg.origin) ||
        (msg.result == 0 && !km_rd_u64le(&at, &msg.session)) || !km_rd_done(&at))
        return false;
    *rd = at;
    *ret = msg;
    return true;
}

void km_wire_opened_put(struct km_wr *wr, const struct km_wire_opened *msg)
{
    km_wr_u32le(wr, msg->result);
    km_wr_u32le(wr, msg->origin);
    if (msg->result == 0)
        km_wr_u64le(wr, msg->session);
}

bool km_wire_error_parse(struct km_rd *rd, struct km_wire_error *ret)
{
    struct km_rd at = *rd;
    struct km_wire_error msg = {0};
    /* An error that says success would leave its reader with a session that is none. */
    if (!km_rd_u32le(&at, &msg.result) || msg.result == 0 || !km_rd_u32le(&at, &msg.origin) ||
        !km_wire_text_parse(&at, &msg.text))
        return false;
    *rd = at;
    *ret = msg;
    return true;
}

void km_wire_error_put(struct km_wr *wr, const struct km_wire_error *msg)
{
    km_wr_u32le(wr, msg->result);
    km_wr_u32le(wr, msg->origin);
    km_wire_text_put(wr, msg->text);
}

bool km_wire_text_parse(struct km_rd *rd, struct km_slice *ret)
{
    struct km_rd at = *rd;
    struct km_slice text = {0};
    if (!km_rd_blob32le(&at, KM_WIRE_MAX, &text) || !km_rd_done(&at) || !km_utf8_valid(text))
        return false;
    *rd = at;
    *ret = text;
    return true;
}

void km_wire_text_put(struct km_wr *wr, struct km_slice text)
{
    km_wr_blob32le(wr, text);
}
