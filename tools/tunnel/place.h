/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of a tunnel as they are written on the command line. */
#ifndef TUNNEL_PLACE_H
#define TUNNEL_PLACE_H

#include "common/km_status.h"

enum place_kind {
    PLACE_TCP,
    PLACE_UNIX,
    PLACE_STDIO,   /* standard input and output */
    PLACE_SYSTEMD, /* the socket that systemd passed */
};

struct place {
    enum place_kind kind;
    char host[256]; /* TCP; "": none was given */
    char port[32];  /* number or service name */
    char path[108]; /* UNIX */
};

/*
 * place_parse: "unix:PATH", "PATH" with a slash in it, "HOST:PORT", "[ADDRESS]:PORT", "PORT", "-" or "systemd".
 * KM_E_ARG with a sentence. A pure function.
 */
km_status place_parse(struct km_err *err, const char *text, struct place *ret);

#endif
