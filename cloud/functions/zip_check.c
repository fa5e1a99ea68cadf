/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cloud/functions/zip.h"

struct names {
    struct km_slice *name;
    size_t n, cap;
};

static void names_clear(struct names *names)
{
    free(names->name);
}

static km_status keep_name(struct km_err *err, void *ctx, const struct km_zip_entry *entry)
{
    struct names *names = ctx;
    if (names->n == names->cap) {
        size_t cap = names->cap == 0 ? 16 : 2 * names->cap;
        struct km_slice *more = realloc(names->name, cap * sizeof *more);
        if (more == NULL)
            return KM_FAIL(err, KM_E_NOMEM, "no memory for %zu names", cap);
        names->name = more;
        names->cap = cap;
    }
    names->name[names->n++] = entry->name;
    return KM_OK;
}

/* "/" comes before all others, so that what is below a name stands next to it. */
static int rank(uint8_t octet)
{
    return octet == '/' ? -1 : octet;
}

static int compare(const void *one, const void *other)
{
    const struct km_slice *a = one, *b = other;
    for (size_t i = 0; i < a->len && i < b->len; i++)
        if (a->ptr[i] != b->ptr[i])
            return rank(a->ptr[i]) - rank(b->ptr[i]);
    return (a->len > b->len) - (a->len < b->len);
}

/* Of two neighbours: the same file twice, or a file where the other one needs a folder. A folder may come twice. */
static bool clash(struct km_slice a, struct km_slice b)
{
    return a.ptr[a.len - 1] != '/' && b.len >= a.len && km_slice_equal(a, KM_SLICE(b.ptr, a.len)) &&
           (b.len == a.len || b.ptr[a.len] == '/');
}

km_status km_zip_check(struct km_err *err, struct km_slice archive, size_t unpacked_max)
{
    KM_AUTO(names_clear) struct names names = {0};
    KM_TRY(km_zip_each(err, archive, unpacked_max, keep_name, &names));
    if (names.n == 0)
        return KM_FAIL(err, KM_E_MALFORMED, "the archive is empty");
    qsort(names.name, names.n, sizeof *names.name, compare);
    for (size_t i = 1; i < names.n; i++)
        if (clash(names.name[i - 1], names.name[i]))
            return KM_FAIL(err, KM_E_MALFORMED, "the archive holds the name %.*s twice",
                           (int)names.name[i - 1].len, (const char *)names.name[i - 1].ptr);
    return KM_OK;
}
