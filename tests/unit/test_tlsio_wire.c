/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/tlsio/tlsio_wire.h"
#include "tests/unit/km_test.h"

static const struct km_tlsio_settings full = {
    .role = KM_TLSIO_SERVER,
    .min_version = KM_TLSIO_VERSION_1_2,
    .max_version = KM_TLSIO_VERSION_1_3,
    .verify = KM_TLSIO_VERIFY_OPTIONAL,
    .flags = KM_TLSIO_RESUME,
    .key_name = {(const uint8_t *)"key", 3},
    .cert_name = {(const uint8_t *)"certificate", 11},
    .anchor = {(const uint8_t *)"anchor", 6},
    .alpn = {(const uint8_t *)"\x02h2\x08http/1.1", 12},
    .psk_identity = {(const uint8_t *)"me", 2},
    .psk = {(const uint8_t *)"0123456789abcdef", 16},
};

static size_t put(const struct km_tlsio_settings *settings, uint8_t octets[KM_TLSIO_SETTINGS_MAX])
{
    struct km_slice wire = {0};
    struct km_wr wr = km_wr_init(octets, KM_TLSIO_SETTINGS_MAX);
    km_tlsio_settings_put(&wr, settings);
    assert_true(km_wr_finish(&wr, &wire));
    return wire.len;
}

static void settings_come_back(void **state)
{
    uint8_t octets[KM_TLSIO_SETTINGS_MAX] = {0};
    uint8_t again[KM_TLSIO_SETTINGS_MAX] = {0};
    struct km_tlsio_settings got = {0};
    (void)state;
    size_t len = put(&full, octets);
    assert_true(km_tlsio_settings_parse(KM_SLICE(octets, len), &got));
    assert_int_equal(put(&got, again), len);
    assert_memory_equal(octets, again, len);
}

static void settings_cut_flipped_or_longer(void **state)
{
    uint8_t octets[KM_TLSIO_SETTINGS_MAX + 1] = {0};
    uint8_t again[KM_TLSIO_SETTINGS_MAX] = {0};
    struct km_tlsio_settings got = {0};
    (void)state;
    size_t len = put(&full, octets);
    for (size_t cut = 0; cut < len; cut++)
        assert_false(km_tlsio_settings_parse(KM_SLICE(octets, cut), &got));
    assert_false(km_tlsio_settings_parse(KM_SLICE(octets, len + 1), &got));
    for (size_t i = 0; i < 8 * len; i++) {
        octets[i / 8] ^= (uint8_t)(1u << (i % 8));
        if (km_tlsio_settings_parse(KM_SLICE(octets, len), &got)) {
            assert_int_equal(put(&got, again), len);
            assert_memory_equal(octets, again, len);
        }
        octets[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
}

#define REFUSED(member, value)                                                                     \
    do {                                                                                           \
        struct km_tlsio_settings with = full;                                                      \
        with.member = value;                                                                       \
        uint8_t octets[2 * KM_TLSIO_SETTINGS_MAX] = {0};                                           \
        struct km_tlsio_settings got = {0};                                                        \
        struct km_wr wr = km_wr_init(octets, sizeof(octets));                                      \
        km_tlsio_settings_put(&wr, &with);                                                         \
        assert_false(km_tlsio_settings_parse(KM_SLICE(octets, wr.len), &got));                     \
    } while (0)

static void settings_that_make_no_sense(void **state)
{
    static const char longest[KM_TLSIO_ALPN_MAX + 1] = "";
    (void)state;
    REFUSED(role, 0);
    REFUSED(role, 3);
    REFUSED(role, KM_TLSIO_CLIENT); /* a client verifies */
    REFUSED(min_version, 0x0302);
    REFUSED(max_version, 0x0305);
    REFUSED(verify, 3);
    REFUSED(flags, 2);
    REFUSED(key_name, KM_SLICE("a\0b", 3));
    REFUSED(key_name, KM_SLICE("\xff", 1));
    REFUSED(cert_name, KM_SLICE(longest, KM_TLSIO_NAME_MAX + 1));
    REFUSED(alpn, KM_SLICE("\0", 1));
    REFUSED(alpn, KM_SLICE("\x03h2", 3));
    REFUSED(alpn, KM_SLICE(longest, KM_TLSIO_ALPN_MAX + 1));
    REFUSED(psk, KM_SLICE(NULL, 0));
    REFUSED(psk, KM_SLICE("0123456789abcde", 15));
    REFUSED(psk, KM_SLICE(longest, KM_TLSIO_PSK_MAX + 1));
    REFUSED(psk_identity, KM_SLICE(NULL, 0));
    REFUSED(psk_identity, KM_SLICE("a\0", 2));
    REFUSED(psk_identity, KM_SLICE(longest, KM_TLSIO_PSK_IDENTITY_MAX + 1));
}

static void steps(void **state)
{
    uint8_t octets[KM_TLSIO_STEP_LEN + 1] = {0};
    const struct km_tlsio_step_in in = {.connection = 7, .flags = 3, .cipher_len = 100};
    const struct km_tlsio_step_out out = {
        .state = 9, .cipher_taken = 100, .plain_taken = 3, .failure = 2, .alert = 40};
    struct km_tlsio_step_in got_in = {0};
    struct km_tlsio_step_out got_out = {0};
    (void)state;
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    km_tlsio_step_in_put(&wr, &in);
    assert_int_equal(wr.len, KM_TLSIO_STEP_LEN);
    for (size_t cut = 0; cut < wr.len; cut++)
        assert_false(km_tlsio_step_in_parse(KM_SLICE(octets, cut), &got_in));
    assert_false(km_tlsio_step_in_parse(KM_SLICE(octets, sizeof(octets)), &got_in));
    assert_true(km_tlsio_step_in_parse(KM_SLICE(octets, KM_TLSIO_STEP_LEN), &got_in));
    assert_memory_equal(&got_in, &in, sizeof(in));
    octets[19] = 1; /* must be zero */
    assert_false(km_tlsio_step_in_parse(KM_SLICE(octets, KM_TLSIO_STEP_LEN), &got_in));
    octets[19] = 0;
    octets[4] = 4; /* a flag that is none */
    assert_false(km_tlsio_step_in_parse(KM_SLICE(octets, KM_TLSIO_STEP_LEN), &got_in));

    wr = km_wr_init(octets, sizeof(octets));
    km_tlsio_step_out_put(&wr, &out);
    assert_int_equal(wr.len, KM_TLSIO_STEP_LEN);
    for (size_t cut = 0; cut < wr.len; cut++)
        assert_false(km_tlsio_step_out_parse(KM_SLICE(octets, cut), &got_out));
    assert_false(km_tlsio_step_out_parse(KM_SLICE(octets, sizeof(octets)), &got_out));
    assert_true(km_tlsio_step_out_parse(KM_SLICE(octets, KM_TLSIO_STEP_LEN), &got_out));
    assert_memory_equal(&got_out, &out, sizeof(out));
}

static void infos(void **state)
{
    static const char longest[KM_TLSIO_PEER_MAX + 2] = "";
    uint8_t octets[KM_TLSIO_INFO_MAX + 1] = {0};
    struct km_tlsio_info info = {.version = KM_TLSIO_VERSION_1_3,
                                 .is_resumed = 1,
                                 .alert = 48,
                                 .failure = 4,
                                 .suite = KM_SLICE_STR("TLS_AES_128_GCM_SHA256"),
                                 .group = KM_SLICE_STR("x25519"),
                                 .alpn = KM_SLICE_STR("h2"),
                                 .peer_name = KM_SLICE(longest, KM_TLSIO_PEER_MAX),
                                 .detail = KM_SLICE_STR("certificate verify failed")};
    struct km_tlsio_info got = {0};
    (void)state;
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    km_tlsio_info_put(&wr, &info);
    assert_false(wr.overflow);
    for (size_t cut = 0; cut < wr.len; cut++)
        assert_false(km_tlsio_info_parse(KM_SLICE(octets, cut), &got));
    assert_false(km_tlsio_info_parse(KM_SLICE(octets, wr.len + 1), &got));
    assert_true(km_tlsio_info_parse(KM_SLICE(octets, wr.len), &got));
    assert_true(km_slice_equal(got.peer_name, info.peer_name));
    assert_true(km_slice_equal(got.detail, info.detail));
    info.is_resumed = 2;
    wr = km_wr_init(octets, sizeof(octets));
    km_tlsio_info_put(&wr, &info);
    assert_false(km_tlsio_info_parse(KM_SLICE(octets, wr.len), &got));
}

static void names_of_hosts(void **state)
{
    static const struct {
        const char *host;
        bool is_one;
    } rows[] = {{"localhost", true}, {"::1", true},   {"a", true},        {"", false},
                {"a b", false},      {"a\tb", false}, {"\xc3\xa4", false}};
    char longest[KM_TLSIO_HOST_MAX + 2] = "";
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_int_equal(km_tlsio_host_is(KM_SLICE_STR(rows[i].host)), rows[i].is_one);
    memset(longest, 'a', sizeof(longest) - 1);
    assert_false(km_tlsio_host_is(KM_SLICE_STR(longest)));
    assert_true(km_tlsio_host_is(KM_SLICE(longest, KM_TLSIO_HOST_MAX)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_come_back),
        cmocka_unit_test(settings_cut_flipped_or_longer),
        cmocka_unit_test(settings_that_make_no_sense),
        cmocka_unit_test(steps),
        cmocka_unit_test(infos),
        cmocka_unit_test(names_of_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
