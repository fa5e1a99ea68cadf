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
static struct km_p11_object *buckets[BUCKETS]; /* token objects, by their key */
static bool is_turn_taken;

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

struct km_p11_object *km_p11_object_ref(struct km_p11_object *object)
{
    object->n_refs++;
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

void km_p11_link_put(struct km_p11_object *object, struct km_p11_link *link,
                     struct km_p11_object **first)
{
    size_t where = (size_t)((uint8_t *)link - (uint8_t *)object);
    *link = (struct km_p11_link){*first, first};
    if (*first != NULL)
        ((struct km_p11_link *)(void *)((uint8_t *)*first + where))->at = &link->next;
    *first = object;
}

CK_RV km_p11_object_add(struct km_p11_object *object)
{
    struct km_p11_session *session = NULL;
    if (object->session != 0) {
        session = km_p11_session_of(object->session);
        if (session == NULL) /* closed while the object was made */
            return CKR_SESSION_HANDLE_INVALID;
    }
    object->epoch = km_p11_epoch();
    P11_TRY(km_p11_table_add(&objects, object, &object->handle));
    km_p11_link_put(object, &object->by_key,
                    session != NULL ? &session->objects : bucket_of(object->info.id));
    km_p11_index_put(object);
    return CKR_OK;
}

void km_p11_object_remove(struct km_p11_object *object)
{
    if (km_p11_table_remove(&objects, object->handle) == NULL)
        return;
    km_p11_link_drop(object, &object->by_key);
    km_p11_index_drop(object);
    object_free(object);
}

void km_p11_object_destroyed(struct km_p11_object *object)
{
    struct km_p11_object *twin = NULL;
    if (object->session == 0 && !object->is_public_half) {
        twin = km_p11_object_known(object->info.id, CKO_PUBLIC_KEY);
        km_p11_listings_without(object->info.id);
    }
    if (twin != NULL && twin != object)
        km_p11_object_remove(twin);
    km_p11_object_remove(object);
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
    is_turn_taken = false;
}

void km_p11_objects_forget(void)
{
    objects = (struct km_p11_table){0};
    for (unsigned i = 0; i < BUCKETS; i++)
        buckets[i] = NULL;
    km_p11_index_forget();
    is_turn_taken = false;
}

void km_p11_objects_of_session(struct km_p11_session *session)
{
    while (session->objects != NULL)
        km_p11_object_remove(session->objects);
}

/* Under another handle; the place that it had serves, so this can't fail. */
static void new_handle(struct km_p11_object *object)
{
    (void)km_p11_table_remove(&objects, object->handle);
    (void)km_p11_table_add(&objects, object, &object->handle);
}

static void hide(struct km_p11_object *object, bool is_over)
{
    if (object->session != 0) {
        km_p11_object_remove(object);
        return;
    }
    km_p11_key_freep(&object->key);
    if (object->content != NULL)
        km_wipe(object->content, object->content_len);
    free(object->content);
    object->content = NULL;
    if (is_over)
        new_handle(object);
}

void km_p11_objects_hide(uint32_t token, bool is_over)
{
    uint32_t at = 0;
    for (struct km_p11_object *object = NULL; (object = km_p11_object_next(&at)) != NULL;) {
        if (object->token == token && token != 0 && object->is_private)
            hide(object, is_over);
    }
}

void km_p11_object_set_list(struct km_p11_object *object, struct km_p11_list *list)
{
    km_p11_index_drop(object);
    km_p11_list_clear(&object->attributes);
    object->attributes = *list;
    *list = (struct km_p11_list){0};
    if (km_p11_table_find(&objects, object->handle) == object)
        km_p11_index_put(object);
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

struct km_p11_object *km_p11_object_known(const uint8_t id[16], CK_OBJECT_CLASS class)
{
    for (struct km_p11_object *at = *bucket_of(id); at != NULL; at = at->by_key.next) {
        if (at->class == class && memcmp(at->info.id, id, sizeof(at->info.id)) == 0)
            return at;
    }
    return NULL;
}

/* The other one of a pair; NULL when there is none. */
static struct km_p11_object *twin_of(const struct km_p11_object *object)
{
    if (object->class != CKO_PUBLIC_KEY && object->class != CKO_PRIVATE_KEY)
        return NULL;
    return km_p11_object_known(object->info.id,
                               object->class == CKO_PUBLIC_KEY ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY);
}

/* ---- what lives in the service ---- */

/* The PIN that it is under, one reference; NULL when it is under none. */
static CK_RV pin_of(const struct km_p11_object *object, struct km_p11_pin **ret_pin)
{
    *ret_pin = NULL;
    if (!object->info.has_password)
        return CKR_OK;
    const struct km_p11_slot *slot = km_p11_slot_of(object->token);
    if (slot == NULL || slot->user == NULL)
        return CKR_USER_NOT_LOGGED_IN;
    *ret_pin = km_p11_pin_ref(slot->user);
    return CKR_OK;
}

/* Without the lock. */
static CK_RV fetch_key(const ClrcKeyInfo *info, ClrcPasswordHandle password,
                       struct km_p11_key **ret_key)
{
    ClrcKeyHandle handle = NULL;
    ClrcResult result = clrcLoadNamedKey(info->name, password, &handle);
    if (result == CLRC_ERROR_NOT_FOUND)
        return CKR_OBJECT_HANDLE_INVALID;
    P11_TRY(km_p11_result(result));
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    CK_RV rv = km_p11_key_new(handle, &key);
    if (rv != CKR_OK) {
        clrcFreeKey(handle);
        return rv;
    }
    if (memcmp(key->info.id, info->id, sizeof(info->id)) != 0) /* the name stands for another */
        return CKR_OBJECT_HANDLE_INVALID;
    *ret_key = km_steal(&key);
    return CKR_OK;
}

static CK_RV load_key(struct km_p11_object *object, struct km_p11_key **ret_key)
{
    KM_AUTO(km_p11_pin_freep) struct km_p11_pin *pin = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    ClrcKeyInfo info = object->info;
    P11_TRY(pin_of(object, &pin));
    uint64_t life = km_p11_outside();
    CK_RV rv = fetch_key(&info, km_p11_pin_handle(pin), &key);
    P11_TRY(km_p11_inside(life));
    P11_TRY(rv);
    /* Kept for the next one, unless the login that it needed is over. */
    const struct km_p11_slot *slot = km_p11_slot_of(object->token);
    bool is_open = pin == NULL || (slot != NULL && slot->user == pin);
    if (object->key == NULL && is_open)
        object->key = km_p11_key_ref(key);
    *ret_key = km_steal(&key);
    return CKR_OK;
}

CK_RV km_p11_object_key(struct km_p11_object *object, struct km_p11_key **ret_key)
{
    if (object->class != CKO_PUBLIC_KEY && object->class != CKO_PRIVATE_KEY &&
        object->class != CKO_SECRET_KEY)
        return CKR_KEY_HANDLE_INVALID;
    const struct km_p11_object *twin = object->session == 0 ? twin_of(object) : NULL;
    if (object->key == NULL && twin != NULL)
        object->key = km_p11_key_ref(twin->key);
    if (object->key != NULL) {
        *ret_key = km_p11_key_ref(object->key);
        return CKR_OK;
    }
    KM_AUTO(km_p11_object_freep) struct km_p11_object *mine = km_p11_object_ref(object);
    return load_key(mine, ret_key);
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

/* Without the lock. */
static CK_RV fetch_content(const char *name, bool is_provisioned, ClrcPasswordHandle password,
                           uint8_t bytes[CLRC_OBJECT_DATA_MAX], uint32_t *len)
{
    *len = CLRC_OBJECT_DATA_MAX;
    return km_p11_result(is_provisioned ? clrscGetNamedCertificate(name, bytes, len)
                                        : clrcLoadData(name, password, bytes, len));
}

static CK_RV keep_content(struct km_p11_object *object, const uint8_t *bytes, uint32_t len)
{
    uint8_t *content = calloc(1, len + 1u);
    if (content == NULL)
        return CKR_HOST_MEMORY;
    km_copy(content, len + 1u, bytes, len);
    if (object->content != NULL)
        km_wipe(object->content, object->content_len);
    free(object->content);
    object->content = content;
    object->content_len = len;
    return CKR_OK;
}

/* A provisioned certificate may have been replaced since it was last looked at. */
CK_RV km_p11_object_content(struct km_p11_object *object)
{
    KM_AUTO(km_p11_pin_freep) struct km_p11_pin *pin = NULL;
    uint8_t bytes[CLRC_OBJECT_DATA_MAX] = {0};
    uint32_t len = 0;
    if (object->content != NULL && !object->is_provisioned_certificate)
        return CKR_OK;
    P11_TRY(pin_of(object, &pin));
    ClrcKeyInfo info = object->info;
    bool is_provisioned = object->is_provisioned_certificate;
    uint64_t life = km_p11_outside();
    CK_RV rv = fetch_content(info.name, is_provisioned, km_p11_pin_handle(pin), bytes, &len);
    CK_RV inside = km_p11_inside(life);
    if (rv == CKR_OK)
        rv = inside == CKR_OK ? keep_content(object, bytes, len) : inside;
    km_wipe(bytes, sizeof(bytes));
    return rv;
}

/* ---- notes ---- */

CK_RV km_p11_turn_take(struct km_p11_turn *turn)
{
    while (is_turn_taken)
        P11_TRY(km_p11_wait());
    is_turn_taken = true;
    turn->life = km_p11_life();
    return CKR_OK;
}

void km_p11_turn_give(struct km_p11_turn *turn)
{
    if (turn->life == 0 || turn->life != km_p11_life())
        return;
    is_turn_taken = false;
    km_p11_wake();
}

static struct km_slice list_slice(const struct km_p11_list *list)
{
    return list == NULL ? KM_SLICE(NULL, 0) : KM_SLICE(list->bytes, list->len);
}

static CK_RV put_note(const struct km_p11_object *object, const struct km_p11_list *list,
                      uint32_t note_flags, uint8_t ret[CLRC_NOTE_MAX], size_t *ret_len)
{
    const struct km_p11_object *twin = twin_of(object);
    const struct km_p11_list *other = twin == NULL ? NULL : &twin->attributes;
    struct km_p11_note note = {.token = object->token,
                               .flags = note_flags,
                               .own = list_slice(object->is_public_half ? other : list),
                               .public_half = list_slice(object->is_public_half ? list : other)};
    return km_p11_note_put(&note, KM_SPAN(ret, CLRC_NOTE_MAX), ret_len)
               ? CKR_OK
               : CKR_ATTRIBUTE_VALUE_INVALID;
}

/* What goes to the service; copies, since others see the object meanwhile and a logout wipes its content. */
struct letter {
    bool is_data;
    ClrcKeyInfo info;
    uint8_t *content;
    uint32_t content_len;
    uint8_t note[CLRC_NOTE_MAX];
    size_t note_len;
};

static void letter_clear(struct letter *letter)
{
    if (letter->content != NULL)
        km_wipe(letter->content, letter->content_len);
    free(letter->content);
}

static CK_RV letter_write(struct km_p11_object *object, const struct km_p11_list *list,
                          uint32_t note_flags, struct letter *letter)
{
    letter->is_data = object->class == CKO_DATA || object->class == CKO_CERTIFICATE;
    if (letter->is_data) {
        P11_TRY(km_p11_object_content(object));
        letter->content = calloc(1, object->content_len + 1u);
        if (letter->content == NULL)
            return CKR_HOST_MEMORY;
        letter->content_len = object->content_len;
        km_copy(letter->content, object->content_len + 1u, object->content, object->content_len);
    }
    letter->info = object->info;
    return put_note(object, list, note_flags, letter->note, &letter->note_len);
}

/* Without the lock. */
static CK_RV letter_send(const struct letter *letter, ClrcPasswordHandle password)
{
    uint32_t note_len = (uint32_t)letter->note_len;
    ClrcData data = {letter->note, note_len, letter->content, letter->content_len};
    return km_p11_result(letter->is_data ? clrcSaveData(letter->info.name, &data, password, 1)
                                         : clrcSetKeyNote(letter->info.name, letter->info.id,
                                                          letter->note, note_len));
}

CK_RV km_p11_object_rewrite(struct km_p11_object *object, struct km_p11_list *list,
                            uint32_t note_flags)
{
    KM_AUTO(km_p11_pin_freep) struct km_p11_pin *pin = NULL;
    KM_AUTO(letter_clear) struct letter letter = {0};
    P11_TRY(pin_of(object, &pin));
    P11_TRY(letter_write(object, list, note_flags, &letter));
    struct km_p11_change change = km_p11_change_begin();
    CK_RV rv = letter_send(&letter, km_p11_pin_handle(pin));
    P11_TRY(km_p11_change_end(&change, rv));
    object->note_flags = note_flags;
    km_p11_object_set_list(object, list);
    return CKR_OK;
}
