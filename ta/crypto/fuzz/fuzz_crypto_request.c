/* SPDX-License-Identifier: Apache-2.0 */
/* Every parser of the crypto application: what it takes, its printer gives back octet for octet. */
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "ta/crypto/key_der.h"
#include "ta/crypto/manifest_record.h"
#include "ta/crypto/payload_wire.h"
#include "ta/crypto/record.h"

#define OUT_MAX 8192

static void check(bool printed, struct km_slice in, const uint8_t *out, size_t len)
{
    KM_FUZZ_CHECK(printed && len == in.len && (len == 0 || memcmp(out, in.ptr, len) == 0));
}

static void requests(struct km_slice in, uint8_t which)
{
    static uint8_t out[OUT_MAX];
    struct km_span room = KM_SPAN(out, sizeof(out));
    size_t len = 0;
    struct km_crypto_template wish = {0};
    struct km_crypto_attrs attrs = {0};
    struct km_crypto_info info = {0};
    struct km_crypto_aead aead = {0};
    struct km_crypto_hkdf hkdf = {0};
    struct km_crypto_pbkdf2 pbkdf2 = {0};
    struct km_crypto_noted noted = {0};
    if (which == 0 && km_crypto_template_parse(in, &wish))
        check(km_crypto_template_put(&wish, room, &len), in, out, len);
    if (which == 1 && km_crypto_attrs_parse(in, &attrs))
        check(km_crypto_attrs_put(&attrs, room, &len), in, out, len);
    if (which == 2 && km_crypto_info_parse(in, &info))
        check(km_crypto_info_put(&info, room, &len), in, out, len);
    if (which == 3 && km_crypto_aead_parse(in, &aead))
        check(km_crypto_aead_put(&aead, room, &len), in, out, len);
    if (which == 4 && km_crypto_hkdf_parse(in, &hkdf))
        check(km_crypto_hkdf_put(&hkdf, room, &len), in, out, len);
    if (which == 13 && km_crypto_noted_parse(in, &noted))
        check(km_crypto_noted_put(&noted, room, &len), in, out, len);
    if (which == 9 && km_crypto_pbkdf2_parse(in, &pbkdf2))
        check(km_crypto_pbkdf2_put(&pbkdf2, room, &len), in, out, len);
}

static void records(struct km_slice in, uint8_t which)
{
    static uint8_t out[OUT_MAX];
    size_t len = 0;
    struct km_key_record key = {0};
    struct km_password_record password = {0};
    struct km_manifest_record manifest = {0};
    struct km_wrapped_key wrapped = {0};
    struct km_crypto_object object = {0};
    struct km_data_record data = {0};
    uint64_t opened = 0;
    if (which == 15 && km_data_record_parse(in, &data))
        check(km_data_record_put(&data, KM_SPAN(out, sizeof(out)), &len), in, out, len);
    if (which == 5 && km_key_record_parse(in, &key))
        check(km_key_record_put(&key, KM_SPAN(out, sizeof(out)), &len), in, out, len);
    if (which == 6 && km_password_record_parse(in, &password))
        check(km_password_record_put(&password, KM_SPAN(out, sizeof(out)), &len), in, out, len);
    if (which == 14 && km_manifest_record_parse(in, &manifest))
        check(km_manifest_record_put(&manifest, KM_SPAN(out, sizeof(out)), &len), in, out, len);
    if (which == 11 && km_opens_record_parse(in, &opened)) {
        km_opens_record_put(opened, out);
        check(true, in, out, KM_OPENS_RECORD_LEN);
    }
    if (which == 12 && km_crypto_object_parse(in, &object)) {
        km_crypto_object_put(&object, out);
        check(true, in, out, KM_CRYPTO_OBJECT_WIRE_LEN);
    }
    if (which == 10 && km_wrapped_key_parse(in, &wrapped))
        check(km_wrapped_key_put(&wrapped, KM_SPAN(out, sizeof(out)), &len), in, out, len);
}

static void wishes(struct km_slice in, uint8_t which)
{
    static uint8_t out[OUT_MAX];
    size_t len = 0;
    struct km_payload_wish wish = {0};
    if (which == 0x28 && km_payload_wish_parse(in, &wish))
        check(km_payload_wish_put(&wish, KM_SPAN(out, sizeof(out)), &len), in, out, len);
}

static void same_attributes(const struct km_der_key *a, const struct km_der_key *b)
{
    KM_FUZZ_CHECK(b->attrs.count == a->attrs.count && b->kind == a->kind);
    for (uint32_t i = 0; i < a->attrs.count; i++) {
        struct km_slice value = {0};
        KM_FUZZ_CHECK(km_attr_find(&b->attrs, a->attrs.at[i].attribute, &value));
        KM_FUZZ_CHECK(km_slice_equal(value, a->attrs.at[i].value));
    }
}

/*
 * More than one DER may mean the same key (what nobody needs is read over); what is printed of it means that same key.
 */
static void keys(struct km_slice in, uint8_t which)
{
    static uint8_t out[OUT_MAX];
    size_t len = 0;
    struct km_der_key key = {0};
    struct km_der_key again = {0};
    if (which == 7 && km_der_key_spki(in, &key)) {
        KM_FUZZ_CHECK(km_der_key_put_spki(&key.attrs, KM_SPAN(out, sizeof(out)), &len));
        KM_FUZZ_CHECK(km_der_key_spki(KM_SLICE(out, len), &again));
        same_attributes(&key, &again);
    }
    if (which == 8 && km_der_key_private(in, 256, &key) &&
        km_der_key_put_pkcs8(&key.attrs, KM_SPAN(out, sizeof(out)), &len)) {
        KM_FUZZ_CHECK(km_der_key_private(KM_SLICE(out, len), 0, &again));
        /* The public part of a curve of RFC 8410 is not printed. */
        if (km_der_raw_find(key.kind) == NULL)
            same_attributes(&key, &again);
    }
    (void)km_der_key_parameters(in, which == 11 ? KM_DER_KEY_DSA : KM_DER_KEY_DH, &key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct km_slice in = KM_SLICE(data + 1, size - 1);
    requests(in, data[0]);
    records(in, data[0]);
    keys(in, data[0]);
    wishes(in, data[0]);
    return 0;
}
