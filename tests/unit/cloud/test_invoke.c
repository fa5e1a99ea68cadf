/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes between who asks for a run and who runs, and between the runner and its helper. */
#include "cloud/functions/host_wire.h"
#include "cloud/functions/invoke.h"
#include "tests/unit/km_test.h"

static uint8_t bytes[4096];

static const struct km_invoke request = {
    .kind = KM_INVOKE_WAIT,
    .account = "123456789012",
    .region = "us-west-1",
    .function = "f",
    .qualifier = "$LATEST",
    .payload = OCTETS("{\"a\":1}"),
    .wants_log = true,
};

static size_t put_request(void)
{
    struct km_wr wr = km_wr_init(bytes, sizeof bytes);
    struct km_slice out = {0};
    km_invoke_write(&wr, &request);
    assert_true(km_wr_finish(&wr, &out));
    return out.len;
}

static km_status read_request(size_t len, struct km_invoke *ret)
{
    static struct km_invoke_strings strings;
    return km_invoke_read(NULL, KM_SLICE(bytes, len), &strings, ret);
}

static void a_request_is_read_back(void **state)
{
    (void)state;
    struct km_invoke got = {.kind = KM_INVOKE_DRY};
    size_t len = put_request();
    assert_int_equal(read_request(len, &got), KM_OK);
    assert_int_equal(got.kind, KM_INVOKE_WAIT);
    assert_string_equal(got.account, request.account);
    assert_string_equal(got.qualifier, request.qualifier);
    assert_string_equal(got.request_id, "");
    assert_true(got.wants_log);
    assert_true(km_slice_equal(got.payload, request.payload));
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(read_request(cut, &got), KM_E_MALFORMED);
    assert_int_equal(read_request(len + 1, &got), KM_E_MALFORMED);
}

static size_t put_reply(const struct km_err *failure, const struct km_invoke_answer *answer)
{
    struct km_wr wr = km_wr_init(bytes, sizeof bytes);
    struct km_slice out = {0};
    km_invoke_reply_write(&wr, failure, answer);
    assert_true(km_wr_finish(&wr, &out));
    return out.len;
}

static void an_answer_is_read_back(void **state)
{
    (void)state;
    char payload[] = "{}";
    struct km_invoke_answer got = {.payload = NULL};
    const struct km_invoke_answer answer = {.is_function_error = true,
                                            .request_id = "id",
                                            .version = "3",
                                            .payload = (uint8_t *)payload,
                                            .payload_len = 2,
                                            .log = "line\n",
                                            .log_len = 5};
    size_t len = put_reply(NULL, &answer);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(km_invoke_reply_read(NULL, KM_SLICE(bytes, cut), &got), KM_E_MALFORMED);
    assert_int_equal(km_invoke_reply_read(NULL, KM_SLICE(bytes, len + 1), &got), KM_E_MALFORMED);
    assert_int_equal(km_invoke_reply_read(NULL, KM_SLICE(bytes, len), &got), KM_OK);
    assert_true(got.is_function_error);
    assert_string_equal(got.version, "3");
    assert_string_equal(got.log, "line\n");
    assert_string_equal((const char *)got.payload, "{}");
    km_invoke_answer_clear(&got);
}

static void a_failure_comes_back_as_it_was(void **state)
{
    (void)state;
    struct km_err failure = {.status = KM_OK}, err = {.status = KM_OK};
    struct km_invoke_answer got = {.payload = NULL};
    (void)KM_FAIL(&failure, KM_E_NOTFOUND, "there is no function f");
    size_t len = put_reply(&failure, NULL);
    assert_int_equal(km_invoke_reply_read(&err, KM_SLICE(bytes, len), &got), KM_E_NOTFOUND);
    assert_string_equal(err.text, "there is no function f");
    assert_int_equal(km_invoke_reply_read(NULL, KM_SLICE(bytes, len - 1), &got), KM_E_MALFORMED);
}

static void an_order_is_read_back(void **state)
{
    (void)state;
    struct km_host_order got = {.is_check = false};
    struct km_host_order order = {.has_uid = true,
                                  .is_python = true,
                                  .uid = 64000,
                                  .timeout_ms = 3000,
                                  .memory_mb = 128,
                                  .tmp_mb = 64,
                                  .code_dir = OCTETS("/c"),
                                  .handler = OCTETS("a.b"),
                                  .endpoint_name = OCTETS("cloud.example"),
                                  .n_env = 1,
                                  .event = OCTETS("{}")};
    order.env[0] = OCTETS_OF("A=B");
    struct km_wr wr = km_wr_init(bytes, sizeof bytes);
    struct km_slice out = {0};
    km_host_order_write(&wr, &order);
    assert_true(km_wr_finish(&wr, &out));
    assert_true(km_host_order_read(out, &got));
    assert_true(got.has_uid && got.is_python && !got.is_check && !got.is_tls);
    assert_int_equal(got.uid, 64000);
    assert_true(km_slice_equal(got.env[0], order.env[0]));
    assert_true(km_slice_equal(got.endpoint_name, order.endpoint_name));
    for (size_t cut = 0; cut < out.len; cut++)
        assert_false(km_host_order_read(KM_SLICE(bytes, cut), &got));
    assert_false(km_host_order_read(KM_SLICE(bytes, out.len + 1), &got));
    bytes[1] = 0x10;
    assert_false(km_host_order_read(out, &got));
    order.endpoint_name = OCTETS_OF("cloud example");
    wr = km_wr_init(bytes, sizeof bytes);
    km_host_order_write(&wr, &order);
    assert_true(km_wr_finish(&wr, &out));
    assert_false(km_host_order_read(out, &got));
}

static void an_outcome_is_read_back(void **state)
{
    (void)state;
    struct km_host_outcome got = {.end = KM_HOST_EXITED};
    const struct km_host_outcome outcome = {.end = KM_HOST_KILLED,
                                            .code = 9,
                                            .duration_ms = 12,
                                            .memory_kb = 34,
                                            .answer = OCTETS("R1"),
                                            .log = OCTETS("l"),
                                            .log_is_cut = true};
    struct km_wr wr = km_wr_init(bytes, sizeof bytes);
    struct km_slice out = {0};
    km_host_outcome_write(&wr, &outcome);
    assert_true(km_wr_finish(&wr, &out));
    assert_true(km_host_outcome_read(out, &got));
    assert_int_equal(got.end, KM_HOST_KILLED);
    assert_int_equal(got.code, 9);
    assert_true(got.log_is_cut && km_slice_equal(got.answer, outcome.answer));
    for (size_t cut = 0; cut < out.len; cut++)
        assert_false(km_host_outcome_read(KM_SLICE(bytes, cut), &got));
    assert_false(km_host_outcome_read(KM_SLICE(bytes, out.len + 1), &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_back),         cmocka_unit_test(an_answer_is_read_back),
        cmocka_unit_test(a_failure_comes_back_as_it_was), cmocka_unit_test(an_order_is_read_back),
        cmocka_unit_test(an_outcome_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
