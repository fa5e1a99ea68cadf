/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam to libcrypto with any octets as certificate, chain and revocation list. What the form's own parser refuses is malformed here
 * too; nothing that is not signed by the anchor is ever good; and no error stays in libcrypto's queue.
 *
 * The input: one octet that says what the rest is, then 1: a certificate, 2: a list, 3: certificates, each with a u16 length.
 */
#include <openssl/err.h>

#include "format/cert_form.h"
#include "fuzz/km_fuzz.h"
#include "ta/certs/x509.h"
#include "tests/unit/cert_maker.h"

static struct made_cert anchor, good;
static struct km_x509_trust *trust;

static void once(void)
{
    if (trust != NULL)
        return;
    trust = km_x509_trust_new();
    cert_make("ca|cn=root|key=P-256/root", NULL, &anchor);
    cert_make("cn=leaf|key=P-256/leaf", &anchor, &good);
    KM_FUZZ_CHECK(km_x509_trust_anchor(trust, cert_der(&anchor)));
}

static void certificate(struct km_slice in)
{
    struct km_x509_facts facts = {0};
    uint8_t content[KM_X509_ID_LEN] = {0};
    bool is_one = km_x509_read(in, &facts);
    KM_FUZZ_CHECK(!is_one || km_cert_form_is(KM_CERT_CERTIFICATE, in));
    KM_FUZZ_CHECK(!is_one || km_x509_content(in, content));
    KM_FUZZ_CHECK(km_utf8_valid(KM_SLICE(facts.subject, strlen(facts.subject))));
    (void)km_x509_has_key(in, in);
}

static void list(struct km_slice in)
{
    char issuer[KM_CERTS_SUBJECT_MAX + 1u] = {0};
    enum km_x509_crl_form form = km_x509_crl_read(in, issuer);
    enum km_x509_crl_signer by = km_x509_crl_by(in, cert_der(&anchor));
    (void)km_x509_crl_lists(in, cert_der(&good));
    KM_FUZZ_CHECK(form != KM_X509_CRL_GOOD || km_x509_crl_follows(in, in));
    KM_FUZZ_CHECK(by != KM_X509_CRL_MAY_NOT);
}

static void chain(struct km_rd rd)
{
    struct km_slice certs[KM_CERTS_CHAIN_MAX] = {{0}};
    const struct km_x509_wish wish = {.now = CERT_MAKER_NOW};
    uint32_t depth = 0;
    size_t n = 0;
    uint16_t len = 0;
    while (n < KM_CERTS_CHAIN_MAX && km_rd_u16le(&rd, &len) && km_rd_bytes(&rd, len, &certs[n]))
        n++;
    if (n == 0)
        return;
    /* The first with what the others are, and what is good with them. */
    (void)km_x509_verify(trust, certs, n, &wish, &depth);
    KM_FUZZ_CHECK(depth <= KM_CERTS_CHAIN_MAX + 1);
    certs[0] = cert_der(&good);
    enum km_certs_verdict verdict = km_x509_verify(trust, certs, n, &wish, &depth);
    KM_FUZZ_CHECK(verdict == KM_CERTS_GOOD || verdict == KM_CERTS_MALFORMED || n > 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_rd rd = km_rd_init(KM_SLICE(data, size));
    uint8_t what = 0;
    once();
    if (!km_rd_u8(&rd, &what))
        return 0;
    struct km_slice rest = KM_SLICE(rd.pos, km_rd_left(&rd));
    if (what == 1)
        certificate(rest);
    if (what == 2)
        list(rest);
    if (what == 3)
        chain(rd);
    KM_FUZZ_CHECK(ERR_peek_error() == 0);
    return 0;
}
