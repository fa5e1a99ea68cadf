/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are taken apart and written again are the same rows; lines are counted right whatever comes. */
#include <string.h>

#include "fuzz/km_fuzz.h"

#include "factory/fleet/csv.h"

static struct km_csv_row row;
static struct km_csv_row again;
static uint8_t out[4 * KM_CSV_ROW_MAX];

static void check_round(void)
{
    struct km_wr wr = km_wr_init(out, sizeof(out));
    struct km_slice whole = {0};
    for (uint32_t i = 0; i < row.n; i++) {
        if (i != 0)
            km_wr_u8(&wr, ',');
        km_csv_put(&wr, row.fields[i]);
    }
    KM_FUZZ_CHECK(km_wr_finish(&wr, &whole));
    struct km_csv csv = {.rest = whole, .line = 1};
    KM_FUZZ_CHECK(km_csv_next(&csv, &again) == KM_CSV_ROW);
    KM_FUZZ_CHECK(again.n == row.n && csv.rest.len == 0);
    for (uint32_t i = 0; i < row.n; i++)
        KM_FUZZ_CHECK(strcmp(row.fields[i], again.fields[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_csv csv = km_csv_begin(KM_SLICE(data, size));
    const uint8_t *begin = csv.rest.ptr;
    uint32_t line = 0;
    for (;;) {
        enum km_csv_result result = km_csv_next(&csv, &row);
        if (result == KM_CSV_END)
            break;
        KM_FUZZ_CHECK(row.line > line);
        line = row.line;
        KM_FUZZ_CHECK((result == KM_CSV_BAD) == (row.fault != NULL));
        if (result == KM_CSV_ROW)
            check_round();
    }
    uint32_t n_lines = 1;
    for (const uint8_t *at = begin; at != data + size; at++)
        n_lines += *at == '\n' ? 1 : 0;
    KM_FUZZ_CHECK(csv.line == n_lines || csv.line == n_lines + 1);
    return 0;
}
