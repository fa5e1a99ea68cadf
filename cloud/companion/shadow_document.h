/* SPDX-License-Identifier: Apache-2.0 */
/* Shadows for get_thing_shadow() in rules. */
#ifndef COMPANION_SHADOW_DOCUMENT_H
#define COMPANION_SHADOW_DOCUMENT_H

#include "cloud/common/json.h"
#include "cloud/registry/registry.h"

/*
 * shadow_document: what get/accepted has; name "" for the classic one. KM_E_NOTFOUND when there is none, KM_E_ARG for a name that is none.
 * *ret is owned.
 */
km_status shadow_document(struct km_registry *registry, const char *account, struct km_slice thing,
                          struct km_slice name, int64_t now_s, json_t **ret);

#endif
