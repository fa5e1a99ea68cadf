/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of algorithms work on: the same octets in each run, and rooms for what comes out. */
#ifndef KM_CLRC_DATA_TEST_H
#define KM_CLRC_DATA_TEST_H

#include "tests/integration/clrc_crypto_test.h"

#define DATA 70000u

static uint8_t data[DATA], out[DATA + 64], back[DATA + 64], expected[DATA + 64];

static inline int test_data_up(void **state)
{
    test_fill(data, DATA, 7);
    return test_up(state);
}

#endif
