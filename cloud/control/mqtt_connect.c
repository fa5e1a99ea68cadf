/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/mqtt_connect.h"

#define TYPE_CONNECT 0x10u
#define FLAG_RESERVED 0x01u
#define FLAG_WILL 0x04u
#define FLAG_PASSWORD 0x40u
#define FLAG_USER 0x80u
#define MQTT_311 4
#define MQTT_5 5
#define NAME_LEN 6 /* the protocol's name with its length */
#define VARINT_MAX 4
#define VARINT_MORE 0x80u

/* A CONNECT taken apart as far as it has to be. */
struct connect {
    struct km_slice name;   /* with its length, and the level */
    struct km_slice middle; /* between the flags and the user name */
    uint8_t level;
    uint8_t flags;
};

/* take_varint: MORE when it does not end. */
static enum km_mqtt_first take_varint(struct km_rd *rd, uint32_t *ret)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < VARINT_MAX; i++) {
        uint8_t octet = 0;
        if (!km_rd_u8(rd, &octet))
            return KM_MQTT_MORE;
        value |= (uint32_t)(octet & 0x7fu) << (7 * i);
        if ((octet & VARINT_MORE) == 0) {
            *ret = value;
            return KM_MQTT_CONNECT;
        }
    }
    return KM_MQTT_NONE;
}

static bool skip_text(struct km_rd *rd)
{
    uint16_t len = 0;
    struct km_slice text = {0};
    return km_rd_u16be(rd, &len) && km_rd_bytes(rd, len, &text);
}

static bool skip_properties(struct km_rd *rd, uint8_t level)
{
    uint32_t len = 0;
    struct km_slice properties = {0};
    if (level != MQTT_5)
        return true;
    return take_varint(rd, &len) == KM_MQTT_CONNECT && km_rd_bytes(rd, len, &properties);
}

static bool skip_will(struct km_rd *rd, const struct connect *connect)
{
    if ((connect->flags & FLAG_WILL) == 0)
        return true;
    return skip_properties(rd, connect->level) && skip_text(rd) && skip_text(rd);
}

static bool parse(struct km_slice body, struct connect *ret)
{
    static const uint8_t name[NAME_LEN] = {0, 4, 'M', 'Q', 'T', 'T'};
    struct km_rd rd = km_rd_init(body);
    struct connect connect = {0};
    uint16_t keep_alive = 0;
    if (!km_rd_bytes(&rd, sizeof(name), &connect.name) ||
        !km_slice_equal(connect.name, KM_SLICE(name, sizeof(name))) ||
        !km_rd_u8(&rd, &connect.level) || !km_rd_u8(&rd, &connect.flags))
        return false;
    bool has_user = (connect.flags & FLAG_USER) != 0;
    bool has_password = (connect.flags & FLAG_PASSWORD) != 0;
    if ((connect.level != MQTT_311 && connect.level != MQTT_5) ||
        (connect.flags & FLAG_RESERVED) != 0 ||
        (connect.level == MQTT_311 && has_password && !has_user))
        return false;
    connect.name.len++; /* the level is handed on with it */
    size_t from = body.len - km_rd_left(&rd);
    if (!km_rd_u16be(&rd, &keep_alive) || !skip_properties(&rd, connect.level) || !skip_text(&rd) ||
        !skip_will(&rd, &connect))
        return false;
    connect.middle = KM_SLICE(body.ptr + from, body.len - km_rd_left(&rd) - from);
    if ((has_user && !skip_text(&rd)) || (has_password && !skip_text(&rd)) || !km_rd_done(&rd))
        return false;
    *ret = connect;
    return true;
}

static void put_varint(struct km_wr *wr, size_t value)
{
    do {
        uint8_t octet = (uint8_t)(value % VARINT_MORE);
        value /= VARINT_MORE;
        km_wr_u8(wr, value > 0 ? (uint8_t)(octet | VARINT_MORE) : octet);
    } while (value > 0);
}

enum km_mqtt_first km_mqtt_introduce(struct km_slice in, struct km_slice user, struct km_wr *wr,
                                     size_t *ret_used)
{
    struct km_rd rd = km_rd_init(in);
    uint8_t type = 0;
    uint32_t len = 0;
    struct km_slice body = {0};
    struct connect connect = {0};
    if (!km_rd_u8(&rd, &type))
        return KM_MQTT_MORE;
    if (type != TYPE_CONNECT)
        return KM_MQTT_NONE;
    enum km_mqtt_first first = take_varint(&rd, &len);
    if (first != KM_MQTT_CONNECT)
        return first;
    if (len > KM_MQTT_CONNECT_MAX)
        return KM_MQTT_NONE;
    if (!km_rd_bytes(&rd, len, &body))
        return KM_MQTT_MORE;
    if (!parse(body, &connect))
        return KM_MQTT_NONE;
    km_wr_u8(wr, TYPE_CONNECT);
    put_varint(wr, connect.name.len + 1 + connect.middle.len + 2 + user.len);
    km_wr_bytes(wr, connect.name);
    km_wr_u8(wr, (uint8_t)((connect.flags & ~FLAG_PASSWORD) | FLAG_USER));
    km_wr_bytes(wr, connect.middle);
    km_wr_u16be(wr, (uint16_t)user.len);
    km_wr_bytes(wr, user);
    *ret_used = in.len - km_rd_left(&rd);
    return KM_MQTT_CONNECT;
}
