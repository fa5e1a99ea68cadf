/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects: those of sessions, and what the service has, under handles that stay the same from one listing to the next. A named key
 * pair is two objects that share one key.
 */
#include <stdlib.h>
#include <string.h>

#include "clrsc.h"
#include "common/km_secret.h"
#include "interop/pkcs11/p11.h"

#define BUCKETS 16384u

static struct km_p11_table objects;
static struct km_p11_object *buckets[BUCKETS];
static uint64_t epoch;

/* ---- keys ---- */

struct km_p11_key *km_p11_key_ref(struct km_p11_key *key)
{
    if (key != NULL)
        (void)atomic_fetch_add(&key->n_refs, 1);
    return key;
}

void km_p11_key_freep(struct km_p11_key **key)
{
    if (*key == NULL)
        return;
    if (atomic_fetch_sub(&(*key)->n_refs, 1) == 1) {
        clrcFreeKey((*key)->handle);
        free(*key);
    }
    *key = NULL;
}

CK_RV km_p11_key_new(ClrcKeyHandle handle, struct km_p11_key **ret_key)
{
    struct km_p11_key *key = calloc(1, sizeof(*key));
    if (key == NULL)
        return CKR_HOST_MEMORY;
    CK_RV rv = km_p11_result(clrcGetKeyInfo(handle, &key->info));
    if (rv != CKR_OK) {
        free(key);
        return rv;
    }
    atomic_init(&key->n_refs, 1);
    key->handle = handle;
    *ret_key = key;
    return CKR_OK;
}

/* ---- objects ---- */

static struct km_p11_object **bucket_of(const uint8_t id[16])
{
    return &buckets[(id[0] | (unsigned)id[1] << 8) % BUCKETS];
}

struct km_p11_object *km_p11_object_new(void)
{
    struct km_p11_object *object = calloc(1, sizeof(*object));
    if (object != NULL)
        object->n_refs = 1;
    return object;
}

static void object_free(struct km_p11_object *object)
{
    if (--object->n_refs > 0)
        return;
    km_p11_key_freep(&object->key);
    km_p11_list_clear(&object->attributes);
    if (object->content != NULL)
        km_wipe(object->content, object->content_len);
    free(object->content);
    free(object);
}

void km_p11_object_freep(struct km_p11_object **object)
{
    if (*object != NULL)
        object_free(*object);
    *object = NULL;
}

CK_RV km_p11_object_add(struct km_p11_object *object)
{
    object->epoch = epoch;
    P11_TRY(km_p11_table_add(&objects, object, &object->handle));
    if (object->session != 0)
        return CKR_OK;
    struct km_p11_object **bucket = bucket_of(object->info.id);
    object->next = *bucket;
    *bucket = object;
    return CKR_OK;
}

void km_p11_object_remove(struct km_p11_object *object)
{
    struct km_p11_object **at = bucket_of(object->info.id);
    while (*at != NULL && *at != object)
        at = &(*at)->next;
    if (*at == object)
        *at = object->next;
    (void)km_p11_table_remove(&objects, object->handle);
    object_free(object);
}

struct km_p11_object *km_p11_object_next(uint32_t *at)
{
    while (*at < objects.n_items) {
        struct km_p11_object *object = objects.items[(*at)++];
        if (object != NULL)
            return object;
    }
    return NULL;
}

void km_p11_objects_clear(void)
{
    uint32_t at = 0;
    for (struct km_p11_object *object = NULL; (object = km_p11_object_next(&at)) != NULL;)
        km_p11_object_remove(object);
    km_p11_table_clear(&objects);
}

void km_p11_objects_forget(void)
{
    objects = (struct km_p11_table){0};
    for (unsigned i = 0; i < BUCKETS; i++)
        buckets[i] = NULL;
}

void km_p11_objects_of_session(CK_SESSION_HANDLE session)
{
    uint32_t at = 0;
    for (struct km_p11_object *object = NULL; (object = km_p11_object_next(&at)) != NULL;) {
        if (object->session == session)
            km_p11_object_remove(object);
    }
}

void km_p11_objects_hide(uint32_t token, bool is_over)
{
    uint32_t at = 0;
    for (struct km_p11_object *object = NULL; (object = km_p11_object_next(&at)) != NULL;) {
        if (object->token != token || token == 0 || !object->is_private)
            continue;
        if (object->session != 0 || is_over) {
            km_p11_object_remove(object);
            continue;
        }
        km_p11_key_freep(&object->key);
        if (object->content != NULL)
            km_wipe(object->content, object->content_len);
        free(object->content);
        object->content = NULL;
    }
}

bool km_p11_object_visible(const struct km_p11_session *session, const struct km_p11_object *object)
{
    const struct km_p11_slot *slot = session->slot;
    return object->token == slot->token &&
           (!object->is_private || slot->token == 0 || slot->user != NULL);
}

CK_RV km_p11_object_find(const struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                         struct km_p11_object **ret_object)
{
    struct km_p11_object *object = km_p11_table_find(&objects, handle);
    if (object == NULL || !km_p11_object_visible(session, object))
        return CKR_OBJECT_HANDLE_INVALID;
    *ret_object = object;
    return CKR_OK;
}

/* The other one of a pair; NULL when there is none. */
static struct km_p11_object *twin_of(const struct km_p11_object *object)
{
    for (struct km_p11_object *at = *bucket_of(object->info.id); at != NULL; at = at->next) {
        if (at != object && at->class != object->class &&
            memcmp(at->info.id, object->info.id, sizeof(at->info.id)) == 0)
            return at;
    }
    return NULL;
}

/* ---- what lives in the service ---- */

static CK_RV password_of(const struct km_p11_object *object, ClrcPasswordHandle *ret_password)
{
    *ret_password = NULL;
    if (!object->info.has_password)
        return CKR_OK;
    const struct km_p11_slot *slot = km_p11_slot_of(object->token);
    if (slot == NULL || slot->user == NULL)
        return CKR_USER_NOT_LOGGED_IN;
    *ret_password = slot->user;
    return CKR_OK;
}

static CK_RV load_key(struct km_p11_object *object)
{
    ClrcPasswordHandle password = NULL;
    ClrcKeyHandle handle = NULL;
    P11_TRY(password_of(object, &password));
    ClrcResult result = clrcLoadNamedKey(object->info.name, password, &handle);
    if (result == CLRC_ERROR_NOT_FOUND)
        return CKR_OBJECT_HANDLE_INVALID;
    P11_TRY(km_p11_result(result));
    CK_RV rv = km_p11_key_new(handle, &object->key);
    if (rv != CKR_OK) {
        clrcFreeKey(handle);
        return rv;
    }
    if (memcmp(object->key->info.id, object->info.id, sizeof(object->info.id)) == 0)
        return CKR_OK;
    km_p11_key_freep(&object->key);
    return CKR_OBJECT_HANDLE_INVALID;
}

CK_RV km_p11_object_key(struct km_p11_object *object, struct km_p11_key **ret_key)
{
    if (object->class != CKO_PUBLIC_KEY && object->class != CKO_PRIVATE_KEY &&
        object->class != CKO_SECRET_KEY)
        return CKR_KEY_HANDLE_INVALID;
    struct km_p11_object *twin = object->session == 0 ? twin_of(object) : NULL;
    if (object->key == NULL && twin != NULL && twin->key != NULL)
        object->key = km_p11_key_ref(twin->key);
    if (object->key == NULL)
        P11_TRY(load_key(object));
    *ret_key = km_p11_key_ref(object->key);
    return CKR_OK;
}

struct km_p11_object *km_p11_object_named(CK_OBJECT_CLASS class, const char *name)
{
    uint32_t at = 0;
    struct km_p11_object *object = NULL;
    while ((object = km_p11_object_next(&at)) != NULL) {
        if (object->class == class && object->session == 0 && strcmp(object->info.name, name) == 0)
            return object;
    }
    return NULL;
}

/* It may have been replaced since it was last looked at. */
static void forget_certificate(struct km_p11_object *object)
{
    free(object->content);
    object->content = NULL;
}

CK_RV km_p11_object_content(struct km_p11_object *object)
{
    if (object->is_provisioned_certificate)
        forget_certificate(object);
    ClrcPasswordHandle password = NULL;
    uint8_t bytes[CLRC_OBJECT_DATA_MAX] = {0};
    uint32_t len = sizeof(bytes);
    if (object->content != NULL)
        return CKR_OK;
    P11_TRY(password_of(object, &password));
    ClrcResult result = object->is_provisioned_certificate
                            ? clrscGetNamedCertificate(object->info.name, bytes, &len)
                            : clrcLoadData(object->info.name, password, bytes, &len);
    if (result != CLRC_SUCCESS)
        return km_p11_result(result);
    object->content = calloc(1, len + 1u);
    if (object->content == NULL)
        return CKR_HOST_MEMORY;
    km_copy(object->content, len + 1u, bytes, len);
    object->content_len = len;
    km_wipe(bytes, sizeof(bytes));
    return CKR_OK;
}

static struct km_slice list_slice(const struct km_p11_object *object)
{
    return object == NULL ? KM_SLICE(NULL, 0)
                          : KM_SLICE(object->attributes.bytes, object->attributes.len);
}

CK_RV km_p11_object_save_note(struct km_p11_object *object)
{
    const struct km_p11_object *twin = twin_of(object);
    const struct km_p11_object *own = object->is_public_half ? twin : object;
    const struct km_p11_object *half = object->is_public_half ? object : twin;
    uint8_t bytes[CLRC_NOTE_MAX] = {0};
    size_t len = 0;
    struct km_p11_note note = {.token = object->token,
                               .flags = object->note_flags,
                               .own = list_slice(own),
                               .public_half = list_slice(half)};
    if (!km_p11_note_put(&note, KM_SPAN(bytes, sizeof(bytes)), &len))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (object->class == CKO_DATA || object->class == CKO_CERTIFICATE) {
        ClrcPasswordHandle password = NULL;
        P11_TRY(km_p11_object_content(object));
        P11_TRY(password_of(object, &password));
        ClrcData data = {bytes, (uint32_t)len, object->content, object->content_len};
        return km_p11_result(clrcSaveData(object->info.name, &data, password, 1));
    }
    return km_p11_result(clrcSetKeyNote(object->info.name, object->info.id, bytes, (uint32_t)len));
}

/* ---- listings ---- */

struct entry {
    ClrcKeyInfo info;
    bool is_data;
    bool is_certificate; /* a provisioned one */
    uint32_t note_len;
    uint8_t *note;
};
struct entries {
    struct entry *at;
    size_t n, room;
    bool is_data;
    bool is_short; /* of memory */
};

static void entries_clear(struct entries *entries)
{
    for (size_t i = 0; i < entries->n; i++)
        free(entries->at[i].note);
    free(entries->at);
    *entries = (struct entries){0};
}

static int collect(void *arg, const ClrcKeyInfo *info, const uint8_t *note, uint32_t length)
{
    struct entries *entries = arg;
    if (entries->n == entries->room) {
        size_t room = entries->room == 0 ? 64 : 2 * entries->room;
        struct entry *grown = realloc(entries->at, room * sizeof(*grown));
        entries->is_short = grown == NULL;
        if (grown == NULL)
            return 0;
        entries->at = grown;
        entries->room = room;
    }
    uint8_t *copy = calloc(1, length + 1u);
    entries->is_short = copy == NULL;
    if (copy == NULL)
        return 0;
    km_copy(copy, length + 1u, note, length);
    entries->at[entries->n++] = (struct entry){
        .info = *info, .is_data = entries->is_data, .note_len = length, .note = copy};
    return 1;
}

/* Certificates have a name and no id: one is made of the name (FNV-1a, twice), to find it again in the next listing. */
static int collect_certificate(void *arg, const char *name, uint32_t length)
{
    static const char REQUEST[] = "_csr";
    struct entries *entries = arg;
    ClrcKeyInfo info = {.bits = length, .is_provisioned = 1, .is_immutable = 1};
    uint64_t hash[2] = {0xcbf29ce484222325u, 0x84222325cbf29ce4u};
    size_t len = strlen(name);
    if (len >= sizeof(info.name) ||
        (len >= sizeof(REQUEST) && strcmp(name + len - (sizeof(REQUEST) - 1), REQUEST) == 0))
        return 1;
    for (size_t i = 0; i < len; i++) {
        hash[0] = (hash[0] ^ (uint8_t)name[i]) * 0x100000001b3u;
        hash[1] = (hash[1] ^ (uint8_t)name[len - 1 - i]) * 0x100000001b3u;
    }
    km_copy(info.id, sizeof(info.id), hash, sizeof(hash));
    km_copy(info.name, sizeof(info.name), name, len + 1);
    int goes_on = collect(arg, &info, NULL, 0);
    if (goes_on != 0)
        entries->at[entries->n - 1].is_certificate = true;
    return goes_on;
}

static CK_OBJECT_CLASS class_of(const struct entry *entry, const struct km_p11_note *note)
{
    if (entry->is_certificate)
        return CKO_CERTIFICATE;
    if (entry->is_data)
        return (note->flags & KM_P11_NOTE_CERTIFICATE) != 0 ? CKO_CERTIFICATE : CKO_DATA;
    switch (entry->info.type) {
    case KEY_AES:
    case KEY_HMAC:
    case KEY_GENERIC_SECRET:
    case KEY_DES3:
    case KEY_CHACHA20:
        return CKO_SECRET_KEY;
    case KEY_RSA_PUBLIC:
    case KEY_ECDSA_PUBLIC:
    case KEY_ECDH_PUBLIC:
    case KEY_EC_DUAL_PUBLIC:
    case KEY_DSA_PUBLIC:
    case KEY_DH_PUBLIC:
    case KEY_ED25519_PUBLIC:
    case KEY_X25519_PUBLIC:
        return CKO_PUBLIC_KEY;
    case KEY_RSA_KEYPAIR:
    case KEY_ECDSA_KEYPAIR:
    case KEY_ECDH_KEYPAIR:
    case KEY_EC_DUAL_KEYPAIR:
    case KEY_DSA_KEYPAIR:
    case KEY_DH_KEYPAIR:
    case KEY_ED25519_KEYPAIR:
    case KEY_X25519_KEYPAIR:
        return CKO_PRIVATE_KEY;
    case KEY_NONE:
        break;
    }
    return CKO_VENDOR_DEFINED;
}

/* One object as the service has it now: a new one, or one that is known takes what changed. */
static CK_RV merge_one(const struct entry *entry, const struct km_p11_note *note,
                       CK_OBJECT_CLASS class, bool is_half)
{
    struct km_p11_object *object = *bucket_of(entry->info.id);
    struct km_slice bytes = is_half ? note->public_half : note->own;
    struct km_p11_list list = {(uint8_t *)(uintptr_t)bytes.ptr, bytes.len};
    while (object != NULL && (object->class != class ||
                              memcmp(object->info.id, entry->info.id, sizeof(entry->info.id)) != 0))
        object = object->next;
    bool is_new = object == NULL;
    if (is_new)
        object = km_p11_object_new();
    if (object == NULL)
        return CKR_HOST_MEMORY;
    object->token = note->token;
    object->class = class;
    object->is_public_half = is_half;
    object->info = entry->info;
    object->note_flags = note->flags;
    object->is_foreign = note->own.ptr == NULL;
    object->is_provisioned_certificate = entry->is_certificate;
    object->is_private = (note->flags & KM_P11_NOTE_PRIVATE) != 0 && class != CKO_PUBLIC_KEY;
    object->epoch = epoch;
    CK_RV rv = km_p11_list_copy(&list, &object->attributes);
    if (rv == CKR_OK && is_new)
        rv = km_p11_object_add(object);
    if (rv != CKR_OK && is_new)
        object_free(object);
    return rv;
}

static CK_RV merge_entry(const struct entry *entry)
{
    struct km_p11_note note = {0};
    struct km_slice label = {0};
    /* A note of somebody else's making is as good as none. */
    if (!km_p11_note_parse(KM_SLICE(entry->note, entry->note_len), &note))
        note = (struct km_p11_note){0};
    if ((note.flags & KM_P11_NOTE_TOKEN) != 0) {
        struct km_p11_list list = {(uint8_t *)(uintptr_t)note.own.ptr, note.own.len};
        if (entry->is_data && note.token != 0 && km_p11_list_find(&list, CKA_LABEL, &label))
            km_p11_slot_seen(note.token, entry->info.name, label,
                             (note.flags & KM_P11_NOTE_USER_PIN) != 0, epoch);
        return CKR_OK;
    }
    CK_OBJECT_CLASS class = class_of(entry, &note);
    if (class == CKO_VENDOR_DEFINED)
        return CKR_OK;
    P11_TRY(merge_one(entry, &note, class, false));
    if (class != CKO_PRIVATE_KEY || (note.flags & KM_P11_NOTE_NO_PUBLIC) != 0 ||
        (entry->info.has_password && (note.flags & KM_P11_NOTE_PRIVATE) == 0))
        return CKR_OK;
    return merge_one(entry, &note, CKO_PUBLIC_KEY, true);
}

static CK_RV merge(const struct entries *entries, uint64_t ticket)
{
    for (size_t i = 0; i < entries->n; i++)
        P11_TRY(merge_entry(&entries->at[i]));
    uint32_t at = 0;
    for (struct km_p11_object *object = NULL; (object = km_p11_object_next(&at)) != NULL;) {
        if (object->session == 0 && object->epoch < ticket)
            km_p11_object_remove(object);
    }
    km_p11_slots_sweep(ticket);
    return CKR_OK;
}

CK_RV km_p11_objects_refresh(void)
{
    KM_AUTO(entries_clear) struct entries entries = {0};
    uint64_t ticket = ++epoch;
    uint64_t life = km_p11_life();
    km_p11_unlock();
    ClrcResult result = clrcListNotedKeys(collect, &entries);
    if (result == CLRC_SUCCESS) {
        entries.is_data = true;
        result = clrcListData(collect, &entries);
    }
    /* A service without that application has no certificates, and is good for all else. */
    entries.is_data = false;
    if (result == CLRC_SUCCESS)
        (void)clrscListNamedCertificates(collect_certificate, &entries);
    km_p11_lock();
    if (result != CLRC_SUCCESS)
        return km_p11_result(result);
    if (entries.is_short)
        return CKR_HOST_MEMORY;
    if (life != km_p11_life())
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    return merge(&entries, ticket);
}
