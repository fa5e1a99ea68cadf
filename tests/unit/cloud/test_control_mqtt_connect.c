/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/mqtt_connect.h"
#include "tests/unit/km_test.h"

#define USER "AKIDEXAMPLE000000001 127.0.0.1"
#define NAME "\0\4MQTT"

/* A CONNECT without its head, and what becomes of it before the user name, which both times stands at the end. */
struct row {
    struct km_slice in;
    struct km_slice out;
};

static const struct row rows[] = {
    /* 3.1.1, clean session, client id "ab" */
    {OCTETS(NAME "\4\2\0\74\0\2ab"), OCTETS(NAME "\4\x82\0\74\0\2ab")},
    /* an empty client id */
    {OCTETS(NAME "\4\2\0\0\0\0"), OCTETS(NAME "\4\x82\0\0\0\0")},
    /* user name and password */
    {OCTETS(NAME "\4\xc2\0\74\0\2ab\0\4root\0\2pw"), OCTETS(NAME "\4\x82\0\74\0\2ab")},
    /* a last will, retained, and a user name */
    {OCTETS(NAME "\4\xa6\0\74\0\2ab\0\1t\0\3bye\0\1u"),
     OCTETS(NAME "\4\xa6\0\74\0\2ab\0\1t\0\3bye")},
    /* 5, with properties, and a password alone */
    {OCTETS(NAME "\5\x42\0\74\5\x11\0\0\0\x0a\0\2ab\0\2pw"),
     OCTETS(NAME "\5\x82\0\74\5\x11\0\0\0\x0a\0\2ab")},
    /* 5, with properties of the last will */
    {OCTETS(NAME "\5\x06\0\74\0\0\2ab\2\1\1\0\1t\0\1x"),
     OCTETS(NAME "\5\x86\0\74\0\0\2ab\2\1\1\0\1t\0\1x")},
};

static uint8_t packet[KM_MQTT_CONNECT_MAX + 64];
static uint8_t room[KM_MQTT_CONNECT_ROOM];

static void put_head(struct km_wr *wr, size_t len)
{
    km_wr_u8(wr, 0x10);
    for (; len > 127; len >>= 7)
        km_wr_u8(wr, (uint8_t)(len & 127) | 128);
    km_wr_u8(wr, (uint8_t)len);
}

static enum km_mqtt_first introduce(struct km_slice in, struct km_slice *ret, size_t *ret_used)
{
    struct km_wr wr = km_wr_init(room, sizeof(room));
    enum km_mqtt_first first = km_mqtt_introduce(in, KM_SLICE_STR(USER), &wr, ret_used);
    assert_true(km_wr_finish(&wr, ret));
    assert_int_equal(ret->len > 0, first == KM_MQTT_CONNECT);
    return first;
}

static struct km_slice whole(struct km_slice body)
{
    struct km_slice ret = {0};
    struct km_wr wr = km_wr_init(packet, sizeof(packet));
    put_head(&wr, body.len);
    km_wr_bytes(&wr, body);
    assert_true(km_wr_finish(&wr, &ret));
    return ret;
}

static void the_user_is_the_one_that_was_put_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t expected[256] = {0};
        struct km_slice wanted = {0};
        struct km_slice got = {0};
        size_t used = 0;
        struct km_wr wr = km_wr_init(expected, sizeof(expected));
        put_head(&wr, rows[i].out.len + 2 + sizeof(USER) - 1);
        km_wr_bytes(&wr, rows[i].out);
        km_wr_u16be(&wr, sizeof(USER) - 1);
        km_wr_bytes(&wr, KM_SLICE_STR(USER));
        assert_true(km_wr_finish(&wr, &wanted));
        struct km_slice in = whole(rows[i].in);
        assert_int_equal(introduce(in, &got, &used), KM_MQTT_CONNECT);
        assert_int_equal(used, in.len);
        assert_true(km_slice_equal(got, wanted));
        /* What follows is not looked at. */
        packet[in.len] = 0xc0;
        assert_int_equal(introduce(KM_SLICE(in.ptr, in.len + 1), &got, &used), KM_MQTT_CONNECT);
        assert_int_equal(used, in.len);
    }
}

static void what_is_not_whole_is_waited_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_slice in = whole(rows[i].in);
        struct km_slice got = {0};
        size_t used = 0;
        for (size_t len = 0; len < in.len; len++)
            assert_int_equal(introduce(KM_SLICE(in.ptr, len), &got, &used), KM_MQTT_MORE);
    }
}

/* With the head's length right, a body that is cut or has more is none. */
static void lengths_have_to_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t body[128] = {0};
        struct km_slice got = {0};
        size_t used = 0;
        km_copy(body, sizeof(body), rows[i].in.ptr, rows[i].in.len);
        for (size_t len = 0; len < rows[i].in.len; len++)
            assert_int_equal(introduce(whole(KM_SLICE(body, len)), &got, &used), KM_MQTT_NONE);
        assert_int_equal(introduce(whole(KM_SLICE(body, rows[i].in.len + 1)), &got, &used),
                         KM_MQTT_NONE);
    }
}

static void other_packets_are_none(void **state)
{
    static const struct km_slice wrong[] = {
        OCTETS("\x20\2\0\0"),                            /* CONNACK */
        OCTETS("\x11\x0c" NAME "\4\2\0\74\0\0"),         /* flags in the head */
        OCTETS("GET / HTTP/1.1\r\n"),                    /* another language */
        OCTETS("\x10\x80\x80\x80\x80\1"),                /* a length without end */
        OCTETS("\x10\x81\x80\5"),                        /* one octet too many */
        OCTETS("\x10\x0e\0\6MQIsdp\3\2\0\74\0\0"),       /* MQTT 3.1 */
        OCTETS("\x10\x0c" NAME "\3\2\0\74\0\0"),         /* levels that are none */
        OCTETS("\x10\x0c" NAME "\x84\2\0\74\0\0"),       /* a bridge */
        OCTETS("\x10\x0c" NAME "\4\3\0\74\0\0"),         /* the reserved flag */
        OCTETS("\x10\x10" NAME "\4\x42\0\74\0\0\0\2pw"), /* a password without a user name */
        OCTETS("\x10\x10" NAME "\5\2\0\74\x80\x80\x80\x80\0\0"), /* properties without end */
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++) {
        struct km_slice got = {0};
        size_t used = 0;
        if (introduce(wrong[i], &got, &used) != KM_MQTT_NONE)
            fail_msg("row %zu is taken", i);
    }
}

/* The longest there is, and one more. */
static void it_is_bounded(void **state)
{
    static uint8_t body[KM_MQTT_CONNECT_MAX + 1];
    struct km_slice ret = {0};
    struct km_slice got = {0};
    size_t used = 0;
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct km_wr wr = km_wr_init(body, sizeof(body));
        km_wr_bytes(&wr, OCTETS_OF(NAME "\4\x06\0\74"));
        size_t id_len = KM_MQTT_CONNECT_MAX + more - wr.len - 2 - 3 - 2 - 65535;
        km_wr_u16be(&wr, (uint16_t)id_len);
        for (size_t i = 0; i < id_len; i++)
            km_wr_u8(&wr, 'i');
        km_wr_bytes(&wr, OCTETS_OF("\0\1t\xff\xff"));
        for (size_t i = 0; i < 65535; i++)
            km_wr_u8(&wr, 'p');
        assert_true(km_wr_finish(&wr, &ret));
        assert_int_equal(introduce(whole(ret), &got, &used),
                         more == 0 ? KM_MQTT_CONNECT : KM_MQTT_NONE);
    }
    /* It is refused by its head already. */
    assert_int_equal(introduce(OCTETS_OF("\x10\xff\xff\xff\x7f"), &got, &used), KM_MQTT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_user_is_the_one_that_was_put_in),
        cmocka_unit_test(what_is_not_whole_is_waited_for),
        cmocka_unit_test(lengths_have_to_fit),
        cmocka_unit_test(other_packets_are_none),
        cmocka_unit_test(it_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
