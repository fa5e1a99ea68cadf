/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Markers of pages. One is base64 of: tag u8, direction u8, number u64be, text: the key of a page's last row, so it stays right
 * whatever is added or removed around it. Pure.
 */
#ifndef KM_CLOUD_REGISTRY_MARKER_H
#define KM_CLOUD_REGISTRY_MARKER_H

#include "common/km_bytes.h"

#define KM_MARKER_KEY_MAX 128
#define KM_MARKER_RAW_MAX (10 + KM_MARKER_KEY_MAX)
#define KM_MARKER_TEXT_ROOM ((KM_MARKER_RAW_MAX + 2) / 3 * 4 + 1)

struct km_marker {
    uint8_t tag; /* which list */
    bool is_descending;
    int64_t number;
    char text[KM_MARKER_KEY_MAX + 1]; /* UTF-8 */
};

/* km_marker_parse: false unless it is what km_marker_print gives for something. */
KM_MUST_USE bool km_marker_parse(const char *text, struct km_marker *ret);
/* km_marker_print: with its NUL; its length. */
size_t km_marker_print(const struct km_marker *marker, char ret[KM_MARKER_TEXT_ROOM]);

#endif
