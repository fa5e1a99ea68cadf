/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target includes. A target is pure: octets in, a crash or nothing out. */
#ifndef KM_FUZZ_H
#define KM_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* KM_FUZZ_CHECK: what must hold for every input; a crash that libFuzzer keeps the input of. */
#define KM_FUZZ_CHECK(condition)                                                                   \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#endif
