/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrc URIs, by which programs name what the trusted service keeps.
 *
 *   clrc:NAME[?ATTRIBUTE=VALUE[&...]]     a key, or else the certificate of that name
 *   clrc:key=NAME[?...]                   a key and nothing else
 *   clrc:cert=NAME                        a provisioned certificate and nothing else
 *   clrc:cert-sha256=HEX                  the entry of the Certificate Store with this digest
 *   clrc:                                 every key the caller may use and every certificate, by name
 *
 * NAME is 1 to CLRC_NAME_MAX octets of UTF-8 after %XX is undone. Attributes of keys:
 *   password=file:PATH      the file's first line is the password (percent-encoded path)
 *   password-name=NAME      the password object that is meant; must be the one that wraps the key
 *   pss=any|sha256|sha384|sha512   an RSA key is one for PSS alone: with any digest, or with this one,
 *                                  MGF1 with the same and a salt of at least its length
 * A password itself never stands in a URI: other users can read command lines.
 */
#ifndef KM_DOOR_URI_H
#define KM_DOOR_URI_H

#include "clrc.h"
#include "common/km_bytes.h"

#define KM_DOOR_SCHEME "clrc:"
#define KM_DOOR_PATH_MAX 1023u
#define KM_DOOR_URI_MAX 4096u /* octets of a whole URI */
#define KM_DOOR_CERT_DIGEST_LEN 32u

enum km_door_pss {
    KM_DOOR_PSS_NONE,
    KM_DOOR_PSS_ANY,
    KM_DOOR_PSS_SHA256,
    KM_DOOR_PSS_SHA384,
    KM_DOOR_PSS_SHA512
};

enum km_door_kind {
    KM_DOOR_ANY, /* a key, or else a certificate */
    KM_DOOR_KEY,
    KM_DOOR_CERT,
    KM_DOOR_ALL, /* the list of all keys and certificates */
    KM_DOOR_STORED_CERT,
};

struct km_door_uri {
    enum km_door_kind kind;
    char name[CLRC_NAME_MAX + 1];
    char password_file[KM_DOOR_PATH_MAX + 1]; /* "" when the URI names none */
    char password_name[CLRC_NAME_MAX + 1];    /* "" when the URI names none */
    enum km_door_pss pss;
    uint8_t cert_digest[KM_DOOR_CERT_DIGEST_LEN]; /* KM_DOOR_STORED_CERT */
};

/*
 * km_door_uri_parse: pure. KM_E_MALFORMED with one sentence for what is not a clrc URI, KM_E_LIMIT
 * for a name or path that is too long.
 */
km_status km_door_uri_parse(struct km_err *err, struct km_slice uri, struct km_door_uri *ret);
/* km_door_uri_of_name: the URI structure of a plain name that is not percent-encoded. */
km_status km_door_uri_of_name(struct km_err *err, const char *name, struct km_door_uri *ret);
/* km_door_uri_write: the URI as text, so that parsing it gives the same structure. */
void km_door_uri_write(struct km_wr *wr, const struct km_door_uri *uri);

#endif
