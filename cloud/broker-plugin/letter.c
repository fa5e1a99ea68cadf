/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/letter.h"

#include <stdlib.h>

struct letter *letter_new(const struct letter *like)
{
    const struct km_slice *const parts[] = {&like->topic,       &like->payload, &like->client,
                                            &like->certificate, &like->key,     &like->address};
    size_t size = sizeof(struct letter);
    for (size_t i = 0; i < KM_ARRAY_LEN(parts); i++)
        size += parts[i]->len + 1;
    struct letter *letter = calloc(1, size);
    if (letter == NULL)
        return NULL;
    *letter = *like;
    letter->next = NULL;
    letter->size = size;

    struct km_slice *const copies[] = {&letter->topic,       &letter->payload, &letter->client,
                                       &letter->certificate, &letter->key,     &letter->address};
    struct km_wr wr = km_wr_init(letter + 1, size - sizeof(struct letter));
    for (size_t i = 0; i < KM_ARRAY_LEN(parts); i++) {
        *copies[i] = KM_SLICE(wr.buf + wr.len, parts[i]->len);
        km_wr_bytes(&wr, *parts[i]);
        km_wr_u8(&wr, 0);
    }
    return letter;
}

void letter_free(struct letter *letter)
{
    if (letter == NULL)
        return;
    if (letter->object != NULL)
        letter->object_free(letter->object);
    free(letter);
}

void letter_freep(struct letter **letter)
{
    letter_free(*letter);
}

const char *letter_text(struct km_slice part)
{
    return (const char *)part.ptr;
}

void letterbox_init(struct letterbox *box, size_t n_max, size_t size_max, void (*wake)(void *arg),
                    void *wake_arg)
{
    *box = (struct letterbox){
        .n_max = n_max, .size_max = size_max, .wake = wake, .wake_arg = wake_arg};
    atomic_init(&box->has_any, false);
    (void)pthread_mutex_init(&box->lock, NULL);
}

void letterbox_clear(struct letterbox *box)
{
    struct letter *letter = letterbox_take(box);
    while (letter != NULL) {
        struct letter *next = letter->next;
        letter_free(letter);
        letter = next;
    }
    (void)pthread_mutex_destroy(&box->lock);
}

static bool put(struct letterbox *box, struct letter *letter, bool always)
{
    (void)pthread_mutex_lock(&box->lock);
    bool fits = always || (box->n < box->n_max && letter->size <= box->size_max - box->size);
    if (fits) {
        letter->next = NULL;
        if (box->last != NULL)
            box->last->next = letter;
        else
            box->first = letter;
        box->last = letter;
        box->n++;
        box->size += letter->size;
        atomic_store(&box->has_any, true);
    }
    (void)pthread_mutex_unlock(&box->lock);
    if (fits)
        box->wake(box->wake_arg);
    return fits;
}

bool letterbox_put(struct letterbox *box, struct letter *letter)
{
    return put(box, letter, false);
}

void letterbox_put_always(struct letterbox *box, struct letter *letter)
{
    (void)put(box, letter, true);
}

struct letter *letterbox_take(struct letterbox *box)
{
    /* One that is put in just now wakes its reader once more. */
    if (!atomic_load(&box->has_any))
        return NULL;
    (void)pthread_mutex_lock(&box->lock);
    struct letter *all = box->first;
    box->first = NULL;
    box->last = NULL;
    box->n = 0;
    box->size = 0;
    atomic_store(&box->has_any, false);
    (void)pthread_mutex_unlock(&box->lock);
    return all;
}
