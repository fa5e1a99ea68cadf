/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Good and bad chains, one property each, in the categories of NIST's PKITS and of BetterTLS (docs/certs-ta.md lists them). Each
 * has the verdict that it must get, and "openssl verify" with the same options has to agree whether it is good and where not.
 */
#include "tests/unit/cert_maker.h"

#include <openssl/pem.h>

#include "ta/certs/x509.h"
#include "tests/unit/crypto_rig.h"

#define CERTS_MAX 6u
#define CRLS_MAX 3u
#define CA "ca|cn=ca|key=P-256/ca|serial=20"
#define CA_0 "ca|cn=ca|key=P-256/ca|bc=critical,CA:TRUE,pathlen:0"
#define CA_1 "ca|cn=ca|key=P-256/ca|bc=critical,CA:TRUE,pathlen:1"
#define ROOT "ca|cn=root|key=P-256/root"

/* How `openssl verify` may differ, always for a reason. */
enum peer { AGREES = 0, IS_LAXER = 1, OTHER_PLACE = 2 };

struct row {
    const char *category;
    const char *name;
    enum km_certs_verdict verdict;
    const char
        *certs[CERTS_MAX]; /* the leaf first, each signed by the next, unless by=N says by whom */
    const char *sent;      /* which come with the leaf, by number; NULL: all between */
    const char *trusted;   /* NULL: the last */
    enum km_certs_purpose purpose;
    const char *host;
    const char *crls[CRLS_MAX]; /* N:HOW, by certificate N */
    long later;                 /* seconds after CERT_MAKER_NOW */
    enum peer peer;
};

static const struct row ROWS[] = {
    /* ---- signatures and keys ---- */
    {"signature", "three deep", KM_CERTS_GOOD, .certs = {"", CA, ROOT}},
    {"signature", "leaf under the root", KM_CERTS_GOOD, .certs = {"", ROOT}},
    {"signature", "five deep", KM_CERTS_GOOD,
     .certs = {"", "ca|cn=c|key=P-256/c", "ca|cn=b|key=P-256/b", "ca|cn=a|key=P-256/a", ROOT}},
    {"signature", "the root itself", KM_CERTS_GOOD, .certs = {ROOT}},
    {"signature", "bad on the leaf", KM_CERTS_BAD_SIGNATURE, .certs = {"flip", CA, ROOT}},
    {"signature", "bad on an authority", KM_CERTS_BAD_SIGNATURE, .certs = {"", CA "|flip", ROOT}},
    {"signature", "bad on the anchor, which nobody asks", KM_CERTS_GOOD,
     .certs = {"", CA, ROOT "|flip"}},
    {"signature", "another key of the same name", KM_CERTS_BAD_SIGNATURE,
     .certs = {"by=3|aki=", CA "|ski=", ROOT, "ca|cn=ca|key=P-256/other|ski="}, .sent = "1",
     .trusted = "2"},
    {"signature", "P-384", KM_CERTS_GOOD,
     .certs = {"key=P-384/l|md=SHA384", "ca|cn=ca|key=P-384/ca|md=SHA384",
               "ca|cn=root|key=P-384/r"}},
    {"signature", "P-521", KM_CERTS_GOOD,
     .certs = {"key=P-521/l|md=SHA512", "ca|cn=ca|key=P-521/ca|md=SHA512",
               "ca|cn=root|key=P-521/r"}},
    {"signature", "RSA-2048", KM_CERTS_GOOD,
     .certs = {"key=RSA2048/l", "ca|cn=ca|key=RSA2048/ca", "ca|cn=root|key=RSA2048/r"}},
    {"signature", "RSA-3072 above P-256", KM_CERTS_GOOD,
     .certs = {"", CA, "ca|cn=root|key=RSA3072/r"}},
    {"signature", "P-256 above RSA-2048", KM_CERTS_GOOD,
     .certs = {"key=RSA2048/l", "ca|cn=ca|key=RSA2048/ca", ROOT}},
    {"signature", "SHA-384 with P-256", KM_CERTS_GOOD, .certs = {"md=SHA384", CA, ROOT}},
    {"signature", "SHA-512 with RSA-2048", KM_CERTS_GOOD,
     .certs = {"md=SHA512", "ca|cn=ca|key=RSA2048/ca", ROOT}},
    {"signature", "Ed25519", KM_CERTS_GOOD,
     .certs = {"key=ED25519/l", "ca|cn=ca|key=ED25519/ca", "ca|cn=root|key=ED25519/r"}},
    {"forbidden", "Ed25519 leaf", KM_CERTS_BAD_SIGNATURE, .certs = {"key=ED25519/l", CA, ROOT},
     .peer = IS_LAXER},
    {"forbidden", "Ed25519 authority", KM_CERTS_BAD_SIGNATURE,
     .certs = {"", "ca|cn=ca|key=ED25519/ca", ROOT}, .peer = IS_LAXER},
    {"forbidden", "Ed25519 root", KM_CERTS_BAD_SIGNATURE,
     .certs = {"", CA, "ca|cn=root|key=ED25519/r"}, .peer = IS_LAXER},
    {"signature", "SHA3-256", KM_CERTS_UNTRUSTED, .certs = {"md=SHA3-256", CA, ROOT}},
    {"signature", "bad with RSA", KM_CERTS_BAD_SIGNATURE,
     .certs = {"flip", "ca|cn=ca|key=RSA2048/ca", ROOT}},
    {"weak", "RSA-1024 leaf", KM_CERTS_BAD_SIGNATURE, .certs = {"key=RSA1024/l", CA, ROOT}},
    {"weak", "RSA-1024 authority", KM_CERTS_BAD_SIGNATURE,
     .certs = {"", "ca|cn=ca|key=RSA1024/ca", ROOT}},
    {"weak", "RSA-1024 root", KM_CERTS_BAD_SIGNATURE,
     .certs = {"", CA, "ca|cn=root|key=RSA1024/r"}},
    {"weak", "P-192 leaf", KM_CERTS_BAD_SIGNATURE, .certs = {"key=P-192/l", CA, ROOT}},
    {"weak", "P-192 authority", KM_CERTS_BAD_SIGNATURE,
     .certs = {"", "ca|cn=ca|key=P-192/ca", ROOT}},
    {"weak", "P-224 is not offered", KM_CERTS_BAD_SIGNATURE, .certs = {"key=P-224/l", CA, ROOT},
     .peer = IS_LAXER},
    {"weak", "SHA-1 on the leaf", KM_CERTS_BAD_SIGNATURE, .certs = {"md=SHA1", CA, ROOT}},
    {"weak", "SHA-1 on an authority", KM_CERTS_BAD_SIGNATURE, .certs = {"", CA "|md=SHA1", ROOT}},
    {"weak", "SHA-1 on the anchor, which nobody asks", KM_CERTS_GOOD,
     .certs = {"", CA, ROOT "|md=SHA1"}},
    {"weak", "MD5 with RSA", KM_CERTS_BAD_SIGNATURE,
     .certs = {"md=MD5", "ca|cn=ca|key=RSA2048/ca", ROOT}},
    {"weak", "SHA-224", KM_CERTS_GOOD, .certs = {"md=SHA224", CA, ROOT}},

    /* ---- validity ---- */
    {"validity", "leaf not yet", KM_CERTS_NOT_YET_VALID, .certs = {"nb=20240101000000Z", CA, ROOT}},
    {"validity", "leaf not yet, UTCTime", KM_CERTS_NOT_YET_VALID,
     .certs = {"nb=240101000000Z", CA, ROOT}},
    {"validity", "leaf expired", KM_CERTS_EXPIRED, .certs = {"na=20230101000000Z", CA, ROOT}},
    {"validity", "leaf expired, UTCTime", KM_CERTS_EXPIRED,
     .certs = {"na=230101000000Z", CA, ROOT}},
    {"validity", "authority not yet", KM_CERTS_NOT_YET_VALID,
     .certs = {"", CA "|nb=20240101000000Z", ROOT}},
    {"validity", "authority expired", KM_CERTS_EXPIRED,
     .certs = {"", CA "|na=20230101000000Z", ROOT}},
    {"validity", "root expired", KM_CERTS_EXPIRED, .certs = {"", CA, ROOT "|na=20230101000000Z"}},
    {"validity", "root not yet", KM_CERTS_NOT_YET_VALID,
     .certs = {"", CA, ROOT "|nb=20240101000000Z"}},
    {"validity", "from before 2000", KM_CERTS_GOOD, .certs = {"nb=990101000000Z", CA, ROOT}},
    {"validity", "from 1950, UTCTime", KM_CERTS_GOOD, .certs = {"nb=500101000000Z", CA, ROOT}},
    {"validity", "expired in 1999", KM_CERTS_EXPIRED,
     .certs = {"nb=500101000000Z|na=991231235959Z", CA, ROOT}},
    {"validity", "to 2049, UTCTime", KM_CERTS_GOOD, .certs = {"na=491231235959Z", CA, ROOT}},
    {"validity", "to 2050, GeneralizedTime", KM_CERTS_GOOD,
     .certs = {"na=20500101000000Z", CA, ROOT}},
    {"validity", "without an end", KM_CERTS_GOOD, .certs = {"na=99991231235959Z", CA, ROOT}},
    {"validity", "GeneralizedTime before 2050", KM_CERTS_GOOD,
     .certs = {"na=20301231235959Z", CA, ROOT}},
    {"validity", "the last second", KM_CERTS_GOOD, .certs = {"na=20231114221321Z", CA, ROOT}},
    {"validity", "a second later", KM_CERTS_EXPIRED, .certs = {"na=20231114221319Z", CA, ROOT}},
    {"validity", "the first second", KM_CERTS_GOOD, .certs = {"nb=20231114221320Z", CA, ROOT}},
    {"validity", "a second before", KM_CERTS_NOT_YET_VALID,
     .certs = {"nb=20231114221321Z", CA, ROOT}},
    {"validity", "end before begin", KM_CERTS_EXPIRED,
     .certs = {"nb=20230101000000Z|na=20220101000000Z", CA, ROOT}},
    {"validity", "years later", KM_CERTS_EXPIRED, .certs = {"", CA, ROOT}, .later = 200000000},

    /* ---- names that chain ---- */
    {"names", "issuer is another", KM_CERTS_UNTRUSTED, .certs = {"issuer=somebody", CA, ROOT}},
    {"names", "issuer of the authority is another", KM_CERTS_UNTRUSTED,
     .certs = {"", CA "|issuer=somebody", ROOT}},
    {"names", "order of parts differs", KM_CERTS_UNTRUSTED,
     .certs = {"issuer=O=ca", "ca|cn=ca|dn=O|key=P-256/ca", ROOT}},
    {"names", "case differs", KM_CERTS_GOOD, .certs = {"issuer=CA", CA, ROOT}},
    {"names", "spaces differ", KM_CERTS_GOOD,
     .certs = {"issuer= the  ca ", "ca|cn=the ca|key=P-256/ca", ROOT}},
    {"names", "leaf without a name", KM_CERTS_GOOD,
     .certs = {"cn=|san=critical,DNS:leaf.example", CA, ROOT}},
    {"names", "other key identifier", KM_CERTS_UNTRUSTED,
     .certs = {"by=3", CA, ROOT, "ca|cn=ca|key=P-256/other"}, .sent = "1", .trusted = "2"},
    {"names", "without key identifiers", KM_CERTS_GOOD,
     .certs = {"aki=|ski=", CA "|aki=|ski=", ROOT "|aki=|ski="}},
    {"names", "UTF-8", KM_CERTS_GOOD, .certs = {"", "ca|cn=Zertifikatsprüfer|key=P-256/ca", ROOT}},

    /* ---- paths: what is sent, what is there ---- */
    {"path", "root unknown", KM_CERTS_UNTRUSTED, .certs = {"", CA, ROOT, "ca|cn=other|key=P-256/o"},
     .sent = "1", .trusted = "3"},
    {"path", "root sent along, unknown", KM_CERTS_UNTRUSTED,
     .certs = {"", CA, ROOT, "ca|cn=other|key=P-256/o"}, .sent = "12", .trusted = "3"},
    {"path", "root sent along, known", KM_CERTS_GOOD, .certs = {"", CA, ROOT}, .sent = "12",
     .trusted = "2"},
    {"path", "authority missing", KM_CERTS_UNTRUSTED, .certs = {"", CA, ROOT}, .sent = "",
     .trusted = "2"},
    {"path", "authorities in the wrong order", KM_CERTS_GOOD,
     .certs = {"", "ca|cn=b|key=P-256/b", "ca|cn=a|key=P-256/a", ROOT}, .sent = "21",
     .trusted = "3"},
    {"path", "authority twice", KM_CERTS_GOOD, .certs = {"", CA, ROOT}, .sent = "11",
     .trusted = "2"},
    {"path", "leaf sent again", KM_CERTS_GOOD, .certs = {"", CA, ROOT}, .sent = "01",
     .trusted = "2"},
    {"path", "with others that have nothing to do with it", KM_CERTS_GOOD,
     .certs = {"", CA, ROOT, "ca|cn=other|key=P-256/o"}, .sent = "31", .trusted = "2"},
    {"path", "authority between is the anchor", KM_CERTS_GOOD, .certs = {"", CA, ROOT}, .sent = "",
     .trusted = "1"},
    {"path", "anchor between, root sent along", KM_CERTS_GOOD, .certs = {"", CA, ROOT},
     .sent = "12", .trusted = "1"},
    {"path", "both are anchors", KM_CERTS_GOOD, .certs = {"", CA, ROOT}, .sent = "1",
     .trusted = "12"},
    {"path", "the leaf itself known, its issuer not", KM_CERTS_GOOD, .certs = {"", CA, ROOT},
     .sent = "", .trusted = "0"},
    {"path", "two roots of one key, one expired", KM_CERTS_GOOD,
     .certs = {"", CA, ROOT "|serial=1", ROOT "|serial=2|na=20230101000000Z|by=3"}, .sent = "1",
     .trusted = "32"},
    {"path", "authority renewed, the old one sent first", KM_CERTS_GOOD,
     .certs = {"", CA "|by=3", CA "|serial=21|na=20230101000000Z", ROOT}, .sent = "21",
     .trusted = "3"},
    {"path", "cross-signed, the known way second", KM_CERTS_UNTRUSTED,
     .certs = {"", CA "|by=3", CA "|serial=22|by=4", ROOT, "ca|cn=old root|key=P-256/old"},
     .sent = "21", .trusted = "3"},
    {"path", "cross-signed, the known way first", KM_CERTS_GOOD,
     .certs = {"", CA "|by=3", CA "|serial=22|by=4", ROOT, "ca|cn=old root|key=P-256/old"},
     .sent = "12", .trusted = "3"},
    {"path", "root sent as certificate of an unknown one", KM_CERTS_GOOD,
     .certs = {"", CA "|by=3", ROOT "|serial=23|by=4", ROOT, "ca|cn=old root|key=P-256/old"},
     .sent = "12", .trusted = "3"},
    {"path", "two roots of one name and two keys, the first signed", KM_CERTS_GOOD,
     .certs = {"aki=", ROOT "|ski=", "ca|cn=root|key=P-256/new|ski="}, .sent = "", .trusted = "12",
     .peer = OTHER_PLACE},
    {"path", "two roots of one name and two keys, the second signed", KM_CERTS_GOOD,
     .certs = {"aki=", ROOT "|ski=", "ca|cn=root|key=P-256/new|ski="}, .sent = "", .trusted = "21",
     .peer = OTHER_PLACE},
    {"path", "two roots of one name, neither signed", KM_CERTS_BAD_SIGNATURE,
     .certs = {"aki=|flip", ROOT "|ski=", "ca|cn=root|key=P-256/new|ski="}, .sent = "",
     .trusted = "21"},
    {"path", "signed by itself, unknown", KM_CERTS_UNTRUSTED, .certs = {"by=0", ROOT}},
    {"path", "leaf that issues itself a leaf", KM_CERTS_NOT_AUTHORITY,
     .certs = {"cn=below", "cn=leaf|key=P-256/l|ski=hash", CA, ROOT}},

    /* ---- self-issued ---- */
    {"self-issued", "new key with the old name", KM_CERTS_GOOD,
     .certs = {"", "ca|cn=root|key=P-256/new", ROOT}},
    {"self-issued", "does not count for the length", KM_CERTS_GOOD,
     .certs = {"", "ca|cn=ca|key=P-256/new", CA, ROOT "|bc=critical,CA:TRUE,pathlen:1"}},
    {"self-issued", "does not count for the length of its issuer", KM_CERTS_GOOD,
     .certs = {"", "ca|cn=ca|key=P-256/new", CA_0, ROOT}},
    {"self-issued", "one below it counts", KM_CERTS_NOT_AUTHORITY,
     .certs = {"", "ca|cn=sub|key=P-256/sub", "ca|cn=ca|key=P-256/new", CA_0, ROOT}},

    /* ---- basic constraints and path length ---- */
    {"constraints", "issuer without basicConstraints", KM_CERTS_NOT_AUTHORITY,
     .certs = {"", CA "|bc=|ku=", ROOT}},
    {
        "constraints",
        "keyUsage alone makes no authority",
        KM_CERTS_NOT_AUTHORITY,
        .certs = {"", CA "|bc=", ROOT},
    },
    {
        "constraints",
        "an old extension alone makes no authority",
        KM_CERTS_NOT_AUTHORITY,
        .certs = {"", CA "|bc=|ku=|nscert=sslCA", ROOT},
    },
    {"constraints", "issuer is no CA", KM_CERTS_NOT_AUTHORITY,
     .certs = {"", CA "|bc=critical,CA:FALSE", ROOT}},
    {"constraints", "not critical", KM_CERTS_GOOD, .certs = {"", CA "|bc=CA:TRUE", ROOT}},
    {"constraints", "issuer of version 1", KM_CERTS_NOT_AUTHORITY, .certs = {"", CA "|v1", ROOT}},
    {"constraints", "root of version 1", KM_CERTS_NOT_AUTHORITY, .certs = {"", CA, ROOT "|v1"},
     .peer = IS_LAXER},
    {"constraints", "leaf of version 1", KM_CERTS_GOOD, .certs = {"v1", CA, ROOT}},
    {"constraints", "leaf that is an authority", KM_CERTS_GOOD,
     .certs = {"ca|cn=sub|key=P-256/sub", CA, ROOT}},
    {"path length", "0 above a leaf", KM_CERTS_GOOD, .certs = {"", CA_0, ROOT}},
    {"path length", "0 above an authority", KM_CERTS_NOT_AUTHORITY,
     .certs = {"", "ca|cn=sub|key=P-256/sub", CA_0, ROOT}},
    {"path length", "0 above an authority that is the leaf", KM_CERTS_GOOD,
     .certs = {"ca|cn=sub|key=P-256/sub", CA_0, ROOT}},
    {"path length", "1 above one", KM_CERTS_GOOD,
     .certs = {"", "ca|cn=sub|key=P-256/sub", CA_1, ROOT}},
    {"path length", "1 above two", KM_CERTS_NOT_AUTHORITY,
     .certs = {"", "ca|cn=c|key=P-256/c", "ca|cn=b|key=P-256/b", CA_1, ROOT}},
    {"path length", "the root's", KM_CERTS_NOT_AUTHORITY,
     .certs = {"", CA, ROOT "|bc=critical,CA:TRUE,pathlen:0"}},
    {"path length", "a lower one does not widen it", KM_CERTS_NOT_AUTHORITY,
     .certs = {"", "ca|cn=b|key=P-256/b", CA "|bc=critical,CA:TRUE,pathlen:5",
               ROOT "|bc=critical,CA:TRUE,pathlen:1"}},

    /* ---- key usage ---- */
    {"key usage", "authority without keyCertSign", KM_CERTS_NOT_AUTHORITY,
     .certs = {"", CA "|ku=critical,cRLSign", ROOT}},
    {"key usage", "authority without keyCertSign, not critical", KM_CERTS_NOT_AUTHORITY,
     .certs = {"", CA "|ku=cRLSign,digitalSignature", ROOT}},
    {"key usage", "authority without keyUsage", KM_CERTS_GOOD, .certs = {"", CA "|ku=", ROOT}},
    {"key usage", "root without keyCertSign", KM_CERTS_NOT_AUTHORITY,
     .certs = {"", CA, ROOT "|ku=cRLSign"}},
    {"key usage", "server that may only sign lists", KM_CERTS_WRONG_PURPOSE,
     .certs = {"ku=critical,cRLSign", CA, ROOT}, .purpose = KM_CERTS_PURPOSE_TLS_SERVER},
    {"key usage", "client that may only encipher keys", KM_CERTS_WRONG_PURPOSE,
     .certs = {"ku=critical,keyEncipherment", CA, ROOT}, .purpose = KM_CERTS_PURPOSE_TLS_CLIENT},
    {"key usage", "client that signs", KM_CERTS_GOOD,
     .certs = {"ku=critical,digitalSignature", CA, ROOT}, .purpose = KM_CERTS_PURPOSE_TLS_CLIENT},
    {"key usage", "server without keyUsage", KM_CERTS_GOOD, .certs = {"ku=", CA, ROOT},
     .purpose = KM_CERTS_PURPOSE_TLS_SERVER},

    /* ---- extended key usage ---- */
    {"extended key usage", "server as server", KM_CERTS_GOOD, .certs = {"eku=serverAuth", CA, ROOT},
     .purpose = KM_CERTS_PURPOSE_TLS_SERVER},
    {"extended key usage", "server as client", KM_CERTS_WRONG_PURPOSE,
     .certs = {"eku=serverAuth", CA, ROOT}, .purpose = KM_CERTS_PURPOSE_TLS_CLIENT},
    {"extended key usage", "client as server", KM_CERTS_WRONG_PURPOSE,
     .certs = {"eku=clientAuth", CA, ROOT}, .purpose = KM_CERTS_PURPOSE_TLS_SERVER},
    {"extended key usage", "both", KM_CERTS_GOOD, .certs = {"eku=serverAuth,clientAuth", CA, ROOT},
     .purpose = KM_CERTS_PURPOSE_TLS_CLIENT},
    {"extended key usage", "another, critical", KM_CERTS_WRONG_PURPOSE,
     .certs = {"eku=critical,codeSigning", CA, ROOT}, .purpose = KM_CERTS_PURPOSE_TLS_SERVER},
    {"extended key usage", "another, nobody asks", KM_CERTS_GOOD,
     .certs = {"eku=critical,codeSigning", CA, ROOT}},
    {"extended key usage", "authority for clients, server", KM_CERTS_WRONG_PURPOSE,
     .certs = {"eku=serverAuth", CA "|eku=clientAuth", ROOT},
     .purpose = KM_CERTS_PURPOSE_TLS_SERVER},
    {"extended key usage", "authority for servers, server", KM_CERTS_GOOD,
     .certs = {"eku=serverAuth", CA "|eku=serverAuth", ROOT},
     .purpose = KM_CERTS_PURPOSE_TLS_SERVER},

    /* ---- extensions ---- */
    {"extensions", "unknown, critical, leaf", KM_CERTS_MALFORMED,
     .certs = {"critical=1.2.3.4.5", CA, ROOT}},
    {"extensions", "unknown, critical, authority", KM_CERTS_MALFORMED,
     .certs = {"", CA "|critical=1.2.3.4.5", ROOT}},
    {"extensions", "unknown, critical, root", KM_CERTS_MALFORMED,
     .certs = {"", CA, ROOT "|critical=1.2.3.4.5"}},
    {"extensions", "unknown, not critical", KM_CERTS_GOOD,
     .certs = {"odd=1.2.3.4.5", CA "|odd=1.2.3.4.5", ROOT "|odd=1.2.3.4.5"}},
    {"extensions", "policies that nobody asks for", KM_CERTS_GOOD,
     .certs = {"policies=1.2.3.4", CA "|policies=1.2.3.5", ROOT}},

    /* ---- hosts ---- */
    {"host", "name", KM_CERTS_GOOD, .certs = {"", CA, ROOT}, .host = "leaf.example"},
    {"host", "another name", KM_CERTS_WRONG_HOST, .certs = {"", CA, ROOT}, .host = "fake.example"},
    {"host", "one level more", KM_CERTS_WRONG_HOST, .certs = {"", CA, ROOT},
     .host = "a.leaf.example"},
    {"host", "wildcard", KM_CERTS_GOOD, .certs = {"san=DNS:*.leaf.example", CA, ROOT},
     .host = "a.leaf.example"},
    {"host", "wildcard for two levels", KM_CERTS_WRONG_HOST,
     .certs = {"san=DNS:*.leaf.example", CA, ROOT}, .host = "a.b.leaf.example"},
    {"host", "wildcard for none", KM_CERTS_WRONG_HOST,
     .certs = {"san=DNS:*.leaf.example", CA, ROOT}, .host = "leaf.example"},
    {"host", "wildcard in a part", KM_CERTS_WRONG_HOST,
     .certs = {"san=DNS:a*.leaf.example", CA, ROOT}, .host = "ab.leaf.example", .peer = IS_LAXER},
    {"host", "wildcard alone", KM_CERTS_WRONG_HOST, .certs = {"san=DNS:*", CA, ROOT},
     .host = "leaf"},
    {"host", "wildcard for a top level", KM_CERTS_WRONG_HOST,
     .certs = {"san=DNS:*.example", CA, ROOT}, .host = "leaf.example"},
    {"host", "common name beside DNS names", KM_CERTS_WRONG_HOST,
     .certs = {"cn=cn.example", CA, ROOT}, .host = "cn.example"},
    {"host", "common name alone", KM_CERTS_GOOD, .certs = {"cn=cn.example|san=", CA, ROOT},
     .host = "cn.example"},
    {"host", "address", KM_CERTS_GOOD, .certs = {"", CA, ROOT}, .host = "10.1.2.3"},
    {"host", "another address", KM_CERTS_WRONG_HOST, .certs = {"", CA, ROOT}, .host = "10.1.2.4"},
    {"host", "address as a name", KM_CERTS_WRONG_HOST, .certs = {"san=DNS:10.1.2.3", CA, ROOT},
     .host = "10.1.2.3"},
    {"host", "IPv6", KM_CERTS_GOOD, .certs = {"san=IP:fe80::1", CA, ROOT}, .host = "fe80::1"},

    /* ---- name constraints, what the table below does not make ---- */
    {"name constraints", "not critical", KM_CERTS_NAME_CONSTRAINT,
     .certs = {"", CA "|nc=permitted;DNS:other.example", ROOT}},
    {"name constraints", "of the root", KM_CERTS_NAME_CONSTRAINT,
     .certs = {"", CA, ROOT "|nc=critical,permitted;DNS:other.example"}},
    {"name constraints", "of both, each fits", KM_CERTS_GOOD,
     .certs = {"", CA "|nc=critical,permitted;DNS:leaf.example",
               ROOT "|nc=critical,permitted;DNS:example"}},
    {"name constraints", "wider below than above", KM_CERTS_NAME_CONSTRAINT,
     .certs = {"", CA "|nc=critical,permitted;DNS:example",
               ROOT "|nc=critical,permitted;DNS:sub.example"}},
    {"name constraints", "several permitted", KM_CERTS_GOOD,
     .certs =
         {"",
          CA
          "|nc=critical,permitted;DNS:x.example,permitted;DNS:leaf.example,permitted;IP:10.0.0.0/255.0.0.0",
          ROOT}},
    {"name constraints", "of another kind", KM_CERTS_GOOD,
     .certs = {"san=DNS:leaf.example", CA "|nc=critical,permitted;IP:10.0.0.0/255.0.0.0", ROOT}},
    {"name constraints", "of a kind that is not understood", KM_CERTS_NAME_CONSTRAINT,
     .certs = {"san=RID:1.2.3.4", CA "|nc=critical,permitted;RID:1.2.3", ROOT}},
    {"name constraints", "an authority's name", KM_CERTS_NAME_CONSTRAINT,
     .certs = {"dn=Example", "ca|cn=sub|dn=Other|key=P-256/sub",
               CA "|nc=critical,permitted;dirName:example", ROOT}},
    {"name constraints", "mail", KM_CERTS_NAME_CONSTRAINT,
     .certs = {"san=email:a@other.example", CA "|nc=critical,permitted;email:leaf.example", ROOT}},
    {"name constraints", "URI", KM_CERTS_NAME_CONSTRAINT,
     .certs = {"san=URI:http://other.example/x", CA "|nc=critical,permitted;URI:leaf.example",
               ROOT}},
    {"name constraints", "IPv6", KM_CERTS_NAME_CONSTRAINT,
     .certs = {"san=IP:fe80::1",
               CA "|nc=critical,excluded;IP:fe80:0:0:0:0:0:0:0/ffff:0:0:0:0:0:0:0", ROOT}},

    {"name constraints", "a wildcard above what is excluded", KM_CERTS_NAME_CONSTRAINT,
     .certs = {"san=DNS:*.leaf.example", CA "|nc=critical,excluded;DNS:bad.leaf.example", ROOT},
     .host = "BAD.leaf.example", .peer = IS_LAXER},
    {"name constraints", "a wildcard above what the root excludes", KM_CERTS_NAME_CONSTRAINT,
     .certs = {"san=DNS:*.leaf.example", CA,
               ROOT "|nc=critical,excluded;DNS:.example.org,excluded;DNS:bad.leaf.example"},
     .host = "bad.leaf.example", .peer = IS_LAXER},
    {"name constraints", "a wildcard, and a host beside what is excluded", KM_CERTS_GOOD,
     .certs = {"san=DNS:*.leaf.example", CA "|nc=critical,excluded;DNS:bad.leaf.example", ROOT},
     .host = "notbad.leaf.example"},
    {"name constraints", "a wildcard, and a host above what is excluded", KM_CERTS_GOOD,
     .certs = {"san=DNS:*.leaf.example", CA "|nc=critical,excluded;DNS:.bad.leaf.example", ROOT},
     .host = "bad.leaf.example"},
    {"name constraints", "common name with a wildcard", KM_CERTS_WRONG_HOST,
     .certs = {"cn=*.other.example|san=", CA "|nc=critical,permitted;DNS:leaf.example", ROOT},
     .host = "www.other.example", .peer = IS_LAXER},
    {"name constraints", "common name of one label", KM_CERTS_WRONG_HOST,
     .certs = {"cn=localhost|san=", CA, ROOT "|nc=critical,permitted;DNS:leaf.example"},
     .host = "localhost", .peer = IS_LAXER},
    {"name constraints", "common name of one label, and no constraints", KM_CERTS_GOOD,
     .certs = {"cn=localhost|san=", CA, ROOT}, .host = "localhost"},

    /* ---- revocation ---- */
    {"revocation", "nobody listed", KM_CERTS_GOOD, .certs = {"serial=11", CA, ROOT},
     .crls = {"1:serials=5", "2:serials=5"}},
    {"revocation", "leaf listed", KM_CERTS_REVOKED, .certs = {"serial=11", CA, ROOT},
     .crls = {"1:serials=5,11", "2:"}},
    {"revocation", "authority listed", KM_CERTS_REVOKED, .certs = {"serial=11", CA, ROOT},
     .crls = {"1:", "2:serials=20"}},
    {"revocation", "root lists itself, which is the anchor", KM_CERTS_GOOD,
     .certs = {"serial=11", CA, ROOT}, .crls = {"1:", "2:serials=7"}, .peer = OTHER_PLACE},
    {"revocation", "list of the authority alone", KM_CERTS_REVOKED,
     .certs = {"serial=11", CA, ROOT}, .crls = {"1:serials=11"}},
    {"revocation", "list of the root alone", KM_CERTS_GOOD, .certs = {"serial=11", CA, ROOT},
     .crls = {"2:serials=11"}, .peer = OTHER_PLACE},
    {"revocation", "list past its time", KM_CERTS_CRL_STALE, .certs = {"serial=11", CA, ROOT},
     .crls = {"1:next=20231101000000Z|this=20231001000000Z", "2:"}},
    {"revocation", "list of the future", KM_CERTS_CRL_STALE, .certs = {"serial=11", CA, ROOT},
     .crls = {"1:this=20231201000000Z|next=20240101000000Z", "2:"}},
    {"revocation", "bad signature on the list", KM_CERTS_CRL_STALE,
     .certs = {"serial=11", CA, ROOT}, .crls = {"1:flip", "2:"}},
    {"revocation", "listed on a stale list", KM_CERTS_CRL_STALE, .certs = {"serial=11", CA, ROOT},
     .crls = {"1:serials=11|next=20231101000000Z|this=20231001000000Z", "2:"}},
    {"revocation", "authority may not sign lists", KM_CERTS_CRL_STALE,
     .certs = {"serial=11", CA "|ku=critical,keyCertSign", ROOT}, .crls = {"1:", "2:"}},
    {"revocation", "list of another with the same serials", KM_CERTS_GOOD,
     .certs = {"serial=11", CA, ROOT, "ca|cn=other|key=P-256/o"}, .sent = "1", .trusted = "2",
     .crls = {"3:serials=11,20", "1:", "2:"}},
    {"revocation", "list of the same name with another key", KM_CERTS_GOOD,
     .certs = {"serial=11", CA, ROOT, "ca|cn=ca|key=P-256/o"}, .sent = "1", .trusted = "2",
     .crls = {"3:serials=11", "1:", "2:"}},
    {"revocation", "an anchor that another anchor has revoked", KM_CERTS_REVOKED,
     .certs = {"serial=11", CA, ROOT}, .trusted = "12", .crls = {"1:", "2:serials=20"}},
    {"revocation", "an anchor that another anchor has not revoked", KM_CERTS_GOOD,
     .certs = {"serial=11", CA, ROOT}, .trusted = "12", .crls = {"1:", "2:serials=21"},
     .peer = OTHER_PLACE},
    {"revocation", "an anchor on the list of a namesake of its issuer", KM_CERTS_GOOD,
     .certs = {"serial=11", CA, ROOT, "ca|cn=root|key=P-256/o"}, .sent = "1", .trusted = "123",
     .crls = {"1:", "2:", "3:serials=20"}, .peer = OTHER_PLACE},
    {"revocation", "another certificate of the list's signer", KM_CERTS_REVOKED,
     .certs = {"serial=11", CA "|ski=0102030405|by=3", CA "|by=3", ROOT}, .sent = "1",
     .trusted = "23", .crls = {"2:serials=11", "3:"}},
    {"revocation", "another certificate of the list's signer, nobody listed", KM_CERTS_CRL_STALE,
     .certs = {"serial=11", CA "|ski=0102030405|by=3", CA "|by=3", ROOT}, .sent = "1",
     .trusted = "23", .crls = {"2:", "3:"}},
    {"revocation", "list of version 1", KM_CERTS_REVOKED, .certs = {"serial=11", CA, ROOT},
     .crls = {"1:serials=11|v1", "2:"}},
};

/* ---- one chain ---- */

struct chain {
    struct made_cert certs[CERTS_MAX];
    size_t n;
    const char *sent, *trusted;
    char between[CERTS_MAX + 1], last[2];
    uint8_t *crls[CRLS_MAX];
    size_t crl_lens[CRLS_MAX];
    size_t n_crls;
};

/* Who signs: by=N, else the next one; a root and the last one themselves. */
static const struct made_cert *signer_of(const struct chain *chain, const struct row *row, size_t i)
{
    const char *by = strstr(row->certs[i], "by=");
    size_t at = by != NULL ? (size_t)(by[3] - '0') : i + 1;
    assert_true(at >= i);
    bool is_root = by == NULL && strncmp(row->certs[i], ROOT, strlen(ROOT)) == 0;
    return is_root || at == i || at >= chain->n ? NULL : &chain->certs[at];
}

static void make(const struct row *row, struct chain *ret)
{
    memset(ret, 0, sizeof(*ret));
    while (ret->n < CERTS_MAX && row->certs[ret->n] != NULL)
        ret->n++;
    for (size_t i = ret->n; i-- > 0;)
        cert_make(row->certs[i], signer_of(ret, row, i), &ret->certs[i]);
    for (size_t i = 1; i + 1 < ret->n; i++)
        ret->between[i - 1] = (char)('0' + (int)i);
    ret->last[0] = (char)('0' + (int)ret->n - 1);
    ret->sent = row->sent != NULL ? row->sent : ret->between;
    ret->trusted = row->trusted != NULL ? row->trusted : ret->last;
    for (; ret->n_crls < CRLS_MAX && row->crls[ret->n_crls] != NULL; ret->n_crls++) {
        const char *how = row->crls[ret->n_crls];
        ret->crls[ret->n_crls] =
            crl_make(how + 2, &ret->certs[how[0] - '0'], &ret->crl_lens[ret->n_crls]);
    }
}

static void clear(struct chain *chain)
{
    for (size_t i = 0; i < chain->n; i++)
        cert_free(&chain->certs[i]);
    for (size_t i = 0; i < chain->n_crls; i++)
        OPENSSL_free(chain->crls[i]);
}

static enum km_certs_verdict judge(const struct row *row, const struct chain *chain,
                                   uint32_t *ret_depth)
{
    struct km_x509_trust *trust = km_x509_trust_new();
    struct km_slice sent[KM_CERTS_CHAIN_MAX] = {cert_der(&chain->certs[0])};
    size_t n = 1;
    const struct km_x509_wish wish = {.purpose = row->purpose,
                                      .host = KM_SLICE_STR(row->host != NULL ? row->host : ""),
                                      .now = (uint64_t)(CERT_MAKER_NOW + row->later),
                                      .allows_ed25519 = strcmp(row->category, "forbidden") != 0};
    for (const char *at = chain->trusted; *at != 0; at++)
        assert_true(km_x509_trust_anchor(trust, cert_der(&chain->certs[*at - '0'])));
    for (const char *at = chain->sent; *at != 0; at++)
        sent[n++] = cert_der(&chain->certs[*at - '0']);
    for (size_t i = 0; i < chain->n_crls; i++)
        assert_true(km_x509_trust_crl(trust, KM_SLICE(chain->crls[i], chain->crl_lens[i])));
    enum km_certs_verdict verdict = km_x509_verify(trust, sent, n, &wish, ret_depth);
    km_x509_trust_free(trust);
    return verdict;
}

/* ---- the peer ---- */

static char dir[64];

static void write_file(const char *name, const struct chain *chain, const char *which)
{
    char path[128] = {0};
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    for (const char *at = which; *at != 0; at++)
        assert_int_equal(PEM_write_X509(out, chain->certs[*at - '0'].x509), 1);
    (void)fclose(out);
}

static void write_crls(const struct chain *chain)
{
    char path[128] = {0};
    (void)snprintf(path, sizeof(path), "%s/crls", dir);
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    for (size_t i = 0; i < chain->n_crls; i++) {
        const uint8_t *at = chain->crls[i];
        X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)chain->crl_lens[i]);
        assert_int_equal(PEM_write_X509_CRL(out, crl), 1);
        X509_CRL_free(crl);
    }
    (void)fclose(out);
}

static bool is_address(const char *host)
{
    return strspn(host, "0123456789.") == strlen(host) || strchr(host, ':') != NULL;
}

/* Whether "openssl verify" finds it good; *ret_depth where not. */
static bool ask_peer(const struct row *row, const struct chain *chain, unsigned *ret_depth)
{
    static const char *const PURPOSES[] = {"", "-purpose sslserver", "-purpose sslclient"};
    char command[1024] = {0};
    char line[512] = {0};
    unsigned code = 0;
    const char *host = row->host != NULL ? row->host : "";
    write_file("leaf", chain, "0");
    write_file("sent", chain, chain->sent);
    write_file("trusted", chain, chain->trusted);
    write_crls(chain);
    (void)snprintf(
        command, sizeof(command),
        "cd %s && openssl verify -no-CApath -no-CAstore -CAfile trusted %s -partial_chain "
        "-auth_level 2 -attime %ld %s %s %s %s leaf 2>&1",
        dir, chain->sent[0] != 0 ? "-untrusted sent" : "", CERT_MAKER_NOW + row->later,
        PURPOSES[row->purpose],
        host[0] == 0       ? ""
        : is_address(host) ? "-verify_ip"
                           : "-verify_hostname",
        host, chain->n_crls != 0 ? "-crl_check_all -CRLfile crls" : "");
    FILE *in = popen(command, "re");
    assert_non_null(in);
    bool is_found = false;
    while (fgets(line, sizeof(line), in) != NULL) {
        if (!is_found)
            is_found = sscanf(line, "error %u at %u depth", &code, ret_depth) == 2;
    }
    return pclose(in) == 0;
}

static unsigned n_chains;

/* Whether the verdict is the wanted one, and the peer's opinion the same. */
static bool check(const struct row *row)
{
    struct chain chain = {.n = 0};
    uint32_t depth = 0;
    unsigned peer_depth = 0;
    make(row, &chain);
    enum km_certs_verdict verdict = judge(row, &chain, &depth);
    bool is_good = ask_peer(row, &chain, &peer_depth);
    bool agrees = row->peer == IS_LAXER ? is_good
                  : row->peer == OTHER_PLACE
                      ? true
                      : is_good == (verdict == KM_CERTS_GOOD) && (is_good || depth == peer_depth);
    bool ok = verdict == row->verdict && agrees;
    if (!ok)
        print_message("%s: %s: verdict %d, not %d, at %u; openssl: %s at %u\n", row->category,
                      row->name, (int)verdict, (int)row->verdict, depth, is_good ? "good" : "bad",
                      peer_depth);
    clear(&chain);
    n_chains++;
    return ok;
}

static void each_has_its_verdict(void **state)
{
    (void)state;
    unsigned n_bad = 0;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++)
        n_bad += check(&ROWS[i]) ? 0 : 1;
    assert_int_equal(n_bad, 0);
}

/* ---- name constraints: every kind, permitted and excluded, each fitting or not or missing ---- */

static const struct kind {
    const char *name;
    const char *leaf;
    const char *fits;
    const char *fits_not;
} KINDS[] = {
    {"DNS", "san=DNS:leaf.example", "DNS:leaf.example", "DNS:other.example"},
    {"DNS, a level above", "san=DNS:a.leaf.example", "DNS:leaf.example", "DNS:eaf.example"},
    {"DNS, two names of which one fits", "san=DNS:leaf.example,DNS:leaf.example", "DNS:example",
     "DNS:example.org"},
    {"address", "san=IP:10.1.2.3", "IP:10.1.0.0/255.255.0.0", "IP:10.2.0.0/255.255.0.0"},
    {"directory", "dn=Example|san=", "dirName:example", "dirName:other"},
    {"common name", "cn=leaf.example|san=", "DNS:leaf.example", "DNS:other.example"},
};

static void constrained(const struct kind *kind, unsigned permitted, unsigned excluded,
                        unsigned *n_bad)
{
    char name[128] = {0};
    char ca[512] = {0};
    const char *const which[] = {NULL, kind->fits, kind->fits_not};
    /* That a common name is taken for a host is known when somebody asks for one; where there are constraints it is not. */
    bool is_cn = strcmp(kind->name, "common name") == 0;
    bool is_good = permitted != 2 && excluded != 1;
    bool is_unasked = is_cn && is_good && permitted + excluded != 0;
    (void)snprintf(name, sizeof(name), "%s, permitted %u, excluded %u", kind->name, permitted,
                   excluded);
    (void)snprintf(ca, sizeof(ca), CA "%s%s%s%s%s", permitted + excluded != 0 ? "|nc=critical" : "",
                   permitted != 0 ? ",permitted;" : "", permitted != 0 ? which[permitted] : "",
                   excluded != 0 ? ",excluded;" : "", excluded != 0 ? which[excluded] : "");
    const struct row row = {.category = "name constraints",
                            .name = name,
                            .verdict = is_unasked ? KM_CERTS_WRONG_HOST
                                       : is_good  ? KM_CERTS_GOOD
                                                  : KM_CERTS_NAME_CONSTRAINT,
                            .peer = is_unasked ? IS_LAXER : AGREES,
                            .certs = {kind->leaf, ca, ROOT},
                            .host = is_cn ? "leaf.example" : NULL};
    *n_bad += check(&row) ? 0 : 1;
}

static void name_constraints(void **state)
{
    (void)state;
    unsigned n_bad = 0;
    for (size_t i = 0; i < KM_ARRAY_LEN(KINDS); i++) {
        for (unsigned both = 0; both < 9; both++)
            constrained(&KINDS[i], both / 3, both % 3, &n_bad);
    }
    print_message("%u chains, all judged as wanted and as openssl does\n", n_chains);
    assert_int_equal(n_bad, 0);
    assert_in_range(n_chains, 120, 1000);
}

static int begin(void **state)
{
    (void)state;
    rig_dir(dir);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rig_dir_remove(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_verdict),
        cmocka_unit_test(name_constraints),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
