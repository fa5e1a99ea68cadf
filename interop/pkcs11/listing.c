/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service has. The service tells which state its stores are in, so that all is listed again only when something has changed there,
 * whoever changed it; what this process changes itself it knows.
 */
#include <stdlib.h>
#include <string.h>

#include "clrsc.h"
#include "interop/pkcs11/p11.h"

/* What was listed last. */
struct known {
    bool is_known;
    ClrcStorageState state;
    uint64_t ticket; /* of the listing that it came from */
};
static struct known keys;
static struct known certificates;
static uint64_t
    epoch; /* tickets given out: a listing merges nothing that is older than what is there */
/* Keys and data objects destroyed while listings were on their way, which may still have them. */
static unsigned n_listing;
static uint8_t (*gone)[16];
static size_t n_gone, gone_room;

uint64_t km_p11_epoch(void)
{
    return epoch;
}

void km_p11_listings_forget(void)
{
    keys = (struct known){0};
    certificates = (struct known){0};
    n_listing = 0;
    n_gone = 0;
}

void km_p11_listings_without(const uint8_t id[16])
{
    if (n_listing == 0)
        return;
    if (n_gone == gone_room) {
        size_t room = gone_room == 0 ? 16 : 2 * gone_room;
        uint8_t(*grown)[16] = realloc(gone, room * sizeof(*grown));
        if (grown == NULL) /* then the next search finds it gone */
            return;
        gone = grown;
        gone_room = room;
    }
    km_copy(gone[n_gone++], 16, id, 16);
}

static bool is_gone(const uint8_t id[16])
{
    for (size_t i = 0; i < n_gone; i++) {
        if (memcmp(gone[i], id, 16) == 0)
            return true;
    }
    return false;
}

static bool is_same(const ClrcStorageState *a, const ClrcStorageState *b)
{
    return a->n_changes == b->n_changes && memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

struct km_p11_change km_p11_change_begin(void)
{
    struct km_p11_change change = {.before = keys.state, .is_known = keys.is_known};
    change.life = km_p11_outside();
    return change;
}

CK_RV km_p11_change_end(const struct km_p11_change *change, CK_RV rv)
{
    ClrcStorageState after = {0};
    bool is_told = rv == CKR_OK && change->is_known && clrcStorageState(&after) == CLRC_SUCCESS;
    P11_TRY(km_p11_inside(change->life));
    if (is_told && after.n_changes == change->before.n_changes + 1 && keys.is_known &&
        is_same(&keys.state, &change->before))
        keys.state = after;
    return rv;
}

/* ---- what a listing says ---- */

struct entry {
    ClrcKeyInfo info;
    bool is_certificate; /* a provisioned one */
    uint32_t note_len;
    uint8_t *note;
};
struct entries {
    struct entry *at;
    size_t n, room;
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
    entries->at[entries->n++] = (struct entry){.info = *info, .note_len = length, .note = copy};
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
    case KEY_ED448_PUBLIC:
    case KEY_X448_PUBLIC:
        return CKO_PUBLIC_KEY;
    case KEY_RSA_KEYPAIR:
    case KEY_ECDSA_KEYPAIR:
    case KEY_ECDH_KEYPAIR:
    case KEY_EC_DUAL_KEYPAIR:
    case KEY_DSA_KEYPAIR:
    case KEY_DH_KEYPAIR:
    case KEY_ED25519_KEYPAIR:
    case KEY_X25519_KEYPAIR:
    case KEY_ED448_KEYPAIR:
    case KEY_X448_KEYPAIR:
        return CKO_PRIVATE_KEY;
    case KEY_NONE: /* a data object */
        return (note->flags & KM_P11_NOTE_CERTIFICATE) != 0 ? CKO_CERTIFICATE : CKO_DATA;
    }
    return CKO_VENDOR_DEFINED;
}

/* ---- what is known takes it over ---- */

static CK_RV take_list(struct km_p11_object *object, struct km_slice bytes)
{
    struct km_p11_list given = {(uint8_t *)(uintptr_t)bytes.ptr, bytes.len};
    struct km_p11_list list = {0};
    P11_TRY(km_p11_list_copy(&given, &list));
    km_p11_object_set_list(object, &list);
    return CKR_OK;
}

/* One object as the service has it now: a new one, or one that is known takes what changed. */
static CK_RV merge_one(const struct entry *entry, const struct km_p11_note *note,
                       CK_OBJECT_CLASS class, bool is_half)
{
    struct km_slice bytes = is_half ? note->public_half : note->own;
    struct km_p11_object *object = km_p11_object_known(entry->info.id, class);
    KM_AUTO(km_p11_object_freep) struct km_p11_object *made = NULL;
    if (object == NULL)
        object = made = km_p11_object_new();
    if (object == NULL)
        return CKR_HOST_MEMORY;
    bool is_other = made != NULL || !km_slice_equal(bytes, KM_SLICE(object->attributes.bytes,
                                                                    object->attributes.len));
    object->token = note->token;
    object->class = class;
    object->is_public_half = is_half;
    object->info = entry->info;
    object->note_flags = note->flags;
    object->is_foreign = note->own.ptr == NULL;
    object->is_provisioned_certificate = entry->is_certificate;
    object->is_private = (note->flags & KM_P11_NOTE_PRIVATE) != 0 && class != CKO_PUBLIC_KEY;
    object->epoch = epoch;
    if (is_other)
        P11_TRY(take_list(object, bytes));
    if (made != NULL)
        P11_TRY(km_p11_object_add(object));
    (void)km_steal(&made);
    return CKR_OK;
}

static CK_RV merge_entry(const struct entry *entry)
{
    struct km_p11_note note = {0};
    struct km_slice label = {0};
    if (is_gone(entry->info.id))
        return CKR_OK;
    /* A note of somebody else's making is as good as none. */
    if (!km_p11_note_parse(KM_SLICE(entry->note, entry->note_len), &note))
        note = (struct km_p11_note){0};
    if ((note.flags & KM_P11_NOTE_TOKEN) != 0) {
        struct km_p11_list list = {(uint8_t *)(uintptr_t)note.own.ptr, note.own.len};
        if (entry->info.type == KEY_NONE && note.token != 0 &&
            km_p11_list_find(&list, CKA_LABEL, &label))
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

/* What the listing no longer had goes. */
static CK_RV merge(const struct entries *entries, bool of_certificates, uint64_t ticket)
{
    for (size_t i = 0; i < entries->n; i++)
        P11_TRY(merge_entry(&entries->at[i]));
    uint32_t at = 0;
    for (struct km_p11_object *object = NULL; (object = km_p11_object_next(&at)) != NULL;) {
        if (object->session == 0 && object->is_provisioned_certificate == of_certificates &&
            object->epoch < ticket)
            km_p11_object_remove(object);
    }
    if (!of_certificates)
        km_p11_slots_sweep(ticket);
    return CKR_OK;
}

/* ---- refreshing ---- */

/* One of the service's two stores. */
struct source {
    struct known *known;
    ClrcResult (*state)(ClrcStorageState *state);
    ClrcResult (*list)(struct entries *entries);
    bool of_certificates;
};

static ClrcResult list_keys(struct entries *entries)
{
    return clrcListObjects(collect, entries);
}

static ClrcResult list_certificates(struct entries *entries)
{
    return clrscListNamedCertificates(collect_certificate, entries);
}

static CK_RV take_over(const struct source *source, const struct entries *entries,
                       const struct known *now)
{
    if (entries->is_short)
        return CKR_HOST_MEMORY;
    /* A listing that was begun later has been merged already: it is at least as new as was asked for. */
    if (source->known->ticket > now->ticket)
        return CKR_OK;
    source->known->is_known = false;
    P11_TRY(merge(entries, source->of_certificates, now->ticket));
    *source->known = *now;
    return CKR_OK;
}

/* The state is asked before the listing: what changes during it is seen by the next one. */
static CK_RV refresh(const struct source *source)
{
    KM_AUTO(entries_clear) struct entries entries = {0};
    const struct known before = *source->known;
    struct known now = {.ticket = ++epoch};
    n_listing++;
    uint64_t life = km_p11_outside();
    ClrcResult result = source->state(&now.state);
    now.is_known = result == CLRC_SUCCESS;
    bool is_same_state = now.is_known && before.is_known && is_same(&now.state, &before.state);
    if (!is_same_state && (now.is_known || result == CLRC_ERROR_NOT_SUPPORTED))
        result = source->list(&entries);
    P11_TRY(km_p11_inside(life));
    CK_RV rv = km_p11_result(result);
    if (rv == CKR_OK && !is_same_state)
        rv = take_over(source, &entries, &now);
    if (--n_listing == 0)
        n_gone = 0;
    return rv;
}

CK_RV km_p11_objects_refresh(void)
{
    static const struct source KEYS = {&keys, clrcStorageState, list_keys, false};
    return refresh(&KEYS);
}

CK_RV km_p11_certificates_refresh(void)
{
    static const struct source CERTIFICATES = {&certificates, clrscStorageState, list_certificates,
                                               true};
    CK_RV rv = refresh(&CERTIFICATES);
    /* A service without that application has no certificates, and is good for all else. */
    return rv == CKR_CRYPTOKI_NOT_INITIALIZED || rv == CKR_HOST_MEMORY ? rv : CKR_OK;
}
