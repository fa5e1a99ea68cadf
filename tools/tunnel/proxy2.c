/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tunnel/proxy2.h"

#include <netinet/in.h>
#include <string.h>

#define VERSION_2 0x20u
#define COMMAND_PROXY 0x01u
#define OVER_TCP4 0x11u
#define OVER_TCP6 0x21u
#define OVER_UNSPEC 0x00u

#define TYPE_ALPN 0x01u
#define TYPE_SSL 0x20u
#define SUBTYPE_SSL_VERSION 0x21u
#define SUBTYPE_SSL_CN 0x22u
#define SUBTYPE_SSL_CIPHER 0x23u

#define CLIENT_SSL 0x01u
#define CLIENT_CERT_CONN 0x02u /* shown in this connection */
#define CLIENT_CERT_SESS 0x04u /* shown in this session, now or before */

#define PART_MAX (PROXY2_MAX - 64)

static void put_tlv(struct km_wr *wr, uint8_t type, struct km_slice value)
{
    km_wr_u8(wr, type);
    km_wr_u16be(wr, (uint16_t)value.len);
    km_wr_bytes(wr, value);
}

static void put_text(struct km_wr *wr, uint8_t type, const char *text)
{
    if (text[0] != '\0')
        put_tlv(wr, type, KM_SLICE_STR(text));
}

static void put_addresses4(struct km_wr *wr, const struct sockaddr_in *from,
                           const struct sockaddr_in *to)
{
    km_wr_bytes(wr, KM_SLICE(&from->sin_addr, sizeof(from->sin_addr)));
    km_wr_bytes(wr, KM_SLICE(&to->sin_addr, sizeof(to->sin_addr)));
    km_wr_u16be(wr, ntohs(from->sin_port));
    km_wr_u16be(wr, ntohs(to->sin_port));
}

static void put_addresses6(struct km_wr *wr, const struct sockaddr_in6 *from,
                           const struct sockaddr_in6 *to)
{
    km_wr_bytes(wr, KM_SLICE(&from->sin6_addr, sizeof(from->sin6_addr)));
    km_wr_bytes(wr, KM_SLICE(&to->sin6_addr, sizeof(to->sin6_addr)));
    km_wr_u16be(wr, ntohs(from->sin6_port));
    km_wr_u16be(wr, ntohs(to->sin6_port));
}

/* Returns how they are told. */
static uint8_t put_addresses(struct km_wr *wr, const struct proxy2 *about)
{
    if (about->from.ss_family != about->to.ss_family)
        return OVER_UNSPEC;
    if (about->from.ss_family == AF_INET) {
        put_addresses4(wr, (const struct sockaddr_in *)(const void *)&about->from,
                       (const struct sockaddr_in *)(const void *)&about->to);
        return OVER_TCP4;
    }
    if (about->from.ss_family == AF_INET6) {
        put_addresses6(wr, (const struct sockaddr_in6 *)(const void *)&about->from,
                       (const struct sockaddr_in6 *)(const void *)&about->to);
        return OVER_TCP6;
    }
    return OVER_UNSPEC;
}

static void put_ssl(struct km_wr *wr, const struct proxy2 *about)
{
    uint8_t buf[PART_MAX] = {0};
    struct km_wr inner = km_wr_init(buf, sizeof(buf));
    struct km_slice value = {0};
    uint8_t client = CLIENT_SSL;
    if (about->has_certificate)
        client |= CLIENT_CERT_SESS | (about->is_resumed ? 0 : CLIENT_CERT_CONN);
    km_wr_u8(&inner, client);
    km_wr_u32be(&inner, about->has_certificate ? 0 : 1); /* 0: verified */
    put_text(&inner, SUBTYPE_SSL_VERSION, about->version);
    put_text(&inner, SUBTYPE_SSL_CN, about->peer_name);
    put_text(&inner, SUBTYPE_SSL_CIPHER, about->suite);
    if (km_wr_finish(&inner, &value))
        put_tlv(wr, TYPE_SSL, value);
    else
        wr->overflow = true;
}

void proxy2_put(struct km_wr *wr, const struct proxy2 *about)
{
    static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                          0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
    uint8_t buf[PROXY2_MAX] = {0};
    struct km_wr body = km_wr_init(buf, sizeof(buf));
    struct km_slice bytes = {0};
    uint8_t over = put_addresses(&body, about);
    put_text(&body, TYPE_ALPN, about->alpn);
    put_ssl(&body, about);
    if (!km_wr_finish(&body, &bytes)) {
        wr->overflow = true;
        return;
    }
    km_wr_bytes(wr, KM_SLICE(signature, sizeof(signature)));
    km_wr_u8(wr, VERSION_2 | COMMAND_PROXY);
    km_wr_u8(wr, over);
    km_wr_u16be(wr, (uint16_t)bytes.len);
    km_wr_bytes(wr, bytes);
}
