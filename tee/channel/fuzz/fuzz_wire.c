/* SPDX-License-Identifier: Apache-2.0 */
/* Each message that is understood must print to the octets it was read from. */
#include <stdlib.h>
#include <string.h>

#include "tee/channel/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_body(struct km_rd *rd, uint16_t type, struct km_wr *wr)
{
    struct km_wire_open open = {0};
    struct km_wire_opened opened = {0};
    struct km_wire_error error = {0};
    struct km_slice text = {0};
    switch (type) {
    case KM_WIRE_OPEN:
        if (!km_wire_open_parse(rd, &open))
            return false;
        km_wire_open_put(wr, &open);
        return true;
    case KM_WIRE_OPENED:
        if (!km_wire_opened_parse(rd, &opened))
            return false;
        km_wire_opened_put(wr, &opened);
        return true;
    case KM_WIRE_ERROR:
        if (!km_wire_error_parse(rd, &error))
            return false;
        km_wire_error_put(wr, &error);
        return true;
    default:
        if (!km_wire_text_parse(rd, &text))
            return false;
        km_wire_text_put(wr, text);
        return true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t buf[KM_WIRE_MAX] = {0};
    struct km_slice msg = {0};
    struct km_wire_header header = {0};
    struct km_rd rd = km_rd_init(KM_SLICE(data, size));
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    if (!km_wire_header_parse(&rd, &header))
        return 0;
    km_wire_header_put(&wr, &header);
    if (!read_body(&rd, header.type, &wr))
        return 0;
    if (!km_wr_finish(&wr, &msg) || !km_slice_equal(msg, KM_SLICE(data, size)))
        abort();
    return 0;
}
