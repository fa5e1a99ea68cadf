/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate command's parser on real ones and on everything near them. */
#include "tests/unit/km_test.h"

#include "format/cert_command.h"

#define OCTETS_MAX 4096u

static const char *const SAMPLE_NAMES[] = {"add_authority",  "update_authority", "delete_authority",
                                           "add_revocation", "add_crl",          "update_named",
                                           "numbers_only",   "set_time"};

static size_t load(const char *name, uint8_t ret[OCTETS_MAX])
{
    char path[512] = {0};
    (void)snprintf(path, sizeof(path), "%s/%s", SAMPLES, name);
    FILE *in = fopen(path, "rbe");
    assert_non_null(in);
    size_t len = fread(ret, 1, OCTETS_MAX, in);
    (void)fclose(in);
    assert_in_range(len, 6, OCTETS_MAX - 1);
    return len;
}

static bool open_command(struct km_slice in, struct km_envelope *envelope,
                         struct km_cert_command *ret)
{
    return km_envelope_parse(in, KM_CERT_COMMAND_KIND, envelope) &&
           envelope->version == KM_ENVELOPE_VERSION && envelope->alg != NULL &&
           km_cert_command_parse(envelope->body, ret);
}

/* In memory of exactly that length, so that a sanitizer sees a read beyond it. When it parses it must print to the same octets. */
static bool parses(const uint8_t *octets, size_t len)
{
    struct km_envelope envelope = {0};
    struct km_cert_command command = {0};
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    if (len != 0)
        km_copy(copy, len, octets, len);
    bool ok = open_command(KM_SLICE(copy, len), &envelope, &command);
    if (ok) {
        uint8_t content[OCTETS_MAX] = {0};
        uint8_t printed[OCTETS_MAX] = {0};
        struct km_slice inner = {0};
        struct km_slice whole = {0};
        struct km_wr wr = km_wr_init(content, sizeof(content));
        km_cert_command_content(&wr, envelope.alg, &command);
        assert_true(km_wr_finish(&wr, &inner));
        struct km_wr out = km_wr_init(printed, sizeof(printed));
        km_envelope_put(&out, envelope.signature, inner);
        assert_true(km_wr_finish(&out, &whole));
        assert_true(km_slice_equal(whole, KM_SLICE(copy, len)));
        assert_true(km_cert_command_fits(&command));
    }
    free(copy);
    return ok;
}

static void test_cuts_and_more(void **state)
{
    (void)state;
    uint8_t octets[OCTETS_MAX] = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(SAMPLE_NAMES); i++) {
        size_t len = load(SAMPLE_NAMES[i], octets);
        assert_true(parses(octets, len));
        for (size_t cut = 0; cut < len; cut++)
            assert_false(parses(octets, cut));
        octets[len] = 0;
        assert_false(parses(octets, len + 1));
    }
}

/* Every octet, every single bit and all of them: what still parses prints back to what it was (checked in parses). */
static void test_flips(void **state)
{
    (void)state;
    uint8_t octets[OCTETS_MAX] = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(SAMPLE_NAMES); i++) {
        size_t len = load(SAMPLE_NAMES[i], octets);
        for (size_t at = 0; at < len; at++) {
            for (unsigned bit = 0; bit <= 8; bit++) {
                uint8_t mask = (uint8_t)(bit == 8 ? 0xffu : 1u << bit);
                octets[at] ^= mask;
                (void)parses(octets, len);
                octets[at] ^= mask;
            }
        }
    }
}

static void test_fields(void **state)
{
    (void)state;
    uint8_t octets[OCTETS_MAX] = {0};
    struct km_envelope envelope = {0};
    struct km_cert_command command = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(SAMPLE_NAMES); i++) {
        size_t len = load(SAMPLE_NAMES[i], octets);
        assert_true(open_command(KM_SLICE(octets, len), &envelope, &command));
        assert_int_equal(command.operation, i + 1);
    }
    assert_int_equal(command.sequence, 8);
    assert_int_equal(command.time, 4000000000);
    assert_int_equal(command.device.len, KM_CERT_COMMAND_DEVICE_LEN);
    assert_int_equal(command.body.len, 0);
    size_t len = load("update_named", octets);
    assert_true(open_command(KM_SLICE(octets, len), &envelope, &command));
    assert_true(km_slice_equal(command.name, KM_SLICE_STR("com.seqlabs.oem_root_cert")));
    assert_int_equal(command.sequence, 5);
    assert_true(command.body.len > 64);
    len = load("delete_authority", octets);
    assert_true(open_command(KM_SLICE(octets, len), &envelope, &command));
    assert_true(command.sequence == KM_CERT_COMMAND_NUMBER_MAX);
    assert_string_equal(envelope.alg->name, "sha256WithRSAEncryption");
}

/* Whether what is printed from a command is read again. */
static bool survives(const struct km_cert_command *command)
{
    static uint8_t printed[KM_CERT_COMMAND_MAX + 64u];
    const struct km_sign_alg *alg = km_sign_alg_find(KM_SIGN_EC, KM_SIGN_SHA256);
    struct km_wr wr = km_wr_init(printed, sizeof(printed));
    struct km_slice content = {0};
    struct km_rd fields = {0};
    struct km_cert_command again = {0};
    struct km_slice kind = {0};
    struct km_slice oid = {0};
    uint64_t version = 0;
    km_cert_command_content(&wr, alg, command);
    assert_true(km_wr_finish(&wr, &content));
    struct km_rd rd = km_rd_init(content);
    assert_true(km_der_enter(&rd, KM_DER_SEQUENCE, &fields) &&
                km_der_utf8(&fields, KM_CERT_COMMAND_NAME_MAX, &kind) &&
                km_der_u64(&fields, KM_DER_INTEGER, &version) &&
                km_der_bytes(&fields, KM_DER_OID, &oid));
    bool ok = km_cert_command_parse(fields, &again);
    assert_int_equal(ok, km_cert_command_fits(command));
    return ok;
}

/* Each operation with and without each field, against the table. */
static void test_table(void **state)
{
    (void)state;
    static const uint8_t device[KM_CERT_COMMAND_DEVICE_LEN] = {1};
    for (unsigned operation = 0; operation <= KM_CERT_SET_TIME + 1; operation++) {
        const struct km_cert_operation_info *info = km_cert_operation_find(operation);
        assert_int_equal(info != NULL, operation != 0 && operation <= KM_CERT_SET_TIME);
        if (info != NULL)
            assert_ptr_equal(info, km_cert_operation_by_name(info->name));
        for (unsigned has = 0; has < 32; has++) {
            struct km_cert_command command = {
                .operation = (enum km_cert_operation)operation,
                .sequence = (has & 1) != 0 ? 9 : 0,
                .device = KM_SLICE(device, (has & 2) != 0 ? sizeof(device) : 0),
                .name = KM_SLICE("n", (has & 4) != 0 ? 1 : 0),
                .time = (has & 8) != 0 ? 10 : 0,
                .body = KM_SLICE("b", (has & 16) != 0 ? 1 : 0)};
            bool expected = false;
            if (operation >= KM_CERT_ADD_AUTHORITY && operation <= KM_CERT_ADD_CRL)
                expected = (has & 28) == 16;
            else if (operation == KM_CERT_UPDATE_NAMED)
                expected = (has & 28) == 20;
            else if (operation == KM_CERT_NUMBERS_ONLY)
                expected = (has & 29) == 1;
            else if (operation == KM_CERT_SET_TIME)
                expected = has == 11;
            assert_int_equal(survives(&command), expected);
        }
    }
    assert_null(km_cert_operation_by_name("addauthority"));
}

static void test_limits(void **state)
{
    (void)state;
    static const uint8_t device[KM_CERT_COMMAND_DEVICE_LEN + 1] = {1};
    static const char name[] = "0123456789012345678901234567890123456789012345678901234567890123";
    static uint8_t body[KM_CERT_COMMAND_BODY_MAX + 1];
    struct km_cert_command good = {.operation = KM_CERT_UPDATE_NAMED,
                                   .sequence = KM_CERT_COMMAND_NUMBER_MAX,
                                   .device = KM_SLICE(device, KM_CERT_COMMAND_DEVICE_LEN),
                                   .name = KM_SLICE(name, KM_CERT_COMMAND_NAME_MAX),
                                   .body = KM_SLICE(body, KM_CERT_COMMAND_BODY_MAX)};
    struct km_cert_command time = {.operation = KM_CERT_SET_TIME,
                                   .sequence = 1,
                                   .device = good.device,
                                   .time = KM_CERT_COMMAND_NUMBER_MAX};
    struct km_cert_command wrong[] = {good, good, good, good, good, good, time};
    wrong[0].sequence++;
    wrong[1].device.len = KM_CERT_COMMAND_DEVICE_LEN - 1;
    wrong[2].device.len = KM_CERT_COMMAND_DEVICE_LEN + 1;
    wrong[3].name.len++;
    wrong[4].name = KM_SLICE("\xc3(", 2);
    wrong[5].body.len++;
    wrong[6].time++;
    assert_true(survives(&good));
    assert_true(survives(&time));
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++)
        assert_false(survives(&wrong[i]));
}

/* A field that is written though it is 0 or empty, in another order, or twice. */
static void test_other_ways_to_say_it(void **state)
{
    (void)state;
    static const struct km_slice wrong[] = {
        OCTETS("\x0a\x01\x07\x80\x01\x00\x04\x00"),             /* sequence 0 */
        OCTETS("\x0a\x01\x07\x80\x02\x00\x01\x04\x00"),         /* not the shortest */
        OCTETS("\x0a\x01\x07\x80\x01\x81\x04\x00"),             /* negative */
        OCTETS("\x0a\x01\x07\x80\x01\x01\x80\x01\x02\x04\x00"), /* twice */
        OCTETS("\x0a\x01\x07\x80\x01\x01\x81\x00\x04\x00"),     /* an empty device */
        OCTETS("\x0a\x01\x07\x80\x01\x01\x04\x00\x04\x00"),     /* two bodies */
        OCTETS("\x0a\x01\x07\x80\x01\x01"),                     /* none */
        OCTETS("\x0a\x01\x06\x82\x01n\x80\x01\x01\x04\x01"
               "b"),                                    /* name before sequence */
        OCTETS("\x02\x01\x07\x80\x01\x01\x04\x00"),     /* an INTEGER */
        OCTETS("\x0a\x02\x01\x07\x80\x01\x01\x04\x00"), /* operation 263 */
    };
    static const struct km_slice good = OCTETS("\x0a\x01\x07\x80\x01\x01\x04\x00");
    struct km_cert_command command = {0};
    assert_true(km_cert_command_parse(km_rd_init(good), &command));
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++)
        assert_false(km_cert_command_parse(km_rd_init(wrong[i]), &command));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts_and_more), cmocka_unit_test(test_flips),
        cmocka_unit_test(test_fields),        cmocka_unit_test(test_table),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_other_ways_to_say_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
