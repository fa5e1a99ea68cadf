/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS connection of the trusted service for a library that makes its connections itself: the library connects to a socket
 * of this program, and what it writes there goes out over clrtls. One thread does it all; nothing here blocks but wire_open.
 */
#ifndef WIRE_H
#define WIRE_H

#include <poll.h>
#include <stdint.h>
#include <sys/un.h>

#include "clrtls.h"
#include "identity.h"

#define WIRE_PATH_MAX sizeof(((struct sockaddr_un *)0)->sun_path)

/* Octets on their way: [at, end) are still to be handed on. */
struct wire_buffer {
    uint8_t octets[CLRTLS_RECORD_MAX];
    uint32_t at, end;
};

struct wire {
    ClrtlsContext *context;
    ClrtlsConnection *tls;
    int fd;    /* to the broker */
    int plain; /* to the library; -1 once the library has closed it */
    struct wire_buffer up, down;
    ClrcResult end;     /* why the TLS connection is over; CLRC_SUCCESS: it is not */
    char end_text[160]; /* the same as a sentence */
    const char *host, *port;
};

/*
 * wire_open: connects to the broker and shakes hands, at most ten seconds for each: with the device key, own's certificates, and
 * the OEM cloud certificate as the only authority. Borrows host and port until wire_close. 0, or -1 with a line on
 * standard error; wire_close is due either way.
 */
int wire_open(struct wire *wire, const struct identity *own, const char *host, const char *port);
/*
 * wire_join: has the library connect. connect_to is called once with the path of a socket in a directory that only this user can
 * enter; both are gone afterwards. 0, or -1 with a line on standard error.
 */
int wire_join(struct wire *wire, int (*connect_to)(void *arg, const char *path), void *arg);
/* wire_wants: what to poll for before wire_move has something to do. */
void wire_wants(const struct wire *wire, struct pollfd polls[2]);
/* wire_move: moves what can be moved now. When the broker has ended the connection the library's socket ends, too. */
void wire_move(struct wire *wire);
/* wire_is_empty: the library has closed its end, and all that it wrote is on its way. */
int wire_is_empty(const struct wire *wire);
/* wire_was_dropped: the broker ended the connection without an alert that would tell why. */
int wire_was_dropped(const struct wire *wire);
/* wire_close: says goodbye where there is somebody to hear it, and releases everything. */
void wire_close(struct wire *wire);

#endif
