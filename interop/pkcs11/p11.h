/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the PKCS#11 module share.
 *
 * One lock guards the tables of sessions, objects and slots (km_p11_lock); it is held while they are looked at, never while the
 * service is asked: whoever has it and needs the service goes outside (km_p11_outside) and looks again afterwards at what may have
 * changed. What goes on in a session has the session's own lock, taken after it was found and without the other one. Sessions,
 * objects, keys and PINs are counted, so that whoever closes, destroys or logs out does not take one from under another thread.
 * Nothing is connected or opened before the first call that needs the service.
 */
#ifndef KM_P11_H
#define KM_P11_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#include <pkcs11.h>
#pragma GCC visibility pop

#include "clrc.h"
#include "common/km_bytes.h"
#include "common/km_status.h"

/* Numbers of the standard that the header does not have. */
#ifndef CKM_AES_XTS
#define CKM_AES_XTS 0x00001071UL
#define CKM_AES_XTS_KEY_GEN 0x00001072UL
#endif
#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 0x00000004UL
#endif
#ifndef CKA_NAME_HASH_ALGORITHM
#define CKA_NAME_HASH_ALGORITHM 0x0000008cUL
#endif
#ifndef CKM_DES3_CMAC
#define CKM_DES3_CMAC 0x00000138UL
#endif
#ifndef CKM_AES_OFB
#define CKM_AES_OFB 0x00002104UL
#endif
#ifndef CKM_AES_CFB128
#define CKM_AES_CFB128 0x00002107UL
#endif
#ifndef CKR_AEAD_DECRYPT_FAILED
#define CKR_AEAD_DECRYPT_FAILED 0x00000042UL
#endif

/* Fails with what the expression answers unless that is CKR_OK. */
#define P11_TRY(expression)                                                                        \
    do {                                                                                           \
        CK_RV try_rv_ = (expression);                                                              \
        if (try_rv_ != CKR_OK)                                                                     \
            return try_rv_;                                                                        \
    } while (0)

/* ---- results (result.c) ---- */

/* km_p11_result: the one table from the service's results to PKCS#11's. */
CK_RV km_p11_result(ClrcResult result);

/* ---- configuration (config.c) ---- */

/* How slot 0 introduces itself: texts as they go into CK_TOKEN_INFO, without padding. */
struct km_p11_config {
    char manufacturer[33];
    char model[17];
    char serial[17];
    char label[33];
    CK_VERSION hardware, firmware;
    bool has_serial;    /* the file names one: of all tokens */
    bool has_free_slot; /* an empty slot at the end, for C_InitToken */
    bool is_hardware;   /* slots say that they are */
    bool has_key_slot;  /* slot 0 is listed */
};
/* km_p11_config_default: as it is without a file. */
void km_p11_config_default(struct km_p11_config *ret);
/* km_p11_config_parse: the lines of a file over what *ret has. False: a line is none of ours, and *ret is as it was. */
KM_MUST_USE bool km_p11_config_parse(struct km_slice text, struct km_p11_config *ret);
/* km_p11_config_load: $KEYMOOR_PKCS11_CONF or /etc/keymoor/pkcs11.conf; a file that is missing changes nothing. */
CK_RV km_p11_config_load(struct km_p11_config *ret);

/* ---- attributes as they are kept (list.c) ---- */

/* Attributes one after the other: u32 type, u32 length, octets; little-endian. Each type once. */
struct km_p11_list {
    uint8_t *bytes;
    size_t len;
};
#define KM_P11_CHECK_LEN 3u /* octets of CKA_CHECK_VALUE */
#define KM_P11_LIST_MAX 900u
#define KM_P11_VALUE_MAX 512u
KM_MUST_USE bool km_p11_list_check(struct km_slice bytes);
KM_MUST_USE bool km_p11_list_find(const struct km_p11_list *list, CK_ATTRIBUTE_TYPE type,
                                  struct km_slice *ret);
/* km_p11_list_set: in the place of what it had. CKR_ATTRIBUTE_VALUE_INVALID: too long. */
CK_RV km_p11_list_set(struct km_p11_list *list, CK_ATTRIBUTE_TYPE type, struct km_slice value);
CK_RV km_p11_list_copy(const struct km_p11_list *from, struct km_p11_list *ret);
void km_p11_list_clear(struct km_p11_list *list);
/* km_p11_list_next: one attribute after the other of a list's octets; false at the end. */
KM_MUST_USE bool km_p11_list_next(struct km_rd *rd, CK_ATTRIBUTE_TYPE *ret_type,
                                  struct km_slice *ret_value);

/* What stands in a key's or data object's note. */
struct km_p11_note {
    uint32_t token; /* 0: slot 0 */
    uint32_t flags; /* KM_P11_NOTE_... */
    struct km_slice own, public_half;
};
#define KM_P11_NOTE_NO_PUBLIC 1u /* the public half is no object of its own */
#define KM_P11_NOTE_PRIVATE 2u   /* CKA_PRIVATE */
#define KM_P11_NOTE_CERTIFICATE 4u
#define KM_P11_NOTE_TOKEN 8u /* a token's own record; `own` has its label */
#define KM_P11_NOTE_USER_PIN 16u
KM_MUST_USE bool km_p11_note_parse(struct km_slice in, struct km_p11_note *ret);
KM_MUST_USE bool km_p11_note_put(const struct km_p11_note *note, struct km_span out,
                                 size_t *ret_len);

/*
 * km_p11_certificate: whole elements in DER: views of a certificate's issuer, subject and serial number. False: it is none, as far as
 * this looks; nobody is trusted by it.
 */
KM_MUST_USE bool km_p11_certificate(struct km_slice der, struct km_slice *ret_issuer,
                                    struct km_slice *ret_subject, struct km_slice *ret_serial);

/* ---- the library's state (library.c) ---- */

void km_p11_lock(void);
void km_p11_unlock(void);
/* For KM_AUTO: gives the lock back when the entered turns out of scope. */
struct km_p11_entered {
    bool is_in;
};
void km_p11_leave(struct km_p11_entered *entered);
/* km_p11_enter: takes the lock; CKR_CRYPTOKI_NOT_INITIALIZED (and no lock) when it is not, or in a forked child. */
CK_RV km_p11_enter(struct km_p11_entered *entered);
/*
 * km_p11_outside: lets go of the lock, for calls to the service. km_p11_inside: takes it again with what km_p11_outside answered;
 * CKR_CRYPTOKI_NOT_INITIALIZED when there was a C_Finalize meanwhile. It holds the lock in either case.
 */
uint64_t km_p11_outside(void);
CK_RV km_p11_inside(uint64_t life);
/* km_p11_wait: the same until somebody calls km_p11_wake, or for no reason: to be called in a loop that looks at what is waited for. */
CK_RV km_p11_wait(void);
void km_p11_wake(void);
/* km_p11_life: another number after each C_Initialize and C_Finalize. */
uint64_t km_p11_life(void);
/* km_p11_config: what C_Initialize read; valid while initialised. */
const struct km_p11_config *km_p11_config(void);

/* km_p11_forget: in a forked child: the parent's sessions, objects and slots are let go of, not released. */
void km_p11_forget(void);
/* km_p11_pad: text with blanks to its fixed length. */
void km_p11_pad(CK_UTF8CHAR *to, size_t len, const char *text);

/* Entries of a table have handles that are never used for another one. All under the lock. */
struct km_p11_table {
    void **items;
    uint32_t *generations;
    uint32_t n_items, room, first_free, n_used;
};
CK_RV km_p11_table_add(struct km_p11_table *table, void *item, CK_ULONG *ret_handle);
void *km_p11_table_find(const struct km_p11_table *table, CK_ULONG handle);
void *km_p11_table_remove(struct km_p11_table *table, CK_ULONG handle);
void km_p11_table_clear(struct km_p11_table *table);

/* ---- keys and objects (object.c) ---- */

struct km_p11_key {
    atomic_uint n_refs;
    ClrcKeyHandle handle;
    ClrcKeyInfo info;
};
struct km_p11_key *km_p11_key_ref(struct km_p11_key *key);
void km_p11_key_freep(struct km_p11_key **key);
/* km_p11_key_new: takes the handle on success. */
CK_RV km_p11_key_new(ClrcKeyHandle handle, struct km_p11_key **ret_key);

/* A place in a chain of objects. */
struct km_p11_link {
    struct km_p11_object *next;
    struct km_p11_object **at; /* what points here; NULL: in no chain */
};

struct km_p11_object {
    unsigned n_refs; /* under the lock */
    CK_OBJECT_HANDLE handle;
    CK_SESSION_HANDLE session; /* 0: a token object */
    uint32_t token;
    bool is_private;
    bool
        is_provisioned_certificate; /* of the certificates application; not kept here, since it may change */
    bool is_foreign;     /* made by another door: label and id are those that the service has */
    bool is_public_half; /* of the named key that has the private one */
    CK_OBJECT_CLASS class;
    uint64_t epoch;
    ClrcKeyInfo info;
    uint32_t note_flags;
    struct km_p11_key *key; /* NULL: not loaded yet */
    struct km_p11_list attributes;
    uint8_t *content; /* of a certificate or data object; NULL: not loaded yet */
    uint32_t content_len;
    struct km_p11_link by_key; /* objects of one named key, or of one session */
    struct km_p11_link by_id, by_label;
};

/* All of these with the lock held. */
struct km_p11_session;
void km_p11_objects_clear(void);
void km_p11_objects_forget(void);
/* km_p11_objects_refresh: what the service has now of all tokens, or what is known when that has not changed. It goes outside. */
CK_RV km_p11_objects_refresh(void);
/* km_p11_certificates_refresh: the same of provisioned certificates. */
CK_RV km_p11_certificates_refresh(void);
void km_p11_listings_forget(void);
/*
 * km_p11_change_begin, _end: around one call to the service that changes something there; outside in between, inside again afterwards. _end
 * answers what went wrong: the call (rv) or getting in again. When the store shows one change since the last listing, and the call succeeded, it
 * was this one: then what is known, and what the caller now adds or takes away, is still all there is.
 */
struct km_p11_change {
    uint64_t life;
    ClrcStorageState before;
    bool is_known;
};
struct km_p11_change km_p11_change_begin(void);
CK_RV km_p11_change_end(const struct km_p11_change *change, CK_RV rv);
/* km_p11_listings_without: this key is gone, whatever a listing that is on its way says. */
void km_p11_listings_without(const uint8_t id[16]);
/* km_p11_epoch: of the listing begun last. */
uint64_t km_p11_epoch(void);
CK_RV km_p11_object_find(const struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                         struct km_p11_object **ret_object);
/* km_p11_object_add: takes on success; the handle is set. */
CK_RV km_p11_object_add(struct km_p11_object *object);
struct km_p11_object *km_p11_object_new(void);
void km_p11_object_freep(struct km_p11_object **object);
struct km_p11_object *km_p11_object_ref(struct km_p11_object *object);
/* km_p11_object_remove: from the table, when it is still there. */
void km_p11_object_remove(struct km_p11_object *object);
/* km_p11_object_destroyed: the same for one that was destroyed; the public half goes with its private key. */
void km_p11_object_destroyed(struct km_p11_object *object);
/* km_p11_object_known: the token object of this class with this id. */
struct km_p11_object *km_p11_object_known(const uint8_t id[16], CK_OBJECT_CLASS class);
/* km_p11_object_set_list: other attributes for an object; takes them. */
void km_p11_object_set_list(struct km_p11_object *object, struct km_p11_list *list);
/* km_p11_objects_of_session: those that go with it. */
void km_p11_objects_of_session(struct km_p11_session *session);
/* km_p11_objects_hide: a token's private objects are unloaded; when its login ends they vanish, and their handles for good. */
void km_p11_objects_hide(uint32_t token, bool is_over);
/* km_p11_object_key: its key, loaded; a reference that the caller frees. CKR_KEY_HANDLE_INVALID: it is none. It may go outside. */
CK_RV km_p11_object_key(struct km_p11_object *object, struct km_p11_key **ret_key);
/* km_p11_object_content: makes sure of object->content. It may go outside, so the caller has a reference. */
CK_RV km_p11_object_content(struct km_p11_object *object);
/* km_p11_object_named: a token object of slot 0 with this name; NULL when there is none. */
struct km_p11_object *km_p11_object_named(CK_OBJECT_CLASS class, const char *name);
/* km_p11_object_next: walks all objects; *at begins as 0. NULL at the end. */
struct km_p11_object *km_p11_object_next(uint32_t *at);
bool km_p11_object_visible(const struct km_p11_session *session,
                           const struct km_p11_object *object);
/*
 * km_p11_object_rewrite: other attributes and flags for a token object's note, saved; only then they are the object's. takes list on success.
 * It goes outside, so the caller has a reference, and the turn that km_p11_turn_take gave.
 */
CK_RV km_p11_object_rewrite(struct km_p11_object *object, struct km_p11_list *list,
                            uint32_t note_flags);
/* km_p11_turn_take: waits until nobody else rewrites a note: what a note will say depends on what it said. It may go outside. */
struct km_p11_turn {
    uint64_t life; /* 0: not taken */
};
CK_RV km_p11_turn_take(struct km_p11_turn *turn);
/* For KM_AUTO, with the lock held. */
void km_p11_turn_give(struct km_p11_turn *turn);

/* ---- chains of objects with one CKA_ID or CKA_LABEL (index.c) ---- */

/* km_p11_index_put, _drop: puts an object where its attributes say now, or takes it out. */
void km_p11_index_put(struct km_p11_object *object);
void km_p11_index_drop(struct km_p11_object *object);
void km_p11_index_forget(void);
/*
 * km_p11_index_first: the chain in which all objects are that have this value, and others; false: there is none for this type. Objects whose
 * value is not held here are in the chain of km_p11_index_unheld.
 */
bool km_p11_index_first(const CK_ATTRIBUTE *wanted, struct km_p11_object **ret_first);
struct km_p11_object *km_p11_index_unheld(void);
/* km_p11_index_next: the next one in the chain of that type. */
struct km_p11_object *km_p11_index_next(const struct km_p11_object *object, CK_ATTRIBUTE_TYPE type);
/* km_p11_link_put: to the front of a chain; link is the object's, the same one in all objects of that chain. */
void km_p11_link_put(struct km_p11_object *object, struct km_p11_link *link,
                     struct km_p11_object **first);
/* km_p11_link_drop: takes it out of its chain, if it is in one. */
void km_p11_link_drop(struct km_p11_object *object, struct km_p11_link *link);

/* ---- attributes (attribute.c, template.c) ---- */

/*
 * km_p11_attribute: one attribute's value, as C_GetAttributeValue has it, with the lock held; it may go outside, so the caller has a
 * reference to the object.
 */
CK_RV km_p11_attribute(struct km_p11_object *object, CK_ATTRIBUTE *attribute);
/* km_p11_attribute_held: a CKA_ID or CKA_LABEL that is known without looking elsewhere; a view, valid until the object changes. */
bool km_p11_attribute_held(const struct km_p11_object *object, CK_ATTRIBUTE_TYPE type,
                           struct km_slice *ret);
/* km_p11_keep_public: what makes up a public half, for its note: the key itself will be wrapped. */
CK_RV km_p11_keep_public(struct km_p11_object *object);
/* km_p11_attribute_matches: whether the object has this value; as km_p11_attribute. */
bool km_p11_attribute_matches(struct km_p11_object *object, const CK_ATTRIBUTE *wanted);
/* km_p11_list_bool: a stored bool, or what it is without. */
bool km_p11_list_bool(const struct km_p11_list *list, CK_ATTRIBUTE_TYPE type, bool otherwise);

/* A template that was read. */
struct km_p11_template {
    const CK_ATTRIBUTE *at;
    CK_ULONG n;
};
const CK_ATTRIBUTE *km_p11_template_find(const struct km_p11_template *template,
                                         CK_ATTRIBUTE_TYPE type);
CK_RV km_p11_template_bool(const struct km_p11_template *template, CK_ATTRIBUTE_TYPE type,
                           bool otherwise, bool *ret);
CK_RV km_p11_template_ulong(const struct km_p11_template *template, CK_ATTRIBUTE_TYPE type,
                            CK_ULONG otherwise, CK_ULONG *ret);
/* km_p11_template_check: each pointer is there, each type known and once; those whose value we compute may not be set. */
CK_RV km_p11_template_check(const CK_ATTRIBUTE *at, CK_ULONG n);
/* km_p11_attribute_kind: how a type is treated. */
enum km_p11_kind {
    KM_P11_UNKNOWN = 0,
    KM_P11_COMPUTED, /* follows from the object; may stand in templates of objects that are made */
    KM_P11_STORED,   /* octets, kept as they are */
    KM_P11_BOOL,     /* kept, one octet */
    KM_P11_USAGE,    /* a bool that the service enforces */
    KM_P11_SECRET,   /* part of a private or secret key */
    KM_P11_ARRAY,    /* a template, kept as a list within the list */
};
enum km_p11_kind km_p11_attribute_kind(CK_ATTRIBUTE_TYPE type);

/* ---- curve.c ---- */

/* km_p11_curve_of: the curve that CKA_EC_PARAMS names: bits of a NIST curve, or one of these. CKR_CURVE_NOT_SUPPORTED. */
#define KM_P11_ED25519 10255u
#define KM_P11_X25519 20255u
#define KM_P11_ED448 10448u
#define KM_P11_X448 20448u
CK_RV km_p11_curve_of(struct km_slice params, uint32_t *ret_curve);
/* km_p11_curve_params: the other way; empty when there is none. A view of static storage. */
struct km_slice km_p11_curve_params(uint32_t curve);

/* The curves of RFC 8410, whose keys are octets of one length. */
struct km_p11_octet_curve {
    uint32_t curve; /* KM_P11_... */
    CK_KEY_TYPE key_type;
    ClrcKeyType public_type, pair_type;
    uint32_t bits; /* of a key, as the service counts them */
    uint32_t len;  /* octets of each value */
    ClrcAttribute public_value, private_value;
    ClrcAlgorithm signs; /* CLRC_ALG_NONE: it agrees */
    uint32_t signature_len;
};
/* km_p11_octet_curve_of_type: of a key in the service; NULL for other keys. */
const struct km_p11_octet_curve *km_p11_octet_curve_of_type(ClrcKeyType type);
/*
 * km_p11_octet_curve_find: what CKA_EC_PARAMS names for CKK_EC_EDWARDS or CKK_EC_MONTGOMERY; params may be NULL: the curve of
 * 255 bits. CKR_CURVE_NOT_SUPPORTED: none of that key type.
 */
CK_RV km_p11_octet_curve_find(const CK_ATTRIBUTE *params, CK_KEY_TYPE key_type,
                              const struct km_p11_octet_curve **ret);

/* ---- attribute.c ---- */

/* km_p11_key_type: of a key that the service has; km_p11_object_type: as its template said, which may be more to the point. */
CK_KEY_TYPE km_p11_key_type(const ClrcKeyInfo *info);
CK_KEY_TYPE km_p11_object_type(const struct km_p11_object *object);
/* km_p11_usage_of: what the service calls a usage, CLRC_USAGE_...; 0 for other attributes. */
uint32_t km_p11_usage_of(CK_ATTRIBUTE_TYPE type);
/* km_p11_attribute_fixed: kept, and not to be changed afterwards. */
bool km_p11_attribute_fixed(CK_ATTRIBUTE_TYPE type);
bool km_p11_is_ec(ClrcKeyType type);

/* ---- templates as attributes (array.c) ---- */

/* km_p11_array_keep: the list's form of a template that stands in an attribute. */
CK_RV km_p11_array_keep(const CK_ATTRIBUTE *attribute, struct km_p11_list *list);
/* km_p11_array_give: the other way, as C_GetAttributeValue has it: sizes where the caller has no room yet. */
CK_RV km_p11_array_give(struct km_slice kept, CK_ATTRIBUTE *attribute);
/* km_p11_array_matches: whether an object has all that the template wants of it; as km_p11_attribute. */
bool km_p11_array_matches(struct km_slice kept, struct km_p11_object *object);
/*
 * km_p11_merged: a caller's template with what a key demands of the keys that are made with it behind it; views of both.
 * CKR_TEMPLATE_INCONSISTENT: it says otherwise.
 */
#define KM_P11_MERGED_MAX 64u
struct km_p11_merged {
    struct km_p11_list demanded;
    CK_ATTRIBUTE at[KM_P11_MERGED_MAX];
    CK_ULONG n;
};
CK_RV km_p11_merge(const CK_ATTRIBUTE *at, CK_ULONG n, struct km_slice demanded,
                   struct km_p11_merged *ret);
void km_p11_merged_clear(struct km_p11_merged *merged);

/* ---- making objects (create.c) ---- */

/* What a template says of a key that is to be made. */
struct km_p11_wish {
    struct km_p11_template template;
    const struct km_p11_list
        *kept; /* attributes to begin with, of the object that is copied; NULL: none */
    CK_OBJECT_CLASS class;
    CK_KEY_TYPE key_type;
    bool is_token, is_private;
    ClrcKeyTemplate key;
};
/* km_p11_wish_read: class and key type as given when the template does not say. */
CK_RV km_p11_wish_read(const CK_ATTRIBUTE *at, CK_ULONG n, CK_OBJECT_CLASS class,
                       CK_KEY_TYPE key_type, struct km_p11_wish *ret);
/* km_p11_make_object: an object for a new key, saved when the wish says so. The key is borrowed. Takes and gives back the lock. */
CK_RV km_p11_make_object(struct km_p11_session *session, const struct km_p11_wish *wish,
                         struct km_p11_key *key, bool is_local, CK_MECHANISM_TYPE mechanism,
                         CK_OBJECT_HANDLE *ret_handle);
CK_RV km_p11_make_pair(struct km_p11_session *session, const struct km_p11_wish *private_wish,
                       const struct km_p11_wish *public_wish, struct km_p11_key *key,
                       CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE *ret_private,
                       CK_OBJECT_HANDLE *ret_public);

/* km_p11_make_public: an object of its own for the public half of a key, or for a public key once more. */
CK_RV km_p11_make_public(struct km_p11_session *session, const struct km_p11_wish *wish,
                         struct km_p11_key *pair, CK_OBJECT_HANDLE *ret_handle);
/* km_p11_make_data: a certificate or data object. Takes and gives back the lock. */
CK_RV km_p11_make_data(struct km_p11_session *session, const struct km_p11_wish *wish,
                       struct km_slice content, CK_OBJECT_HANDLE *ret_handle);

/* ---- mechanisms (mechanism.c) ---- */

enum km_p11_family {
    KM_P11_DIGEST = 1,
    KM_P11_MAC,
    KM_P11_ECDSA,
    KM_P11_EDDSA,
    KM_P11_RSA_PKCS,
    KM_P11_RSA_PSS,
    KM_P11_RSA_X509,
    KM_P11_RSA_OAEP,
    KM_P11_CIPHER,
    KM_P11_CIPHER_PAD,
    KM_P11_CIPHER_CTR,
    KM_P11_GCM,
    KM_P11_CCM,
    KM_P11_CHACHA,
    KM_P11_WRAP,
    KM_P11_GENERATE,
    KM_P11_GENERATE_PAIR,
    KM_P11_AGREE,
    KM_P11_HKDF,
    KM_P11_HKDF_DATA,
    KM_P11_DSA,
    KM_P11_CIPHER_WHOLE, /* data are worked on as a whole alone */
    KM_P11_CTS,
    KM_P11_DH,
    KM_P11_HASH_DERIVE,
    KM_P11_ENCRYPT_DERIVE,
    KM_P11_PASSWORD,
    KM_P11_RSA_AES,
};
struct km_p11_mechanism {
    CK_MECHANISM_TYPE type;
    CK_ULONG min, max; /* as CK_MECHANISM_INFO has them */
    CK_FLAGS flags;
    enum km_p11_family family;
    CK_KEY_TYPE key_type;
    ClrcAlgorithm algorithm;
    ClrcAlgorithm digest; /* of the message first; CLRC_ALG_NONE: the input is signed as it is */
};
const struct km_p11_mechanism *km_p11_mechanism_find(CK_MECHANISM_TYPE type);
const struct km_p11_mechanism *km_p11_mechanism_at(size_t i);
size_t km_p11_n_mechanisms(void);
/* km_p11_is_hmac_type: CKK_SHA256_HMAC and the like. */
bool km_p11_is_hmac_type(CK_KEY_TYPE type);
/* km_p11_mechanism_takes: whether keys of this type go with it. */
bool km_p11_mechanism_takes(const struct km_p11_mechanism *mechanism, CK_KEY_TYPE type);
/* km_p11_digest_len: octets of a digest's or MAC's output. */
uint32_t km_p11_digest_len(ClrcAlgorithm algorithm);
ClrcAlgorithm km_p11_pss_of(ClrcAlgorithm digest);
ClrcAlgorithm km_p11_pkcs_of(ClrcAlgorithm digest);
/* km_p11_hkdf_of: HKDF with a digest: both steps, or one; NONE when it is not offered. */
ClrcAlgorithm km_p11_hkdf_of(CK_MECHANISM_TYPE hash, bool extracts, bool expands);

/* ---- sessions and slots (session.c, slot.c) ---- */

struct km_p11_op;
struct km_p11_find;
enum km_p11_op_slot {
    KM_P11_OP_DIGEST = 0,
    KM_P11_OP_SIGN,
    KM_P11_OP_VERIFY,
    KM_P11_OP_ENCRYPT,
    KM_P11_OP_DECRYPT,
    KM_P11_OP_SIGN_RECOVER,
    KM_P11_OP_VERIFY_RECOVER,
    KM_P11_OP_MESSAGE_SIGN,
    KM_P11_OP_MESSAGE_VERIFY,
    KM_P11_OP_MESSAGE_ENCRYPT,
    KM_P11_OP_MESSAGE_DECRYPT,
    KM_P11_OPS,
};
struct km_p11_session {
    unsigned n_refs; /* under the lock */
    CK_SESSION_HANDLE handle;
    struct km_p11_slot *slot;
    CK_FLAGS flags;
    pthread_mutex_t lock; /* guards what follows */
    struct km_p11_op *ops[KM_P11_OPS];
    struct km_p11_find *find;
    struct km_p11_object *objects; /* its session objects: chained by_key, under the lock of all */
};
/* km_p11_session_take: finds a session, one reference; no lock is held afterwards. km_p11_session_givep gives it back. */
CK_RV km_p11_session_take(CK_SESSION_HANDLE handle, struct km_p11_session **ret_session);
void km_p11_session_givep(struct km_p11_session **session);
/* km_p11_session_enter: the same, with the session's lock held until km_p11_session_leavep. */
CK_RV km_p11_session_enter(CK_SESSION_HANDLE handle, struct km_p11_session **ret_session);
void km_p11_session_leavep(struct km_p11_session **session);
void km_p11_sessions_clear(void);
void km_p11_sessions_forget(void);
/* km_p11_session_is_open: whether nobody closed it meanwhile; with the lock held. */
bool km_p11_session_is_open(const struct km_p11_session *session);
/* km_p11_session_of: a session that is open, with the lock held; NULL. */
struct km_p11_session *km_p11_session_of(CK_SESSION_HANDLE handle);

/* A user's PIN as the service took it. Counted: who logs out takes it from nobody. */
struct km_p11_pin {
    atomic_uint n_refs;
    ClrcPasswordHandle handle;
};
struct km_p11_pin *km_p11_pin_ref(struct km_p11_pin *pin);
void km_p11_pin_freep(struct km_p11_pin **pin);
/* km_p11_pin_new: takes the handle on success. */
CK_RV km_p11_pin_new(ClrcPasswordHandle *handle, struct km_p11_pin **ret_pin);
/* km_p11_pin_handle: NULL for NULL. */
ClrcPasswordHandle km_p11_pin_handle(const struct km_p11_pin *pin);

struct km_secret;
struct km_p11_slot {
    CK_SLOT_ID id;
    uint32_t token; /* 0: slot 0, or nothing there yet */
    bool is_initialized;
    bool has_user_pin;
    bool has_event; /* its token came or went, and C_WaitForSlotEvent has not said so yet */
    char label[33];
    char name[CLRC_NAME_MAX + 1]; /* of its password object and its record */
    uint64_t epoch;
    CK_ULONG n_sessions, n_rw;
    bool is_busy;            /* somebody is outside with its PINs */
    bool is_emptied;         /* and it is C_InitToken: no session begins */
    struct km_p11_pin *user; /* NULL: not logged in */
    struct km_secret *so;    /* the security officer's PIN while he is logged in */
};
/*
 * km_p11_slot_claim: waits until nobody else is at work on the slot's PINs, so that two logins are not one too many; it goes outside.
 * km_p11_claim_give is for KM_AUTO, with the lock held.
 */
struct km_p11_claim {
    struct km_p11_slot *slot; /* NULL: none is held */
    uint64_t life;
};
CK_RV km_p11_slot_claim(struct km_p11_slot *slot, struct km_p11_claim *claim);
void km_p11_claim_give(struct km_p11_claim *claim);
struct km_p11_slot *km_p11_slot_find(CK_SLOT_ID id);
struct km_p11_slot *km_p11_slot_of(uint32_t token);
void km_p11_slots_clear(void);
void km_p11_slots_forget(void);
/* km_p11_slots_begin, _seen, _end: a listing of token records; end hides what was not seen. */
void km_p11_slot_seen(uint32_t token, const char *name, struct km_slice label, bool has_user_pin,
                      uint64_t epoch);
void km_p11_slots_sweep(uint64_t before);
/* km_p11_slot_event: a slot whose token came or went, once; false when there is none. */
bool km_p11_slot_event(CK_SLOT_ID *ret);
CK_RV km_p11_slots_begin(void);
void km_p11_logout(struct km_p11_slot *slot);

/* ---- operations (op.c) ---- */

void km_p11_op_freep(struct km_p11_op **op);
void km_p11_find_freep(struct km_p11_find **find);

#endif
