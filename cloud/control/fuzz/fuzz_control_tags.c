/* SPDX-License-Identifier: Apache-2.0 */
/* Tags out of a form: what was read and is printed, all of it encoded, reads the same. */
#include <string.h>

#include "cloud/control/tags.h"
#include "fuzz/km_fuzz.h"

#define ARENA_MAX ((size_t)1 << 22)

static void put_encoded(struct km_wr *wr, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (; *text != '\0'; text++) {
        km_wr_u8(wr, '%');
        km_wr_u8(wr, (uint8_t)digits[(uint8_t)*text >> 4]);
        km_wr_u8(wr, (uint8_t)digits[(uint8_t)*text & 15]);
    }
}

static struct km_slice print(struct km_arena *arena, const struct km_tag_list *tags)
{
    size_t cap = 1;
    struct km_slice ret = {0};
    for (size_t i = 0; i < tags->n_items; i++)
        cap += 3 * (strlen(tags->items[i].key) + strlen(tags->items[i].value)) + 2;
    char *room = km_arena_alloc(arena, cap);
    KM_FUZZ_CHECK(room != NULL);
    struct km_wr wr = km_wr_init(room, cap);
    for (size_t i = 0; i < tags->n_items; i++) {
        put_encoded(&wr, tags->items[i].key);
        km_wr_u8(&wr, '=');
        put_encoded(&wr, tags->items[i].value);
        km_wr_u8(&wr, '&');
    }
    KM_FUZZ_CHECK(km_wr_finish(&wr, &ret));
    return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_tag_list tags = {0};
    struct km_tag_list again = {0};
    struct km_arena *arena = km_arena_new(ARENA_MAX);
    KM_FUZZ_CHECK(arena != NULL);
    if (size < 65536 && km_tags_parse(NULL, arena, KM_SLICE(data, size), &tags) == KM_OK) {
        KM_FUZZ_CHECK(tags.n_items <= KM_TAGS_MAX);
        KM_FUZZ_CHECK(km_tags_parse(NULL, arena, print(arena, &tags), &again) == KM_OK);
        KM_FUZZ_CHECK(again.n_items == tags.n_items);
        for (size_t i = 0; i < tags.n_items; i++)
            KM_FUZZ_CHECK(strcmp(again.items[i].key, tags.items[i].key) == 0 &&
                          strcmp(again.items[i].value, tags.items[i].value) == 0);
    }
    km_arena_free(arena);
    return 0;
}
