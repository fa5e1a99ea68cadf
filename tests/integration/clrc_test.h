/* SPDX-License-Identifier: Apache-2.0 */
/* What the integration tests of the crypto library share. */
#ifndef KM_CLRC_TEST_H
#define KM_CLRC_TEST_H

#include "common/km_des.h"
#include "tests/integration/service.h"
#include "tests/unit/km_test.h"

#include "include/clrc.h"

/* A result as expected, or the sentence that tells more. */
#define expect(call, expected)                                                                     \
    do {                                                                                           \
        ClrcResult got_ = (call);                                                                  \
        if (got_ != (expected))                                                                    \
            fprintf(stderr, "%s: 0x%08x, %s\n", #call, got_, clrcLastError());                     \
        assert_int_equal(got_, (expected));                                                        \
    } while (0)
#define ok(call) expect(call, CLRC_SUCCESS)

/* The service that this file's test_up started. */
static struct km_service *service;

/* Group setup and teardown for tests that need nothing else. */
static inline int test_up(void **state)
{
    (void)state;
    service = km_service_start(NULL);
    return 0;
}

static inline int test_down(void **state)
{
    (void)state;
    km_service_stop(service);
    return 0;
}

static inline ClrcKeyHandle test_create(ClrcKeyType type, uint32_t bits)
{
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {.type = type, .bits = bits};
    ok(clrcCreateKey(&wish, &key));
    assert_non_null(key);
    return key;
}

/* The octets of a DES3 key are given their parity: what comes out does not depend on it. */
static inline ClrcKeyHandle test_import_raw(ClrcKeyType type, const uint8_t *octets, uint32_t len)
{
    uint8_t with_parity[24] = {0};
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {.type = type, .bits = 8 * len};
    if (type == KEY_DES3) {
        km_copy(with_parity, sizeof(with_parity), octets, len);
        km_des_set_parity(KM_SPAN(with_parity, len));
        octets = with_parity;
    }
    ok(clrcImportKeyRaw(&wish, octets, len, &key));
    assert_non_null(key);
    return key;
}

/* Octets that repeat at no small distance. */
static inline void test_fill(uint8_t *octets, size_t len, uint32_t seed)
{
    uint32_t x = seed * 2654435761u + 1;
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        octets[i] = (uint8_t)(x >> 24);
    }
}

#endif
