/* SPDX-License-Identifier: Apache-2.0 */
/* VERIFY: whom and what it is asked for, revocation lists, and the clock. */
#include "tests/unit/certs_rig.h"

#define HOUR 3600u

static struct made_cert ca, sub, leaf;

static int up(void **state)
{
    (void)certs_rig_up(state);
    cert_make("ca|cn=ca|key=P-256/ca", NULL, &ca);
    cert_make("ca|cn=sub|key=P-256/sub|serial=20", &ca, &sub);
    cert_make("cn=leaf|key=P-256/leaf|serial=11|eku=serverAuth", &sub, &leaf);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 1, &ca), TEE_SUCCESS);
    return 0;
}

static int down(void **state)
{
    cert_free(&ca);
    cert_free(&sub);
    cert_free(&leaf);
    return certs_rig_down(state);
}

/* ---- what is asked ---- */

struct asked {
    uint8_t chain[65536];
    uint8_t wish[600];
    size_t chain_len, wish_len;
};

static void ask_for(struct asked *asked, const struct km_certs_wish *wish)
{
    const struct km_certs_chain chain = {.at = {cert_der(&leaf), cert_der(&sub)}, .n = 2};
    struct km_wr wr = km_wr_init(asked->chain, sizeof(asked->chain));
    struct km_wr wish_wr = km_wr_init(asked->wish, sizeof(asked->wish));
    km_certs_chain_put(&wr, &chain);
    km_certs_wish_put(&wish_wr, wish);
    asked->chain_len = wr.len;
    asked->wish_len = wish_wr.len;
}

static uint32_t result_of(const struct asked *asked, uint32_t *ret_verdict)
{
    uint32_t depth = 0;
    return certs_rig_ask(KM_SLICE(asked->chain, asked->chain_len),
                         KM_SLICE(asked->wish, asked->wish_len), ret_verdict, &depth);
}

static uint32_t verdict(const struct km_certs_wish *wish)
{
    static struct asked asked;
    uint32_t found = UINT32_MAX;
    ask_for(&asked, wish);
    assert_int_equal(result_of(&asked, &found), TEE_SUCCESS);
    return found;
}

static struct km_certs_wish wish_of(enum km_certs_purpose purpose, const char *host,
                                    const char *anchor)
{
    return (struct km_certs_wish){
        .purpose = purpose, .host = KM_SLICE_STR(host), .anchor = KM_SLICE_STR(anchor)};
}

static void purposes_and_hosts(void **state)
{
    (void)state;
    static const struct {
        enum km_certs_purpose purpose;
        const char *host;
        enum km_certs_verdict verdict;
    } ROWS[] = {
        {KM_CERTS_PURPOSE_ANY, "", KM_CERTS_GOOD},
        {KM_CERTS_PURPOSE_TLS_SERVER, "", KM_CERTS_GOOD},
        {KM_CERTS_PURPOSE_TLS_CLIENT, "", KM_CERTS_WRONG_PURPOSE},
        {KM_CERTS_PURPOSE_TLS_SERVER, "leaf.example", KM_CERTS_GOOD},
        {KM_CERTS_PURPOSE_TLS_SERVER, "LEAF.example", KM_CERTS_GOOD},
        {KM_CERTS_PURPOSE_TLS_SERVER, "other.example", KM_CERTS_WRONG_HOST},
        {KM_CERTS_PURPOSE_TLS_SERVER, "x.leaf.example", KM_CERTS_WRONG_HOST},
        {KM_CERTS_PURPOSE_ANY, "10.1.2.3", KM_CERTS_GOOD},
        {KM_CERTS_PURPOSE_ANY, "10.1.2.4", KM_CERTS_WRONG_HOST},
        {KM_CERTS_PURPOSE_ANY, "::1", KM_CERTS_WRONG_HOST},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        const struct km_certs_wish wish = wish_of(ROWS[i].purpose, ROWS[i].host, "");
        assert_int_equal(verdict(&wish), ROWS[i].verdict);
    }
}

static void one_anchor(void **state)
{
    (void)state;
    static struct asked asked;
    uint32_t found = 0;
    struct km_certs_wish wish = wish_of(KM_CERTS_PURPOSE_ANY, "", "com.seqlabs.oem_root_cert");
    assert_int_equal(verdict(&wish), KM_CERTS_UNTRUSTED);
    assert_int_equal(certs_rig_named("com.seqlabs.oem_cloud_cert", 2, &ca), TEE_SUCCESS);
    assert_int_equal(verdict(&wish), KM_CERTS_UNTRUSTED);
    wish.anchor = KM_SLICE_STR("com.seqlabs.oem_cloud_cert");
    assert_int_equal(verdict(&wish), KM_CERTS_GOOD);
    /* A certificate of nobody's authority can be asked for as well: then it is itself that is trusted, and nothing under it. */
    assert_int_equal(certs_rig_named("com.seqlabs.oem_cloud_cert", 3, &leaf), TEE_SUCCESS);
    assert_int_equal(verdict(&wish), KM_CERTS_GOOD);
    wish.anchor = KM_SLICE_STR("com.example.nothing");
    ask_for(&asked, &wish);
    assert_int_equal(result_of(&asked, &found), TEE_ERROR_ITEM_NOT_FOUND);
}

static void odd_questions(void **state)
{
    (void)state;
    static struct asked asked;
    static const char *const HOSTS[] = {".example", "a b", "leaf.example/", "*.example", "\x01"};
    uint32_t found = 0;
    for (size_t i = 0; i < KM_ARRAY_LEN(HOSTS); i++) {
        const struct km_certs_wish wish = wish_of(KM_CERTS_PURPOSE_ANY, HOSTS[i], "");
        ask_for(&asked, &wish);
        assert_int_equal(result_of(&asked, &found), TEE_ERROR_BAD_FORMAT);
    }
    const struct km_certs_wish wish = wish_of(KM_CERTS_PURPOSE_TLS_SERVER, "leaf.example", "");
    ask_for(&asked, &wish);
    const struct asked sound = asked;
    for (asked.wish_len = 0; asked.wish_len < sound.wish_len; asked.wish_len++)
        assert_int_equal(result_of(&asked, &found), TEE_ERROR_BAD_FORMAT);
    asked.wish_len = sound.wish_len + 1;
    assert_int_equal(result_of(&asked, &found), TEE_ERROR_BAD_FORMAT);
    asked.wish_len = sound.wish_len;
    asked.wish[0] = 3; /* a purpose that is none */
    assert_int_equal(result_of(&asked, &found), TEE_ERROR_BAD_FORMAT);
    asked.wish[0] = 1;
    asked.wish[4] = 1; /* a flag that is none */
    assert_int_equal(result_of(&asked, &found), TEE_ERROR_BAD_FORMAT);
    asked.wish[4] = 0;
    for (asked.chain_len = 0; asked.chain_len < sound.chain_len; asked.chain_len++) {
        uint32_t result = result_of(&asked, &found);
        /* Cut between two certificates it is a chain of one, which leads nowhere. */
        assert_true(result == TEE_ERROR_BAD_FORMAT ||
                    (result == TEE_SUCCESS && found == KM_CERTS_UNTRUSTED));
    }
    asked.chain_len = sizeof(asked.chain) + 1;
    assert_int_equal(result_of(&asked, &found), KM_CERTS_E_TOO_LARGE);
}

/* Whatever octet of the certificate is changed, it is not good any more. */
static void flipped_certificates(void **state)
{
    (void)state;
    static struct asked asked;
    const struct km_certs_wish wish = wish_of(KM_CERTS_PURPOSE_TLS_SERVER, "leaf.example", "");
    uint32_t found = 0;
    ask_for(&asked, &wish);
    for (size_t i = 0; i < leaf.len; i++) {
        for (unsigned bit = 0; bit < 8; bit += 3) {
            asked.chain[4 + i] ^= (uint8_t)(1u << bit);
            assert_int_equal(result_of(&asked, &found), TEE_SUCCESS);
            asked.chain[4 + i] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(found, KM_CERTS_GOOD);
        }
    }
    assert_int_equal(result_of(&asked, &found), TEE_SUCCESS);
    assert_int_equal(found, KM_CERTS_GOOD);
}

static void too_many_certificates(void **state)
{
    (void)state;
    static struct asked asked;
    const struct km_certs_wish wish = wish_of(KM_CERTS_PURPOSE_ANY, "", "");
    struct km_certs_chain chain = {.at = {cert_der(&leaf)}, .n = KM_CERTS_CHAIN_MAX};
    uint32_t found = 0;
    for (size_t i = 1; i < chain.n; i++)
        chain.at[i] = cert_der(&sub);
    ask_for(&asked, &wish);
    struct km_wr wr = km_wr_init(asked.chain, sizeof(asked.chain));
    km_certs_chain_put(&wr, &chain);
    asked.chain_len = wr.len;
    assert_int_equal(result_of(&asked, &found), TEE_SUCCESS);
    assert_int_equal(found, KM_CERTS_GOOD);
    km_wr_blob32le(&wr, cert_der(&sub));
    asked.chain_len = wr.len;
    assert_int_equal(result_of(&asked, &found), TEE_ERROR_BAD_FORMAT);
}

/* ---- revocation lists ---- */

static uint32_t take(const char *how, const struct made_cert *by)
{
    size_t len = 0;
    uint8_t *crl = crl_make(how, by, &len);
    uint32_t result = certs_rig_crl(KM_SLICE(crl, len));
    OPENSSL_free(crl);
    return result;
}

static void lists_revoke_along_the_path(void **state)
{
    (void)state;
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_GOOD);
    assert_int_equal(take("serials=5", &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_GOOD);
    assert_int_equal(take("serials=5,20|number=2", &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_REVOKED);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 2, &sub), KM_CERTS_E_REVOKED);
    /* Without the authority nothing of it is trusted, and with it again its list still counts. */
    assert_int_equal(certs_rig_simple(KM_CERT_DELETE_AUTHORITY, 2, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 3, &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_REVOKED);
}

static void lists_by_an_anchor_that_is_none_of_the_roots(void **state)
{
    (void)state;
    assert_int_equal(take("serials=11", &sub), KM_CERTS_E_NOT_AUTHORITY);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 2, &sub), TEE_SUCCESS);
    assert_int_equal(take("serials=11", &sub), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, NULL), KM_CERTS_REVOKED);
    assert_int_equal(certs_rig_verify(&sub, NULL), KM_CERTS_GOOD);
}

static void lists_never_go_back(void **state)
{
    (void)state;
    assert_int_equal(take("serials=5|number=4|this=20231101000000Z", &ca), TEE_SUCCESS);
    assert_int_equal(take("number=3|this=20231102000000Z", &ca), KM_CERTS_E_ROLLBACK);
    assert_int_equal(take("number=5|this=20231031000000Z", &ca), KM_CERTS_E_ROLLBACK);
    assert_int_equal(take("number=|this=20231102000000Z", &ca), KM_CERTS_E_ROLLBACK);
    assert_int_equal(take("number=5|this=20231102000000Z", &ca), TEE_SUCCESS);
}

static void lists_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *how;
        uint32_t result;
    } ROWS[] = {
        {"flip", KM_CERTS_E_SIGNATURE},        {"md=SHA1", KM_CERTS_E_SIGNATURE},
        {"delta", TEE_ERROR_NOT_SUPPORTED},    {"idp", TEE_ERROR_NOT_SUPPORTED},
        {"critical", TEE_ERROR_NOT_SUPPORTED}, {"serials=5|entry", TEE_ERROR_NOT_SUPPORTED},
        {"endless", TEE_ERROR_BAD_FORMAT},     {"next=20200101000000Z", TEE_ERROR_BAD_FORMAT},
    };
    struct made_cert mute = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++)
        assert_int_equal(take(ROWS[i].how, &ca), ROWS[i].result);
    cert_make("ca|cn=mute|key=P-256/mute|ku=critical,keyCertSign", NULL, &mute);
    assert_int_equal(take("", &mute), KM_CERTS_E_NOT_AUTHORITY);
    assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 2, &mute), TEE_SUCCESS);
    assert_int_equal(take("", &mute), KM_CERTS_E_NOT_AUTHORITY);
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_GOOD);
    cert_free(&mute);
}

/* Each octet changed and each cut: refused, or the same list. */
static void damaged_lists(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *crl = crl_make("serials=5", &ca, &len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(certs_rig_crl(KM_SLICE(crl, i)), TEE_ERROR_BAD_FORMAT);
        crl[i] ^= 0x04;
        assert_int_not_equal(certs_rig_crl(KM_SLICE(crl, len)), TEE_SUCCESS);
        crl[i] ^= 0x04;
    }
    assert_int_equal(certs_rig_crl(KM_SLICE(crl, len)), TEE_SUCCESS);
    OPENSSL_free(crl);
}

static void stale_lists_trust_nobody(void **state)
{
    (void)state;
    assert_int_equal(take("next=20231120000000Z", &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_GOOD);
    rig_host.now += 10u * 24 * HOUR;
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_CRL_STALE);
    assert_int_equal(take("number=2|this=20231120000000Z|next=20240101000000Z", &ca), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_GOOD);
}

static void a_list_by_command(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *crl = crl_make("serials=20", &ca, &len);
    struct km_cert_command command = {
        .operation = KM_CERT_ADD_CRL, .sequence = 2, .body = KM_SLICE(crl, len)};
    assert_int_equal(certs_rig_command(&command), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_REVOKED);
    OPENSSL_free(crl);
}

/* ---- the clock ---- */

static void an_expired_certificate_is_not_revived(void **state)
{
    (void)state;
    struct made_cert brief = {0};
    cert_make("cn=brief|na=20231115000000Z", &ca, &brief);
    assert_int_equal(certs_rig_verify(&brief, NULL), KM_CERTS_GOOD);
    rig_host.now += 48u * HOUR;
    assert_int_equal(certs_rig_verify(&brief, NULL), KM_CERTS_EXPIRED);
    rig_host.now -= 48u * HOUR;
    assert_int_equal(certs_rig_verify(&brief, NULL), KM_CERTS_EXPIRED);
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_CLOCK);
    certs_rig_restart();
    assert_int_equal(certs_rig_verify(&brief, NULL), KM_CERTS_EXPIRED);
    /* A board without a battery, before it has the time. */
    rig_host.now = 100;
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_CLOCK);
    rig_host.now = CERT_MAKER_NOW + 48u * HOUR - 200;
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_GOOD);
    assert_int_equal(certs_rig_verify(&brief, NULL), KM_CERTS_EXPIRED);
    cert_free(&brief);
}

static void a_clock_that_was_wrong_once(void **state)
{
    (void)state;
    uint8_t digest[32] = {0};
    struct km_slice spki = certs_rig_key("com.seqlabs.oem_device_pub_key");
    assert_int_equal(EVP_Digest(spki.ptr, spki.len, digest, NULL, EVP_sha256(), NULL), 1);
    rig_host.now += 1000u * 24 * HOUR;
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_GOOD);
    rig_host.now -= 1000u * 24 * HOUR;
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_CLOCK);
    const struct km_cert_command command = {.operation = KM_CERT_SET_TIME,
                                            .sequence = 2,
                                            .device = KM_SLICE(digest, sizeof(digest)),
                                            .time = CERT_MAKER_NOW};
    assert_int_equal(certs_rig_command(&command), TEE_SUCCESS);
    assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_GOOD);
    assert_int_equal(certs_rig_command(&command), KM_CERTS_E_REPLAYED);
}

static unsigned n_clock;
static void count_clock(void)
{
    n_clock++;
}

static void the_audit_is_told_once(void **state)
{
    (void)state;
    rig_host.now -= 24u * HOUR;
    rig_host.audited = count_clock;
    n_clock = 0;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(certs_rig_verify(&leaf, &sub), KM_CERTS_CLOCK);
    rig_host.audited = NULL;
    assert_int_equal(n_clock, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_audit_is_told_once),
        TEST(purposes_and_hosts),
        TEST(one_anchor),
        TEST(odd_questions),
        TEST(flipped_certificates),
        TEST(too_many_certificates),
        TEST(lists_revoke_along_the_path),
        TEST(lists_by_an_anchor_that_is_none_of_the_roots),
        TEST(lists_never_go_back),
        TEST(lists_that_are_refused),
        TEST(damaged_lists),
        TEST(stale_lists_trust_nobody),
        TEST(a_list_by_command),
        TEST(an_expired_certificate_is_not_revived),
        TEST(a_clock_that_was_wrong_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
