/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/storage_rig.h"

static size_t length_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

struct km_storage_wish srig_wish(const char *name, uint32_t flags)
{
    struct km_storage_wish wish = {.flags = flags};
    assert_true(km_storage_name_set(KM_SLICE_STR(name), &wish.name));
    return wish;
}

static size_t wish_put(const struct km_storage_wish *wish, uint8_t ret[KM_STORAGE_WISH_MAX])
{
    struct km_wr wr = km_wr_init(ret, KM_STORAGE_WISH_MAX);
    km_storage_wish_write(&wr, wish);
    assert_false(wr.overflow);
    return wr.len;
}

uint32_t srig_open(struct rig_session *s, const struct km_storage_wish *wish, const char *password,
                   uint32_t *ret_id)
{
    uint8_t octets[KM_STORAGE_WISH_MAX] = {0};
    size_t len = wish_put(wish, octets);
    struct km_lane_param p[4] = {P_MI(octets, len), P_MI(password, length_of(password)), P_VO,
                                 P_VO};
    uint32_t result = rig_call(s, KM_STORAGE_CMD_OPEN, p);
    *ret_id = p[2].a;
    return result;
}

uint32_t srig_id(struct rig_session *s, uint32_t command, uint32_t id)
{
    struct km_lane_param p[4] = {P_VI(id, 0), P_NONE, P_NONE, P_NONE};
    return rig_call(s, command, p);
}

uint32_t srig_read(struct rig_session *s, uint32_t id, uint64_t offset, void *out, size_t *len)
{
    struct km_lane_param p[4] = {P_VI(id, 0), P_VI((uint32_t)offset, (uint32_t)(offset >> 32)),
                                 P_MO(out, (uint32_t)*len), P_NONE};
    uint32_t result = rig_call(s, KM_STORAGE_CMD_READ, p);
    *len = p[2].size;
    return result;
}

uint32_t srig_write(struct rig_session *s, uint32_t id, uint64_t offset, const void *data,
                    size_t len)
{
    struct km_lane_param p[4] = {P_VI(id, 0), P_VI((uint32_t)offset, (uint32_t)(offset >> 32)),
                                 P_MI(data, (uint32_t)len), P_NONE};
    return rig_call(s, KM_STORAGE_CMD_WRITE, p);
}

uint32_t srig_truncate(struct rig_session *s, uint32_t id, uint64_t size)
{
    struct km_lane_param p[4] = {P_VI(id, 0), P_VI((uint32_t)size, (uint32_t)(size >> 32)), P_NONE,
                                 P_NONE};
    return rig_call(s, KM_STORAGE_CMD_TRUNCATE, p);
}

uint32_t srig_size(struct rig_session *s, uint32_t id, uint64_t *ret)
{
    struct km_lane_param p[4] = {P_VI(id, 0), P_VO, P_NONE, P_NONE};
    uint32_t result = rig_call(s, KM_STORAGE_CMD_SIZE, p);
    *ret = (uint64_t)p[1].b << 32 | p[1].a;
    return result;
}

uint32_t srig_stat(struct rig_session *s, const struct km_storage_wish *wish,
                   struct km_storage_info *ret)
{
    uint8_t octets[KM_STORAGE_WISH_MAX] = {0};
    uint8_t info[KM_STORAGE_INFO_MAX] = {0};
    size_t len = wish_put(wish, octets);
    struct km_lane_param p[4] = {P_MI(octets, len), P_MO(info, sizeof(info)), P_NONE, P_NONE};
    uint32_t result = rig_call(s, KM_STORAGE_CMD_STAT, p);
    if (result == TEE_SUCCESS)
        assert_true(km_storage_info_parse(KM_SLICE(info, p[1].size), ret));
    return result;
}

static void take_page(struct km_slice page, struct km_storage_info *ret, size_t max, size_t *n)
{
    struct km_rd rd = km_rd_init(page);
    while (!km_rd_done(&rd)) {
        struct km_slice octets = {0};
        struct km_storage_info info = {0};
        assert_true(km_rd_blob32le(&rd, KM_STORAGE_INFO_MAX, &octets));
        assert_true(km_storage_info_parse(octets, &info));
        if (*n < max)
            ret[*n] = info;
        (*n)++;
    }
}

uint32_t srig_list(struct rig_session *s, uint32_t flags, uint32_t uid, struct km_storage_info *ret,
                   size_t max, size_t *ret_n)
{
    static uint8_t page[KM_STORAGE_LIST_MAX];
    uint32_t cursor = 0;
    *ret_n = 0;
    do {
        struct km_lane_param p[4] = {P_VIO(cursor), P_VI(flags, uid), P_MO(page, sizeof(page)),
                                     P_NONE};
        uint32_t result = rig_call(s, KM_STORAGE_CMD_LIST, p);
        if (result != TEE_SUCCESS)
            return result;
        take_page(KM_SLICE(page, p[2].size), ret, max, ret_n);
        cursor = p[0].a;
    } while (cursor != 0);
    return TEE_SUCCESS;
}

uint32_t srig_usage(struct rig_session *s, struct km_storage_usage *ret)
{
    uint8_t octets[KM_STORAGE_USAGE_LEN] = {0};
    struct km_lane_param p[4] = {P_MO(octets, sizeof(octets)), P_NONE, P_NONE, P_NONE};
    uint32_t result = rig_call(s, KM_STORAGE_CMD_USAGE, p);
    if (result == TEE_SUCCESS)
        assert_true(km_storage_usage_parse(KM_SLICE(octets, p[0].size), ret));
    return result;
}

uint32_t srig_delete(struct rig_session *s, const struct km_storage_wish *wish,
                     const char *password)
{
    uint8_t octets[KM_STORAGE_WISH_MAX] = {0};
    size_t len = wish_put(wish, octets);
    struct km_lane_param p[4] = {P_MI(octets, len), P_MI(password, length_of(password)), P_NONE,
                                 P_NONE};
    return rig_call(s, KM_STORAGE_CMD_DELETE, p);
}

uint32_t srig_wait(struct rig_session *s, const struct km_storage_wish *wish, uint32_t *ret_s)
{
    uint8_t octets[KM_STORAGE_WISH_MAX] = {0};
    size_t len = wish_put(wish, octets);
    struct km_lane_param p[4] = {P_MI(octets, len), P_VO, P_NONE, P_NONE};
    uint32_t result = rig_call(s, KM_STORAGE_CMD_PASSWORD_WAIT, p);
    *ret_s = p[1].a;
    return result;
}

uint32_t srig_set_password(struct rig_session *s, const struct km_storage_wish *wish,
                           const char *old_password, const char *new_password)
{
    uint8_t octets[KM_STORAGE_WISH_MAX] = {0};
    size_t len = wish_put(wish, octets);
    struct km_lane_param p[4] = {P_MI(octets, len), P_MI(old_password, length_of(old_password)),
                                 P_MI(new_password, length_of(new_password)), P_NONE};
    return rig_call(s, KM_STORAGE_CMD_SET_PASSWORD, p);
}

uint32_t srig_set_grants(struct rig_session *s, const struct km_storage_wish *wish)
{
    uint8_t octets[KM_STORAGE_WISH_MAX] = {0};
    size_t len = wish_put(wish, octets);
    struct km_lane_param p[4] = {P_MI(octets, len), P_NONE, P_NONE, P_NONE};
    return rig_call(s, KM_STORAGE_CMD_SET_GRANTS, p);
}

uint32_t srig_purge(struct rig_session *s, uint32_t uid)
{
    return srig_id(s, KM_STORAGE_CMD_PURGE, uid);
}

uint32_t srig_put(struct rig_session *s, const char *name, const char *password, const void *data,
                  size_t len)
{
    struct km_storage_wish wish = srig_wish(name, KM_STORAGE_WRITE | KM_STORAGE_REPLACE);
    uint32_t id = 0;
    uint32_t result = srig_open(s, &wish, password, &id);
    for (size_t done = 0; result == TEE_SUCCESS && done < len;) {
        size_t n = len - done < KM_STORAGE_TRANSFER_MAX ? len - done : KM_STORAGE_TRANSFER_MAX;
        result = srig_write(s, id, done, (const uint8_t *)data + done, n);
        done += n;
    }
    if (result == TEE_SUCCESS)
        return srig_id(s, KM_STORAGE_CMD_COMMIT, id);
    if (id != 0)
        (void)srig_id(s, KM_STORAGE_CMD_CLOSE, id);
    return result;
}

uint32_t srig_get(struct rig_session *s, const char *name, const char *password, void *out,
                  size_t *len)
{
    struct km_storage_wish wish = srig_wish(name, KM_STORAGE_READ);
    uint32_t id = 0;
    size_t room = *len;
    *len = 0;
    uint32_t result = srig_open(s, &wish, password, &id);
    while (result == TEE_SUCCESS && *len < room) {
        size_t n = room - *len < KM_STORAGE_TRANSFER_MAX ? room - *len : KM_STORAGE_TRANSFER_MAX;
        result = srig_read(s, id, *len, (uint8_t *)out + *len, &n);
        *len += n;
        if (n == 0)
            break;
    }
    if (id != 0)
        (void)srig_id(s, KM_STORAGE_CMD_CLOSE, id);
    return result;
}
