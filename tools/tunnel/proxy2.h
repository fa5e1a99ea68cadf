/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PROXY protocol, version 2: what a service behind a tunnel is told of a connection before its first octet. Its
 * text comes with HAProxy (proxy-protocol.txt).
 */
#ifndef TUNNEL_PROXY2_H
#define TUNNEL_PROXY2_H

#include <sys/socket.h>

#include "common/km_bytes.h"

#define PROXY2_MAX 1024u

struct proxy2 {
    struct sockaddr_storage from,
        to;              /* both of one family; anything but INET and INET6 is not told */
    const char *alpn;    /* "": none was agreed */
    const char *version; /* "TLSv1.3" */
    const char *suite;
    const char *peer_name; /* common name of the client's certificate, "": it has none */
    bool has_certificate;  /* the client's; it was verified */
    bool is_resumed;
};

/* proxy2_put: the header; at most PROXY2_MAX octets. */
void proxy2_put(struct km_wr *wr, const struct proxy2 *about);

#endif
