/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the device build share. */
#ifndef CLRPV_DEVICE_H
#define CLRPV_DEVICE_H

#include "lib/clrpv/clrpv_internal.h"

/* clrpv_fail_clrc: passes on what clrc answered, with its own sentence. */
ClrpvResult clrpv_fail_clrc(const char *function, ClrcResult result);
/*
 * clrpv_key_load: the key of any kind of ClrpvKey but handle, which stays its owner's. type KEY_NONE: as the data have it.
 * for_packages: a file of a kind that signs none is refused before the service sees it.
 */
ClrpvResult clrpv_key_load(const char *function, const ClrpvKey *key, ClrcKeyType type,
                           bool for_packages, ClrcKeyHandle *ret_key);

#endif
