/* SPDX-License-Identifier: Apache-2.0 */
/* Audit records: none is written twice or untold, and nobody can write as many as he likes. */
#include <stdio.h>

#include "tee/keymoord/audit.h"
#include "tests/unit/km_test.h"

#define FLOOD 20000u

static char path[64];
static struct km_audit audit;

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/km-audit.XXXXXX");
    int fd = mkostemp(path, O_CLOEXEC);
    memset(&audit, 0, sizeof(audit));
    if (fd < 0)
        return -1;
    close(fd);
    return km_audit_open(NULL, &audit, path) == KM_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    km_audit_close(&audit);
    return unlink(path);
}

static void write_some(const char *event, uint32_t uid, unsigned n)
{
    const struct km_audit_record record = {.event = event,
                                           .has_client = true,
                                           .uid = uid,
                                           .ta = "0b1d5e60-8f0a-4c1e-9d1c-5a3b7e2f4a01",
                                           .operation = "sign"};
    for (unsigned i = 0; i < n; i++)
        km_audit_write(&audit, &record);
}

struct count {
    uint64_t written, suppressed, suppressed_lines;
};

static struct count count_lines(const char *event, uint32_t uid)
{
    char line[KM_AUDIT_LINE_MAX] = {0}, event_text[64] = {0}, operation[64] = {0},
         uid_text[32] = {0};
    struct count count = {0};
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    (void)snprintf(event_text, sizeof(event_text), "\"event\":\"%s\"", event);
    (void)snprintf(operation, sizeof(operation), "\"operation\":\"%s\"", event);
    (void)snprintf(uid_text, sizeof(uid_text), "\"uid\":%u,", uid);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *detail = strstr(line, "\"detail\":\"");
        unsigned long long n = 0;
        if (strstr(line, uid_text) == NULL)
            continue;
        if (strstr(line, "\"event\":\"suppressed\"") != NULL && strstr(line, operation) != NULL) {
            assert_non_null(detail);
            assert_int_equal(sscanf(detail, "\"detail\":\"%llu records", &n), 1);
            count.suppressed += n;
            count.suppressed_lines++;
        } else if (strstr(line, event_text) != NULL) {
            count.written++;
        }
    }
    (void)fclose(file);
    return count;
}

static void floods_are_counted(void **state)
{
    static const struct {
        const char *event;
        unsigned burst;
    } kinds[] = {
        {"ta", 200}, {"client-dropped", 20}, {"session-refused", 20}, {"instance-failed", 20}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(kinds); i++)
        write_some(kinds[i].event, 1000, FLOOD);
    /* Another user is not touched by it. */
    for (size_t i = 0; i < KM_ARRAY_LEN(kinds); i++)
        write_some(kinds[i].event, 1001, kinds[i].burst);
    assert_true(km_audit_tick(&audit) > 0);
    km_audit_close(&audit);
    for (size_t i = 0; i < KM_ARRAY_LEN(kinds); i++) {
        struct count flood = count_lines(kinds[i].event, 1000);
        struct count other = count_lines(kinds[i].event, 1001);
        assert_int_equal(flood.written + flood.suppressed, FLOOD);
        assert_true(flood.written >= kinds[i].burst);
        assert_true(flood.written < FLOOD / 10);
        assert_int_equal(flood.suppressed_lines, 1);
        assert_int_equal(other.written, kinds[i].burst);
        assert_int_equal(other.suppressed, 0);
    }
    assert_int_equal(audit.n_lost, 0);
    assert_int_equal(km_audit_tick(&audit), -1);
}

static void what_nobody_can_cause_at_will_is_all_written(void **state)
{
    (void)state;
    write_some("panic", 1000, 1000);
    write_some("session-opened", 1000, 1000);
    assert_int_equal(count_lines("panic", 1000).written, 1000);
    assert_int_equal(count_lines("session-opened", 1000).written, 1000);
    assert_int_equal(km_audit_tick(&audit), -1);
}

/* More sources at once than are kept: each that makes room is told first. */
static void many_sources_lose_no_count(void **state)
{
    (void)state;
    for (uint32_t uid = 0; uid < 3 * KM_AUDIT_BUCKETS; uid++)
        write_some("client-dropped", uid, 100);
    km_audit_close(&audit);
    for (uint32_t uid = 0; uid < 3 * KM_AUDIT_BUCKETS; uid += 50) {
        struct count count = count_lines("client-dropped", uid);
        assert_int_equal(count.written + count.suppressed, 100);
    }
}

static void the_ring_keeps_what_was_before_a_flood(void **state)
{
    char text[KM_AUDIT_RING * 300] = {0};
    (void)state;
    write_some("denied", 1000, 1);
    write_some("client-dropped", 1000, FLOOD);
    size_t len = km_audit_last(&audit, KM_AUDIT_RING, 0, text, sizeof(text) - 1);
    text[len] = '\0';
    assert_non_null(strstr(text, "\"event\":\"denied\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(floods_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_nobody_can_cause_at_will_is_all_written, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(many_sources_lose_no_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_ring_keeps_what_was_before_a_flood, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
