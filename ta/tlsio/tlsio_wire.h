/* SPDX-License-Identifier: Apache-2.0 */
/* The structures of tlsio_protocol.h: bytes to structures and back, for both worlds. */
#ifndef KM_TLSIO_WIRE_H
#define KM_TLSIO_WIRE_H

#include "common/km_bytes.h"
#include "ta/tlsio/tlsio_protocol.h"

struct km_tlsio_settings {
    uint32_t role, min_version, max_version, verify, flags;
    struct km_slice key_name, cert_name, anchor; /* empty: none */
    struct km_slice alpn;                        /* as RFC 7301 has the list; empty: none */
    struct km_slice psk_identity, psk;           /* both or none */
};

struct km_tlsio_step_in {
    uint32_t connection, flags, cipher_len;
};

struct km_tlsio_step_out {
    uint32_t state, cipher_taken, plain_taken, failure, alert;
};

struct km_tlsio_info {
    uint32_t version, is_resumed, alert, failure;
    struct km_slice suite, group, alpn, peer_name, detail;
};

/* Each parser: a whole structure; *ret views `in` and is written only on success. Pure functions. */
KM_MUST_USE bool km_tlsio_settings_parse(struct km_slice in, struct km_tlsio_settings *ret);
void km_tlsio_settings_put(struct km_wr *wr, const struct km_tlsio_settings *settings);
KM_MUST_USE bool km_tlsio_step_in_parse(struct km_slice in, struct km_tlsio_step_in *ret);
void km_tlsio_step_in_put(struct km_wr *wr, const struct km_tlsio_step_in *step);
KM_MUST_USE bool km_tlsio_step_out_parse(struct km_slice in, struct km_tlsio_step_out *ret);
void km_tlsio_step_out_put(struct km_wr *wr, const struct km_tlsio_step_out *step);
KM_MUST_USE bool km_tlsio_info_parse(struct km_slice in, struct km_tlsio_info *ret);
void km_tlsio_info_put(struct km_wr *wr, const struct km_tlsio_info *info);

/* km_tlsio_name_is: 1 to KM_TLSIO_NAME_MAX octets of UTF-8 without a NUL. */
bool km_tlsio_name_is(struct km_slice name);
/* km_tlsio_host_is: 1 to KM_TLSIO_HOST_MAX printable octets of ASCII without spaces. */
bool km_tlsio_host_is(struct km_slice host);

#endif
