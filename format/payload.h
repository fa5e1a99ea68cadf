/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payload packages (docs/formats.md, "Payload package"): the envelope's fields, and behind them octets of any length
 * that never have to lie in memory. What stands before the payload is the package's head, at most
 * KM_PAYLOAD_HEAD_MAX octets; the signature covers the content from its first octet to the end of the package.
 */
#ifndef KM_FORMAT_PAYLOAD_H
#define KM_FORMAT_PAYLOAD_H

#include "format/envelope.h"

#define KM_PAYLOAD_KIND "keymoor-payload"
#define KM_PAYLOAD_TARGET_MAX 128u
#define KM_PAYLOAD_HEAD_MAX 2048u
#define KM_PAYLOAD_LEN_MAX INT64_MAX

/* Views, valid as long as what was parsed. */
struct km_payload {
    struct km_slice signature; /* not set by km_payload_parse_content */
    const struct km_sign_alg *alg;
    bool has_version;
    uint64_t version;       /* 0 without one */
    struct km_slice target; /* empty without one */
    uint64_t payload_len;
    struct km_slice content_head; /* from the content's tag to the payload's first octet */
    size_t head_len;              /* where the payload begins in the package */
    uint64_t package_len;
};

enum km_payload_fault {
    KM_PAYLOAD_OK = 0,
    KM_PAYLOAD_TRUNCATED,   /* ends early */
    KM_PAYLOAD_TRAILING,    /* something follows the package */
    KM_PAYLOAD_MALFORMED,   /* not the module of docs/formats.md in strict DER */
    KM_PAYLOAD_OTHER_KIND,  /* another package of ours */
    KM_PAYLOAD_UNSUPPORTED, /* a format version or signature algorithm that is not known */
};

/*
 * km_payload_parse: the head of a package. in: its first octets, as many as there are up to KM_PAYLOAD_HEAD_MAX; more do no
 * harm. Every length that the head tells is held against every other; whether all of package_len is there shows later, unless
 * in is shorter than both. On a fault *ret is of no use.
 */
KM_MUST_USE enum km_payload_fault km_payload_parse(struct km_slice in, struct km_payload *ret);
/* km_payload_parse_content: a content_head alone, to its last octet. */
KM_MUST_USE enum km_payload_fault km_payload_parse_content(struct km_slice in,
                                                           struct km_payload *ret);

/* km_payload_put_content: prints content_head from alg, version, target and payload_len. */
void km_payload_put_content(struct km_wr *wr, const struct km_payload *payload);
/* km_payload_put_head: prints all that stands before the payload from signature, content_head and payload_len. */
void km_payload_put_head(struct km_wr *wr, const struct km_payload *payload);

/* km_payload_hash_name: "sha256", ...; static storage. km_payload_hash_find: and back, false when there is none such. */
const char *km_payload_hash_name(enum km_sign_digest digest);
KM_MUST_USE bool km_payload_hash_find(struct km_slice name, enum km_sign_digest *ret);

/* What the receiver wants of a package whose signature holds. */
struct km_payload_wish {
    bool any_target;
    struct km_slice target; /* empty: a package without one */
    uint64_t lowest;        /* version; 0: a package without one will do */
};
enum km_payload_answer {
    KM_PAYLOAD_WELCOME = 0,
    KM_PAYLOAD_NOT_FOR_US,
    KM_PAYLOAD_TOO_OLD,
};
enum km_payload_answer km_payload_fits(const struct km_payload *payload,
                                       const struct km_payload_wish *wish);

#endif
