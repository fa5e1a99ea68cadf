/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and rules as the columns of a production run write them. */
#ifndef KM_FLEET_KEY_TEXT_H
#define KM_FLEET_KEY_TEXT_H

#include "format/opaque_key.h"
#include "format/opaque_object.h"

#define KM_FLEET_KEY_SPKI_MAX 1024u

/* What the columns say; strings that the caller keeps. */
struct km_fleet_key_text {
    const char *name;
    const char *type;   /* KEY_AES, KEY_ECDSA_KEYPAIR, ... */
    const char *source; /* a file, "generate" or "generate:BITS" */
    const char *
        rules; /* words apart by blanks: usage=sign+verify, exportable, shared, audit, wrappable, max_uses=N, not_after=T */
};

/* A key ready to be packed. All zero is none. */
struct km_fleet_key {
    struct km_opaque_key opaque; /* views the text and data */
    uint8_t *data;
    size_t data_len;
    size_t spki_len; /* of a pair that was generated, else 0 */
    uint8_t spki[KM_FLEET_KEY_SPKI_MAX];
};

/* km_fleet_key_read: reads or generates it. ret is the caller's to clear, whatever comes back. */
km_status km_fleet_key_read(struct km_err *err, const struct km_fleet_key_text *text,
                            struct km_fleet_key *ret);
void km_fleet_key_clear(struct km_fleet_key *key);
/* km_fleet_object_rules: not_before=T, not_after=T, max_opens=N: who may open an object on a device, and when. */
km_status km_fleet_object_rules(struct km_err *err, const char *rules,
                                struct km_object_secret *secret);
/* km_fleet_number: a decimal number from 1 to max; false otherwise. */
KM_MUST_USE bool km_fleet_number(const char *text, uint64_t max, uint64_t *ret);

#endif
