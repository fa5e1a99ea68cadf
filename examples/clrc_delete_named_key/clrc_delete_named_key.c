/* SPDX-License-Identifier: Apache-2.0 */
/* clrc_delete_named_key: deletes what clrc_store_named_key has saved. */
#include <stdio.h>
#include <stdlib.h>

#include "clrc.h"

#define KEY_NAME "ECC-256-KEY"

int main(void)
{
    if (clrcDeleteNamedKey(KEY_NAME, NULL) != CLRC_SUCCESS) {
        fprintf(stderr, "clrc_delete_named_key: %s\n", clrcLastError());
        return EXIT_FAILURE;
    }
    printf("%s key has been deleted from the key store\n", KEY_NAME);
    return EXIT_SUCCESS;
}
