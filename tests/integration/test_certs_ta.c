/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate application against a client that does not keep to its protocol. */
#include "tests/integration/service.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/km_test.h"

#include "include/tee_client_api.h"
#include "ta/certs/certs_protocol.h"

#define ROW_COMMANDS 15u

static struct km_service *service;
static TEEC_Context context;
static TEEC_Session session;

static int setup(void **state)
{
    (void)state;
    static const TEEC_UUID uuid = KM_CERTS_TA_UUID;
    service = km_service_start(NULL);
    assert_int_equal(TEEC_InitializeContext(NULL, &context), TEEC_SUCCESS);
    assert_int_equal(
        TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL),
        TEEC_SUCCESS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    km_service_stop(service);
    return 0;
}

static TEEC_Result call(uint32_t command, TEEC_Operation *op)
{
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(&session, command, op, &origin);
    assert_int_equal(origin, TEEC_ORIGIN_TRUSTED_APP);
    return result;
}

static const struct {
    uint32_t command, types;
} rows[ROW_COMMANDS] = {
    {KM_CERTS_CMD_VERSION, TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, 0, 0, 0)},
    {KM_CERTS_CMD_GET, TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, 0, 0)},
    {KM_CERTS_CMD_LIST, TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_MEMREF_TEMP_OUTPUT, 0, 0)},
    {KM_CERTS_CMD_PROVISION,
     TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INPUT, 0, 0)},
    {KM_CERTS_CMD_PROVISION_SEAL, TEEC_PARAM_TYPES(0, 0, 0, 0)},
    {KM_CERTS_CMD_PROVISION_STATE, TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, 0, 0, 0)},
    {KM_CERTS_CMD_MANIFEST_PUT,
     TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INPUT, 0, 0)},
    {KM_CERTS_CMD_VERIFY,
     TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_OUTPUT, 0)},
    {KM_CERTS_CMD_COMMAND, TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_OUTPUT, 0, 0)},
    {KM_CERTS_CMD_CRL, TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, 0, 0, 0)},
    {KM_CERTS_CMD_SEQUENCE, TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT, 0, 0)},
    {KM_CERTS_CMD_STORE_LIST, TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_MEMREF_TEMP_OUTPUT, 0, 0)},
    {KM_CERTS_CMD_STORE_GET,
     TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, 0, 0)},
    {KM_CERTS_CMD_PROVISION_NUMBERS, TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, 0, 0, 0)},
    {KM_CERTS_CMD_STORAGE_STATE, TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, 0, 0, 0)},
};

/* Each command with every other signature of its first two parameters, and with a third. */
static void test_wrong_types(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {TEEC_NONE,
                                     TEEC_VALUE_INPUT,
                                     TEEC_VALUE_OUTPUT,
                                     TEEC_VALUE_INOUT,
                                     TEEC_MEMREF_TEMP_INPUT,
                                     TEEC_MEMREF_TEMP_OUTPUT,
                                     TEEC_MEMREF_TEMP_INOUT};
    uint8_t octets[64] = "name";
    for (size_t row = 0; row < KM_ARRAY_LEN(rows); row++) {
        for (size_t i = 0; i < KM_ARRAY_LEN(kinds) * KM_ARRAY_LEN(kinds) * 2; i++) {
            uint32_t first = kinds[i % 7], second = kinds[i / 7 % 7];
            uint32_t third = i / 49 == 0 ? TEEC_NONE : TEEC_VALUE_INPUT;
            TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(first, second, third, 0)};
            if (op.paramTypes == rows[row].types)
                continue;
            for (unsigned at = 0; at < 2; at++) {
                if ((op.paramTypes >> (4 * at) & 0xf) >= TEEC_MEMREF_TEMP_INPUT)
                    op.params[at].tmpref =
                        (TEEC_TempMemoryReference){.buffer = octets, .size = sizeof(octets)};
            }
            assert_int_equal(call(rows[row].command, &op), TEEC_ERROR_BAD_PARAMETERS);
        }
    }
    TEEC_Operation none = {0};
    for (uint32_t command = 0; command < 0x200; command++) {
        bool is_known = false;
        for (size_t row = 0; row < KM_ARRAY_LEN(rows); row++)
            is_known = is_known || rows[row].command == command;
        if (!is_known)
            assert_int_equal(call(command, &none), TEEC_ERROR_NOT_SUPPORTED);
    }
}

static TEEC_Result provision(const void *name, size_t name_len, void *der, size_t der_len)
{
    TEEC_Operation op = {.paramTypes = rows[3].types};
    op.params[0].tmpref.buffer = (void *)(uintptr_t)name;
    op.params[0].tmpref.size = name_len;
    op.params[1].tmpref.buffer = der;
    op.params[1].tmpref.size = der_len;
    return call(KM_CERTS_CMD_PROVISION, &op);
}

static void test_odd_memory(void **state)
{
    (void)state;
    static uint8_t octets[3 * KM_CERTS_DER_MAX] = {0x30, 0x82};
    static const char long_name[KM_CERTS_NAME_MAX + 1] = {'n'};
    assert_int_equal(provision(NULL, 0, octets, 10), KM_CERTS_E_BAD_NAME);
    assert_int_equal(provision("a\0b", 3, octets, 10), KM_CERTS_E_BAD_NAME);
    assert_int_equal(provision("\xf5", 1, octets, 10), KM_CERTS_E_BAD_NAME);
    assert_int_equal(provision(long_name, sizeof(long_name), octets, 10), KM_CERTS_E_BAD_NAME);
    assert_int_equal(provision(octets, sizeof(octets), octets, 10), KM_CERTS_E_BAD_NAME);
    assert_int_equal(provision("a", 1, NULL, 0), TEEC_ERROR_BAD_FORMAT);
    assert_int_equal(provision("a", 1, octets, KM_CERTS_DER_MAX), TEEC_ERROR_BAD_FORMAT);
    assert_int_equal(provision("a", 1, octets, KM_CERTS_DER_MAX + 1), KM_CERTS_E_TOO_LARGE);
    assert_int_equal(provision("a", 1, octets, sizeof(octets)), KM_CERTS_E_TOO_LARGE);

    TEEC_Operation op = {.paramTypes = rows[2].types};
    assert_int_equal(call(KM_CERTS_CMD_LIST, &op), TEEC_SUCCESS); /* nothing needs no room */
    assert_int_equal(op.params[1].tmpref.size, 0);
    op.params[0].value = (TEEC_Value){.a = UINT32_MAX};
    op.params[1].tmpref = (TEEC_TempMemoryReference){.buffer = octets, .size = sizeof(octets)};
    assert_int_equal(call(KM_CERTS_CMD_LIST, &op), TEEC_SUCCESS);
    assert_int_equal(op.params[1].tmpref.size, 0);
    assert_int_equal(op.params[0].value.a, 0);
    op.params[0].value = (TEEC_Value){.b = 1};
    assert_int_equal(call(KM_CERTS_CMD_LIST, &op), TEEC_ERROR_BAD_PARAMETERS);
}

/* That it comes from the crypto application, with a signature checked, is no client's to say; not even an administrator's. */
static void test_manifest_is_not_for_clients(void **state)
{
    (void)state;
    uint8_t der[4] = {0x30, 0x02, 0x05, 0x00};
    TEEC_Operation op = {.paramTypes = rows[6].types};
    op.params[0].tmpref.buffer = (void *)(uintptr_t) "com.seqlabs.oem_root_cert";
    op.params[0].tmpref.size = strlen("com.seqlabs.oem_root_cert");
    op.params[1].tmpref.buffer = der;
    op.params[1].tmpref.size = sizeof(der);
    assert_int_equal(call(KM_CERTS_CMD_MANIFEST_PUT, &op), TEEC_ERROR_ACCESS_DENIED);
}

static void test_version_and_state(void **state)
{
    (void)state;
    TEEC_Operation op = {.paramTypes = rows[0].types};
    assert_int_equal(call(KM_CERTS_CMD_VERSION, &op), TEEC_SUCCESS);
    assert_int_equal(op.params[0].value.a, KM_CERTS_VERSION);
    assert_int_equal(call(KM_CERTS_CMD_PROVISION_STATE, &op), TEEC_SUCCESS);
    assert_int_equal(op.params[0].value.a, 0);
}

static void test_state_after(void **state)
{
    (void)state;
    TEEC_Operation op = {.paramTypes = rows[5].types};
    TEEC_Operation none = {0};
    assert_int_equal(call(KM_CERTS_CMD_PROVISION_SEAL, &none), TEEC_SUCCESS);
    assert_int_equal(call(KM_CERTS_CMD_PROVISION_STATE, &op), TEEC_SUCCESS);
    assert_int_equal(op.params[0].value.a, 1);
}

static uint32_t verdict_on(const struct made_cert *cert)
{
    uint8_t chain[2048] = {0};
    uint8_t wish[16] = {0}; /* for anything, any host, all authorities */
    struct km_wr wr = km_wr_init(chain, sizeof(chain));
    km_wr_blob32le(&wr, cert_der(cert));
    TEEC_Operation op = {.paramTypes = rows[7].types};
    op.params[0].tmpref = (TEEC_TempMemoryReference){.buffer = chain, .size = wr.len};
    op.params[1].tmpref = (TEEC_TempMemoryReference){.buffer = wish, .size = sizeof(wish)};
    assert_int_equal(call(KM_CERTS_CMD_VERIFY, &op), TEEC_SUCCESS);
    return op.params[2].value.a;
}

/* An instance that has parsed its anchors sees that another changed them. */
static void test_changes_are_seen(void **state)
{
    (void)state;
    static const TEEC_UUID uuid = KM_CERTS_TA_UUID;
    static const char name[] = "com.seqlabs.oem_root_cert";
    static const char *const makes[] = {"ca|cn=first|key=P-256/1|na=20991231000000Z",
                                        "ca|cn=second|key=P-384/2|na=20991231000000Z"};
    struct made_cert roots[2] = {{0}};
    TEEC_Session other = {0};
    assert_int_equal(TEEC_OpenSession(&context, &other, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL),
                     TEEC_SUCCESS);
    for (size_t i = 0; i < KM_ARRAY_LEN(roots); i++) {
        cert_make(makes[i], NULL, &roots[i]);
        assert_int_equal(verdict_on(&roots[i]), KM_CERTS_UNTRUSTED);
        TEEC_Operation op = {.paramTypes = rows[3].types};
        op.params[0].tmpref =
            (TEEC_TempMemoryReference){.buffer = (void *)(uintptr_t)name, .size = sizeof(name) - 1};
        op.params[1].tmpref =
            (TEEC_TempMemoryReference){.buffer = roots[i].der, .size = roots[i].len};
        assert_int_equal(TEEC_InvokeCommand(&other, KM_CERTS_CMD_PROVISION, &op, NULL),
                         TEEC_SUCCESS);
        assert_int_equal(verdict_on(&roots[i]), KM_CERTS_GOOD);
    }
    assert_int_equal(verdict_on(&roots[0]), KM_CERTS_UNTRUSTED);
    TEEC_CloseSession(&other);
    cert_free(&roots[0]);
    cert_free(&roots[1]);
}

/* A session that is opened with parameters is none. */
static void test_odd_opening(void **state)
{
    (void)state;
    static const TEEC_UUID uuid = KM_CERTS_TA_UUID;
    TEEC_Session other = {0};
    uint32_t origin = 0;
    TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, 0, 0, 0)};
    assert_int_equal(
        TEEC_OpenSession(&context, &other, &uuid, TEEC_LOGIN_PUBLIC, NULL, &op, &origin),
        TEEC_ERROR_BAD_PARAMETERS);
    assert_int_equal(origin, TEEC_ORIGIN_TRUSTED_APP);
}

/* One of several that provision with short pauses, each through an instance of its own, until it is sealed. */
static int provision_until_sealed(unsigned who, const uint8_t *der, size_t len)
{
    static const TEEC_UUID uuid = KM_CERTS_TA_UUID;
    char name[32] = {0};
    TEEC_Context own = {0};
    TEEC_Session to = {0};
    if (TEEC_InitializeContext(NULL, &own) != TEEC_SUCCESS ||
        TEEC_OpenSession(&own, &to, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL) != TEEC_SUCCESS)
        return 1;
    (void)snprintf(name, sizeof(name), "certificate %u", who);
    for (;;) {
        TEEC_Operation op = {.paramTypes = rows[3].types};
        op.params[0].tmpref = (TEEC_TempMemoryReference){.buffer = name, .size = strlen(name)};
        op.params[1].tmpref =
            (TEEC_TempMemoryReference){.buffer = (void *)(uintptr_t)der, .size = len};
        TEEC_Result result = TEEC_InvokeCommand(&to, KM_CERTS_CMD_PROVISION, &op, NULL);
        if (result == TEEC_ERROR_BAD_STATE)
            return 0;
        if (result != TEEC_SUCCESS)
            return 2;
        (void)usleep(2000);
    }
}

/* Sealing waits for those who provision and gets its turn; they are not refused for it. */
static void test_seal_among_provisioners(void **state)
{
    (void)state;
    static uint8_t der[4096];
    pid_t children[3] = {0};
    FILE *sample = fopen(SAMPLES "/v3_ec.der", "re");
    assert_non_null(sample);
    size_t len = fread(der, 1, sizeof(der), sample);
    (void)fclose(sample);
    for (unsigned i = 0; i < KM_ARRAY_LEN(children); i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(provision_until_sealed(i, der, len));
    }
    TEEC_Operation get = {.paramTypes = rows[1].types};
    get.params[0].tmpref = (TEEC_TempMemoryReference){.buffer = "certificate 0", .size = 13};
    TEEC_Result result = TEEC_ERROR_ITEM_NOT_FOUND;
    /* Often enough that somebody replaces the one that is being read. */
    for (unsigned n_read = 0; n_read < 300; n_read += result == TEEC_SUCCESS ? 1 : 0) {
        static uint8_t room[4096];
        get.params[1].tmpref = (TEEC_TempMemoryReference){.buffer = room, .size = sizeof(room)};
        result = call(KM_CERTS_CMD_GET, &get);
        /* A reader waits for those who write. */
        assert_true(result == TEEC_SUCCESS || result == TEEC_ERROR_ITEM_NOT_FOUND);
    }
    TEEC_Operation none = {0};
    assert_int_equal(call(KM_CERTS_CMD_PROVISION_SEAL, &none), TEEC_SUCCESS);
    for (unsigned i = 0; i < KM_ARRAY_LEN(children); i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_odd_memory),
        cmocka_unit_test(test_odd_opening),
        cmocka_unit_test(test_manifest_is_not_for_clients),
        cmocka_unit_test(test_version_and_state),
        cmocka_unit_test(test_changes_are_seen),
        cmocka_unit_test(test_seal_among_provisioners),
        cmocka_unit_test(test_state_after),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
