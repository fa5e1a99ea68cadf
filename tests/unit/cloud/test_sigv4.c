/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures over requests that botocore made (make_sigv4.py), whole and damaged. */
#include "cloud/control/sigv4.h"
#include "common/km_file.h"
#include "tests/unit/km_test.h"

#define NOW_S 1772409599 /* 2026-03-01T23:59:59Z */
#define SECRET "wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY"
#define KEY_ID "AKIDEXAMPLE0000000001"
#define BODY_MAX 512
#define HEADERS_MAX 24

struct sample {
    char *name;
    char *token;
    uint8_t body[BODY_MAX];
    struct km_sigv4_header headers[HEADERS_MAX];
    struct km_sigv4_request request;
};

struct world {
    struct km_crypto crypto;
    char *text;
    struct sample samples[24];
    size_t n_samples;
    const char *secret;
    km_status answer; /* instead of the secret */
    const char *token;
};

static km_status secret_of(void *arg, struct km_err *err, struct km_slice key_id,
                           struct km_slice token, struct km_span ret, size_t *ret_len)
{
    const struct world *world = arg;
    if (world->answer != KM_OK)
        return KM_FAIL(err, world->answer, "asked for");
    if (!km_slice_equal(key_id, KM_SLICE_STR(KEY_ID)) ||
        !km_slice_equal(token, KM_SLICE_STR(world->token)))
        return KM_FAIL(err, KM_E_NOTFOUND, "no such key");
    *ret_len = strlen(world->secret);
    km_copy(ret.ptr, ret.len, world->secret, *ret_len);
    return KM_OK;
}

static enum km_sigv4_verdict verdict_of(struct world *world, const struct km_sigv4_request *request)
{
    struct km_err err = {0};
    struct km_sigv4_who who = {0};
    const struct km_sigv4_keys keys = {.secret = secret_of, .arg = world};
    enum km_sigv4_verdict verdict =
        km_sigv4_is_in_query(request->query)
            ? km_sigv4_verify_query(&err, &world->crypto, request, &keys, &who)
            : km_sigv4_verify(&err, &world->crypto, request, &keys, &who);
    if (verdict == KM_SIGV4_OK) {
        assert_string_equal(who.key_id, KEY_ID);
        assert_string_equal(who.region, "eu-central-1");
        assert_true(strlen(who.service) > 2);
    } else {
        assert_int_not_equal(err.status, KM_OK);
        assert_true(err.text[0] != '\0');
        assert_string_equal(who.key_id, "");
    }
    return verdict;
}

/* ---- the file of samples ---- */

static void take_line(struct world *world, char *line)
{
    char *value = strchr(line, ' ');
    if (value == NULL)
        return;
    *value++ = '\0';
    if (strcmp(line, "request") == 0)
        world->n_samples++;
    struct sample *sample = &world->samples[world->n_samples - 1];
    struct km_sigv4_request *request = &sample->request;
    if (strcmp(line, "request") == 0) {
        sample->name = value;
        request->headers = sample->headers;
        request->now_s = NOW_S;
    } else if (strcmp(line, "method") == 0) {
        request->method = KM_SLICE_STR(value);
    } else if (strcmp(line, "path") == 0) {
        request->path = KM_SLICE_STR(value);
    } else if (strcmp(line, "query") == 0) {
        request->query = KM_SLICE_STR(value);
    } else if (strcmp(line, "token") == 0) {
        sample->token = value;
    } else if (strcmp(line, "header") == 0) {
        char *colon = strchr(value, ':');
        assert_non_null(colon);
        assert_true(request->n_headers < HEADERS_MAX);
        sample->headers[request->n_headers++] = (struct km_sigv4_header){
            .name = KM_SLICE(value, (size_t)(colon - value)),
            .value = KM_SLICE_STR(colon + 2),
        };
    } else if (strcmp(line, "body") == 0) {
        struct km_err err = {0};
        assert_true(km_unhex(value, sample->body, strlen(value) / 2));
        assert_int_equal(km_crypto_sha256(&err, &world->crypto,
                                          KM_SLICE(sample->body, strlen(value) / 2),
                                          request->body_sha256),
                         KM_OK);
    } else {
        fail_msg("unknown line '%s'", line);
    }
}

static int setup(void **state)
{
    struct km_err err = {0};
    struct world *world = calloc(1, sizeof(*world));
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_non_null(world);
    world->secret = SECRET;
    assert_int_equal(km_crypto_init(&err, &world->crypto), KM_OK);
    assert_int_equal(km_file_read(&err, AT_FDCWD, SAMPLES, 1u << 20, &bytes, &len), KM_OK);
    world->text = calloc(1, len + 1);
    assert_non_null(world->text);
    km_copy(world->text, len, bytes, len);
    free(bytes);
    char *save = NULL;
    for (char *line = strtok_r(world->text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save))
        take_line(world, line);
    assert_true(world->n_samples >= 15);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    km_crypto_clear(&world->crypto);
    free(world->text);
    free(world);
    return 0;
}

static struct km_sigv4_header *header_of(struct sample *sample, const char *name)
{
    for (size_t i = 0; i < sample->request.n_headers; i++) {
        if (km_slice_equal(sample->headers[i].name, KM_SLICE_STR(name)))
            return &sample->headers[i];
    }
    return NULL;
}

static struct sample *sample_named(struct world *world, const char *name)
{
    for (size_t i = 0; i < world->n_samples; i++) {
        if (strcmp(world->samples[i].name, name) == 0) {
            world->token = world->samples[i].token;
            return &world->samples[i];
        }
    }
    fail_msg("no sample '%s'", name);
    return NULL;
}

/* ---- signed in the query ---- */

#define SIGNED                                                                                     \
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" KEY_ID                                    \
    "%2F20260301%2Feu-central-1%2Fiotdevicegateway%2Faws4_request&X-Amz-Date=20260301T235959Z"     \
    "&X-Amz-SignedHeaders=host"

static void a_query_counts_for_its_time(void **state)
{
    struct world *world = *state;
    struct km_sigv4_request request = sample_named(world, "websocket")->request;
    static const struct {
        int64_t later_s;
        enum km_sigv4_verdict verdict;
    } rows[] = {{86400, KM_SIGV4_OK},
                {86401, KM_SIGV4_SKEWED},
                {-KM_SIGV4_SKEW_S, KM_SIGV4_OK},
                {-KM_SIGV4_SKEW_S - 1, KM_SIGV4_SKEWED}};
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        request.now_s = NOW_S + rows[i].later_s;
        assert_int_equal(verdict_of(world, &request), rows[i].verdict);
    }
}

/* What the signature's own parts may not be; none of these is signed by anybody. */
static void a_query_has_one_form(void **state)
{
    static const struct {
        const char *query;
        enum km_sigv4_verdict verdict;
    } rows[] = {
        {SIGNED "&X-Amz-Signature=00", KM_SIGV4_INCOMPLETE},
        {SIGNED "&X-Amz-Signature=", KM_SIGV4_INCOMPLETE},
        {SIGNED "&X-Amz-Expires=0&X-Amz-Signature=00", KM_SIGV4_INCOMPLETE},
        {SIGNED "&X-Amz-Expires=604801&X-Amz-Signature=00", KM_SIGV4_INCOMPLETE},
        {SIGNED "&X-Amz-Expires=-1&X-Amz-Signature=00", KM_SIGV4_INCOMPLETE},
        {SIGNED "&X-Amz-Expires=&X-Amz-Signature=00", KM_SIGV4_INCOMPLETE},
        {SIGNED "&X-Amz-Date=20260301T235959Z&X-Amz-Signature=00", KM_SIGV4_INCOMPLETE},
        {SIGNED "&X-Amz-Signature=00&X-Amz-Signature=00", KM_SIGV4_INCOMPLETE},
        {"X-Amz-Signature=%", KM_SIGV4_INCOMPLETE},
        {"X-Amz-Signature=%00", KM_SIGV4_INCOMPLETE},
        {"X-Amz-Signature=00", KM_SIGV4_INCOMPLETE},
    };
    static const char digest[] = "&X-Amz-Signature=d743f52548b0f012542b68522532cf4c90f7d1b268aa579"
                                 "8885538c7892194a2";
    static const char *const wrong[] = {SIGNED, SIGNED "&X-Amz-Expires=604800",
                                        SIGNED "&X-Amz-Expires=1&more=1"};
    struct world *world = *state;
    struct km_sigv4_request request = sample_named(world, "websocket")->request;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        request.query = KM_SLICE_STR(rows[i].query);
        if (verdict_of(world, &request) != rows[i].verdict)
            fail_msg("%s", rows[i].query);
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++) {
        char text[1024] = {0};
        (void)snprintf(text, sizeof(text), "%s%s", wrong[i], digest);
        request.query = KM_SLICE_STR(text);
        assert_int_equal(verdict_of(world, &request), KM_SIGV4_WRONG);
    }
}

static void what_a_query_says_is_bounded(void **state)
{
    struct world *world = *state;
    struct km_sigv4_request request = sample_named(world, "websocket")->request;
    char text[8192] = {0};
    int len = snprintf(text, sizeof(text), "X-Amz-Signature=");
    (void)memset(text + len, 'a', 5000);
    request.query = KM_SLICE_STR(text);
    assert_int_equal(verdict_of(world, &request), KM_SIGV4_INCOMPLETE);
}

/* Some clients sign the name alone, and add the session's token to what they signed. */
static void clients_read_host_and_token_differently(void **state)
{
    struct world *world = *state;
    struct sample *sample = sample_named(world, "websocket");
    struct km_sigv4_header *host = header_of(sample, "host");
    const struct km_slice whole = host->value;
    char query[1024] = {0};
    (void)snprintf(query, sizeof(query), "%.*s&X-Amz-Security-Token=t%%2Fk",
                   (int)sample->request.query.len, (const char *)sample->request.query.ptr);
    const struct km_slice signed_part = sample->request.query;
    sample->request.query = KM_SLICE_STR(query);
    world->token = "t/k";
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_OK);
    world->token = "t/l";
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_UNKNOWN);
    sample->request.query = signed_part;
    world->token = "";
    static const char *const others[] = {"127.0.0.1", "127.0.0.1:8444",      "127.0.0.2:8443",
                                         ":8443",     "127.0.0.1:8443:8443", ""};
    for (size_t i = 0; i < KM_ARRAY_LEN(others); i++) {
        host->value = KM_SLICE_STR(others[i]);
        enum km_sigv4_verdict expected =
            strcmp(others[i], "127.0.0.1:8443:8443") == 0 ? KM_SIGV4_OK : KM_SIGV4_WRONG;
        assert_int_equal(verdict_of(world, &sample->request), expected);
    }
    host->value = whole;
}

/* ---- the tests ---- */

static void botocore_is_understood(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < world->n_samples; i++) {
        world->token = world->samples[i].token;
        if (verdict_of(world, &world->samples[i].request) != KM_SIGV4_OK)
            fail_msg("not accepted: %s", world->samples[i].name);
    }
}

static void secrets_matter(void **state)
{
    struct world *world = *state;
    struct sample *sample = sample_named(world, "token");
    world->secret = "wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEx";
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_WRONG);
    world->secret = SECRET;
    world->token = "another";
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_UNKNOWN);
    world->token = sample->token;
    world->answer = KM_E_NOTFOUND;
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_UNKNOWN);
    world->answer = KM_E_STALE;
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_EXPIRED);
    world->answer = KM_E_IO;
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_FAILED);
    world->answer = KM_OK;
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_OK);
}

static void clocks_may_differ_a_little(void **state)
{
    struct world *world = *state;
    struct km_sigv4_request request = sample_named(world, "no body")->request;
    static const struct {
        int64_t skew;
        enum km_sigv4_verdict verdict;
    } rows[] = {{KM_SIGV4_SKEW_S, KM_SIGV4_OK},
                {-KM_SIGV4_SKEW_S, KM_SIGV4_OK},
                {KM_SIGV4_SKEW_S + 1, KM_SIGV4_SKEWED},
                {-KM_SIGV4_SKEW_S - 1, KM_SIGV4_SKEWED},
                {86400 * 365, KM_SIGV4_SKEWED}};
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        request.now_s = NOW_S + rows[i].skew;
        assert_int_equal(verdict_of(world, &request), rows[i].verdict);
    }
}

/* expect_none_accepted: the slice changed at each octet, and cut there. */
static void expect_none_accepted(struct world *world, struct km_sigv4_request *request,
                                 struct km_slice *part)
{
    const struct km_slice whole = *part;
    uint8_t copy[1024] = {0};
    assert_true(whole.len <= sizeof(copy));
    for (size_t i = 0; i < whole.len; i++) {
        km_copy(copy, sizeof(copy), whole.ptr, whole.len);
        *part = KM_SLICE(copy, i);
        assert_int_not_equal(verdict_of(world, request), KM_SIGV4_OK);
        *part = KM_SLICE(copy, whole.len);
        copy[i] ^= 1;
        assert_int_not_equal(verdict_of(world, request), KM_SIGV4_OK);
    }
    *part = whole;
    assert_int_equal(verdict_of(world, request), KM_SIGV4_OK);
}

static void every_octet_counts(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < world->n_samples; i++) {
        struct sample *sample = &world->samples[i];
        struct km_sigv4_request *request = &sample->request;
        static const char *const names[] = {"host", "X-Amz-Date", "Authorization",
                                            "X-Amz-Security-Token", "x-amzn-principal"};
        world->token = sample->token;
        expect_none_accepted(world, request, &request->method);
        expect_none_accepted(world, request, &request->path);
        if (km_sigv4_is_in_query(request->query))
            expect_none_accepted(world, request, &request->query);
        for (size_t n = 0; n < KM_ARRAY_LEN(names); n++) {
            struct km_sigv4_header *header = header_of(sample, names[n]);
            if (header != NULL)
                expect_none_accepted(world, request, &header->value);
        }
        for (size_t n = 0; n < KM_SHA256_LEN; n++) {
            request->body_sha256[n] ^= 0x80;
            assert_int_equal(verdict_of(world, request), KM_SIGV4_WRONG);
            request->body_sha256[n] ^= 0x80;
        }
    }
}

static void the_query_counts_in_any_order(void **state)
{
    struct world *world = *state;
    struct km_sigv4_request request = sample_named(world, "query and body")->request;
    assert_true(km_slice_equal(request.query,
                               KM_SLICE_STR("newStatus=ACTIVE&newAutoRegistrationStatus=ENABLE")));
    request.query = KM_SLICE_STR("newAutoRegistrationStatus=ENABLE&newStatus=ACTIVE");
    assert_int_equal(verdict_of(world, &request), KM_SIGV4_OK);
    static const char *const wrong[] = {
        "",
        "newStatus=ACTIVE",
        "newStatus=ACTIVE&newAutoRegistrationStatus=DISABLE",
        "newStatus=ACTIVE&newAutoRegistrationStatus=ENABLE&x",
        "newStatus=ACTIVE&newStatus=ACTIVE&newAutoRegistrationStatus=ENABLE",
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++) {
        request.query = KM_SLICE_STR(wrong[i]);
        assert_int_equal(verdict_of(world, &request), KM_SIGV4_WRONG);
    }
    char many[4 * KM_SIGV4_PARAMETERS_MAX] = {0};
    for (size_t i = 0; i <= KM_SIGV4_PARAMETERS_MAX; i++)
        km_copy(many + 2 * i, 2, "a&", 2);
    request.query = KM_SLICE_STR(many);
    assert_int_equal(verdict_of(world, &request), KM_SIGV4_INCOMPLETE);
}

static void blanks_in_values_count_once(void **state)
{
    struct world *world = *state;
    struct sample *sample = sample_named(world, "no body");
    struct km_sigv4_header *host = header_of(sample, "host");
    const struct km_slice whole = host->value;
    host->value = KM_SLICE_STR("  127.0.0.1:8443\t");
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_OK);
    host->value = KM_SLICE_STR("127.0.0.1 :8443");
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_WRONG);
    host->value = whole;
}

/* with_header: the sample's verdict with one more header. */
static enum km_sigv4_verdict with_header(struct world *world, struct sample *sample,
                                         const char *name, const char *value)
{
    sample->headers[sample->request.n_headers++] =
        (struct km_sigv4_header){.name = KM_SLICE_STR(name), .value = KM_SLICE_STR(value)};
    enum km_sigv4_verdict verdict = verdict_of(world, &sample->request);
    sample->request.n_headers--;
    return verdict;
}

static void headers_come_once_and_signed(void **state)
{
    struct world *world = *state;
    struct sample *sample = sample_named(world, "arn in a header");
    static const char *const twice[] = {"authorization", "HOST", "x-amz-date"};
    for (size_t i = 0; i < KM_ARRAY_LEN(twice); i++)
        assert_int_equal(with_header(world, sample, twice[i], "127.0.0.1:8443"),
                         KM_SIGV4_INCOMPLETE);
    assert_int_equal(with_header(world, sample, "x-amzn-principal", "another"), KM_SIGV4_WRONG);
    assert_int_equal(with_header(world, sample, "x-amzn-iot-principal", "a"), KM_SIGV4_INCOMPLETE);
    assert_int_equal(with_header(world, sample, "X-Amz-Security-Token", "t"), KM_SIGV4_INCOMPLETE);
    assert_int_equal(with_header(world, sample, "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"),
                     KM_SIGV4_INCOMPLETE);
    assert_int_equal(with_header(world, sample, "X-Amzn-Trace-Id", "Root=1"), KM_SIGV4_OK);
    assert_int_equal(with_header(world, sample, "Accept", "*/*"), KM_SIGV4_OK);
    for (size_t i = 0; i < KM_ARRAY_LEN(twice); i++) {
        const char *names[] = {"Authorization", "host", "X-Amz-Date"};
        struct km_sigv4_header *header = header_of(sample, names[i]);
        assert_non_null(header);
        const struct km_slice name = header->name;
        header->name = KM_SLICE_STR("gone");
        assert_int_equal(verdict_of(world, &sample->request),
                         i == 0 ? KM_SIGV4_MISSING : KM_SIGV4_INCOMPLETE);
        header->name = name;
    }
}

static void authorization_has_one_form(void **state)
{
    struct world *world = *state;
    struct sample *sample = sample_named(world, "no body");
    struct km_sigv4_header *header = header_of(sample, "Authorization");
    const struct km_slice whole = header->value;
    static const char digest[] = "d743f52548b0f012542b68522532cf4c90f7d1b268aa5798885538c7892194a2";
    static const struct {
        const char *before;
        const char *signed_headers;
    } rows[] = {
        {"AWS4-HMAC-SHA512 Credential=" KEY_ID "/20260301/eu-central-1/execute-api/aws4_request",
         "host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260301/eu-central-1/execute-api/aws5_request",
         "host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260301/eu-central-1/execute-api/aws4_request/x",
         "host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260301/eu-central-1/aws4_request",
         "host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential=/20260301/eu-central-1/execute-api/aws4_request",
         "host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential= " KEY_ID "/20260301/eu-central-1/execute-api/aws4_request",
         "host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260301/eu'central/execute-api/aws4_request",
         "host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/2026/eu-central-1/execute-api/aws4_request",
         "host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260301/eu-central-1/execute-api/aws4_request",
         "x-amz-date;host"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260301/eu-central-1/execute-api/aws4_request",
         "host;host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260301/eu-central-1/execute-api/aws4_request",
         "Host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260301/eu-central-1/execute-api/aws4_request",
         "x-amz-date"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260301/eu-central-1/execute-api/aws4_request",
         "host"},
        {"AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260301/eu-central-1/execute-api/aws4_request",
         "absent;host;x-amz-date"},
        {"AWS4-HMAC-SHA256 Extra=1, Credential=" KEY_ID
         "/20260301/eu-central-1/execute-api/aws4_request",
         "host;x-amz-date"},
        {"AWS4-HMAC-SHA256 SignedHeaders=a, Credential=" KEY_ID
         "/20260301/eu-central-1/execute-api/aws4_request",
         "host;x-amz-date"},
        {"Basic dXNlcjpwYXNz", ""},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        char text[512] = {0};
        (void)snprintf(text, sizeof(text), "%s, SignedHeaders=%s, Signature=%s", rows[i].before,
                       rows[i].signed_headers, digest);
        header->value = KM_SLICE_STR(text);
        if (verdict_of(world, &sample->request) != KM_SIGV4_INCOMPLETE)
            fail_msg("taken: %s", text);
    }
    header->value = KM_SLICE_STR(
        "AWS4-HMAC-SHA256 Credential=" KEY_ID "/20260302/eu-central-1/execute-api/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature="
        "d743f52548b0f012542b68522532cf4c90f7d1b268aa5798885538c7892194a2");
    assert_int_equal(verdict_of(world, &sample->request), KM_SIGV4_WRONG);
    header->value = whole;
}

static void times(void **state)
{
    static const struct {
        const char *text;
        bool is_time;
        int64_t seconds;
    } rows[] = {
        {"19700101T000000Z", true, 0},
        {"20260301T235959Z", true, NOW_S},
        {"20000229T120000Z", true, 951825600},
        {"20991231T235959Z", true, 4102444799},
        {"20240229T000000Z", true, 1709164800},
        {"20230229T000000Z", false, 0},
        {"21000229T000000Z", false, 0},
        {"20260301T240000Z", false, 0},
        {"20261301T000000Z", false, 0},
        {"20260001T000000Z", false, 0},
        {"20260431T000000Z", false, 0},
        {"19691231T235959Z", false, 0},
        {"20260301T235959", false, 0},
        {"20260301T235959Zx", false, 0},
        {"20260301 235959Z", false, 0},
        {"2026030aT235959Z", false, 0},
        {"", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        int64_t seconds = -1;
        assert_int_equal(km_sigv4_time(KM_SLICE_STR(rows[i].text), &seconds), rows[i].is_time);
        assert_int_equal(seconds, rows[i].is_time ? rows[i].seconds : -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_counts_for_its_time),
        cmocka_unit_test(a_query_has_one_form),
        cmocka_unit_test(what_a_query_says_is_bounded),
        cmocka_unit_test(clients_read_host_and_token_differently),
        cmocka_unit_test(botocore_is_understood),
        cmocka_unit_test(secrets_matter),
        cmocka_unit_test(clocks_may_differ_a_little),
        cmocka_unit_test(every_octet_counts),
        cmocka_unit_test(the_query_counts_in_any_order),
        cmocka_unit_test(blanks_in_values_count_once),
        cmocka_unit_test(headers_come_once_and_signed),
        cmocka_unit_test(authorization_has_one_form),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
