/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that are refused say where and why; documents that are not are whole. */
#include "tests/unit/cloud/policy_rig.h"

#define BAD(statement) RIG_POLICY("{" statement "}")
#define FRONT "\"Effect\":\"Allow\",\"Action\":\"iot:Connect\""
#define WITH(condition) BAD(FRONT ",\"Resource\":\"*\",\"Condition\":" condition)

static const struct {
    const char *document;
    const char *text;
} refused[] = {
    /* JSON */
    {"", "line 1, column 0: is no JSON"},
    {"{", "line 1, column 1: is no JSON"},
    {"{}x", "line 1, column 3: is no JSON"},
    {"{\n \"Version\": 2012-10-17\n}", "line 2, column 19: is no JSON"},
    {"{\"Version\":\"2012-10-17\",\"Version\":\"2012-10-17\"}",
     "line 1, column 33: names a member twice"},
    {"\"text\"", "line 1, column 6: is no JSON"},
    {"[]", "document: is no object"},
    /* document */
    {"{\"Statement\":[]}", "document: has no Version, which is to be \"2012-10-17\""},
    {"{\"Version\":\"2008-10-17\",\"Statement\":[]}", "Version: is not \"2012-10-17\""},
    {"{\"Version\":20121017,\"Statement\":[]}", "Version: is not \"2012-10-17\""},
    {"{\"Version\":\"2012-10-17\"}", "document: has no Statement"},
    {"{\"Version\":\"2012-10-17\",\"Statement\":[]}", "Statement: is empty"},
    {"{\"Version\":\"2012-10-17\",\"Statement\":null}", "Statement: is no object"},
    {"{\"Version\":\"2012-10-17\",\"Statement\":[3]}", "Statement[0]: is no object"},
    {"{\"Version\":\"2012-10-17\",\"Id\":1,\"Statement\":[]}", "Id: is no string"},
    {"{\"Version\":\"2012-10-17\",\"statement\":[],\"Statement\":[]}",
     "statement: is not known here"},
    /* statement */
    {BAD(""), "Statement[0]: has no Effect"},
    {BAD("\"Effect\":\"Allow\""), "Statement[0]: has no Action"},
    {BAD(FRONT), "Statement[0]: has to have one of Resource and NotResource"},
    {BAD(FRONT ",\"Resource\":\"*\",\"NotResource\":\"*\""),
     "Statement[0]: has to have one of Resource and NotResource"},
    {BAD("\"Effect\":\"allow\",\"Action\":\"*\",\"Resource\":\"*\""),
     "Statement[0].Effect: is neither Allow nor Deny"},
    {BAD("\"Effect\":true,\"Action\":\"*\",\"Resource\":\"*\""),
     "Statement[0].Effect: is neither Allow nor Deny"},
    {BAD(FRONT ",\"Resource\":\"*\",\"Principal\":\"*\""),
     "Statement[0].Principal: is not known here"},
    {BAD(FRONT ",\"Resource\":\"*\",\"NotAction\":\"*\""),
     "Statement[0].NotAction: is not known here"},
    {BAD(FRONT ",\"Resource\":\"*\",\"Sid\":7"), "Statement[0].Sid: is no string"},
    {BAD(FRONT ",\"Resource\":\"*\",\"a b\\n\\u00e9\":7"),
     "Statement[0].a?b???: is not known here"},
    {RIG_POLICY(RIG_STATEMENT("Allow", "iot:Connect", "client/*", "") ",{}"),
     "Statement[1]: has no Effect"},
    {"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\"}}",
     "Statement: has no Action"},
    /* Action */
    {BAD("\"Effect\":\"Allow\",\"Action\":[],\"Resource\":\"*\""), "Statement[0].Action: is empty"},
    {BAD("\"Effect\":\"Allow\",\"Action\":[\"iot:Connect\",1],\"Resource\":\"*\""),
     "Statement[0].Action[1]: is no string"},
#define BAD_ACTION(action)                                                                         \
    {                                                                                              \
        BAD("\"Effect\":\"Allow\",\"Action\":[\"" action "\"],\"Resource\":\"*\""),                \
            "Statement[0].Action[0]: is neither an action, such as iot:Connect, nor a pattern of " \
            "one"                                                                                  \
    }
    BAD_ACTION(""),
    BAD_ACTION("Connect"),
    BAD_ACTION("iot:"),
    BAD_ACTION(":Connect"),
    BAD_ACTION("iot:a:b"),
    BAD_ACTION("iot:Con nect"),
    BAD_ACTION("iot:${iot:ClientId}"),
    BAD_ACTION("**"),
#define NO_ACTION(action)                                                                          \
    {                                                                                              \
        BAD("\"Effect\":\"Deny\",\"Action\":[\"*\",\"" action "\"],\"Resource\":\"*\""),           \
            "Statement[0].Action[1]: names no action of a device in AWS IoT"                       \
    }
    NO_ACTION("iot:Pubish"),
    NO_ACTION("IOT:Publishe"),
    NO_ACTION("iot:Publis"),
    NO_ACTION("iot:?Publish"),
    NO_ACTION("iot:Pub*x"),
    NO_ACTION("iot:CreateThing"),
    /* Resource */
    {BAD(FRONT ",\"Resource\":[]"), "Statement[0].Resource: is empty"},
    {BAD(FRONT ",\"Resource\":[[\"*\"]]"), "Statement[0].Resource[0]: is no string"},
    {BAD(FRONT ",\"Resource\":\"\""), "Statement[0].Resource: is neither an ARN nor *"},
    {BAD(FRONT ",\"Resource\":\"topic/a\""), "Statement[0].Resource: is neither an ARN nor *"},
    {BAD(FRONT ",\"NotResource\":[\"*\",\"ARN:\"]"),
     "Statement[0].NotResource[1]: is neither an ARN nor *"},
    {BAD(FRONT ",\"Resource\":\"arn:${iot:ClientId\""),
     "Statement[0].Resource: a variable begins with ${ and has no }"},
    {BAD(FRONT ",\"Resource\":\"arn:${\""),
     "Statement[0].Resource: a variable begins with ${ and has no }"},
    {BAD(FRONT ",\"Resource\":\"arn:${}\""),
     "Statement[0].Resource: names a variable that is not known"},
    {BAD(FRONT ",\"Resource\":\"arn:${iot:ClientID2}\""),
     "Statement[0].Resource: names a variable that is not known"},
    {BAD(FRONT ",\"Resource\":\"arn:${iot:ClientId.0}\""),
     "Statement[0].Resource: names a variable that is not known"},
    {BAD(FRONT ",\"Resource\":\"arn:${iot:Certificate.Subject.CommonName.x}\""),
     "Statement[0].Resource: names a variable that is not known"},
    {BAD(FRONT ",\"Resource\":\"arn:${iot:Certificate.Subject.CommonName.123}\""),
     "Statement[0].Resource: names a variable that is not known"},
    {BAD(FRONT ",\"Resource\":\"arn:${iot:Connection.Thing.Attributes[]}\""),
     "Statement[0].Resource: names a variable that is not known"},
    {BAD(FRONT ",\"Resource\":\"arn:${iot:Connection.Thing.Attributes[a}\""),
     "Statement[0].Resource: names a variable that is not known"},
    {BAD(FRONT ",\"Resource\":\"arn:${iot:Certificate.Subject.CommonName.List}\""),
     "Statement[0].Resource: a variable with many values can stand in conditions only, as their "
     "key"},
    {BAD(FRONT ",\"Resource\":\"arn:${aws:CurrentTime}\""),
     "Statement[0].Resource: the time can stand in conditions only, as their key"},
    /* Condition */
    {WITH("[]"), "Statement[0].Condition: is no object"},
    {WITH("{\"StringSame\":{}}"),
     "Statement[0].Condition.StringSame: is no operator of conditions"},
    {WITH("{\"ForEachValue:StringEquals\":{}}"),
     "Statement[0].Condition.ForEachValue:StringEquals: is no operator of conditions"},
    {WITH("{\"NullIfExists\":{}}"),
     "Statement[0].Condition.NullIfExists: is no operator of conditions"},
    {WITH("{\"ForAllValues:Null\":{}}"),
     "Statement[0].Condition.ForAllValues:Null: is no operator of conditions"},
    {WITH("{\"Bool\":[]}"), "Statement[0].Condition.Bool: is no object"},
    {WITH("{\"Bool\":{\"iot:Nothing\":\"true\"}}"),
     "Statement[0].Condition.Bool.iot:Nothing: is a key that is not known"},
    {WITH("{\"StringEquals\":{\"iot:ClientId\":[]}}"),
     "Statement[0].Condition.StringEquals.iot:ClientId: is empty"},
    {WITH("{\"StringEquals\":{\"iot:ClientId\":[\"a\",null]}}"),
     "Statement[0].Condition.StringEquals.iot:ClientId[1]: is no string"},
    {WITH("{\"StringEquals\":{\"iot:ClientId\":1.5}}"),
     "Statement[0].Condition.StringEquals.iot:ClientId: is no string"},
    {WITH("{\"Bool\":{\"iot:Connection.Thing.IsAttached\":\"yes\"}}"),
     "Statement[0].Condition.Bool.iot:Connection.Thing.IsAttached: is neither true nor false"},
    {WITH("{\"Null\":{\"iot:ClientId\":\"\"}}"),
     "Statement[0].Condition.Null.iot:ClientId: is neither true nor false"},
    {WITH("{\"NumericLessThan\":{\"iot:ClientId\":\"1e3\"}}"),
     "Statement[0].Condition.NumericLessThan.iot:ClientId: is no number"},
    {WITH("{\"DateLessThan\":{\"aws:CurrentTime\":\"2026-02-29\"}}"),
     "Statement[0].Condition.DateLessThan.aws:CurrentTime: is no date"},
    {WITH("{\"IpAddress\":{\"aws:SourceIp\":\"192.0.2.0/33\"}}"),
     "Statement[0].Condition.IpAddress.aws:SourceIp: is no address or network"},
    {WITH("{\"StringEquals\":{\"aws:CurrentTime\":\"2026\"}}"),
     "Statement[0].Condition.StringEquals.aws:CurrentTime: the time is only for dates, and "
     "aws:EpochTime for numbers too"},
    {WITH("{\"Null\":{\"aws:EpochTime\":\"true\"}}"),
     "Statement[0].Condition.Null.aws:EpochTime: the time is only for dates, and aws:EpochTime "
     "for numbers too"},
    {WITH("{\"ArnLike\":{\"iot:ClientId\":\"arn:aws:iot:x\"}}"),
     "Statement[0].Condition.ArnLike.iot:ClientId: is no ARN, which has five colons"},
    {WITH("{\"StringLike\":{\"iot:ClientId\":\"${nothing}\"}}"),
     "Statement[0].Condition.StringLike.iot:ClientId: names a variable that is not known"},
};

static void what_is_wrong_is_named_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(refused); i++) {
        struct km_err err = {0};
        struct km_policy *policy = NULL;
        assert_int_equal(km_policy_compile(&err, KM_SLICE_STR(refused[i].document), &policy),
                         KM_E_MALFORMED);
        assert_null(policy);
        assert_string_equal(err.text, refused[i].text);
    }
}

/* All that a document can have. */
static const char whole[] =
    "{\"Version\":\"2012-10-17\",\"Id\":\"all\",\"Statement\":["
    "{\"Sid\":\"one\",\"Effect\":\"Allow\",\"Action\":[\"iot:*\",\"greengrass:Discover\"],"
    "\"Resource\":[\"*\",\"" RIG_ARN "topic/${iot:ClientId}/${*}${?}${$}/?\"],"
    "\"Condition\":{\"StringEquals\":{\"iot:ClientId\":[\"a\",true,7],\"iot:DomainName\":\"d\"},"
    "\"ForAnyValue:StringLikeIfExists\":{\"iot:ConnectAttributes\":[\"Last*\"]},"
    "\"DateLessThan\":{\"aws:CurrentTime\":\"2030-01-01T00:00:00Z\"},"
    "\"ArnLike\":{\"iot:Certificate.Subject.AlternativeName.UniformResourceIdentifier\":"
    "\"arn:aws:iot:*:${iot:ClientId}:thing/?\"},"
    "\"Null\":{\"iot:Connection.Thing.Attributes[a]\":\"true\"}}},"
    "{\"Effect\":\"Deny\",\"Action\":\"*\",\"NotResource\":\"arn:*\",\"Condition\":{}}]}";

static void a_whole_document_compiles(void **state)
{
    (void)state;
    KM_AUTO(km_policy_freep) struct km_policy *policy = rig_compile(whole);
    assert_int_equal(km_policy_n_statements(policy), 2);
}

static void a_statement_may_stand_without_brackets(void **state)
{
    (void)state;
    KM_AUTO(km_policy_freep)
    struct km_policy *policy =
        rig_compile("{\"Version\":\"2012-10-17\",\"Statement\":" RIG_STATEMENT(
            "Allow", "iot:Connect", "client/*", "") "}");
    assert_int_equal(km_policy_n_statements(policy), 1);
}

static void a_document_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len + 1 < sizeof(whole) - 1; len++) {
        /* Exactly so long a copy, for a sanitizer to see a step too far. */
        uint8_t *copy = malloc(len + 1);
        struct km_err err = {0};
        struct km_policy *policy = NULL;
        assert_non_null(copy);
        km_copy(copy, len + 1, whole, len);
        assert_int_equal(km_policy_compile(&err, KM_SLICE(copy, len), &policy), KM_E_MALFORMED);
        assert_null(policy);
        free(copy);
    }
}

static void flipped_documents_do_no_harm(void **state)
{
    char copy[sizeof(whole)] = {0};
    (void)state;
    for (size_t at = 0; at < sizeof(whole) - 1; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct km_err err = {0};
            KM_AUTO(km_policy_freep) struct km_policy *policy = NULL;
            km_copy(copy, sizeof(copy), whole, sizeof(whole));
            copy[at] = (char)(copy[at] ^ (1 << bit));
            km_status status = km_policy_compile(&err, KM_SLICE(copy, sizeof(whole) - 1), &policy);
            assert_int_equal(status == KM_OK, policy != NULL);
            assert_int_equal(status == KM_OK, err.text[0] == '\0');
        }
    }
}

/* A document with so many characters that count, and so many that don't. */
static km_status compile_with(size_t n_counted, size_t n_spaces, const char *filler)
{
    static const char front[] = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","
                                "\"Action\":\"*\",\"Resource\":\"*";
    static const char back[] = "\"}}";
    static char document[KM_POLICY_OCTETS_MAX + 4096];
    struct km_wr wr = km_wr_init(document, sizeof(document));
    struct km_slice made = {0};
    struct km_err err = {0};
    KM_AUTO(km_policy_freep) struct km_policy *policy = NULL;
    km_wr_bytes(&wr, OCTETS_OF(front));
    for (size_t i = sizeof(front) + sizeof(back) - 2; i < n_counted; i++)
        km_wr_bytes(&wr, KM_SLICE_STR(filler));
    km_wr_bytes(&wr, OCTETS_OF(back));
    for (size_t i = 0; i < n_spaces; i++)
        km_wr_u8(&wr, (uint8_t) " \t\r\n"[i % 4]);
    assert_true(km_wr_finish(&wr, &made));
    return km_policy_compile(&err, made, &policy);
}

static void length_is_bounded_without_white_space(void **state)
{
    (void)state;
    assert_int_equal(compile_with(KM_POLICY_NONSPACE_MAX, 0, "a"), KM_OK);
    assert_int_equal(compile_with(KM_POLICY_NONSPACE_MAX + 1, 0, "a"), KM_E_LIMIT);
    assert_int_equal(compile_with(KM_POLICY_NONSPACE_MAX, 3000, "a"), KM_OK);
    assert_int_equal(compile_with(KM_POLICY_NONSPACE_MAX, 0, "\xc3\xa9"), KM_OK);
    assert_int_equal(compile_with(KM_POLICY_NONSPACE_MAX + 1, 0, "\xc3\xa9"), KM_E_LIMIT);
    assert_int_equal(compile_with(1000, KM_POLICY_OCTETS_MAX - 1000, "a"), KM_OK);
    assert_int_equal(compile_with(1000, KM_POLICY_OCTETS_MAX - 999, "a"), KM_E_LIMIT);
}

/* Deeper than any parser's stack should be, if it were let in. */
static void depth_is_bounded(void **state)
{
    char document[KM_POLICY_NONSPACE_MAX] = {0};
    struct km_err err = {0};
    struct km_policy *policy = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof(document); i++)
        document[i] = '[';
    assert_int_equal(km_policy_compile(&err, KM_SLICE(document, sizeof(document)), &policy),
                     KM_E_MALFORMED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_named_with_its_place),
        cmocka_unit_test(a_whole_document_compiles),
        cmocka_unit_test(a_statement_may_stand_without_brackets),
        cmocka_unit_test(a_document_cut_anywhere_is_refused),
        cmocka_unit_test(flipped_documents_do_no_harm),
        cmocka_unit_test(length_is_bounded_without_white_space),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
