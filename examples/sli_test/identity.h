/* SPDX-License-Identifier: Apache-2.0 */
/* Who the device is to the cloud: its certificate and its authority's, and the names that come from them. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdint.h>

#define IDENTITY_NAME_MAX 128 /* of a thing's name, and of a client's */
#define IDENTITY_CHAIN_MAX 24576

struct identity {
    char device_id[IDENTITY_NAME_MAX + 1]; /* the common name, ":", the key identifier in hex */
    char thing[IDENTITY_NAME_MAX + 1];     /* the same with "_" for each space */
    char chain[IDENTITY_CHAIN_MAX];        /* PEM: the device's certificate, then the OEM root's */
    uint32_t chain_length;
};

/*
 * identity_name: device_id and thing from a certificate in DER. Without a subject key identifier the SHA-1 of its key stands for it
 * (RFC 5280, 4.2.1.2, method 1). 0, or -1 with a line on standard error: not a certificate, no common name, or one with
 * octets that a thing's name can't have.
 */
int identity_name(const uint8_t *der, uint32_t length, struct identity *ret);
/* identity_load: all of it from the provisioned certificates of the trusted service. 0, or -1 with a line on standard error. */
int identity_load(struct identity *ret);

#endif
