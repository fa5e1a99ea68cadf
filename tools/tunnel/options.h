/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of keymoor tunnel. */
#ifndef TUNNEL_OPTIONS_H
#define TUNNEL_OPTIONS_H

#include <stdio.h>
#include <sys/types.h>

#include "tools/tunnel/place.h"

#define TUNNEL_ALPN_MAX 8
#define TUNNEL_ALLOW_MAX 16
#define TUNNEL_NAME_MAX 255

struct tunnel_options {
    bool is_server;
    struct place listen, connect;
    const char *cert, *key, *ca; /* names in the service; ca NULL: every authority it knows */
    const char *server_name;     /* client */
    const char *alpn[TUNNEL_ALPN_MAX];
    uint32_t n_alpn;
    uint32_t verify; /* server: CLRTLS_VERIFY_... */
    bool proxy_protocol;
    bool any_address;
    mode_t socket_mode;
    gid_t socket_gid; /* (gid_t)-1: leave it */
    uid_t allow_uids[TUNNEL_ALLOW_MAX];
    size_t n_allow_uids;
    gid_t allow_gids[TUNNEL_ALLOW_MAX];
    size_t n_allow_gids;
    unsigned max_connections;
    unsigned connect_s, idle_s, close_s, drain_s; /* idle_s 0: no limit */
    const char *service;                          /* where keymoord listens; NULL: the default */
    bool quiet;
    bool help, version;                 /* asked for, nothing else counts */
    char key_text[TUNNEL_NAME_MAX + 1]; /* what key points to when it follows from cert */
};

/*
 * tunnel_options_parse: the defaults and what argv says; *ret borrows argv, and must not move afterwards. KM_E_ARG with
 * a sentence.
 */
km_status tunnel_options_parse(struct km_err *err, int argc, char **argv,
                               struct tunnel_options *ret);
void tunnel_options_usage(FILE *out);

#endif
