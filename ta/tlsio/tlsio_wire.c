/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/tlsio/tlsio_wire.h"

#include <string.h>

bool km_tlsio_name_is(struct km_slice name)
{
    return name.len > 0 && name.len <= KM_TLSIO_NAME_MAX && km_utf8_valid(name) &&
           memchr(name.ptr, 0, name.len) == NULL;
}

bool km_tlsio_host_is(struct km_slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] <= ' ' || host.ptr[i] > '~')
            return false;
    }
    return host.len > 0 && host.len <= KM_TLSIO_HOST_MAX;
}

static bool read_name(struct km_rd *rd, struct km_slice *ret)
{
    return km_rd_blob32le(rd, KM_TLSIO_NAME_MAX, ret) && (ret->len == 0 || km_tlsio_name_is(*ret));
}

/* RFC 7301, 3.1: names of 1 to 255 octets, each behind its length. */
static bool alpn_is(struct km_slice alpn)
{
    struct km_rd rd = km_rd_init(alpn);
    while (!km_rd_done(&rd)) {
        uint8_t len = 0;
        struct km_slice name = {0};
        if (!km_rd_u8(&rd, &len) || len == 0 || !km_rd_bytes(&rd, len, &name))
            return false;
    }
    return true;
}

static bool version_is(uint32_t version)
{
    return version == KM_TLSIO_VERSION_1_2 || version == KM_TLSIO_VERSION_1_3;
}

static bool numbers_fit(const struct km_tlsio_settings *s)
{
    bool is_client = s->role == KM_TLSIO_CLIENT;
    return (is_client || s->role == KM_TLSIO_SERVER) && version_is(s->min_version) &&
           version_is(s->max_version) && s->min_version <= s->max_version &&
           s->verify <= KM_TLSIO_VERIFY_REQUIRED &&
           (!is_client || s->verify == KM_TLSIO_VERIFY_REQUIRED) && s->flags <= KM_TLSIO_RESUME;
}

static bool psk_fits(const struct km_tlsio_settings *s)
{
    if (s->psk_identity.len == 0)
        return s->psk.len == 0;
    return s->psk.len >= KM_TLSIO_PSK_MIN &&
           memchr(s->psk_identity.ptr, 0, s->psk_identity.len) == NULL;
}

bool km_tlsio_settings_parse(struct km_slice in, struct km_tlsio_settings *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_tlsio_settings s = {0};
    bool ok = km_rd_u32le(&rd, &s.role) && km_rd_u32le(&rd, &s.min_version) &&
              km_rd_u32le(&rd, &s.max_version) && km_rd_u32le(&rd, &s.verify) &&
              km_rd_u32le(&rd, &s.flags) && read_name(&rd, &s.key_name) &&
              read_name(&rd, &s.cert_name) && read_name(&rd, &s.anchor) &&
              km_rd_blob32le(&rd, KM_TLSIO_ALPN_MAX, &s.alpn) && alpn_is(s.alpn) &&
              km_rd_blob32le(&rd, KM_TLSIO_PSK_IDENTITY_MAX, &s.psk_identity) &&
              km_rd_blob32le(&rd, KM_TLSIO_PSK_MAX, &s.psk) && km_rd_done(&rd);
    if (!ok || !numbers_fit(&s) || !psk_fits(&s))
        return false;
    *ret = s;
    return true;
}

void km_tlsio_settings_put(struct km_wr *wr, const struct km_tlsio_settings *s)
{
    km_wr_u32le(wr, s->role);
    km_wr_u32le(wr, s->min_version);
    km_wr_u32le(wr, s->max_version);
    km_wr_u32le(wr, s->verify);
    km_wr_u32le(wr, s->flags);
    km_wr_blob32le(wr, s->key_name);
    km_wr_blob32le(wr, s->cert_name);
    km_wr_blob32le(wr, s->anchor);
    km_wr_blob32le(wr, s->alpn);
    km_wr_blob32le(wr, s->psk_identity);
    km_wr_blob32le(wr, s->psk);
}

bool km_tlsio_step_in_parse(struct km_slice in, struct km_tlsio_step_in *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_tlsio_step_in step = {0};
    uint64_t zero = 0;
    if (!km_rd_u32le(&rd, &step.connection) || !km_rd_u32le(&rd, &step.flags) ||
        !km_rd_u32le(&rd, &step.cipher_len) || !km_rd_u64le(&rd, &zero) || zero != 0 ||
        !km_rd_done(&rd) || (step.flags & ~(KM_TLSIO_READ | KM_TLSIO_CLOSE)) != 0)
        return false;
    *ret = step;
    return true;
}

void km_tlsio_step_in_put(struct km_wr *wr, const struct km_tlsio_step_in *step)
{
    km_wr_u32le(wr, step->connection);
    km_wr_u32le(wr, step->flags);
    km_wr_u32le(wr, step->cipher_len);
    km_wr_u64le(wr, 0);
}

bool km_tlsio_step_out_parse(struct km_slice in, struct km_tlsio_step_out *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_tlsio_step_out step = {0};
    if (!km_rd_u32le(&rd, &step.state) || !km_rd_u32le(&rd, &step.cipher_taken) ||
        !km_rd_u32le(&rd, &step.plain_taken) || !km_rd_u32le(&rd, &step.failure) ||
        !km_rd_u32le(&rd, &step.alert) || !km_rd_done(&rd))
        return false;
    *ret = step;
    return true;
}

void km_tlsio_step_out_put(struct km_wr *wr, const struct km_tlsio_step_out *step)
{
    km_wr_u32le(wr, step->state);
    km_wr_u32le(wr, step->cipher_taken);
    km_wr_u32le(wr, step->plain_taken);
    km_wr_u32le(wr, step->failure);
    km_wr_u32le(wr, step->alert);
}

bool km_tlsio_info_parse(struct km_slice in, struct km_tlsio_info *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_tlsio_info info = {0};
    if (!km_rd_u32le(&rd, &info.version) || !km_rd_u32le(&rd, &info.is_resumed) ||
        info.is_resumed > 1 || !km_rd_u32le(&rd, &info.alert) || !km_rd_u32le(&rd, &info.failure) ||
        !km_rd_blob32le(&rd, KM_TLSIO_SUITE_MAX, &info.suite) ||
        !km_rd_blob32le(&rd, KM_TLSIO_GROUP_MAX, &info.group) ||
        !km_rd_blob32le(&rd, KM_TLSIO_PROTOCOL_MAX, &info.alpn) ||
        !km_rd_blob32le(&rd, KM_TLSIO_PEER_MAX, &info.peer_name) ||
        !km_rd_blob32le(&rd, KM_TLSIO_DETAIL_MAX, &info.detail) || !km_rd_done(&rd))
        return false;
    *ret = info;
    return true;
}

void km_tlsio_info_put(struct km_wr *wr, const struct km_tlsio_info *info)
{
    km_wr_u32le(wr, info->version);
    km_wr_u32le(wr, info->is_resumed);
    km_wr_u32le(wr, info->alert);
    km_wr_u32le(wr, info->failure);
    km_wr_blob32le(wr, info->suite);
    km_wr_blob32le(wr, info->group);
    km_wr_blob32le(wr, info->alpn);
    km_wr_blob32le(wr, info->peer_name);
    km_wr_blob32le(wr, info->detail);
}
