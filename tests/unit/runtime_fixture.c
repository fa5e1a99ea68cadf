/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/runtime_fixture.h"

#include <ftw.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/km_uuid.h"
#include "tee/runtime/internal.h"

struct fake_host fake;

static char dir[64];
static struct km_store *store;
static struct km_secret *root_key;
static struct km_rt_config config;

static void __attribute__((noreturn)) on_panic(void *arg, uint32_t code)
{
    struct fake_host *self = arg;
    if (!self->expects_panic) {
        fprintf(stderr, "unexpected panic 0x%08x: %s\n", code, km_rt_panic_reason());
        abort();
    }
    self->panic_code = code;
    longjmp(self->on_panic, 1);
}

static km_status client_text(void *arg, const char *name, char *ret, size_t cap)
{
    (void)arg;
    if (strcmp(name, "org.keymoor.client.unit") != 0)
        return KM_E_NOTFOUND;
    snprintf(ret, cap, "sensor.service");
    return KM_OK;
}

static void audit(void *arg, const char *operation, struct km_slice subject, uint32_t result)
{
    struct fake_host *self = arg;
    snprintf(self->audited, sizeof(self->audited), "%s %.*s %08x", operation, (int)subject.len,
             (const char *)subject.ptr, result);
}

static TEE_Result session_open(void *arg, const TEE_UUID *ta, uint32_t timeout_ms, uint32_t types,
                               TEE_Param params[4], void **ret_session, uint32_t *ret_origin)
{
    (void)timeout_ms, (void)types, (void)params;
    struct fake_host *self = arg;
    if (ta->timeLow == 0) {
        *ret_origin = TEE_ORIGIN_TEE;
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    self->n_sessions++;
    *ret_session = self;
    *ret_origin = TEE_ORIGIN_TRUSTED_APP;
    return TEE_SUCCESS;
}

static TEE_Result session_invoke(void *arg, void *session, uint32_t timeout_ms, uint32_t command,
                                 uint32_t types, TEE_Param params[4], uint32_t *ret_origin)
{
    (void)arg, (void)timeout_ms;
    assert_ptr_equal(session, &fake);
    *ret_origin = TEE_ORIGIN_TRUSTED_APP;
    if (types == TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, 0, 0, 0))
        params[0].value.a += command;
    return TEE_SUCCESS;
}

static void session_close(void *arg, void *session)
{
    (void)session;
    ((struct fake_host *)arg)->n_sessions--;
}

static bool cancelled(void *arg)
{
    return ((struct fake_host *)arg)->cancelled;
}

static bool wait_cancel(void *arg, uint32_t ms)
{
    (void)ms;
    return ((struct fake_host *)arg)->cancelled;
}

static TEE_Result ta_create(void)
{
    return TEE_SUCCESS;
}
static void ta_destroy(void)
{
}
static TEE_Result ta_open(uint32_t types, TEE_Param params[4], void **session)
{
    *session = &fake;
    return fake.invoke != NULL ? fake.invoke(types, params) : TEE_SUCCESS;
}
static void ta_close(void *session)
{
    assert_ptr_equal(session, &fake);
}
static TEE_Result ta_invoke(void *session, uint32_t command, uint32_t types, TEE_Param params[4])
{
    assert_ptr_equal(session, &fake);
    (void)command;
    return fake.invoke != NULL ? fake.invoke(types, params) : TEE_SUCCESS;
}

static struct km_rt_property ta_properties[] = {
    {"gpd.ta.version", "7.1"},
    {"test.number", "4K"},
    {"test.wide", "0x100000000"},
    {"test.bits", "0b101"},
    {"test.yes", "true"},
    {"test.block", "AAECAwQ="},
    {"test.bad-block", "AAECAwQ"},
    {"test.loose-block", "AAECAwR="},
    {"test.uuid", "12345678-9abc-def0-1122-334455667788"},
    {NULL, NULL}, /* the last: whatever a test puts there */
};
#define N_TA_PROPERTIES (KM_ARRAY_LEN(ta_properties) - 1)
static const struct km_rt_property tee_properties[] = {
    {"gpd.tee.trustedStorage.antiRollback.protectionLevel", "1000"},
};

const char *fixture_dir(void)
{
    return dir;
}

struct km_store *fixture_store(void)
{
    return store;
}

static km_status anchor_advance(struct km_err *err, void *arg, uint64_t count)
{
    (void)err;
    (void)arg;
    fake.anchor = count;
    fake.n_advanced++;
    return KM_OK;
}

static void open_store(void)
{
    struct km_store_config open = {.dir = dir,
                                   .may_create = true,
                                   .key = root_key,
                                   .has_anchor = true,
                                   .anchor = fake.anchor,
                                   .advance = anchor_advance};
    struct km_err err = {0};
    open.owner.octet[0] = 0x42;
    if (km_store_open(&err, &open, &store) != KM_OK) {
        fprintf(stderr, "store: %s\n", err.text);
        abort();
    }
}

static void start(void)
{
    struct km_err err = {0};
    if (km_rt_warm(&err) != KM_OK || km_rt_start(&err, &config) != KM_OK) {
        fprintf(stderr, "runtime: %s\n", err.text);
        abort();
    }
}

int fixture_start(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/km-runtime-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    root_key = km_secret_new(32);
    open_store();
    config = (struct km_rt_config){
        .entry = {ta_create, ta_destroy, ta_open, ta_close, ta_invoke},
        .ta_properties = ta_properties,
        .n_ta_properties = N_TA_PROPERTIES,
        .tee_properties = tee_properties,
        .n_tee_properties = KM_ARRAY_LEN(tee_properties),
        .store = store,
        .host = {on_panic, client_text, audit, session_open, session_invoke, session_close,
                 cancelled, wait_cancel, &fake, NULL},
        .heap_max = 1 << 20,
    };
    config.ta.octet[15] = 0x99;
    start();
    return 0;
}

void fixture_reopen_store(void)
{
    km_rt_destroy();
    km_store_close(store);
    open_store();
    config.store = store;
    start();
}

void fixture_allow(bool (*alg_allowed)(void *arg, uint32_t alg, uint32_t key_bits))
{
    km_rt.config.host.alg_allowed = alg_allowed;
}

static void one_more_property(const char *name, const char *value)
{
    ta_properties[N_TA_PROPERTIES] = (struct km_rt_property){name, value};
    km_rt.config.n_ta_properties = N_TA_PROPERTIES + (value != NULL ? 1 : 0);
}

void fixture_des_parity(const char *value)
{
    one_more_property(KM_RT_DES_PARITY, value);
}

void fixture_lenient(const char *value)
{
    one_more_property(KM_RT_LENIENT, value);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

int fixture_stop(void **state)
{
    (void)state;
    km_rt_destroy();
    km_store_close(store);
    km_secret_free(root_key);
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int fixture_after(void **state)
{
    (void)state;
    assert_int_equal(ERR_peek_error(), 0);
    return 0;
}

size_t next_number(void)
{
    static uint64_t number = 88172645463325252u; /* xorshift64 */
    number ^= number << 13;
    number ^= number >> 7;
    number ^= number << 17;
    return (size_t)(number >> 16);
}

const uint8_t *unhex(const char *text, size_t *ret_len)
{
    static uint8_t buffers[16][2048];
    static unsigned next;
    uint8_t *out = buffers[next++ % 16];
    size_t len = strlen(text) / 2;
    assert_true(len <= sizeof(buffers[0]) && km_unhex(text, out, len));
    if (ret_len != NULL)
        *ret_len = len;
    return out;
}

TEE_Attribute ref(uint32_t id, const void *bytes, size_t len)
{
    TEE_Attribute attr;
    TEE_InitRefAttribute(&attr, id, bytes, len);
    return attr;
}

TEE_Attribute ref_hex(uint32_t id, const char *text)
{
    size_t len = 0;
    const uint8_t *bytes = unhex(text, &len);
    return ref(id, bytes, len);
}

TEE_Attribute val(uint32_t id, uint32_t a)
{
    TEE_Attribute attr;
    TEE_InitValueAttribute(&attr, id, a, 0);
    return attr;
}

TEE_ObjectHandle secret_object(uint32_t type, const void *bytes, size_t len)
{
    uint32_t id = type == TEE_TYPE_HKDF_IKM          ? TEE_ATTR_HKDF_IKM
                  : type == TEE_TYPE_CONCAT_KDF_Z    ? TEE_ATTR_CONCAT_KDF_Z
                  : type == TEE_TYPE_PBKDF2_PASSWORD ? TEE_ATTR_PBKDF2_PASSWORD
                                                     : TEE_ATTR_SECRET_VALUE;
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_Attribute attr = ref(id, bytes, len);
    RT_OK(TEE_AllocateTransientObject(type, (uint32_t)len * 8, &object));
    RT_OK(TEE_PopulateTransientObject(object, &attr, 1));
    return object;
}

TEE_OperationHandle keyed(uint32_t alg, uint32_t mode, uint32_t bits, TEE_ObjectHandle key)
{
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateOperation(&op, alg, mode, bits));
    RT_OK(TEE_SetOperationKey(op, key));
    return op;
}

TEE_ObjectHandle ec_generate(uint32_t type, uint32_t curve, uint32_t bits)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_Attribute attr = val(TEE_ATTR_ECC_CURVE, curve);
    RT_OK(TEE_AllocateTransientObject(type, bits, &object));
    RT_OK(TEE_GenerateKey(object, bits, &attr, 1));
    return object;
}

static void *taken[1 << 14];
static size_t n_taken;
static size_t n_given_back;

void fill_locked_heap(void)
{
    n_taken = 0;
    n_given_back = 0;
    for (size_t len = 1024; len >= 32; len /= 2) {
        void *block = OPENSSL_secure_malloc(len);
        for (; block != NULL; block = OPENSSL_secure_malloc(len)) {
            assert_true(n_taken < KM_ARRAY_LEN(taken));
            taken[n_taken++] = block;
        }
    }
    ERR_clear_error();
}

bool give_one_back(void)
{
    if (n_given_back == n_taken)
        return false;
    OPENSSL_secure_free(taken[n_given_back++]);
    return true;
}
