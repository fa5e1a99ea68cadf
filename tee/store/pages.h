/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LMDB's file, checked before LMDB follows a pointer in it.
 *
 * LMDB trusts its pages: a damaged one can send it anywhere in memory. These functions read the file
 * with pread and accept only pages on which LMDB's own code stays within bounds. They know the
 * layout of LMDB 0.9 data files (data version 1) on little-endian machines.
 */
#ifndef KM_STORE_PAGES_H
#define KM_STORE_PAGES_H

#include "common/km_bytes.h"

#define KM_PAGE_NONE UINT64_MAX

/* One of the two trees: 0 LMDB's list of free pages, 1 the data. */
struct km_page_tree {
    uint16_t depth;
    uint64_t n_branch;
    uint64_t n_leaf;
    uint64_t n_overflow;
    uint64_t n_entries;
    uint64_t root; /* KM_PAGE_NONE when empty */
};

struct km_page_meta {
    uint32_t page_len;
    uint64_t last_page;
    uint64_t txn_id;
    struct km_page_tree tree[2];
};

enum km_page_kind { KM_PAGE_BRANCH = 1, KM_PAGE_LEAF = 2, KM_PAGE_OVERFLOW = 4 };

/* A page whose every offset was found to be within it. */
struct km_page {
    enum km_page_kind kind;
    uint16_t n_nodes;    /* branch, leaf */
    uint32_t n_overflow; /* overflow: pages in the run */
};

/* One entry of a branch or leaf. */
struct km_page_node {
    struct km_slice key;
    struct km_slice data; /* leaf, when stored here */
    uint64_t page;        /* branch: child; leaf: first overflow page, or KM_PAGE_NONE */
    uint64_t data_len;    /* leaf */
};

/* Pure parsers. number: which page it should be; is_free_tree: keys are 8-octet numbers there. */
KM_MUST_USE bool km_page_meta_parse(struct km_slice page, uint64_t number,
                                    struct km_page_meta *ret);
KM_MUST_USE bool km_page_parse(struct km_slice page, uint64_t number, bool is_free_tree,
                               struct km_page *ret);
/* km_page_node_at: node i < n_nodes of a page that km_page_parse accepted. */
struct km_page_node km_page_node_at(struct km_slice page, const struct km_page *parsed, size_t i);

/*
 * km_pages_check_metas: both meta pages, before LMDB opens the file. KM_E_NOTFOUND when the file is
 * too short to hold a store: it was never finished.
 */
km_status km_pages_check_metas(struct km_err *err, int fd);
/* km_pages_check_path: the pages that lead to the smallest key in snapshot txn_id. KM_E_STATE: it is no longer in the file. */
km_status km_pages_check_path(struct km_err *err, int fd, uint64_t txn_id);
/* km_pages_check_all: every page of both trees, each used once, and the list of free pages. */
km_status km_pages_check_all(struct km_err *err, int fd, uint64_t txn_id);

#endif
