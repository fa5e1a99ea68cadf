/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed inside: keys with their rules, and what opens objects. print(parse(x)) == x. */
#include "format/opaque_key.h"
#include "format/opaque_object.h"
#include "fuzz/km_fuzz.h"

#define ROOM 65536u

static uint8_t room[ROOM];

static void same(const struct km_wr *wr, struct km_slice in)
{
    struct km_slice again = {0};
    KM_FUZZ_CHECK(km_wr_finish(wr, &again));
    KM_FUZZ_CHECK(km_slice_equal(in, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice in = KM_SLICE(data, size);
    struct km_opaque_key key = {0};
    struct km_object_info info = {0};
    struct km_object_secret secret = {0};
    if (size > ROOM)
        return 0;
    if (km_opaque_key_parse(in, &key)) {
        struct km_wr wr = km_wr_init(room, ROOM);
        km_opaque_key_put(&wr, &key);
        same(&wr, in);
    }
    if (km_object_info_parse(in, &info)) {
        struct km_wr wr = km_wr_init(room, ROOM);
        km_object_info_put(&wr, &info);
        same(&wr, in);
    }
    if (km_object_secret_parse(in, &secret)) {
        struct km_wr wr = km_wr_init(room, ROOM);
        km_object_secret_put(&wr, &secret);
        same(&wr, in);
    }
    return 0;
}
