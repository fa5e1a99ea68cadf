/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_des.h"

/* 1 when the number of ones is odd. */
static unsigned odd_ones(unsigned octet)
{
    octet ^= octet >> 4;
    octet ^= octet >> 2;
    octet ^= octet >> 1;
    return octet & 1u;
}

void km_des_set_parity(struct km_span key)
{
    for (size_t i = 0; i < key.len; i++)
        key.ptr[i] = (uint8_t)(key.ptr[i] ^ (odd_ones(key.ptr[i]) ^ 1u));
}

bool km_des_has_parity(struct km_slice key)
{
    unsigned all_odd = 1;
    for (size_t i = 0; i < key.len; i++)
        all_odd &= odd_ones(key.ptr[i]);
    return all_odd == 1;
}

/* The lowest bit of each octet is parity and does not count. */
static bool parts_equal(const uint8_t *a, const uint8_t *b)
{
    unsigned differs = 0;
    for (size_t i = 0; i < KM_DES_PART_LEN; i++)
        differs |= (unsigned)(a[i] ^ b[i]) & 0xfeu;
    return differs == 0;
}

bool km_des_parts_differ(struct km_slice key)
{
    for (size_t a = 0; a < key.len; a += KM_DES_PART_LEN) {
        for (size_t b = a + KM_DES_PART_LEN; b < key.len; b += KM_DES_PART_LEN) {
            if (parts_equal(key.ptr + a, key.ptr + b))
                return false;
        }
    }
    return true;
}
