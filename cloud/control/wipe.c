/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/wipe.h"

#include <malloc.h>
#include <stdlib.h>

#include "common/km_secret.h"

void km_wipe_and_free(void *p)
{
    if (p != NULL)
        km_wipe(p, malloc_usable_size(p));
    free(p);
}
