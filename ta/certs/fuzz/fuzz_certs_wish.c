/* SPDX-License-Identifier: Apache-2.0 */
/* CHAIN and WISH: what the parser takes, the printer gives back octet for octet. */
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "ta/certs/wish_wire.h"

static uint8_t out[2 * KM_CERTS_CHAIN_LEN_MAX];

static void check(const struct km_wr *wr, struct km_slice in)
{
    struct km_slice printed = {0};
    KM_FUZZ_CHECK(km_wr_finish(wr, &printed) && km_slice_equal(printed, in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice in = KM_SLICE(data, size);
    struct km_certs_chain chain = {.n = 0};
    struct km_certs_wish wish = {0};
    struct km_wr wr = km_wr_init(out, sizeof(out));
    if (size > KM_CERTS_CHAIN_LEN_MAX)
        return 0;
    if (km_certs_chain_parse(in, &chain)) {
        KM_FUZZ_CHECK(chain.n > 0 && chain.n <= KM_CERTS_CHAIN_MAX);
        km_certs_chain_put(&wr, &chain);
        check(&wr, in);
    }
    wr = km_wr_init(out, sizeof(out));
    if (km_certs_wish_parse(in, &wish)) {
        km_certs_wish_put(&wr, &wish);
        check(&wr, in);
    }
    return 0;
}
