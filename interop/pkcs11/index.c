/* SPDX-License-Identifier: Apache-2.0 */
/* Objects by CKA_ID and CKA_LABEL, so that a search for one does not look at all. */
#include <string.h>

#include "interop/pkcs11/p11.h"

#define BUCKETS 16384u

static struct km_p11_object *by_id[BUCKETS];
static struct km_p11_object *by_label[BUCKETS];
static struct km_p11_object *unheld; /* whose CKA_ID is another object's */

void km_p11_link_drop(struct km_p11_object *object, struct km_p11_link *link)
{
    size_t where = (size_t)((uint8_t *)link - (uint8_t *)object);
    if (link->at == NULL)
        return;
    *link->at = link->next;
    if (link->next != NULL)
        ((struct km_p11_link *)(void *)((uint8_t *)link->next + where))->at = link->at;
    *link = (struct km_p11_link){0};
}

/* FNV-1a: who chooses labels so that they collide makes his own searches slow. */
static uint32_t bucket_of(struct km_slice value)
{
    uint32_t hash = 0x811c9dc5u;
    for (size_t i = 0; i < value.len; i++)
        hash = (hash ^ value.ptr[i]) * 0x01000193u;
    return (hash ^ hash >> 16) % BUCKETS;
}

void km_p11_index_put(struct km_p11_object *object)
{
    struct km_slice value = {0};
    bool is_held = km_p11_attribute_held(object, CKA_ID, &value);
    km_p11_link_put(object, &object->by_id, is_held ? &by_id[bucket_of(value)] : &unheld);
    if (!km_p11_attribute_held(object, CKA_LABEL, &value))
        value = KM_SLICE(NULL, 0);
    km_p11_link_put(object, &object->by_label, &by_label[bucket_of(value)]);
}

void km_p11_index_drop(struct km_p11_object *object)
{
    km_p11_link_drop(object, &object->by_id);
    km_p11_link_drop(object, &object->by_label);
}

void km_p11_index_forget(void)
{
    unheld = NULL;
    for (unsigned i = 0; i < BUCKETS; i++) {
        by_id[i] = NULL;
        by_label[i] = NULL;
    }
}

bool km_p11_index_first(const CK_ATTRIBUTE *wanted, struct km_p11_object **ret_first)
{
    if ((wanted->type != CKA_ID && wanted->type != CKA_LABEL) ||
        (wanted->pValue == NULL && wanted->ulValueLen != 0))
        return false;
    uint32_t at = bucket_of(KM_SLICE(wanted->pValue, wanted->ulValueLen));
    *ret_first = wanted->type == CKA_ID ? by_id[at] : by_label[at];
    return true;
}

struct km_p11_object *km_p11_index_unheld(void)
{
    return unheld;
}

struct km_p11_object *km_p11_index_next(const struct km_p11_object *object, CK_ATTRIBUTE_TYPE type)
{
    return type == CKA_ID ? object->by_id.next : object->by_label.next;
}
