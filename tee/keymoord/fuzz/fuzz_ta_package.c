/* SPDX-License-Identifier: Apache-2.0 */
/* A package that is accepted prints back as it was; checking it reads nothing outside. */
#include "fuzz/km_fuzz.h"
#include "tee/keymoord/ta_package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_ta_package package = {0};
    if (km_ta_package_parse(NULL, KM_SLICE(data, size), &package) != KM_OK)
        return 0;
    uint8_t *buf = malloc(size + 16);
    KM_FUZZ_CHECK(buf != NULL);
    struct km_wr wr = km_wr_init(buf, size + 16);
    struct km_slice out = {0};
    km_ta_package_put(&wr, &package);
    KM_FUZZ_CHECK(km_wr_finish(&wr, &out));
    KM_FUZZ_CHECK(km_slice_equal(out, KM_SLICE(data, size)));
    (void)km_ta_package_check(NULL, &package);
    (void)km_ta_package_flag(&package, "gpd.ta.singleInstance", false);
    free(buf);
    return 0;
}
