/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens inside of a shadow's trees. A section is the object below "desired" or "reported";
 * beside it goes its metadata, the same tree with {"timestamp":s} for each leaf. Elements of arrays
 * are leaves too. Every function that can fail answers false when memory is short.
 */
#ifndef KM_SHADOW_TREE_H
#define KM_SHADOW_TREE_H

#include "cloud/common/json.h"

/* A state object and its metadata; both owned. */
struct km_shadow_doc {
    json_t *state;
    json_t *metadata;
};

/* km_shadow_doc_init: an empty document. */
KM_MUST_USE bool km_shadow_doc_init(struct km_shadow_doc *ret);
/* km_shadow_doc_copy: what is merged into one does not show in the other. */
KM_MUST_USE bool km_shadow_doc_copy(const struct km_shadow_doc *doc, struct km_shadow_doc *ret);
/* km_shadow_doc_clear: all zero is allowed. For KM_AUTO. */
void km_shadow_doc_clear(struct km_shadow_doc *doc);

/* km_shadow_doc_whole: whether it is what merging makes: known sections, metadata of one shape. */
bool km_shadow_doc_whole(const struct km_shadow_doc *doc);

/*
 * km_shadow_doc_merge: puts a request's state into the document: objects merge, everything else
 * replaces, null takes away; what has no leaf left goes too. state is an object of sections, each an
 * object or null, or null itself, which empties the document.
 */
KM_MUST_USE bool km_shadow_doc_merge(struct km_shadow_doc *doc, const json_t *state, int64_t now_s);

/*
 * km_shadow_doc_delta: all paths of desired whose value reported does not have, with the metadata of
 * desired. Empty objects when there is no difference.
 */
KM_MUST_USE bool km_shadow_doc_delta(const struct km_shadow_doc *doc, struct km_shadow_doc *ret);

/* km_shadow_has_bad_node: whether there is a null inside of an array, where it can't take away. */
bool km_shadow_has_bad_node(const json_t *value);

#endif
