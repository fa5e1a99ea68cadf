/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS application: two of its sessions talk to each other through the command interface. */
#include "tests/unit/tlsio_rig.h"

static struct tlsio_end client, server;

static int start(void **state)
{
    (void)state;
    tlsio_rig_start();
    memset(&client, 0, sizeof(client));
    memset(&server, 0, sizeof(server));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (client.session.at != NULL)
        tlsio_end_close(&client);
    if (server.session.at != NULL)
        tlsio_end_close(&server);
    tlsio_rig_stop();
    return 0;
}

static void begin(const struct km_tlsio_settings *c, const struct km_tlsio_settings *s)
{
    const struct tlsio_pem *pem = tlsio_pem(false);
    assert_int_equal(tlsio_setup(&client, c, NULL), TEE_SUCCESS);
    assert_int_equal(tlsio_setup(&server, s, s->key_name.len != 0 ? NULL : pem), TEE_SUCCESS);
}

static void shake(size_t chunk)
{
    static const struct tlsio_wish hello = {0};
    assert_int_equal(tlsio_connect(&client, "localhost"), TEE_SUCCESS);
    assert_int_equal(tlsio_connect(&server, ""), TEE_SUCCESS);
    assert_int_equal(tlsio_step(&client, &hello), TEE_SUCCESS);
    tlsio_pump(&client, &server, chunk);
}

static void assert_ready(void)
{
    assert_int_equal(client.last.failure, 0);
    assert_int_equal(server.last.failure, 0);
    assert_true((client.last.state & KM_TLSIO_READY) != 0);
    assert_true((server.last.state & KM_TLSIO_READY) != 0);
}

/* Octets from one end to the other. */
static void say(struct tlsio_end *from, struct tlsio_end *to, size_t len, size_t chunk)
{
    static uint8_t words[60000];
    for (size_t i = 0; i < sizeof(words); i++)
        words[i] = (uint8_t)(i * 7u >> 2);
    const struct tlsio_wish wish = {.plain = KM_SLICE(words, len)};
    to->n_got = 0;
    assert_int_equal(tlsio_step(from, &wish), TEE_SUCCESS);
    assert_int_equal(from->last.plain_taken, len);
    tlsio_pump(&client, &server, chunk);
    assert_int_equal(to->n_got, len);
    assert_memory_equal(to->got, words, len);
}

static struct km_tlsio_info info_of(struct tlsio_end *end)
{
    static uint8_t octets[KM_TLSIO_INFO_MAX];
    struct km_tlsio_info info = {0};
    struct km_lane_param p[4] = {P_VI(end->conn, 0), P_MO(octets, sizeof(octets)), P_NONE, P_NONE};
    assert_int_equal(rig_call(&end->session, KM_TLSIO_CMD_INFO, p), TEE_SUCCESS);
    assert_true(km_tlsio_info_parse(KM_SLICE(octets, p[1].size), &info));
    return info;
}

static void talks_in_pieces_of_any_size(void **state)
{
    static const size_t chunks[] = {1, 5, 1000, 65536};
    (void)state;
    struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    const struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    for (uint32_t version = KM_TLSIO_VERSION_1_2; version <= KM_TLSIO_VERSION_1_3; version++) {
        c.min_version = c.max_version = version;
        begin(&c, &s);
        for (size_t i = 0; i < KM_ARRAY_LEN(chunks); i++) {
            shake(chunks[i]);
            assert_ready();
            assert_int_equal(info_of(&client).version, version);
            say(&client, &server, 100, chunks[i]);
            say(&server, &client, 60000, chunks[i] * 10);
        }
        assert_string_equal(tlsio_peers.host, "localhost");
        assert_int_equal(tlsio_peers.purpose, KM_CERTS_PURPOSE_TLS_SERVER);
        tlsio_end_close(&client);
        tlsio_end_close(&server);
    }
}

static void signs_with_the_named_key(void **state)
{
    (void)state;
    const struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    s.key_name = KM_SLICE_STR("key");
    s.cert_name = KM_SLICE_STR("cert");
    for (unsigned kind = 0; kind < 2; kind++) {
        tlsio_peers.is_rsa = kind == 1;
        for (s.max_version = KM_TLSIO_VERSION_1_2; s.max_version <= KM_TLSIO_VERSION_1_3;
             s.max_version++) {
            unsigned n = tlsio_peers.n_signed;
            begin(&c, &s);
            shake(65536);
            assert_ready();
            assert_int_equal(tlsio_peers.n_signed, n + 1);
            tlsio_end_close(&client);
            tlsio_end_close(&server);
        }
    }
}

static void refuses_what_does_not_belong_together(void **state)
{
    struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    struct tlsio_pem mixed = *tlsio_pem(false);
    (void)state;
    km_copy(mixed.cert, sizeof(mixed.cert), tlsio_pem(true)->cert, sizeof(mixed.cert));
    assert_int_equal(tlsio_setup(&server, &s, &mixed), KM_TLSIO_E_MISMATCH);
    /* It may be tried again in the same session. */
    tlsio_end_close(&server);
    km_copy(mixed.cert, sizeof(mixed.cert), "no certificate", 15);
    assert_int_equal(tlsio_setup(&server, &s, &mixed), TEE_ERROR_BAD_FORMAT);
    tlsio_end_close(&server);
    s.key_name = KM_SLICE_STR("key");
    s.cert_name = KM_SLICE_STR("another");
    assert_int_equal(tlsio_setup(&server, &s, NULL), TEE_ERROR_ITEM_NOT_FOUND);
    tlsio_end_close(&server);
    s.cert_name = KM_SLICE(NULL, 0);
    assert_int_equal(tlsio_setup(&server, &s, NULL), TEE_ERROR_BAD_PARAMETERS);
    tlsio_end_close(&server);
    s.key_name = KM_SLICE(NULL, 0);
    s.anchor = KM_SLICE_STR("another");
    assert_int_equal(tlsio_setup(&server, &s, tlsio_pem(false)), TEE_ERROR_ITEM_NOT_FOUND);
}

static void tells_each_verdict(void **state)
{
    static const struct {
        uint32_t verdict, failure, alert;
    } rows[] = {
        {KM_CERTS_MALFORMED, KM_TLSIO_FAIL_CERT_INVALID, 42},
        {KM_CERTS_UNTRUSTED, KM_TLSIO_FAIL_CERT_UNTRUSTED, 48},
        {KM_CERTS_BAD_SIGNATURE, KM_TLSIO_FAIL_CERT_INVALID, 51},
        {KM_CERTS_NOT_YET_VALID, KM_TLSIO_FAIL_CERT_NOT_YET_VALID, 42},
        {KM_CERTS_EXPIRED, KM_TLSIO_FAIL_CERT_EXPIRED, 45},
        {KM_CERTS_REVOKED, KM_TLSIO_FAIL_CERT_REVOKED, 44},
        {KM_CERTS_CRL_STALE, KM_TLSIO_FAIL_CERT_INVALID, 45},
        {KM_CERTS_NOT_AUTHORITY, KM_TLSIO_FAIL_CERT_PURPOSE, 48},
        {KM_CERTS_NAME_CONSTRAINT, KM_TLSIO_FAIL_CERT_PURPOSE, 46},
        {KM_CERTS_WRONG_PURPOSE, KM_TLSIO_FAIL_CERT_PURPOSE, 43},
        {KM_CERTS_WRONG_HOST, KM_TLSIO_FAIL_CERT_NAME, 42},
        {KM_CERTS_CLOCK, KM_TLSIO_FAIL_CERT_EXPIRED, 45},
        {99, KM_TLSIO_FAIL_CERT_INVALID, 42},
    };
    (void)state;
    const struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    const struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    begin(&c, &s);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        tlsio_peers.verdict = rows[i].verdict;
        shake(65536);
        assert_int_equal(client.last.failure, rows[i].failure);
        assert_int_equal(client.last.alert, rows[i].alert);
        assert_int_equal(server.last.failure, KM_TLSIO_FAIL_ALERT);
        assert_int_equal(server.last.alert, rows[i].alert);
        assert_int_equal(info_of(&server).failure, KM_TLSIO_FAIL_ALERT);
    }
    tlsio_peers.verify_result = TEE_ERROR_GENERIC;
    shake(65536);
    assert_int_equal(client.last.failure, KM_TLSIO_FAIL_INTERNAL);
}

static void tells_why_the_key_did_not_sign(void **state)
{
    static const struct {
        uint32_t result, failure;
    } rows[] = {
        {TEE_ERROR_ACCESS_DENIED, KM_TLSIO_FAIL_KEY_DENIED},
        {KM_CRYPTO_E_KEY_GONE, KM_TLSIO_FAIL_KEY_GONE},
        {KM_CRYPTO_E_EXPIRED, KM_TLSIO_FAIL_KEY_EXPIRED},
        {KM_CRYPTO_E_USED_UP, KM_TLSIO_FAIL_KEY_USED_UP},
        {TEE_ERROR_OUT_OF_MEMORY, KM_TLSIO_FAIL_NO_MEMORY},
        {TEE_ERROR_GENERIC, KM_TLSIO_FAIL_INTERNAL},
    };
    (void)state;
    const struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    s.key_name = KM_SLICE_STR("key");
    s.cert_name = KM_SLICE_STR("cert");
    begin(&c, &s);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        tlsio_peers.sign_result = rows[i].result;
        shake(65536);
        assert_int_equal(server.last.failure, rows[i].failure);
    }
    tlsio_peers.sign_result = TEE_SUCCESS;
    shake(65536);
    assert_ready();
}

static void closes_one_way_after_the_other(void **state)
{
    const struct tlsio_wish bye = {.flags = KM_TLSIO_CLOSE, .plain = KM_SLICE_STR("last words")};
    const struct tlsio_wish more = {.plain = KM_SLICE_STR("too late")};
    (void)state;
    const struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    const struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    begin(&c, &s);
    shake(65536);
    assert_int_equal(tlsio_step(&client, &bye), TEE_SUCCESS);
    assert_true((client.last.state & KM_TLSIO_CLOSED) != 0);
    tlsio_pump(&client, &server, 65536);
    assert_int_equal(server.n_got, 10);
    assert_true((server.last.state & KM_TLSIO_PEER_CLOSED) != 0);
    assert_int_equal(tlsio_step(&client, &more), TEE_SUCCESS);
    assert_int_equal(client.last.plain_taken, 0);
    say(&server, &client, 5000, 65536);
    assert_int_equal(tlsio_step(&server, &bye), TEE_SUCCESS);
    tlsio_pump(&client, &server, 65536);
    assert_true((client.last.state & KM_TLSIO_PEER_CLOSED) != 0);
    assert_int_equal(client.last.failure, 0);
}

static void resumes_only_what_is_still_trusted(void **state)
{
    (void)state;
    struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    const struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    for (c.max_version = KM_TLSIO_VERSION_1_2; c.max_version <= KM_TLSIO_VERSION_1_3;
         c.max_version++) {
        begin(&c, &s);
        shake(65536);
        assert_int_equal(info_of(&client).is_resumed, 0);
        shake(65536);
        assert_ready();
        assert_int_equal(info_of(&client).is_resumed, 1);
        assert_int_equal(info_of(&server).is_resumed, 1);
        tlsio_peers.verdict = KM_CERTS_REVOKED;
        shake(65536);
        assert_int_equal(client.last.failure, KM_TLSIO_FAIL_CERT_REVOKED);
        tlsio_peers.verdict = KM_CERTS_GOOD;
        shake(65536);
        assert_ready();
        assert_int_equal(info_of(&client).is_resumed, 0);
        tlsio_end_close(&client);
        tlsio_end_close(&server);
    }
}

static void checks_a_resumed_client_too(void **state)
{
    (void)state;
    const struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    s.verify = KM_TLSIO_VERIFY_REQUIRED;
    assert_int_equal(tlsio_setup(&client, &c, tlsio_pem(true)), TEE_SUCCESS);
    assert_int_equal(tlsio_setup(&server, &s, tlsio_pem(false)), TEE_SUCCESS);
    shake(65536);
    assert_ready();
    shake(65536);
    assert_int_equal(info_of(&server).is_resumed, 1);
    assert_true(km_slice_equal(info_of(&server).peer_name, KM_SLICE_STR("rig")));
    unsigned n = tlsio_peers.n_verified;
    shake(65536);
    assert_ready();
    assert_int_equal(tlsio_peers.n_verified, n + 2); /* each of the other */
    assert_int_equal(tlsio_peers.purpose, KM_CERTS_PURPOSE_TLS_CLIENT);
    uint8_t der[4096] = {0};
    struct km_lane_param p[4] = {P_VI(server.conn, 0), P_MO(der, 10), P_NONE, P_NONE};
    assert_int_equal(rig_call(&server.session, KM_TLSIO_CMD_PEER, p), TEE_ERROR_SHORT_BUFFER);
    p[1].size = sizeof(der);
    assert_int_equal(rig_call(&server.session, KM_TLSIO_CMD_PEER, p), TEE_SUCCESS);
    assert_true(p[1].size > 500 && der[0] == 0x30);
}

static void wants_a_certificate(void **state)
{
    (void)state;
    const struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    s.verify = KM_TLSIO_VERIFY_REQUIRED;
    begin(&c, &s);
    shake(65536);
    assert_int_equal(server.last.failure, KM_TLSIO_FAIL_CERT_MISSING);
    assert_int_equal(client.last.failure, KM_TLSIO_FAIL_ALERT);
}

static void agrees_on_protocols_and_keys(void **state)
{
    (void)state;
    struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    c.alpn = KM_SLICE("\x02h2\x04mqtt", 8);
    s.alpn = KM_SLICE("\x04mqtt\x08http/1.1", 14);
    begin(&c, &s);
    shake(65536);
    assert_true(km_slice_equal(info_of(&client).alpn, KM_SLICE_STR("mqtt")));
    tlsio_end_close(&client);
    tlsio_end_close(&server);
    c.alpn = KM_SLICE("\x02h2", 3);
    begin(&c, &s);
    shake(65536);
    assert_int_equal(server.last.failure, KM_TLSIO_FAIL_NO_COMMON);
    assert_int_equal(client.last.alert, 120);
    tlsio_end_close(&client);
    tlsio_end_close(&server);

    c = tlsio_settings(KM_TLSIO_CLIENT);
    s = tlsio_settings(KM_TLSIO_SERVER);
    c.psk_identity = s.psk_identity = KM_SLICE_STR("me");
    c.psk = s.psk = KM_SLICE_STR("0123456789abcdef");
    unsigned n = tlsio_peers.n_verified;
    for (c.max_version = KM_TLSIO_VERSION_1_2; c.max_version <= KM_TLSIO_VERSION_1_3;
         c.max_version++) {
        assert_int_equal(tlsio_setup(&client, &c, NULL), TEE_SUCCESS);
        assert_int_equal(tlsio_setup(&server, &s, NULL), TEE_SUCCESS);
        shake(65536);
        assert_ready();
        tlsio_end_close(&client);
        tlsio_end_close(&server);
    }
    assert_int_equal(tlsio_peers.n_verified, n);
}

static void works_with_little_room(void **state)
{
    static const struct tlsio_wish nothing = {.flags = KM_TLSIO_READ, .cipher_room = 10};
    (void)state;
    const struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    const struct km_tlsio_settings s = tlsio_settings(KM_TLSIO_SERVER);
    begin(&c, &s);
    assert_int_equal(tlsio_connect(&client, "localhost"), TEE_SUCCESS);
    assert_int_equal(tlsio_connect(&server, ""), TEE_SUCCESS);
    /* The first message comes out ten octets at a time. */
    unsigned n = 0;
    do {
        size_t before = client.n_sent;
        assert_int_equal(tlsio_step(&client, &nothing), TEE_SUCCESS);
        assert_true(client.n_sent - before <= 10);
        n++;
    } while ((client.last.state & KM_TLSIO_MORE) != 0);
    assert_true(n > 10);
    tlsio_pump(&client, &server, 65536);
    assert_ready();
    /* No record is begun that might not fit; plaintext comes out as far as there is room. */
    const struct tlsio_wish narrow = {.plain = KM_SLICE_STR("hello"), .cipher_room = 1000};
    assert_int_equal(tlsio_step(&client, &narrow), TEE_SUCCESS);
    assert_int_equal(client.last.plain_taken, 0);
    assert_true((client.last.state & KM_TLSIO_MORE) != 0);
    const struct tlsio_wish wide = {.plain = KM_SLICE_STR("hello")};
    assert_int_equal(tlsio_step(&client, &wide), TEE_SUCCESS);
    struct tlsio_wish taken = {
        .flags = KM_TLSIO_READ, .cipher = KM_SLICE(client.sent, client.n_sent), .plain_room = 2};
    assert_int_equal(tlsio_step(&server, &taken), TEE_SUCCESS);
    assert_int_equal(server.n_got, 2);
    assert_true((server.last.state & KM_TLSIO_MORE) != 0);
    taken.cipher = KM_SLICE(NULL, 0);
    taken.plain_room = 0;
    assert_int_equal(tlsio_step(&server, &taken), TEE_SUCCESS);
    assert_int_equal(server.n_got, 5);
    assert_memory_equal(server.got, "hello", 5);
}

static void does_not_listen_for_ever(void **state)
{
    /* TLS 1.2, HelloRequest: to be ignored, and never the last. */
    static uint8_t nothing[5 + 4000] = {22, 3, 3, 4000 >> 8, 4000 & 0xff};
    static const struct tlsio_wish hello = {0};
    const struct tlsio_wish wish = {.flags = KM_TLSIO_READ,
                                    .cipher = KM_SLICE(nothing, sizeof(nothing))};
    (void)state;
    struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    c.max_version = KM_TLSIO_VERSION_1_2;
    assert_int_equal(tlsio_setup(&client, &c, NULL), TEE_SUCCESS);
    assert_int_equal(tlsio_connect(&client, "localhost"), TEE_SUCCESS);
    assert_int_equal(tlsio_step(&client, &hello), TEE_SUCCESS);
    unsigned n = 0;
    for (; (client.last.state & KM_TLSIO_FAILED) == 0 && n < 1000; n++)
        assert_int_equal(tlsio_step(&client, &wish), TEE_SUCCESS);
    assert_true(n * sizeof(nothing) <= KM_TLSIO_HANDSHAKE_MAX + sizeof(nothing));
    assert_int_equal(client.last.failure, KM_TLSIO_FAIL_PROTOCOL);
}

static void keeps_ids_apart(void **state)
{
    static struct tlsio_end many;
    const struct tlsio_wish nothing = {0};
    (void)state;
    const struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    assert_int_equal(tlsio_setup(&many, &c, NULL), TEE_SUCCESS);
    assert_int_equal(tlsio_connect(&many, "a"), TEE_SUCCESS);
    uint32_t first = many.conn;
    for (unsigned i = 1; i < KM_TLSIO_CONNECTIONS_MAX; i++)
        assert_int_equal(tlsio_connect(&many, "a"), TEE_SUCCESS);
    assert_int_equal(tlsio_connect(&many, "a"), KM_TLSIO_E_TOO_LARGE);
    struct km_lane_param p[4] = {P_VI(first, 0), P_NONE, P_NONE, P_NONE};
    assert_int_equal(rig_call(&many.session, KM_TLSIO_CMD_FREE, p), TEE_SUCCESS);
    assert_int_equal(rig_call(&many.session, KM_TLSIO_CMD_FREE, p), KM_TLSIO_E_STALE_ID);
    assert_int_equal(tlsio_connect(&many, "a"), TEE_SUCCESS);
    assert_int_not_equal(many.conn, first);
    many.conn = first;
    assert_int_equal(tlsio_step(&many, &nothing), KM_TLSIO_E_STALE_ID);
    many.conn = 0;
    assert_int_equal(tlsio_step(&many, &nothing), KM_TLSIO_E_STALE_ID);
    tlsio_end_close(&many);
}

static void refuses_bad_parameters(void **state)
{
    static uint8_t memory[4096];
    uint8_t head[KM_TLSIO_STEP_LEN + 1] = {0};
    (void)state;
    const struct km_tlsio_settings c = tlsio_settings(KM_TLSIO_CLIENT);
    assert_int_equal(tlsio_setup(&client, &c, NULL), TEE_SUCCESS);
    assert_int_equal(tlsio_connect(&client, "localhost"), TEE_SUCCESS);
    struct km_wr wr = km_wr_init(head, sizeof(head));
    const struct km_tlsio_step_in step = {.connection = client.conn, .cipher_len = 100};
    km_tlsio_step_in_put(&wr, &step);
    const struct {
        struct km_lane_param p[4];
    } rows[] = {
        {{P_NONE, P_NONE, P_NONE, P_NONE}},
        {{P_MIO(head, 19), P_MI(memory, 100), P_MO(memory + 1000, 1000), P_MO(memory + 2000, 9)}},
        {{P_MIO(head, 21), P_MI(memory, 100), P_MO(memory + 1000, 1000), P_MO(memory + 2000, 9)}},
        {{P_MIO(head, 20), P_MI(memory, 99), P_MO(memory + 1000, 1000), P_MO(memory + 2000, 9)}},
        {{P_MIO(head, 20), P_MI(memory, 100), P_MO(memory + 99, 1000), P_MO(memory + 2000, 9)}},
        {{P_MIO(head, 20), P_MI(memory, 100), P_MO(memory + 1000, 1000), P_MO(memory + 1999, 9)}},
        {{P_MIO(head, 20), P_MI(memory, 100), P_MO(memory + 1000, 1000), P_MI(memory + 2000, 9)}},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_lane_param p[4];
        km_copy(p, sizeof(p), rows[i].p, sizeof(p));
        assert_int_equal(rig_call(&client.session, KM_TLSIO_CMD_STEP, p), TEE_ERROR_BAD_PARAMETERS);
    }
    struct km_lane_param value[4] = {P_VI(client.conn, 1), P_NONE, P_NONE, P_NONE};
    assert_int_equal(rig_call(&client.session, KM_TLSIO_CMD_FREE, value), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(rig_call(&client.session, 0x77, value), TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(tlsio_connect(&client, "two words"), KM_TLSIO_E_BAD_NAME);
    assert_int_equal(tlsio_connect(&client, ""), TEE_ERROR_BAD_PARAMETERS);
    struct km_lane_param again[4] = {P_MI(memory, 10), P_MI(memory, 0), P_MI(memory, 0), P_NONE};
    assert_int_equal(rig_call(&client.session, KM_TLSIO_CMD_SETUP, again), TEE_ERROR_BAD_STATE);
    rig_open(&server.session, 1000, false);
    assert_int_equal(tlsio_connect(&server, ""), TEE_ERROR_BAD_STATE);
    assert_int_equal(rig_call(&server.session, KM_TLSIO_CMD_SETUP, again), TEE_ERROR_BAD_FORMAT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(talks_in_pieces_of_any_size),
        TEST(signs_with_the_named_key),
        TEST(refuses_what_does_not_belong_together),
        TEST(tells_each_verdict),
        TEST(tells_why_the_key_did_not_sign),
        TEST(closes_one_way_after_the_other),
        TEST(resumes_only_what_is_still_trusted),
        TEST(checks_a_resumed_client_too),
        TEST(wants_a_certificate),
        TEST(agrees_on_protocols_and_keys),
        TEST(works_with_little_room),
        TEST(does_not_listen_for_ever),
        TEST(keeps_ids_apart),
        TEST(refuses_bad_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
