/* SPDX-License-Identifier: Apache-2.0 */
/* The console's pages, which are part of the program. */
#ifndef KM_CONSOLE_ASSETS_H
#define KM_CONSOLE_ASSETS_H

#include "common/km_bytes.h"

struct km_console_asset {
    const char *path; /* below /console/ */
    const char *type;
    const uint8_t *begin;
    const uint8_t *end;
};
/* km_console_asset_find: NULL: there is none. */
const struct km_console_asset *km_console_asset_find(struct km_slice path);

#endif
