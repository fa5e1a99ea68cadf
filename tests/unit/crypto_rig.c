/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto_rig.h"

#include <ftw.h>
#include <openssl/crypto.h>

#include "common/km_secret.h"

struct rig_host rig_host = {.now = 1000000000};

static struct km_store *store;
static struct km_secret *store_key;

/* In the place of the runtime's, so that tests move the clock. */
void __wrap_TEE_GetREETime(TEE_Time *time);
void __wrap_TEE_GetREETime(TEE_Time *time)
{
    *time = (TEE_Time){.seconds = (uint32_t)rig_host.now};
}

/* Lets an instance be killed, or looked at, in the middle of what takes longest. */
void __real_TEE_DeriveKey(TEE_OperationHandle op, const TEE_Attribute *params, uint32_t n,
                          TEE_ObjectHandle key);
void __wrap_TEE_DeriveKey(TEE_OperationHandle op, const TEE_Attribute *params, uint32_t n,
                          TEE_ObjectHandle key);
void __wrap_TEE_DeriveKey(TEE_OperationHandle op, const TEE_Attribute *params, uint32_t n,
                          TEE_ObjectHandle key)
{
    if (rig_host.deriving != NULL)
        rig_host.deriving();
    __real_TEE_DeriveKey(op, params, n, key);
}

void rig_die(void)
{
    (void)kill(getpid(), SIGKILL);
}

TEE_Result __real_TEE_Wait(uint32_t timeout);
TEE_Result __wrap_TEE_Wait(uint32_t timeout);
TEE_Result __wrap_TEE_Wait(uint32_t timeout)
{
    if (rig_host.waited == NULL)
        return __real_TEE_Wait(timeout);
    rig_host.waited();
    return TEE_SUCCESS;
}

__attribute__((noreturn)) static void on_panic(void *arg, uint32_t code)
{
    (void)arg;
    (void)fprintf(stderr, "the application panicked with 0x%08x\n", code);
    abort();
}

static km_status client_text(void *arg, const char *name, char *ret, size_t cap)
{
    (void)arg;
    const char *text = NULL;
    if (rig_host.asked != NULL)
        rig_host.asked();
    if (strcmp(name, "org.keymoor.client.exe.sha256") == 0)
        text = rig_host.exe_sha256;
    if (strcmp(name, "org.keymoor.client.unit") == 0)
        text = rig_host.unit;
    if (text == NULL)
        return KM_E_NOTFOUND;
    (void)snprintf(ret, cap, "%s", text);
    return KM_OK;
}

static void audit(void *arg, const char *operation, struct km_slice subject, uint32_t result)
{
    (void)arg;
    (void)result;
    assert_true(subject.len <= 128 && km_utf8_valid(subject));
    rig_host.n_audited++;
    if (rig_host.audited != NULL)
        rig_host.audited();
    (void)snprintf(rig_host.last_audit, sizeof(rig_host.last_audit), "%s", operation);
}

/* ---- the other application ---- */

static TEE_Result peer_open(void *arg, const TEE_UUID *ta, uint32_t timeout_ms, uint32_t types,
                            TEE_Param params[4], void **ret_session, uint32_t *ret_origin)
{
    static int session;
    (void)arg;
    (void)ta;
    (void)timeout_ms;
    (void)types;
    (void)params;
    *ret_origin = TEE_ORIGIN_TEE;
    *ret_session = &session;
    return rig_host.peer != NULL ? TEE_SUCCESS : TEE_ERROR_ITEM_NOT_FOUND;
}

static TEE_Result peer_invoke(void *arg, void *session, uint32_t timeout_ms, uint32_t command,
                              uint32_t types, TEE_Param params[4], uint32_t *ret_origin)
{
    (void)arg;
    (void)session;
    (void)timeout_ms;
    *ret_origin = TEE_ORIGIN_TRUSTED_APP;
    return rig_host.peer(command, types, params);
}

static void peer_close(void *arg, void *session)
{
    (void)arg;
    (void)session;
}

void rig_dir(char ret[64])
{
    (void)snprintf(ret, 64, "%s/crypto-ta.XXXXXX", "/tmp");
    assert_non_null(mkdtemp(ret));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void rig_dir_remove(const char *dir)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#if KM_TEST_SANITIZED
void __lsan_register_root_region(const void *at, size_t size) __attribute__((weak));

/* The leak checker does not look into libcrypto's locked heap, which it did not give: so it is told where that is. */
static void show_locked_heap(void)
{
    static bool is_shown;
    void *inside = OPENSSL_secure_malloc(1);
    bool is_wanted = !is_shown && __lsan_register_root_region != NULL;
    FILE *maps = !is_wanted ? NULL : fopen("/proc/self/maps", "re");
    char line[512] = {0};
    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        unsigned long from = 0;
        unsigned long to = 0;
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && (uintptr_t)inside >= from &&
            (uintptr_t)inside < to)
            __lsan_register_root_region((const void *)from, to - from);
    }
    if (maps != NULL)
        (void)fclose(maps);
    is_shown = true;
    OPENSSL_secure_free(inside);
}
#else
static void show_locked_heap(void)
{
}
#endif

void rig_start(const char *dir)
{
    static const uint8_t KEY[32] = {1, 2, 3, 4};
    struct km_err err = {0};
    char path[128] = {0};
    (void)snprintf(path, sizeof(path), "%s/store", dir);
    store_key = km_secret_from(KM_SLICE(KEY, sizeof(KEY)));
    assert_non_null(store_key);
    struct km_store_config with = {
        .dir = path, .may_create = true, .key = store_key, .map_size = rig_host.store_max};
    if (km_store_open(&err, &with, &store) != KM_OK)
        fail_msg("store: %s", err.text);
    static const struct km_rt_property as_packed[] = {{"org.keymoor.des.parity", "ignore"}};
    struct km_rt_config config = {
        .ta_properties = as_packed,
        .n_ta_properties = KM_ARRAY_LEN(as_packed),
        .entry = {.create = TA_CreateEntryPoint,
                  .destroy = TA_DestroyEntryPoint,
                  .open_session = TA_OpenSessionEntryPoint,
                  .close_session = TA_CloseSessionEntryPoint,
                  .invoke = TA_InvokeCommandEntryPoint},
        .store = store,
        .host = {.panic = on_panic,
                 .client_text = client_text,
                 .audit = audit,
                 .session_open = peer_open,
                 .session_invoke = peer_invoke,
                 .session_close = peer_close},
        .heap_max = (size_t)64 << 20,
    };
    if (km_rt_start(&err, &config) != KM_OK)
        fail_msg("runtime: %s", err.text);
    show_locked_heap();
    assert_int_equal(km_rt_create(), TEE_SUCCESS);
}

void rig_stop(void)
{
    km_rt_destroy();
    km_store_close(store);
    store = NULL;
    km_secret_free(store_key);
    store_key = NULL;
}

void rig_open(struct rig_session *session, uint32_t uid, bool is_admin)
{
    struct km_lane_call call = {.op = KM_LANE_OPEN};
    *session = (struct rig_session){
        .client = {.login = TEE_LOGIN_PUBLIC, .uid = uid, .gid = uid, .is_admin = is_admin}};
    assert_int_equal(km_rt_open_session(&session->client, &call, &session->at), TEE_SUCCESS);
}

void rig_open_ta(struct rig_session *session, const struct km_uuid *ta, uint32_t uid, bool is_admin)
{
    struct km_lane_call call = {.op = KM_LANE_OPEN};
    *session = (struct rig_session){.client = {.login = TEE_LOGIN_TRUSTED_APP,
                                               .uuid = *ta,
                                               .uid = uid,
                                               .gid = uid,
                                               .is_admin = is_admin}};
    assert_int_equal(km_rt_open_session(&session->client, &call, &session->at), TEE_SUCCESS);
}

void rig_close(struct rig_session *session)
{
    km_rt_close_session(&session->client, session->at);
    session->at = NULL;
}

void rig_fresh(char ret_dir[64], struct rig_session *session)
{
    rig_host = (struct rig_host){.now = 1000000000};
    rig_dir(ret_dir);
    rig_start(ret_dir);
    rig_open(session, 1000, false);
}

void rig_gone(const char *dir, struct rig_session *session)
{
    rig_close(session);
    rig_stop();
    rig_dir_remove(dir);
}

uint32_t rig_call(struct rig_session *session, uint32_t command, struct km_lane_param params[4])
{
    struct km_lane_call call = {.op = KM_LANE_INVOKE, .command = command};
    for (unsigned i = 0; i < 4; i++)
        call.params[i] = params[i];
    uint32_t result = km_rt_invoke(&session->client, session->at, &call);
    for (unsigned i = 0; i < 4; i++)
        params[i] = call.params[i];
    return result;
}

unsigned rig_type_signatures(struct rig_session *session, uint32_t command)
{
    static uint8_t memory[4][16];
    unsigned n_let_in = 0;
    for (unsigned types = 0; types < 8 * 8 * 8 * 8; types++) {
        struct km_lane_param p[4] = {P_NONE, P_NONE, P_NONE, P_NONE};
        bool is_type = true;
        for (unsigned i = 0; i < 4; i++) {
            p[i].type = (uint8_t)((types >> (3 * i)) & 7u);
            is_type = is_type && p[i].type != 4;
            if (p[i].type >= KM_PARAM_MEM_IN) {
                p[i].buffer = memory[i];
                p[i].size = sizeof(memory[i]);
            }
        }
        if (is_type)
            n_let_in += rig_call(session, command, p) != TEE_ERROR_BAD_PARAMETERS;
    }
    return n_let_in;
}

struct km_crypto_template rig_wish(uint32_t type, uint32_t bits)
{
    return (struct km_crypto_template){.type = type, .bits = bits};
}

uint32_t rig_create(struct rig_session *s, const struct km_crypto_template *wish, uint32_t *ret_id)
{
    uint8_t bytes[KM_CRYPTO_TEMPLATE_WIRE_MAX] = {0};
    size_t len = 0;
    assert_true(km_crypto_template_put(wish, KM_SPAN(bytes, sizeof(bytes)), &len));
    struct km_lane_param p[4] = {P_MI(bytes, len), P_VO, P_NONE, P_NONE};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_CREATE_KEY, p);
    *ret_id = p[1].a;
    return result;
}

uint32_t rig_import(struct rig_session *s, const struct km_crypto_template *wish, uint32_t form,
                    struct km_slice octets, uint32_t *ret_id)
{
    uint8_t bytes[KM_CRYPTO_TEMPLATE_WIRE_MAX] = {0};
    size_t len = 0;
    assert_true(km_crypto_template_put(wish, KM_SPAN(bytes, sizeof(bytes)), &len));
    struct km_lane_param p[4] = {P_MI(bytes, len), P_MI(octets.ptr, octets.len), P_VI(form, 0),
                                 P_VO};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_IMPORT_KEY, p);
    *ret_id = p[3].a;
    return result;
}

uint32_t rig_free_key(struct rig_session *s, uint32_t id)
{
    struct km_lane_param p[4] = {P_VI(id, 0), P_NONE, P_NONE, P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_FREE_KEY, p);
}

uint32_t rig_out(struct rig_session *s, uint32_t command, uint32_t a, uint32_t b, void *out,
                 size_t *len)
{
    struct km_lane_param p[4] = {P_VI(a, b), P_MO(out, *len), P_NONE, P_NONE};
    uint32_t result = rig_call(s, command, p);
    *len = p[1].size;
    return result;
}

uint32_t rig_info(struct rig_session *s, uint32_t id, struct km_crypto_info *ret)
{
    uint8_t bytes[KM_CRYPTO_INFO_WIRE_MAX] = {0};
    size_t len = sizeof(bytes);
    uint32_t result = rig_out(s, KM_CRYPTO_CMD_KEY_INFO, id, 0, bytes, &len);
    if (result == TEE_SUCCESS)
        assert_true(km_crypto_info_parse(KM_SLICE(bytes, len), ret));
    return result;
}

uint32_t rig_describe(struct rig_session *s, const char *name, struct km_crypto_info *ret)
{
    uint8_t bytes[KM_CRYPTO_INFO_WIRE_MAX] = {0};
    struct km_lane_param p[4] = {P_STR(name), P_MO(bytes, sizeof(bytes)), P_NONE, P_NONE};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_DESCRIBE_KEY, p);
    if (result == TEE_SUCCESS)
        assert_true(km_crypto_info_parse(KM_SLICE(bytes, p[1].size), ret));
    return result;
}

uint32_t rig_save(struct rig_session *s, uint32_t id, const char *name, uint32_t password)
{
    struct km_lane_param p[4] = {P_VI(id, password), P_STR(name), P_NONE, P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_SAVE_KEY, p);
}

uint32_t rig_load(struct rig_session *s, const char *name, uint32_t password, uint32_t *ret_id)
{
    struct km_lane_param p[4] = {P_STR(name), P_VI(password, 0), P_MI("", 0), P_VO};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_LOAD_KEY, p);
    *ret_id = p[3].a;
    return result;
}

uint32_t rig_delete(struct rig_session *s, const char *name, uint32_t password)
{
    struct km_lane_param p[4] = {P_STR(name), P_VI(password, 0), P_NONE, P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_DELETE_KEY, p);
}

uint32_t rig_password(struct rig_session *s, uint32_t command, const char *name, const char *text,
                      uint32_t *ret_id)
{
    struct km_lane_param p[4] = {P_STR(name), P_STR(text), P_NONE, P_NONE};
    if (command == KM_CRYPTO_CMD_LOAD_PASSWORD)
        p[2].type = KM_PARAM_VALUE_OUT;
    uint32_t result = rig_call(s, command, p);
    if (ret_id != NULL)
        *ret_id = p[2].a;
    return result;
}

uint32_t rig_wait(struct rig_session *s, const char *name, uint32_t *ret_seconds)
{
    struct km_lane_param p[4] = {P_STR(name), P_VO, P_NONE, P_NONE};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_PASSWORD_WAIT, p);
    *ret_seconds = p[1].a;
    return result;
}

uint32_t rig_sign(struct rig_session *s, uint32_t id)
{
    static const uint8_t DIGEST[32] = {0};
    uint8_t signature[KM_CRYPTO_SIGNATURE_MAX] = {0};
    struct km_lane_param p[4] = {P_VI(id, KM_CRYPTO_ECDSA), P_MI(DIGEST, sizeof(DIGEST)),
                                 P_MO(signature, sizeof(signature)), P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_SIGN_DIGEST, p);
}

uint32_t rig_made(struct rig_session *s, uint32_t type, uint32_t bits)
{
    struct km_crypto_template wish = rig_wish(type, bits);
    uint32_t id = 0;
    assert_int_equal(rig_create(s, &wish, &id), TEE_SUCCESS);
    return id;
}

uint32_t rig_raw(struct rig_session *s, uint32_t type, struct km_slice octets, uint32_t attributes)
{
    struct km_crypto_template wish = rig_wish(type, 0);
    uint32_t id = 0;
    wish.attributes = attributes;
    assert_int_equal(rig_import(s, &wish, KM_CRYPTO_FORM_RAW, octets, &id), TEE_SUCCESS);
    return id;
}

uint32_t rig_with_wish(struct rig_session *s, uint32_t command,
                       const struct km_crypto_template *wish, uint32_t key, uint32_t algorithm,
                       struct km_slice octets, uint32_t *ret_id)
{
    uint8_t bytes[KM_CRYPTO_TEMPLATE_WIRE_MAX] = {0};
    size_t len = 0;
    assert_true(km_crypto_template_put(wish, KM_SPAN(bytes, sizeof(bytes)), &len));
    struct km_lane_param p[4] = {P_MI(bytes, len), P_VI(key, algorithm),
                                 P_MI(octets.ptr, octets.len), P_VO};
    uint32_t result = rig_call(s, command, p);
    *ret_id = p[3].a;
    return result;
}

uint32_t rig_wrap(struct rig_session *s, uint32_t by, uint32_t algorithm, uint32_t key,
                  uint8_t *out, size_t *len)
{
    struct km_lane_param p[4] = {P_VI(by, algorithm), P_VI(key, 0), P_MO(out, *len), P_NONE};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_WRAP_KEY, p);
    *len = p[2].size;
    return result;
}

uint32_t rig_op_new(struct rig_session *s, uint32_t key, uint32_t algorithm, uint32_t mode,
                    uint32_t digest, struct km_slice iv, uint32_t tag_len, uint32_t *ret_op)
{
    struct km_lane_param p[4] = {P_VI(key, algorithm), P_VI(mode, digest), P_MI(iv.ptr, iv.len),
                                 P_VIO(tag_len)};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_OP_NEW, p);
    *ret_op = p[3].a;
    return result;
}

size_t rig_feed(struct rig_session *s, uint32_t op, struct km_slice in, size_t at, uint8_t *out,
                size_t room)
{
    struct km_slice parts[2] = {KM_SLICE(in.ptr, at), KM_SLICE(in.ptr + at, in.len - at)};
    size_t done = 0;
    for (size_t i = 0; i < 2; i++) {
        struct km_lane_param p[4] = {P_VI(op, 0), P_MI(parts[i].ptr, parts[i].len),
                                     P_MO(out + done, room - done), P_NONE};
        assert_int_equal(rig_call(s, KM_CRYPTO_CMD_OP_UPDATE, p), TEE_SUCCESS);
        done += p[2].size;
    }
    return done;
}

size_t rig_unhex(const char *text, uint8_t *out)
{
    size_t len = strlen(text) / 2;
    assert_true(km_unhex(text, out, len));
    return len;
}
