/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate library over a Client API of the test's own: what it sends, what it makes of answers, what it refuses to send. */
#include "tests/unit/km_test.h"

#include "format/cert_command.h"
#include "include/clrsc.h"
#include "include/tee_client_api.h"
#include "ta/certs/certs_protocol.h"

#define OCTETS_MAX 4096u

/* The application behind it: one answer for the command that is expected, and what came in. */
static struct {
    uint32_t command; /* expected; all but VERSION */
    TEEC_Result result;
    uint32_t a, b, c; /* values of the outputs */
    const uint8_t *out;
    size_t out_len;
    unsigned n_deaths;   /* how many sessions still die of the command */
    bool is_old_session; /* the session that is open is dead already */
    /* what was seen */
    unsigned n_calls, n_versions;
    uint32_t types;
    uint8_t in[2][CLRSC_COMMAND_MAX];
    size_t in_len[2];
    uint32_t value;
} fake;

TEEC_Result TEEC_InitializeContext(const char *name, TEEC_Context *context)
{
    (void)name;
    (void)context;
    return TEEC_SUCCESS;
}

void TEEC_FinalizeContext(TEEC_Context *context)
{
    (void)context;
}

TEEC_Result TEEC_OpenSession(TEEC_Context *context, TEEC_Session *session,
                             const TEEC_UUID *destination, uint32_t method, const void *data,
                             TEEC_Operation *operation, uint32_t *origin)
{
    (void)context;
    (void)session;
    (void)destination;
    (void)method;
    (void)data;
    (void)operation;
    (void)origin;
    fake.is_old_session = false;
    return TEEC_SUCCESS;
}

void TEEC_CloseSession(TEEC_Session *session)
{
    (void)session;
}

static void note_inputs(const TEEC_Operation *op)
{
    fake.types = op->paramTypes;
    fake.value = op->params[0].value.a;
    for (unsigned i = 0; i < 2; i++) {
        const TEEC_TempMemoryReference *memory = &op->params[i].tmpref;
        if ((op->paramTypes >> (4 * i) & 0xfu) != TEEC_MEMREF_TEMP_INPUT)
            continue;
        fake.in_len[i] = memory->size;
        if (memory->size != 0)
            km_copy(fake.in[i], sizeof(fake.in[i]), memory->buffer, memory->size);
    }
}

static TEEC_Result give_outputs(TEEC_Operation *op)
{
    for (unsigned i = 0; i < 3; i++) {
        uint32_t type = op->paramTypes >> (4 * i) & 0xfu;
        if (type == TEEC_VALUE_OUTPUT || type == TEEC_VALUE_INOUT) {
            op->params[i].value.a = i == 1 ? fake.c : fake.a;
            op->params[i].value.b = fake.b;
        } else if (type == TEEC_MEMREF_TEMP_OUTPUT) {
            size_t room = op->params[i].tmpref.size;
            op->params[i].tmpref.size = fake.out_len;
            if (room < fake.out_len)
                return TEEC_ERROR_SHORT_BUFFER;
            if (fake.out_len != 0)
                km_copy(op->params[i].tmpref.buffer, room, fake.out, fake.out_len);
        }
    }
    return TEEC_SUCCESS;
}

TEEC_Result TEEC_InvokeCommand(TEEC_Session *session, uint32_t command, TEEC_Operation *op,
                               uint32_t *origin)
{
    (void)session;
    *origin = TEEC_ORIGIN_TRUSTED_APP;
    bool is_version = command == KM_CERTS_CMD_VERSION;
    if (!is_version) {
        assert_int_equal(command, fake.command);
        fake.n_calls++;
        note_inputs(op);
    } else {
        fake.n_versions++;
    }
    if (fake.is_old_session || (!is_version && fake.n_deaths > 0)) {
        fake.n_deaths -= fake.is_old_session ? 0 : 1;
        *origin = TEEC_ORIGIN_TEE;
        return TEEC_ERROR_TARGET_DEAD;
    }
    if (!is_version && fake.result != TEEC_SUCCESS)
        return fake.result;
    return give_outputs(op);
}

static int setup(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof(fake));
    return 0;
}

static uint8_t sample_octets[OCTETS_MAX];

static struct km_slice sample(const char *name)
{
    char path[512] = {0};
    (void)snprintf(path, sizeof(path), "%s/%s", SAMPLES, name);
    FILE *in = fopen(path, "rbe");
    assert_non_null(in);
    size_t len = fread(sample_octets, 1, sizeof(sample_octets), in);
    (void)fclose(in);
    assert_in_range(len, 6, OCTETS_MAX - 1);
    return KM_SLICE(sample_octets, len);
}

/* ---- commands handed in ---- */

static const struct {
    const char *sample;
    ClrscOperation operation;
    ClrcResult (*function)(const uint8_t *command, uint32_t length);
} functions[] = {
    {"add_authority", CLRSC_ADD_AUTHORITY, clrscAddCertificateAuthority},
    {"update_authority", CLRSC_UPDATE_AUTHORITY, clrscUpdateCertificateAuthority},
    {"delete_authority", CLRSC_DELETE_AUTHORITY, clrscDeleteCertificateAuthority},
    {"add_revocation", CLRSC_ADD_REVOCATION, clrscAddCertificateRevocation},
    {"update_named", CLRSC_UPDATE_NAMED, clrscUpdateNamedCertificate},
    {"add_crl", CLRSC_ADD_CRL, NULL},
    {"numbers_only", CLRSC_NUMBERS_ONLY, NULL},
    {"set_time", CLRSC_SET_TIME, NULL},
};

static void test_each_command_by_its_function(void **state)
{
    (void)state;
    fake.command = KM_CERTS_CMD_COMMAND;
    for (size_t i = 0; i < KM_ARRAY_LEN(functions); i++) {
        struct km_slice command = sample(functions[i].sample);
        ClrscOperation operation = CLRSC_ADD_AUTHORITY;
        for (size_t j = 0; j < KM_ARRAY_LEN(functions); j++) {
            if (functions[j].function == NULL)
                continue;
            unsigned before = fake.n_calls;
            ClrcResult result = functions[j].function(command.ptr, (uint32_t)command.len);
            assert_int_equal(result, i == j ? CLRC_SUCCESS : CLRC_ERROR_BAD_PARAMETERS);
            assert_int_equal(fake.n_calls, before + (i == j ? 1 : 0));
        }
        assert_int_equal(clrscRunCommand(command.ptr, (uint32_t)command.len, &operation),
                         CLRC_SUCCESS);
        assert_int_equal(operation, functions[i].operation);
        assert_int_equal(fake.types,
                         TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_OUTPUT, 0, 0));
        assert_true(km_slice_equal(command, KM_SLICE(fake.in[0], fake.in_len[0])));
    }
    assert_int_equal(clrscAddCertificateAuthority(NULL, 0), CLRC_ERROR_BAD_PARAMETERS);
}

static void test_what_is_no_command_is_not_sent(void **state)
{
    (void)state;
    static uint8_t long_one[CLRSC_COMMAND_MAX + 1];
    struct km_slice command = sample("add_authority");
    for (uint32_t cut = 0; cut < command.len; cut++)
        assert_int_equal(clrscRunCommand(command.ptr, cut, NULL), CLRC_ERROR_BAD_FORMAT);
    assert_int_equal(clrscRunCommand(long_one, sizeof(long_one), NULL), CLRC_ERROR_TOO_LARGE);
    /* Another format version: for a newer service, not malformed. */
    for (size_t i = 0; i + 3 < command.len; i++) {
        if (memcmp(sample_octets + i, "\x02\x01\x01\x06", 4) == 0) {
            sample_octets[i + 2] = 2;
            break;
        }
    }
    assert_int_equal(clrscRunCommand(command.ptr, (uint32_t)command.len, NULL),
                     CLRC_ERROR_NOT_SUPPORTED);
    assert_int_equal(fake.n_calls, 0);
}

static void test_refusals_have_their_code_and_sentence(void **state)
{
    (void)state;
    static const struct {
        TEEC_Result from;
        ClrcResult to;
        const char *text;
    } refusals[] = {
        {KM_CERTS_E_SIGNATURE, CLRC_ERROR_SIGNATURE, "not signed by"},
        {KM_CERTS_E_REPLAYED, CLRC_ERROR_REPLAYED, "not newer"},
        {KM_CERTS_E_NUMBER, CLRC_ERROR_NUMBER, "numbered commands only"},
        {KM_CERTS_E_OTHER_DEVICE, CLRC_ERROR_OTHER_DEVICE, "another device"},
        {KM_CERTS_E_REVOKED, CLRC_ERROR_REVOKED, "revocation list"},
        {KM_CERTS_E_EXISTS, CLRC_ERROR_EXISTS, "there already"},
        {KM_CERTS_E_LOCKOUT, CLRC_ERROR_LOCKOUT, "no later command"},
        {KM_CERTS_E_KEY_MISMATCH, CLRC_ERROR_KEY_MISMATCH, "another key"},
        {KM_CERTS_E_ROLLBACK, CLRC_ERROR_ROLLBACK, "older than"},
        {KM_CERTS_E_NOT_AUTHORITY, CLRC_ERROR_NOT_AUTHORITY, "known authority"},
        {KM_CERTS_E_TOO_LARGE, CLRC_ERROR_TOO_LARGE, "67584"},
        {0xffff0001u, CLRC_ERROR_ACCESS_DENIED, "administrator"},
        {0xffff0005u, CLRC_ERROR_BAD_FORMAT, "certificate command"},
        {0xffff0007u, CLRC_ERROR_STATE, "no command certificate"},
        {0xffff0008u, CLRC_ERROR_NOT_FOUND, "no such certificate"},
        {0xffff000au, CLRC_ERROR_NOT_SUPPORTED, "not taken"},
        {0xffff3041u, CLRC_ERROR_NO_SPACE, "full"},
        {0x80c8ffffu, CLRC_ERROR_GENERIC, "unforeseen"},
    };
    struct km_slice command = sample("add_authority");
    fake.command = KM_CERTS_CMD_COMMAND;
    for (size_t i = 0; i < KM_ARRAY_LEN(refusals); i++) {
        ClrscOperation operation = CLRSC_SET_TIME;
        fake.result = refusals[i].from;
        assert_int_equal(clrscRunCommand(command.ptr, (uint32_t)command.len, &operation),
                         refusals[i].to);
        assert_non_null(strstr(clrscLastError(), refusals[i].text));
        assert_int_equal(operation, CLRSC_SET_TIME);
    }
    fake.result = 0xffff0005u;
    fake.command = KM_CERTS_CMD_CRL;
    assert_int_equal(clrscAddCrl(command.ptr, (uint32_t)command.len), CLRC_ERROR_BAD_FORMAT);
    assert_non_null(strstr(clrscLastError(), "revocation list"));
}

/* A command is sent once; reading is repeated when the session dies. */
static void test_dying_sessions(void **state)
{
    (void)state;
    struct km_slice command = sample("add_authority");
    uint64_t sequence = 0;
    fake.command = KM_CERTS_CMD_COMMAND;
    fake.n_deaths = 1;
    assert_int_equal(clrscRunCommand(command.ptr, (uint32_t)command.len, NULL),
                     CLRC_ERROR_SERVICE_DIED);
    assert_int_equal(fake.n_calls, 1);
    /* One that died long ago does not make it fail. */
    assert_int_equal(clrscRunCommand(command.ptr, (uint32_t)command.len, NULL), CLRC_SUCCESS);
    fake.is_old_session = true;
    assert_int_equal(clrscRunCommand(command.ptr, (uint32_t)command.len, NULL), CLRC_SUCCESS);
    assert_int_equal(fake.n_calls, 3);
    fake.command = KM_CERTS_CMD_SEQUENCE;
    fake.n_deaths = 1;
    assert_int_equal(clrscCommandState(&sequence, NULL), CLRC_SUCCESS);
    assert_int_equal(fake.n_calls, 5);
}

static void test_command_state(void **state)
{
    (void)state;
    uint64_t sequence = 1;
    int unnumbered = -1;
    fake.command = KM_CERTS_CMD_SEQUENCE;
    fake.a = 0xfffffffeu;
    fake.b = 0x7fffffffu;
    fake.c = 1;
    assert_int_equal(clrscCommandState(&sequence, &unnumbered), CLRC_SUCCESS);
    assert_true(sequence == 0x7ffffffffffffffeu);
    assert_int_equal(unnumbered, 1);
    assert_int_equal(clrscCommandState(NULL, NULL), CLRC_SUCCESS);
    fake.command = KM_CERTS_CMD_PROVISION_NUMBERS;
    assert_int_equal(clrscProvisionNumbers(7), CLRC_SUCCESS);
    assert_int_equal(fake.value, 1);
    assert_int_equal(fake.types, TEEC_VALUE_INPUT);
}

/* ---- commands made ---- */

/* Taken apart and made again, each of the factory's commands comes out the same. */
static void test_made_like_the_factory(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(functions); i++) {
        struct km_slice package = sample(functions[i].sample);
        struct km_envelope envelope = {0};
        struct km_cert_command fields = {0};
        assert_true(km_envelope_parse(package, KM_CERT_COMMAND_KIND, &envelope));
        assert_true(km_cert_command_parse(envelope.body, &fields));
        char name[64] = "";
        if (fields.name.len != 0)
            km_copy(name, sizeof(name) - 1, fields.name.ptr, fields.name.len);
        ClrscSignature signature = envelope.alg->family == KM_SIGN_RSA      ? CLRSC_RSA_SHA256
                                   : envelope.alg->digest == KM_SIGN_SHA256 ? CLRSC_ECDSA_SHA256
                                                                            : CLRSC_ECDSA_SHA384;
        ClrscCommand command = {.operation = (ClrscOperation)fields.operation,
                                .signature = signature,
                                .sequence = fields.sequence,
                                .device = fields.device.ptr,
                                .name = name[0] == '\0' ? NULL : name,
                                .time = fields.time,
                                .body = fields.body.ptr,
                                .body_length = (uint32_t)fields.body.len};
        uint8_t content[OCTETS_MAX] = {0};
        uint8_t made[OCTETS_MAX] = {0};
        uint32_t content_length = 0;
        uint32_t length = 0;
        assert_int_equal(clrscCommandPrepare(&command, NULL, &content_length),
                         CLRC_ERROR_SHORT_BUFFER);
        assert_int_equal(content_length, envelope.content.len);
        assert_int_equal(clrscCommandPrepare(&command, content, &content_length), CLRC_SUCCESS);
        assert_true(km_slice_equal(envelope.content, KM_SLICE(content, content_length)));
        assert_int_equal(clrscCommandFinish(content, content_length, envelope.signature.ptr,
                                            (uint32_t)envelope.signature.len, NULL, &length),
                         CLRC_ERROR_SHORT_BUFFER);
        assert_int_equal(length, package.len);
        length--;
        assert_int_equal(clrscCommandFinish(content, content_length, envelope.signature.ptr,
                                            (uint32_t)envelope.signature.len, made, &length),
                         CLRC_ERROR_SHORT_BUFFER);
        assert_int_equal(clrscCommandFinish(content, content_length, envelope.signature.ptr,
                                            (uint32_t)envelope.signature.len, made, &length),
                         CLRC_SUCCESS);
        assert_true(km_slice_equal(package, KM_SLICE(made, length)));
    }
}

static void test_what_is_no_command_is_not_made(void **state)
{
    (void)state;
    static uint8_t body[CLRSC_COMMAND_MAX];
    static const uint8_t device[CLRSC_DIGEST_LENGTH] = {1};
    const ClrscCommand good = {.operation = CLRSC_UPDATE_NAMED,
                               .signature = CLRSC_ECDSA_SHA256,
                               .sequence = 5,
                               .device = device,
                               .name = "a",
                               .body = body,
                               .body_length = 100};
    ClrscCommand wrong[] = {good, good, good, good, good, good, good};
    uint8_t content[OCTETS_MAX] = {0};
    uint32_t length = sizeof(content);
    uint32_t room = sizeof(content);
    wrong[0].operation = (ClrscOperation)9;
    wrong[1].signature = (ClrscSignature)7;
    wrong[2].sequence = UINT64_MAX;
    wrong[3].name = NULL;
    wrong[4].body_length = sizeof(body);
    wrong[5].body = NULL;
    wrong[6].time = 1;
    assert_int_equal(clrscCommandPrepare(&good, content, &length), CLRC_SUCCESS);
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++)
        assert_int_equal(clrscCommandPrepare(&wrong[i], content, &room), CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrscCommandPrepare(&good, NULL, NULL), CLRC_ERROR_BAD_PARAMETERS);
    uint8_t package[OCTETS_MAX] = {0};
    for (uint32_t cut = 0; cut < length; cut++)
        assert_int_equal(clrscCommandFinish(content, cut, device, 8, package, &room),
                         CLRC_ERROR_BAD_FORMAT);
    assert_int_equal(
        clrscCommandFinish(content, length, body, CLRSC_SIGNATURE_MAX + 1, package, &room),
        CLRC_ERROR_BAD_FORMAT);
    assert_int_equal(clrscCommandFinish(content, length, body, sizeof(body), package, &room),
                     CLRC_ERROR_TOO_LARGE);
    assert_int_equal(room, sizeof(content));
}

/* ---- verification ---- */

static void test_verify_request(void **state)
{
    (void)state;
    static const uint8_t a[] = {0x30, 1, 2}, b[] = {0x30, 0};
    const ClrscCertificate chain[] = {{a, sizeof(a)}, {b, sizeof(b)}};
    const ClrscVerifyWish wish = {
        .purpose = CLRSC_PURPOSE_TLS_SERVER, .host = "h.example", .anchor = CLRSC_OEM_CLOUD_CERT};
    ClrscVerdict verdict = CLRSC_GOOD;
    uint32_t depth = 9;
    fake.command = KM_CERTS_CMD_VERIFY;
    fake.a = KM_CERTS_EXPIRED;
    fake.b = 1;
    assert_int_equal(clrscVerifyCertificate(chain, 2, &wish, &verdict, &depth), CLRC_SUCCESS);
    assert_int_equal(verdict, CLRSC_EXPIRED);
    assert_int_equal(depth, 1);
    assert_int_equal(fake.types, TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INPUT,
                                                  TEEC_VALUE_OUTPUT, 0));
    assert_int_equal(fake.in_len[0], 13);
    assert_memory_equal(fake.in[0], "\x03\0\0\0\x30\x01\x02\x02\0\0\0\x30\0", 13);
    assert_memory_equal(fake.in[1], "\x01\0\0\0\0\0\0\0\x09\0\0\0h.example\x1a\0\0\0com.seqlabs.",
                        37);
    assert_int_equal(clrscVerifyCertificate(chain, 1, NULL, &verdict, NULL), CLRC_SUCCESS);
    assert_int_equal(fake.in_len[1], 16);
}

/* Whatever goes wrong, the verdict alone never says good. */
static void test_no_verdict_is_no_good_one(void **state)
{
    (void)state;
    static uint8_t large[CLRSC_CHAIN_LENGTH_MAX];
    char host[CLRSC_HOST_MAX + 2] = "";
    const ClrscCertificate one = {large, 3};
    ClrscCertificate many[CLRSC_CHAIN_MAX + 1];
    memset(host, 'a', CLRSC_HOST_MAX + 1);
    for (size_t i = 0; i < KM_ARRAY_LEN(many); i++)
        many[i] = one;
    const struct {
        const ClrscCertificate *chain;
        uint32_t n;
        ClrscVerifyWish wish;
        ClrcResult result;
    } cases[] = {
        {&one, 0, {.host = NULL}, CLRC_ERROR_BAD_PARAMETERS},
        {NULL, 1, {.host = NULL}, CLRC_ERROR_BAD_PARAMETERS},
        {many, CLRSC_CHAIN_MAX + 1, {.host = NULL}, CLRC_ERROR_TOO_LARGE},
        {&(ClrscCertificate){NULL, 3}, 1, {.host = NULL}, CLRC_ERROR_BAD_PARAMETERS},
        {&(ClrscCertificate){large, sizeof(large)}, 1, {.host = NULL}, CLRC_ERROR_TOO_LARGE},
        {&one, 1, {.host = ""}, CLRC_ERROR_BAD_PARAMETERS},
        {&one, 1, {.host = host}, CLRC_ERROR_BAD_PARAMETERS},
        {&one, 1, {.anchor = ""}, CLRC_ERROR_BAD_NAME},
        {&one, 1, {.purpose = (ClrscPurpose)3}, CLRC_ERROR_BAD_PARAMETERS},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        ClrscVerdict verdict = CLRSC_GOOD;
        assert_int_equal(
            clrscVerifyCertificate(cases[i].chain, cases[i].n, &cases[i].wish, &verdict, NULL),
            cases[i].result);
        assert_int_equal(verdict, CLRSC_UNTRUSTED);
    }
    assert_int_equal(fake.n_calls, 0);
    fake.command = KM_CERTS_CMD_VERIFY;
    ClrscVerdict verdict = CLRSC_GOOD;
    fake.result = 0xffff0005u;
    assert_int_equal(clrscVerifyCertificate(&one, 1, NULL, &verdict, NULL), CLRC_ERROR_BAD_FORMAT);
    assert_int_equal(verdict, CLRSC_UNTRUSTED);
    fake.result = TEEC_SUCCESS;
    fake.a = 13;
    verdict = CLRSC_GOOD;
    assert_int_equal(clrscVerifyCertificate(&one, 1, NULL, &verdict, NULL), CLRC_ERROR_GENERIC);
    assert_int_equal(verdict, CLRSC_UNTRUSTED);
    for (unsigned i = 0; i <= CLRSC_CLOCK; i++)
        assert_null(strstr(clrscVerdictText((ClrscVerdict)i), "not a verdict"));
    assert_non_null(strstr(clrscVerdictText((ClrscVerdict)13), "not a verdict"));
}

/* ---- the store ---- */

struct seen {
    unsigned n, stop_at;
    ClrscEntry last;
};

static int note(void *arg, const ClrscEntry *entry)
{
    struct seen *seen = arg;
    seen->last = *entry;
    return ++seen->n == seen->stop_at ? 0 : 1;
}

static void put_entry(struct km_wr *wr, uint32_t kind, const char *subject)
{
    static const uint8_t digest[CLRSC_DIGEST_LENGTH] = {7};
    km_wr_u32le(wr, kind);
    km_wr_bytes(wr, KM_SLICE(digest, sizeof(digest)));
    km_wr_u32le(wr, 500);
    km_wr_blob32le(wr, KM_SLICE_STR(subject));
}

static void test_list(void **state)
{
    (void)state;
    uint8_t octets[1024] = {0};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    struct seen seen = {0};
    put_entry(&wr, CLRSC_ENTRY_AUTHORITY, "CN=a");
    put_entry(&wr, CLRSC_ENTRY_CRL, "");
    fake.command = KM_CERTS_CMD_STORE_LIST;
    fake.out = octets;
    fake.out_len = wr.len;
    assert_int_equal(clrscListCertificates(note, &seen), CLRC_SUCCESS);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.last.kind, CLRSC_ENTRY_CRL);
    assert_int_equal(seen.last.length, 500);
    assert_int_equal(seen.last.digest[0], 7);
    seen = (struct seen){.stop_at = 1};
    assert_int_equal(clrscListCertificates(note, &seen), CLRC_SUCCESS);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.last.subject, "CN=a");
    for (size_t cut = 1; cut < wr.len; cut++) {
        fake.out_len = cut;
        seen = (struct seen){0};
        ClrcResult result = clrscListCertificates(note, &seen);
        assert_int_equal(result, seen.n == 1 && cut == 48 ? CLRC_SUCCESS : CLRC_ERROR_GENERIC);
    }
    octets[0] = 5;
    fake.out_len = wr.len;
    assert_int_equal(clrscListCertificates(note, &seen), CLRC_ERROR_GENERIC);
    assert_int_equal(clrscListCertificates(NULL, NULL), CLRC_ERROR_BAD_PARAMETERS);
}

static void test_get(void **state)
{
    (void)state;
    static const uint8_t digest[CLRSC_DIGEST_LENGTH] = {7}, der[] = {0x30, 1, 2};
    uint8_t out[8] = {0};
    uint32_t length = 0;
    fake.command = KM_CERTS_CMD_STORE_GET;
    fake.out = der;
    fake.out_len = sizeof(der);
    assert_int_equal(clrscGetCertificate(digest, NULL, &length), CLRC_ERROR_SHORT_BUFFER);
    assert_int_equal(length, sizeof(der));
    assert_int_equal(clrscGetCertificate(digest, out, &length), CLRC_SUCCESS);
    assert_memory_equal(out, der, sizeof(der));
    assert_memory_equal(fake.in[0], digest, sizeof(digest));
    assert_int_equal(clrscGetCertificate(NULL, out, &length), CLRC_ERROR_BAD_PARAMETERS);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_command_by_its_function),
        TEST(test_what_is_no_command_is_not_sent),
        TEST(test_refusals_have_their_code_and_sentence),
        TEST(test_dying_sessions),
        TEST(test_command_state),
        TEST(test_made_like_the_factory),
        TEST(test_what_is_no_command_is_not_made),
        TEST(test_verify_request),
        TEST(test_no_verdict_is_no_good_one),
        TEST(test_list),
        TEST(test_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
