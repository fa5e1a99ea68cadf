/* SPDX-License-Identifier: Apache-2.0 */
/* Opaque key packages and object identifiers as they come: whatever is parsed is printed as it was. */
#include "format/envelope.h"
#include "format/opaque_key.h"
#include "format/opaque_object.h"
#include "fuzz/km_fuzz.h"

#define ROOM 65536u

static uint8_t content[ROOM];
static uint8_t whole[ROOM];

/* The package from its parts; false when it does not fit, which a small input always does. */
static bool print(const struct km_envelope *envelope, const char *kind, struct km_slice object_id,
                  const struct km_sealed *sealed, struct km_slice *ret)
{
    struct km_wr in = km_wr_init(content, ROOM);
    struct km_wr out = km_wr_init(whole, ROOM);
    struct km_slice made = {0};
    size_t mark = km_envelope_begin(&in, kind, envelope->alg);
    if (object_id.len != 0)
        km_der_put(&in, KM_DER_OCTET_STRING, object_id);
    km_sealed_put(&in, sealed);
    km_der_end(&in, mark);
    if (!km_wr_finish(&in, &made))
        return false;
    km_envelope_put(&out, envelope->signature, made);
    return km_wr_finish(&out, ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice in = KM_SLICE(data, size);
    struct km_slice again = {0};
    struct km_envelope envelope = {0};
    struct km_sealed sealed = {0};
    struct km_object_id id = {0};
    if (size > ROOM / 2)
        return 0;
    if (km_envelope_parse(in, KM_OPAQUE_KEY_KIND, &envelope) && envelope.alg != NULL &&
        km_opaque_key_body_parse(envelope.body, &sealed)) {
        KM_FUZZ_CHECK(print(&envelope, KM_OPAQUE_KEY_KIND, again, &sealed, &again));
        KM_FUZZ_CHECK(km_slice_equal(in, again));
    }
    if (km_envelope_parse(in, KM_OBJECT_ID_KIND, &envelope) && envelope.alg != NULL &&
        km_object_id_body_parse(envelope.body, &id)) {
        KM_FUZZ_CHECK(print(&envelope, KM_OBJECT_ID_KIND, id.object_id, &id.sealed, &again));
        KM_FUZZ_CHECK(km_slice_equal(in, again));
    }
    return 0;
}
