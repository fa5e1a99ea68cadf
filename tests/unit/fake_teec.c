/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_teec.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/km_bytes.h"
#include "ta/crypto/crypto_wire.h"

#define STORE_MAX 2048u
#define IDS_MAX 512u
#define SESSIONS_MAX 256u
#define PAGE_KEYS 7u

enum kind { KIND_NONE = 0, KIND_KEY, KIND_OPERATION, KIND_PASSWORD };

/* An id is its place in the table plus 1, with a generation above. */
struct entry {
    enum kind kind;
    uint32_t generation;
    uint32_t number; /* of the key; of the password object plus 1 */
    bool is_saved;
};

struct session {
    struct entry ids[IDS_MAX];
    unsigned n_kind[4];
    pid_t owner;
    bool is_open, is_dead;
    atomic_bool is_busy;
};

struct saved {
    char name[64];
    char password[64]; /* object's name */
    uint32_t number;
};

struct password {
    char name[64];
    char octets[64];
};

struct fake_teec fake;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct session sessions[SESSIONS_MAX];
static struct saved saved[STORE_MAX];
static struct password passwords[16];
static unsigned n_saved, n_passwords_kept;
static uint32_t last_number, last_generation;

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void watch(void)
{
    pthread_atfork(before_fork, after_fork, after_fork);
    fake_reset();
}

void fake_reset(void)
{
    pthread_mutex_lock(&lock);
    n_saved = 0;
    n_passwords_kept = 0;
    fake.is_down = false;
    fake.max_sessions = 0;
    fake.deadly_command = FAKE_COMMANDS;
    fake.n_deaths = 0;
    fake.version = KM_CRYPTO_VERSION;
    fake.pause_us = 0;
    fake.is_malformed = false;
    fake.n_opened = 0;
    fake.n_collisions = 0;
    fake.n_wrong_passwords = 0;
    fake.n_in_place = 0;
    for (unsigned i = 0; i < FAKE_COMMANDS; i++)
        fake.n_calls[i] = 0;
    pthread_mutex_unlock(&lock);
}

static atomic_uint *count_of(enum kind kind)
{
    if (kind == KIND_KEY)
        return &fake.n_keys;
    return kind == KIND_OPERATION ? &fake.n_operations : &fake.n_passwords;
}

static void forget_ids(struct session *session)
{
    for (unsigned i = 0; i < IDS_MAX; i++) {
        if (session->ids[i].kind != KIND_NONE)
            atomic_fetch_sub(count_of(session->ids[i].kind), 1);
        session->ids[i].kind = KIND_NONE;
    }
    for (unsigned i = 0; i < 4; i++)
        session->n_kind[i] = 0;
}

void fake_kill(void)
{
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        if (sessions[i].is_open && !sessions[i].is_dead) {
            sessions[i].is_dead = true;
            forget_ids(&sessions[i]);
        }
    }
    pthread_mutex_unlock(&lock);
}

static void text_set(char ret[64], const void *text, size_t len)
{
    memset(ret, 0, 64);
    km_copy(ret, 63, text, len);
}

void fake_add_password(const char *name, const char *password)
{
    pthread_mutex_lock(&lock);
    text_set(passwords[n_passwords_kept].name, name, strlen(name));
    text_set(passwords[n_passwords_kept++].octets, password, strlen(password));
    pthread_mutex_unlock(&lock);
}

static struct saved *find_saved(const char *name, size_t len)
{
    for (unsigned i = 0; i < n_saved; i++) {
        if (strlen(saved[i].name) == len && memcmp(saved[i].name, name, len) == 0)
            return &saved[i];
    }
    return NULL;
}

void fake_replace_key(const char *name)
{
    pthread_mutex_lock(&lock);
    find_saved(name, strlen(name))->number = ++last_number;
    pthread_mutex_unlock(&lock);
}

/* ---- ids ---- */

static unsigned max_of(enum kind kind)
{
    if (kind == KIND_KEY)
        return KM_CRYPTO_KEYS_MAX;
    return kind == KIND_OPERATION ? KM_CRYPTO_OPERATIONS_MAX : KM_CRYPTO_PASSWORDS_MAX;
}

static TEEC_Result id_new(struct session *session, enum kind kind, uint32_t number, uint32_t *ret)
{
    if (session->n_kind[kind] >= max_of(kind))
        return KM_CRYPTO_E_TOO_LARGE;
    for (unsigned i = 0; i < IDS_MAX; i++) {
        if (session->ids[i].kind != KIND_NONE)
            continue;
        last_generation = (last_generation + 1) & 0xfffff;
        session->ids[i] =
            (struct entry){.kind = kind, .number = number, .generation = last_generation};
        session->n_kind[kind]++;
        atomic_fetch_add(count_of(kind), 1);
        *ret = (last_generation << 12) | (i + 1);
        return TEEC_SUCCESS;
    }
    return KM_CRYPTO_E_TOO_LARGE;
}

static struct entry *id_find(struct session *session, enum kind kind, uint32_t id)
{
    uint32_t at = (id & 0xfff) - 1;
    if (at >= IDS_MAX || session->ids[at].kind != kind || session->ids[at].generation != id >> 12)
        return NULL;
    return &session->ids[at];
}

static TEEC_Result id_free(struct session *session, enum kind kind, uint32_t id)
{
    struct entry *entry = id_find(session, kind, id);
    if (entry == NULL)
        return KM_CRYPTO_E_STALE_ID;
    entry->kind = KIND_NONE;
    session->n_kind[kind]--;
    atomic_fetch_sub(count_of(kind), 1);
    return TEEC_SUCCESS;
}

/* ---- commands ---- */

static void key_id_octets(uint32_t number, uint8_t ret[16])
{
    memset(ret, 0x5a, 16);
    km_copy(ret, 16, &number, sizeof(number));
}

static size_t put_info(const char *name, const char *password, uint32_t number, uint8_t *out)
{
    struct km_crypto_info info = {.type = KM_CRYPTO_KEY_ECDSA_KEYPAIR, .bits = 256};
    size_t len = 0;
    key_id_octets(number, info.id);
    info.name.len = (uint8_t)strlen(name);
    text_set(info.name.at, name, info.name.len);
    info.password_name.len = (uint8_t)strlen(password);
    text_set(info.password_name.at, password, info.password_name.len);
    if (!km_crypto_info_put(&info, KM_SPAN(out, KM_CRYPTO_INFO_WIRE_MAX), &len))
        abort();
    return fake.is_malformed ? len - 1 : len;
}

static TEEC_Result output(TEEC_TempMemoryReference *ref, const void *bytes, size_t len)
{
    bool fits = len <= ref->size;
    if (fits && len > 0)
        km_copy(ref->buffer, ref->size, bytes, len);
    ref->size = len;
    return fits ? TEEC_SUCCESS : TEEC_ERROR_SHORT_BUFFER;
}

static TEEC_Result key_info(struct session *session, TEEC_Parameter *p)
{
    const struct entry *key = id_find(session, KIND_KEY, p[0].value.a);
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    uint8_t out[KM_CRYPTO_INFO_WIRE_MAX] = {0};
    const char *name = "";
    for (unsigned i = 0; i < n_saved; i++) {
        if (saved[i].number == key->number)
            name = saved[i].name;
    }
    return output(&p[1].tmpref, out, put_info(name, "", key->number, out));
}

static TEEC_Result save_key(struct session *session, TEEC_Parameter *p)
{
    struct entry *key = id_find(session, KIND_KEY, p[0].value.a);
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    if (find_saved(p[1].tmpref.buffer, p[1].tmpref.size) != NULL)
        return KM_CRYPTO_E_EXISTS;
    const char *password = "";
    if (p[0].value.b != 0) {
        const struct entry *entry = id_find(session, KIND_PASSWORD, p[0].value.b);
        if (entry == NULL)
            return KM_CRYPTO_E_STALE_ID;
        password = passwords[entry->number - 1].name;
    }
    text_set(saved[n_saved].name, p[1].tmpref.buffer, p[1].tmpref.size);
    text_set(saved[n_saved].password, password, strlen(password));
    saved[n_saved++].number = key->number;
    return TEEC_SUCCESS;
}

static TEEC_Result load_key(struct session *session, TEEC_Parameter *p)
{
    const struct saved *at = find_saved(p[0].tmpref.buffer, p[0].tmpref.size);
    uint8_t id[16] = {0};
    if (at != NULL)
        key_id_octets(at->number, id);
    if (p[2].tmpref.size != 0 && (at == NULL || memcmp(id, p[2].tmpref.buffer, 16) != 0))
        return KM_CRYPTO_E_KEY_GONE;
    if (at == NULL)
        return TEEC_ERROR_ITEM_NOT_FOUND;
    if (at->password[0] != '\0') {
        const struct entry *entry = id_find(session, KIND_PASSWORD, p[1].value.a);
        if (entry == NULL || strcmp(passwords[entry->number - 1].name, at->password) != 0)
            return KM_CRYPTO_E_PASSWORD;
    }
    return id_new(session, KIND_KEY, at->number, &p[3].value.a);
}

static TEEC_Result load_password(struct session *session, TEEC_Parameter *p)
{
    for (unsigned i = 0; i < n_passwords_kept; i++) {
        if (strncmp(passwords[i].name, p[0].tmpref.buffer, p[0].tmpref.size) != 0)
            continue;
        if (strlen(passwords[i].octets) == p[1].tmpref.size &&
            memcmp(passwords[i].octets, p[1].tmpref.buffer, p[1].tmpref.size) == 0)
            return id_new(session, KIND_PASSWORD, i + 1, &p[2].value.a);
        fake.n_wrong_passwords++;
        return KM_CRYPTO_E_PASSWORD;
    }
    return TEEC_ERROR_ITEM_NOT_FOUND;
}

/* The "signature": which session and which key. */
static TEEC_Result sign(const struct session *session, TEEC_Parameter *p, const struct entry *key)
{
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    uint32_t out[2] = {(uint32_t)(session - sessions), key->number};
    return output(&p[2].tmpref, out, sizeof(out));
}

static TEEC_Result list_keys(TEEC_Parameter *p)
{
    static uint8_t page[PAGE_KEYS * (KM_CRYPTO_INFO_WIRE_MAX + 4)];
    struct km_wr wr = km_wr_init(page, sizeof(page));
    unsigned at = p[0].value.a;
    for (unsigned n = 0; n < PAGE_KEYS && at < n_saved; n++, at++) {
        uint8_t info[KM_CRYPTO_INFO_WIRE_MAX] = {0};
        km_wr_blob32le(&wr, KM_SLICE(info, put_info(saved[at].name, "", saved[at].number, info)));
    }
    p[0].value.a = at < n_saved ? at : 0;
    return output(&p[2].tmpref, page, wr.len);
}

static TEEC_Result run(struct session *session, uint32_t command, TEEC_Operation *op)
{
    TEEC_Parameter *p = op->params;
    switch (command) {
    case KM_CRYPTO_CMD_VERSION:
        p[0].value.a = fake.version;
        return TEEC_SUCCESS;
    case KM_CRYPTO_CMD_CREATE_KEY:
        return id_new(session, KIND_KEY, ++last_number, &p[1].value.a);
    case KM_CRYPTO_CMD_FREE_KEY:
        return id_free(session, KIND_KEY, p[0].value.a);
    case KM_CRYPTO_CMD_OP_FREE:
        return id_free(session, KIND_OPERATION, p[0].value.a);
    case KM_CRYPTO_CMD_FREE_PASSWORD:
        return id_free(session, KIND_PASSWORD, p[0].value.a);
    case KM_CRYPTO_CMD_KEY_INFO:
        return key_info(session, p);
    case KM_CRYPTO_CMD_SAVE_KEY:
        return save_key(session, p);
    case KM_CRYPTO_CMD_LOAD_KEY:
        return load_key(session, p);
    case KM_CRYPTO_CMD_LOAD_PASSWORD:
        return load_password(session, p);
    case KM_CRYPTO_CMD_SIGN_DIGEST:
        return sign(session, p, id_find(session, KIND_KEY, p[0].value.a));
    case KM_CRYPTO_CMD_LIST_KEYS:
        return list_keys(p);
    case KM_CRYPTO_CMD_OP_NEW:
        return id_new(session, KIND_OPERATION, 0, &p[3].value.a);
    case KM_CRYPTO_CMD_OP_UPDATE:
        return id_find(session, KIND_OPERATION, p[0].value.a) != NULL ? TEEC_SUCCESS
                                                                      : KM_CRYPTO_E_STALE_ID;
    case KM_CRYPTO_CMD_RANDOM:
    case KM_CRYPTO_CMD_DELETE_KEY:
    case KM_CRYPTO_CMD_DIGEST:
        return TEEC_SUCCESS;
    default:
        return TEEC_ERROR_NOT_SUPPORTED;
    }
}

/* ---- the Client API ---- */

TEEC_Result TEEC_InitializeContext(const char *name, TEEC_Context *context)
{
    (void)name;
    context->imp.state = &fake;
    return fake.is_down ? TEEC_ERROR_COMMUNICATION : TEEC_SUCCESS;
}

void TEEC_FinalizeContext(TEEC_Context *context)
{
    context->imp.state = NULL;
}

TEEC_Result TEEC_OpenSession(TEEC_Context *context, TEEC_Session *session,
                             const TEEC_UUID *destination, uint32_t connectionMethod,
                             const void *connectionData, TEEC_Operation *operation,
                             uint32_t *returnOrigin)
{
    (void)context, (void)destination, (void)connectionMethod, (void)connectionData, (void)operation;
    *returnOrigin = TEEC_ORIGIN_TEE;
    if (fake.is_down)
        return TEEC_ERROR_COMMUNICATION;
    pthread_mutex_lock(&lock);
    if (fake.max_sessions != 0 && fake.n_open >= fake.max_sessions) {
        pthread_mutex_unlock(&lock);
        return TEEC_ERROR_BUSY;
    }
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        if (sessions[i].is_open)
            continue;
        sessions[i].is_open = true;
        sessions[i].is_dead = false;
        sessions[i].owner = getpid();
        session->imp.state = &sessions[i];
        fake.n_open++;
        fake.n_opened++;
        break;
    }
    pthread_mutex_unlock(&lock);
    return TEEC_SUCCESS;
}

void TEEC_CloseSession(TEEC_Session *session)
{
    struct session *own = session->imp.state;
    pthread_mutex_lock(&lock);
    forget_ids(own);
    own->is_open = false;
    fake.n_open--;
    pthread_mutex_unlock(&lock);
    session->imp.state = NULL;
}

static void note_types(const TEEC_Operation *op)
{
    for (unsigned i = 0; i < 4; i++) {
        if (((op->paramTypes >> (4 * i)) & 0xf) >= TEEC_MEMREF_PARTIAL_INPUT)
            fake.n_in_place++;
    }
}

static bool is_killed_by(uint32_t command)
{
    if (fake.deadly_command != command || fake.n_deaths == 0)
        return false;
    fake.n_deaths--;
    return true;
}

TEEC_Result TEEC_InvokeCommand(TEEC_Session *session, uint32_t commandID, TEEC_Operation *operation,
                               uint32_t *returnOrigin)
{
    struct session *own = session->imp.state;
    *returnOrigin = TEEC_ORIGIN_API;
    if (own->owner != getpid())
        return TEEC_ERROR_COMMUNICATION;
    if (atomic_exchange(&own->is_busy, true))
        fake.n_collisions++;
    if (fake.pause_us != 0)
        usleep(fake.pause_us);
    pthread_mutex_lock(&lock);
    fake.n_calls[commandID % FAKE_COMMANDS]++;
    note_types(operation);
    TEEC_Result result = TEEC_ERROR_TARGET_DEAD;
    *returnOrigin = TEEC_ORIGIN_TEE;
    if (!own->is_dead && is_killed_by(commandID)) {
        own->is_dead = true;
        forget_ids(own);
    }
    if (!own->is_dead) {
        *returnOrigin = TEEC_ORIGIN_TRUSTED_APP;
        result = run(own, commandID, operation);
    }
    pthread_mutex_unlock(&lock);
    atomic_store(&own->is_busy, false);
    return result;
}

TEEC_Result TEEC_RegisterSharedMemory(TEEC_Context *context, TEEC_SharedMemory *sharedMem)
{
    (void)context;
    sharedMem->imp.state = NULL;
    return TEEC_SUCCESS;
}

TEEC_Result TEEC_AllocateSharedMemory(TEEC_Context *context, TEEC_SharedMemory *sharedMem)
{
    (void)context;
    sharedMem->buffer = sharedMem->imp.state = calloc(1, sharedMem->size);
    return sharedMem->buffer == NULL ? TEEC_ERROR_OUT_OF_MEMORY : TEEC_SUCCESS;
}

void TEEC_ReleaseSharedMemory(TEEC_SharedMemory *sharedMem)
{
    free(sharedMem->imp.state);
    sharedMem->imp.state = NULL;
}

void TEEC_RequestCancellation(TEEC_Operation *operation)
{
    (void)operation;
}
