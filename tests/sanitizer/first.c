/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into Debian's programs beside a sanitizer's runtime, and marked to be initialised before every other library: its constructor
 * starts the runtime. Otherwise the first malloc does, and that may be one of libgpg-error's constructor, within bindtextdomain, which
 * holds glibc's lock of translations: AddressSanitizer begins by asking for a symbol that is nowhere, the sentence that says so is
 * translated, and that releases the lock a second time. From then on it counts one reader too few, and who next wants to write, in
 * libpq for one, waits for ever.
 */
#include <stdlib.h>

static void *volatile kept;

__attribute__((constructor)) static void begin(void)
{
    kept = malloc(1);
    free(kept);
}
