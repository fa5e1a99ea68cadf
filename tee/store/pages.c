/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/store/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_HEADER_LEN 16u
#define NODE_HEADER_LEN 8u
#define META_MAGIC 0xbeefc0deu
#define META_VERSION 1u
#define META_FLAG 0x08u
#define FREE_TREE_FLAGS 0x08u /* integer keys */
#define NODE_BIG 0x01u        /* data stand on overflow pages */
#define KEY_MAX 511u
#define PAGE_LEN_MIN 512u
#define PAGE_LEN_MAX 32768u
#define PAGES_MAX (UINT64_C(1) << 28)
#define DEPTH_MAX 31u
#define READ_TRIES 4

/* ---- parsers ---- */

static bool tree_parse(struct km_rd *rd, uint32_t *ret_pad, uint16_t *ret_flags,
                       struct km_page_tree *ret)
{
    return km_rd_u32le(rd, ret_pad) && km_rd_u16le(rd, ret_flags) && km_rd_u16le(rd, &ret->depth) &&
           km_rd_u64le(rd, &ret->n_branch) && km_rd_u64le(rd, &ret->n_leaf) &&
           km_rd_u64le(rd, &ret->n_overflow) && km_rd_u64le(rd, &ret->n_entries) &&
           km_rd_u64le(rd, &ret->root);
}

static bool tree_is_possible(const struct km_page_tree *tree, uint64_t last_page)
{
    if (tree->root == KM_PAGE_NONE)
        return tree->depth == 0 && tree->n_entries == 0 && tree->n_branch == 0 &&
               tree->n_leaf == 0 && tree->n_overflow == 0;
    return tree->depth >= 1 && tree->depth <= DEPTH_MAX && tree->root >= 2 &&
           tree->root <= last_page && tree->n_leaf >= 1;
}

bool km_page_meta_parse(struct km_slice page, uint64_t number, struct km_page_meta *ret)
{
    struct km_rd rd = km_rd_init(page);
    struct km_page_meta meta = {0};
    uint64_t own_number = 0, address = 0, map_size = 0;
    uint32_t magic = 0, version = 0, ends = 0, pad[2] = {0};
    uint16_t page_pad = 0, flags = 0, tree_flags[2] = {0};
    if (!km_rd_u64le(&rd, &own_number) || !km_rd_u16le(&rd, &page_pad) ||
        !km_rd_u16le(&rd, &flags) || !km_rd_u32le(&rd, &ends) || !km_rd_u32le(&rd, &magic) ||
        !km_rd_u32le(&rd, &version) || !km_rd_u64le(&rd, &address) ||
        !km_rd_u64le(&rd, &map_size) || !tree_parse(&rd, &pad[0], &tree_flags[0], &meta.tree[0]) ||
        !tree_parse(&rd, &pad[1], &tree_flags[1], &meta.tree[1]) ||
        !km_rd_u64le(&rd, &meta.last_page) || !km_rd_u64le(&rd, &meta.txn_id))
        return false;
    meta.page_len = pad[0];
    bool page_len_good = meta.page_len >= PAGE_LEN_MIN && meta.page_len <= PAGE_LEN_MAX &&
                         (meta.page_len & (meta.page_len - 1)) == 0;
    if (own_number != number || flags != META_FLAG || magic != META_MAGIC ||
        version != META_VERSION || address != 0 || !page_len_good || pad[1] != 0 ||
        tree_flags[0] != FREE_TREE_FLAGS || tree_flags[1] != 0)
        return false;
    if (meta.last_page < 1 || meta.last_page >= PAGES_MAX ||
        !tree_is_possible(&meta.tree[0], meta.last_page) ||
        !tree_is_possible(&meta.tree[1], meta.last_page))
        return false;
    *ret = meta;
    return true;
}

static uint16_t u16_at(struct km_slice page, size_t at)
{
    return (uint16_t)(page.ptr[at] | (unsigned)page.ptr[at + 1] << 8);
}

static uint32_t u32_at(struct km_slice page, size_t at)
{
    return u16_at(page, at) | (uint32_t)u16_at(page, at + 2) << 16;
}

static uint64_t u64_at(struct km_slice page, size_t at)
{
    return u32_at(page, at) | (uint64_t)u32_at(page, at + 4) << 32;
}

/* Every node must lie between `upper` and the page's end, key and data included. */
static bool node_is_inside(struct km_slice page, enum km_page_kind kind, size_t at, size_t upper,
                           bool is_free_tree, bool is_first)
{
    if (at < upper || at % 2 != 0 || at + NODE_HEADER_LEN > page.len)
        return false;
    uint16_t flags = u16_at(page, at + 4);
    size_t key_len = u16_at(page, at + 6);
    size_t left = page.len - at - NODE_HEADER_LEN;
    bool key_may_be_empty = kind == KM_PAGE_BRANCH && is_first;
    if (key_len > KEY_MAX || key_len > left || (key_len == 0 && !key_may_be_empty))
        return false;
    if (is_free_tree && key_len != 0 && key_len != 8)
        return false;
    if (kind == KM_PAGE_BRANCH)
        return true;
    if (flags != 0 && flags != NODE_BIG)
        return false;
    uint64_t data_len = flags == NODE_BIG ? 8 : u32_at(page, at);
    return data_len <= left - key_len;
}

static bool overflow_parse(struct km_slice page, struct km_page *ret)
{
    uint32_t n = u32_at(page, 12);
    if (n == 0 || n >= PAGES_MAX)
        return false;
    *ret = (struct km_page){.kind = KM_PAGE_OVERFLOW, .n_overflow = n};
    return true;
}

bool km_page_parse(struct km_slice page, uint64_t number, bool is_free_tree, struct km_page *ret)
{
    if (page.len < PAGE_LEN_MIN || page.len > PAGE_LEN_MAX || u64_at(page, 0) != number)
        return false;
    uint16_t flags = u16_at(page, 10);
    if (flags == KM_PAGE_OVERFLOW)
        return overflow_parse(page, ret);
    if (flags != KM_PAGE_BRANCH && flags != KM_PAGE_LEAF)
        return false;
    enum km_page_kind kind = flags == KM_PAGE_BRANCH ? KM_PAGE_BRANCH : KM_PAGE_LEAF;
    size_t lower = u16_at(page, 12);
    size_t upper = u16_at(page, 14);
    if (lower < PAGE_HEADER_LEN + 2 || lower % 2 != 0 || lower > upper || upper > page.len)
        return false;
    size_t n_nodes = (lower - PAGE_HEADER_LEN) / 2;
    for (size_t i = 0; i < n_nodes; i++)
        if (!node_is_inside(page, kind, u16_at(page, PAGE_HEADER_LEN + 2 * i), upper, is_free_tree,
                            i == 0))
            return false;
    *ret = (struct km_page){.kind = kind, .n_nodes = (uint16_t)n_nodes};
    return true;
}

struct km_page_node km_page_node_at(struct km_slice page, const struct km_page *parsed, size_t i)
{
    size_t at = u16_at(page, PAGE_HEADER_LEN + 2 * i);
    uint16_t flags = u16_at(page, at + 4);
    size_t key_len = u16_at(page, at + 6);
    size_t data_at = at + NODE_HEADER_LEN + key_len;
    struct km_page_node node = {.key = KM_SLICE(page.ptr + at + NODE_HEADER_LEN, key_len),
                                .page = KM_PAGE_NONE};
    if (parsed->kind == KM_PAGE_BRANCH) {
        node.page = u32_at(page, at) | (uint64_t)flags << 32;
        return node;
    }
    node.data_len = u32_at(page, at);
    if ((flags & NODE_BIG) != 0)
        node.page = u64_at(page, data_at);
    else
        node.data = KM_SLICE(page.ptr + data_at, (size_t)node.data_len);
    return node;
}

/* ---- the file ---- */

static km_status read_at(struct km_err *err, int fd, uint64_t at, struct km_span into)
{
    size_t got = 0;
    while (got < into.len) {
        ssize_t n = pread(fd, into.ptr + got, into.len - got, (off_t)(at + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return KM_FAIL_ERRNO(err, "could not read the store's file");
        if (n == 0)
            return KM_FAIL(err, KM_E_CORRUPT, "the store's file ends at octet %llu, inside a page",
                           (unsigned long long)(at + got));
        got += (size_t)n;
    }
    return KM_OK;
}

/*
 * LMDB writes its two meta pages in turn: even transactions to page 0, odd ones to page 1. So their numbers are
 * neighbours, except in a store that has never been written.
 */
static bool metas_fit(const struct km_page_meta meta[2])
{
    if (meta[0].page_len != meta[1].page_len)
        return false;
    if (meta[0].txn_id == 0 && meta[1].txn_id == 0)
        return true;
    uint64_t newer = meta[0].txn_id > meta[1].txn_id ? meta[0].txn_id : meta[1].txn_id;
    uint64_t older = meta[0].txn_id > meta[1].txn_id ? meta[1].txn_id : meta[0].txn_id;
    return newer - older == 1 && meta[0].txn_id % 2 == 0;
}

static km_status read_metas(struct km_err *err, int fd, struct km_page_meta ret[2])
{
    uint8_t buf[PAGE_LEN_MIN] = {0};
    /* The second one's place follows from the first one's page length. */
    KM_TRY(read_at(err, fd, 0, KM_SPAN(buf, sizeof buf)));
    if (!km_page_meta_parse(KM_SLICE(buf, sizeof buf), 0, &ret[0]))
        return KM_FAIL(err, KM_E_CORRUPT, "the first page of the store's file is damaged");
    KM_TRY(read_at(err, fd, ret[0].page_len, KM_SPAN(buf, sizeof buf)));
    if (!km_page_meta_parse(KM_SLICE(buf, sizeof buf), 1, &ret[1]))
        return KM_FAIL(err, KM_E_CORRUPT, "the second page of the store's file is damaged");
    if (!metas_fit(ret))
        return KM_FAIL(err, KM_E_CORRUPT, "the first pages of the store's file do not fit");
    return KM_OK;
}

/* A writer may be at the very page: what looks damaged is looked at again. */
static km_status read_metas_calmly(struct km_err *err, int fd, struct km_page_meta ret[2])
{
    struct km_err last = {0};
    for (int i = 0; i < READ_TRIES; i++) {
        km_err_clear(&last);
        if (read_metas(&last, fd, ret) == KM_OK)
            return KM_OK;
    }
    if (err != NULL && err->status == KM_OK)
        *err = last;
    return last.status;
}

km_status km_pages_check_metas(struct km_err *err, int fd)
{
    struct stat st = {0};
    struct km_page_meta meta[2] = {0};
    if (fstat(fd, &st) != 0)
        return KM_FAIL_ERRNO(err, "could not examine the store's file");
    if (!S_ISREG(st.st_mode))
        return KM_FAIL(err, KM_E_CORRUPT, "the store's file is not a regular file");
    if (st.st_size < (off_t)(2 * sysconf(_SC_PAGESIZE)))
        return KM_FAIL(err, KM_E_NOTFOUND, "the store's file was never finished");
    return read_metas_calmly(err, fd, meta);
}

static km_status find_meta(struct km_err *err, int fd, uint64_t txn_id, struct km_page_meta *ret)
{
    struct km_page_meta meta[2] = {0};
    KM_TRY(read_metas_calmly(err, fd, meta));
    for (size_t i = 0; i < 2; i++)
        if (meta[i].txn_id == txn_id) {
            *ret = meta[i];
            return KM_OK;
        }
    return KM_FAIL(err, KM_E_STATE, "snapshot %llu is no longer in the store's file",
                   (unsigned long long)txn_id);
}

/* ---- walking ---- */

struct check {
    int fd;
    const struct km_page_meta *meta;
    const struct km_page_tree *tree;
    bool is_free_tree;
    uint8_t *seen;  /* a bit for each page; NULL when only a path is checked */
    uint8_t *pages; /* a buffer for each level */
    struct km_page_tree found;
    uint64_t last_free_txn;
    uint8_t last_key[KEY_MAX];
    size_t last_key_len;
};

static km_status claim_pages(struct km_err *err, struct check *c, uint64_t first, uint64_t n)
{
    if (first < 2 || first > c->meta->last_page || n > c->meta->last_page - first + 1)
        return KM_FAIL(err, KM_E_CORRUPT, "page %llu lies outside the store's file",
                       (unsigned long long)first);
    for (uint64_t page = first; c->seen != NULL && page < first + n; page++) {
        uint8_t bit = (uint8_t)(1u << (page % 8));
        if ((c->seen[page / 8] & bit) != 0)
            return KM_FAIL(err, KM_E_CORRUPT, "page %llu is used twice", (unsigned long long)page);
        c->seen[page / 8] |= bit;
    }
    return KM_OK;
}

static km_status load_page(struct km_err *err, struct check *c, uint64_t number, unsigned level,
                           struct km_slice *ret_page, struct km_page *ret)
{
    size_t page_len = c->meta->page_len;
    struct km_span buf = KM_SPAN(c->pages + level * page_len, page_len);
    KM_TRY(claim_pages(err, c, number, 1));
    KM_TRY(read_at(err, c->fd, number * page_len, buf));
    *ret_page = KM_SLICE(buf.ptr, buf.len);
    bool is_leaf_level = level + 1 == c->tree->depth;
    if (!km_page_parse(*ret_page, number, c->is_free_tree, ret) ||
        ret->kind != (is_leaf_level ? KM_PAGE_LEAF : KM_PAGE_BRANCH))
        return KM_FAIL(err, KM_E_CORRUPT, "page %llu of the store's file is damaged",
                       (unsigned long long)number);
    return KM_OK;
}

static km_status check_overflow(struct km_err *err, struct check *c,
                                const struct km_page_node *node)
{
    uint64_t page_len = c->meta->page_len;
    uint64_t n = (PAGE_HEADER_LEN - 1 + node->data_len) / page_len + 1;
    uint8_t buf[PAGE_LEN_MIN] = {0};
    struct km_page page = {0};
    uint8_t last = 0;
    KM_TRY(claim_pages(err, c, node->page, n));
    KM_TRY(read_at(err, c->fd, node->page * page_len, KM_SPAN(buf, sizeof buf)));
    if (!km_page_parse(KM_SLICE(buf, sizeof buf), node->page, c->is_free_tree, &page) ||
        page.kind != KM_PAGE_OVERFLOW || page.n_overflow != n)
        return KM_FAIL(err, KM_E_CORRUPT, "page %llu of the store's file is damaged",
                       (unsigned long long)node->page);
    c->found.n_overflow += n;
    return read_at(err, c->fd, (node->page + n) * page_len - 1, KM_SPAN(&last, 1));
}

/* What a transaction left for reuse: a count, then page numbers from high to low. */
static km_status check_free_list(struct km_err *err, struct check *c, struct km_slice list)
{
    struct km_rd rd = km_rd_init(list);
    uint64_t n = 0;
    uint64_t before = UINT64_MAX;
    if (!km_rd_u64le(&rd, &n) || n > km_rd_left(&rd) / 8)
        return KM_FAIL(err, KM_E_CORRUPT, "a list of free pages is damaged");
    for (uint64_t i = 0; i < n; i++) {
        uint64_t page = 0;
        if (!km_rd_u64le(&rd, &page) || page >= before)
            return KM_FAIL(err, KM_E_CORRUPT, "a list of free pages is damaged");
        KM_TRY(claim_pages(err, c, page, 1));
        before = page;
    }
    return KM_OK;
}

static km_status check_free_entry(struct km_err *err, struct check *c,
                                  const struct km_page_node *node)
{
    struct km_rd rd = km_rd_init(node->key);
    uint64_t txn_id = 0;
    if (!km_rd_u64le(&rd, &txn_id) || txn_id <= c->last_free_txn || txn_id > c->meta->txn_id)
        return KM_FAIL(err, KM_E_CORRUPT, "the list of free pages is out of order");
    c->last_free_txn = txn_id;
    if (node->page == KM_PAGE_NONE)
        return check_free_list(err, c, node->data);
    uint64_t most = (c->meta->last_page + 2) * 8;
    if (node->data_len > most)
        return KM_FAIL(err, KM_E_CORRUPT, "a list of free pages is too long");
    uint8_t *list = malloc((size_t)node->data_len);
    if (list == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "list of free pages");
    struct km_span span = KM_SPAN(list, (size_t)node->data_len);
    km_status status = read_at(err, c->fd, node->page * c->meta->page_len + PAGE_HEADER_LEN, span);
    if (status == KM_OK)
        status = check_free_list(err, c, KM_SLICE(span.ptr, span.len));
    free(list);
    return status;
}

static km_status check_key_order(struct km_err *err, struct check *c, struct km_slice key)
{
    size_t common = key.len < c->last_key_len ? key.len : c->last_key_len;
    int order = memcmp(c->last_key, key.ptr, common);
    if (order > 0 || (order == 0 && key.len <= c->last_key_len))
        return KM_FAIL(err, KM_E_CORRUPT, "the keys of the store's file are out of order");
    km_copy(c->last_key, sizeof c->last_key, key.ptr, key.len);
    c->last_key_len = key.len;
    return KM_OK;
}

static km_status check_leaf_node(struct km_err *err, struct check *c,
                                 const struct km_page_node *node)
{
    c->found.n_entries++;
    if (node->page != KM_PAGE_NONE)
        KM_TRY(check_overflow(err, c, node));
    if (c->is_free_tree)
        return check_free_entry(err, c, node);
    return check_key_order(err, c, node->key);
}

/* Recursion is bounded by the tree's depth, which the meta page's parser bounds. */
static km_status check_below(struct km_err *err, struct check *c, uint64_t number, unsigned level)
{
    struct km_slice bytes = {0};
    struct km_page page = {0};
    KM_TRY(load_page(err, c, number, level, &bytes, &page));
    if (page.kind == KM_PAGE_LEAF)
        c->found.n_leaf++;
    else
        c->found.n_branch++;
    for (size_t i = 0; i < page.n_nodes; i++) {
        struct km_page_node node = km_page_node_at(bytes, &page, i);
        if (page.kind == KM_PAGE_BRANCH)
            KM_TRY(check_below(err, c, node.page, level + 1));
        else
            KM_TRY(check_leaf_node(err, c, &node));
    }
    return KM_OK;
}

static km_status check_tree(struct km_err *err, struct check *c, size_t which)
{
    c->tree = &c->meta->tree[which];
    c->is_free_tree = which == 0;
    c->found = (struct km_page_tree){0};
    if (c->tree->root != KM_PAGE_NONE)
        KM_TRY(check_below(err, c, c->tree->root, 0));
    if (c->found.n_branch != c->tree->n_branch || c->found.n_leaf != c->tree->n_leaf ||
        c->found.n_overflow != c->tree->n_overflow || c->found.n_entries != c->tree->n_entries)
        return KM_FAIL(err, KM_E_CORRUPT, "the store's file has pages that are not accounted for");
    return KM_OK;
}

static void check_clear(struct check *c)
{
    free(c->seen);
    free(c->pages);
}

static km_status check_init(struct km_err *err, struct check *c, int fd,
                            const struct km_page_meta *meta, bool whole)
{
    size_t deepest =
        meta->tree[0].depth > meta->tree[1].depth ? meta->tree[0].depth : meta->tree[1].depth;
    c->fd = fd;
    c->meta = meta;
    c->pages = malloc((deepest + 1) * meta->page_len);
    c->seen = whole ? calloc(1, (size_t)(meta->last_page / 8 + 1)) : NULL;
    if (c->pages == NULL || (whole && c->seen == NULL))
        return KM_FAIL(err, KM_E_NOMEM, "check of %llu pages", (unsigned long long)meta->last_page);
    return KM_OK;
}

km_status km_pages_check_path(struct km_err *err, int fd, uint64_t txn_id)
{
    struct km_page_meta meta = {0};
    KM_TRY(find_meta(err, fd, txn_id, &meta));
    if (meta.tree[1].root == KM_PAGE_NONE)
        return KM_OK;
    KM_AUTO(check_clear) struct check c = {0};
    KM_TRY(check_init(err, &c, fd, &meta, false));
    c.tree = &meta.tree[1];
    uint64_t number = c.tree->root;
    for (unsigned level = 0; level < c.tree->depth; level++) {
        struct km_slice bytes = {0};
        struct km_page page = {0};
        KM_TRY(load_page(err, &c, number, level, &bytes, &page));
        number = km_page_node_at(bytes, &page, 0).page;
    }
    return KM_OK;
}

km_status km_pages_check_all(struct km_err *err, int fd, uint64_t txn_id)
{
    struct km_page_meta meta = {0};
    KM_TRY(find_meta(err, fd, txn_id, &meta));
    KM_AUTO(check_clear) struct check c = {0};
    KM_TRY(check_init(err, &c, fd, &meta, true));
    KM_TRY(check_tree(err, &c, 1));
    return check_tree(err, &c, 0);
}
