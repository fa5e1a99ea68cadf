/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/host/control.h"

#include <string.h>
#include <unistd.h>

#include "common/km_secret.h"
#include "common/km_sock.h"

/* One letter a field, in the order in which they stand in the message. */
struct row {
    uint16_t type;
    uint8_t n_fds;
    const char *fields;
};

static const struct row rows[] = {
    {KM_CTL_SETUP, 2, "umfnP"},   {KM_CTL_SPAWN, 1, "i"},    {KM_CTL_READY, 0, "m"},
    {KM_CTL_FAILED, 0, "ct"},     {KM_CTL_SPAWNED, 0, "ic"}, {KM_CTL_REAPED, 0, "ic"},
    {KM_CTL_START, 0, "fnk"},     {KM_CTL_LANE, 2, "sC"},    {KM_CTL_TEXT_IS, 0, "ct"},
    {KM_CTL_SESSION_IS, 2, "ci"}, {KM_CTL_ADVANCED, 0, "c"}, {KM_CTL_STARTED, 0, "m"},
    {KM_CTL_VERIFIED, 0, "n"},    {KM_CTL_CLOSED, 0, "s"},   {KM_CTL_PANIC, 0, "sct"},
    {KM_CTL_AUDIT, 0, "satc"},    {KM_CTL_TEXT, 0, "sa"},    {KM_CTL_SESSION, 0, "u"},
    {KM_CTL_ADVANCE, 0, "n"},     {KM_CTL_LEAVE, 0, ""},
};

bool km_ctl_advance_fits(uint64_t now, uint64_t wanted)
{
    return wanted <= now || wanted - now <= KM_CTL_ADVANCE_MAX;
}

static const struct row *row_find(uint16_t type)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        if (rows[i].type == type)
            return &rows[i];
    }
    return NULL;
}

static bool parse_text(struct km_rd *rd, size_t max, struct km_slice *ret)
{
    return km_rd_blob32le(rd, max, ret) && km_utf8_valid(*ret);
}

static bool parse_client(struct km_rd *rd, struct km_ctl_client *ret)
{
    return km_rd_u32le(rd, &ret->login) &&
           km_rd_copy(rd, ret->uuid.octet, sizeof(ret->uuid.octet)) && km_rd_u32le(rd, &ret->uid) &&
           km_rd_u32le(rd, &ret->gid) && km_rd_u32le(rd, &ret->pid) &&
           km_rd_u32le(rd, &ret->is_admin) && ret->is_admin <= 1;
}

static bool parse_properties(struct km_rd *rd, struct km_slice *ret)
{
    if (!km_rd_blob32le(rd, KM_CTL_PROPERTIES_MAX, ret))
        return false;
    struct km_rd pairs = km_rd_init(*ret);
    char set = 0;
    struct km_slice name = {0}, value = {0};
    while (km_rd_left(&pairs) > 0) {
        if (!km_ctl_property_next(&pairs, &set, &name, &value))
            return false;
    }
    return true;
}

static bool parse_field(struct km_rd *rd, char field, struct km_ctl_msg *msg)
{
    switch (field) {
    case 'i':
        return km_rd_u32le(rd, &msg->id);
    case 'c':
        return km_rd_u32le(rd, &msg->code);
    case 'm':
        return km_rd_u32le(rd, &msg->mask);
    case 'f':
        return km_rd_u32le(rd, &msg->flags);
    case 's':
        return km_rd_u64le(rd, &msg->session);
    case 'n':
        return km_rd_u64le(rd, &msg->count);
    case 'u':
        return km_rd_copy(rd, msg->uuid.octet, sizeof(msg->uuid.octet));
    case 'C':
        return parse_client(rd, &msg->client);
    case 'a':
        return parse_text(rd, KM_CTL_NAME_MAX, &msg->name);
    case 't':
        return parse_text(rd, KM_CTL_TEXT_MAX, &msg->text);
    case 'k':
        return km_rd_blob32le(rd, KM_CTL_KEY_LEN, &msg->key) &&
               (msg->key.len == 0 || msg->key.len == KM_CTL_KEY_LEN);
    case 'P':
        return parse_properties(rd, &msg->properties);
    default:
        return false;
    }
}

bool km_ctl_parse(struct km_slice in, struct km_ctl_msg *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_ctl_msg msg = {0};
    uint16_t zero = 0;
    if (!km_rd_u16le(&rd, &msg.type) || !km_rd_u16le(&rd, &zero) || zero != 0 ||
        !km_rd_u32le(&rd, &msg.serial))
        return false;
    const struct row *row = row_find(msg.type);
    if (row == NULL)
        return false;
    for (const char *field = row->fields; *field != '\0'; field++) {
        if (!parse_field(&rd, *field, &msg))
            return false;
    }
    if (!km_rd_done(&rd))
        return false;
    *ret = msg;
    return true;
}

static void put_client(struct km_wr *wr, const struct km_ctl_client *client)
{
    km_wr_u32le(wr, client->login);
    km_wr_bytes(wr, KM_SLICE(client->uuid.octet, sizeof(client->uuid.octet)));
    km_wr_u32le(wr, client->uid);
    km_wr_u32le(wr, client->gid);
    km_wr_u32le(wr, client->pid);
    km_wr_u32le(wr, client->is_admin);
}

static void put_field(struct km_wr *wr, char field, const struct km_ctl_msg *msg)
{
    switch (field) {
    case 'i':
        km_wr_u32le(wr, msg->id);
        break;
    case 'c':
        km_wr_u32le(wr, msg->code);
        break;
    case 'm':
        km_wr_u32le(wr, msg->mask);
        break;
    case 'f':
        km_wr_u32le(wr, msg->flags);
        break;
    case 's':
        km_wr_u64le(wr, msg->session);
        break;
    case 'n':
        km_wr_u64le(wr, msg->count);
        break;
    case 'u':
        km_wr_bytes(wr, KM_SLICE(msg->uuid.octet, sizeof(msg->uuid.octet)));
        break;
    case 'C':
        put_client(wr, &msg->client);
        break;
    case 'a':
        km_wr_blob32le(wr, msg->name);
        break;
    case 't':
        km_wr_blob32le(wr, msg->text);
        break;
    case 'k':
        km_wr_blob32le(wr, msg->key);
        break;
    case 'P':
        km_wr_blob32le(wr, msg->properties);
        break;
    default:
        break;
    }
}

void km_ctl_put(struct km_wr *wr, const struct km_ctl_msg *msg)
{
    const struct row *row = row_find(msg->type);
    km_wr_u16le(wr, msg->type);
    km_wr_u16le(wr, 0);
    km_wr_u32le(wr, msg->serial);
    for (const char *field = row == NULL ? "" : row->fields; *field != '\0'; field++)
        put_field(wr, *field, msg);
}

size_t km_ctl_n_fds(const struct km_ctl_msg *msg)
{
    const struct row *row = row_find(msg->type);
    if (row == NULL || (msg->type == KM_CTL_SESSION_IS && msg->code != 0))
        return 0;
    if (msg->type == KM_CTL_START)
        return (msg->flags & KM_CTL_SHARED) != 0 ? 1 : 0;
    return row->n_fds;
}

void km_ctl_property_put(struct km_wr *wr, char set, struct km_slice name, struct km_slice value)
{
    km_wr_u8(wr, (uint8_t)set);
    km_wr_blob32le(wr, name);
    km_wr_blob32le(wr, value);
}

bool km_ctl_property_next(struct km_rd *rd, char *ret_set, struct km_slice *ret_name,
                          struct km_slice *ret_value)
{
    struct km_rd at = *rd;
    uint8_t set = 0;
    struct km_slice name = {0}, value = {0};
    if (!km_rd_u8(&at, &set) || (set != 'a' && set != 'e') ||
        !parse_text(&at, KM_CTL_NAME_MAX, &name) || !parse_text(&at, KM_CTL_TEXT_MAX, &value))
        return false;
    *rd = at;
    *ret_set = (char)set;
    *ret_name = name;
    *ret_value = value;
    return true;
}

km_status km_ctl_send(struct km_err *err, int sock, const struct km_ctl_msg *msg, const int *fds,
                      size_t n_fds)
{
    uint8_t buf[2048] = {0};
    static uint8_t large[KM_CTL_MAX]; /* a SETUP; it holds no secret */
    bool is_large = msg->properties.len > 0;
    struct km_wr wr = km_wr_init(is_large ? large : buf, is_large ? sizeof(large) : sizeof(buf));
    km_ctl_put(&wr, msg);
    struct km_slice out = {0};
    if (!km_wr_finish(&wr, &out))
        return KM_FAIL(err, KM_E_LIMIT, "control message %u does not fit", msg->type);
    km_status status = km_sock_send(err, sock, out, fds, n_fds);
    km_wipe(buf, sizeof(buf));
    return status;
}

km_status km_ctl_recv(struct km_err *err, int sock, struct km_span buf, struct km_ctl_msg *ret_msg,
                      int ret_fds[2])
{
    size_t len = 0, n_fds = 0;
    int fds[2] = {-1, -1};
    struct km_ctl_msg msg = {0};
    KM_TRY(km_sock_recv(err, sock, buf, &len, fds, KM_ARRAY_LEN(fds), &n_fds));
    if (!km_ctl_parse(KM_SLICE(buf.ptr, len), &msg) || n_fds != km_ctl_n_fds(&msg)) {
        for (size_t i = 0; i < n_fds; i++)
            close(fds[i]);
        return KM_FAIL(err, KM_E_MALFORMED, "control message of %zu bytes with %zu descriptors",
                       len, n_fds);
    }
    *ret_msg = msg;
    ret_fds[0] = n_fds > 0 ? fds[0] : -1;
    ret_fds[1] = n_fds > 1 ? fds[1] : -1;
    return KM_OK;
}
