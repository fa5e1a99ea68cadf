/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a client is introduced to the broker by the program that let it in: as the user name of its CONNECT, over a socket to which that
 * program alone may connect. "ACCESSKEY ADDRESS". Pure.
 */
#ifndef KM_CLOUD_INTRODUCTION_H
#define KM_CLOUD_INTRODUCTION_H

#include "common/km_bytes.h"

#define KM_INTRODUCTION_KEY_MAX 20 /* octets of an access key's id: [A-Z0-9] */
#define KM_INTRODUCTION_ADDRESS_MAX 64
#define KM_INTRODUCTION_CAP (KM_INTRODUCTION_KEY_MAX + 1 + KM_INTRODUCTION_ADDRESS_MAX + 1)

struct km_introduction {
    char key[KM_INTRODUCTION_KEY_MAX + 1];
    char address[KM_INTRODUCTION_ADDRESS_MAX + 1]; /* numeric; where the client comes from */
};

/* km_introduction_write: the text; false when a part is none. */
KM_MUST_USE bool km_introduction_write(const struct km_introduction *introduction,
                                       char ret[KM_INTRODUCTION_CAP]);
/* km_introduction_parse: false for anything that km_introduction_write does not write. */
KM_MUST_USE bool km_introduction_parse(struct km_slice text, struct km_introduction *ret);

#endif
