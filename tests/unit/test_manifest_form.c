/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's parsers on real ones and on everything near them. */
#include "tests/unit/km_test.h"

#include "format/manifest.h"

#define OCTETS_MAX 8192u

static size_t load(const char *name, uint8_t ret[OCTETS_MAX])
{
    char path[512] = {0};
    (void)snprintf(path, sizeof(path), "%s/fuzz_manifest/%s", SAMPLES, name);
    FILE *in = fopen(path, "rbe");
    assert_non_null(in);
    size_t len = fread(ret, 1, OCTETS_MAX, in);
    (void)fclose(in);
    assert_in_range(len, 6, OCTETS_MAX - 1);
    return len;
}

/* In memory of exactly that length, so that a sanitizer sees a read beyond it. */
static bool parses(bool is_body, const uint8_t *octets, size_t len)
{
    static struct km_manifest_body body;
    struct km_envelope envelope = {0};
    struct km_manifest manifest = {0};
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    if (len != 0)
        km_copy(copy, len, octets, len);
    bool ok = is_body ? km_manifest_body_parse(KM_SLICE(copy, len), &body)
                      : km_envelope_parse(KM_SLICE(copy, len), KM_MANIFEST_KIND, &envelope) &&
                            envelope.version == KM_ENVELOPE_VERSION && envelope.alg != NULL &&
                            km_manifest_parse(envelope.body, &manifest);
    free(copy);
    return ok;
}

static const struct {
    const char *name;
    bool is_body;
} samples[] = {
    {"first", false}, {"update", false}, {"rsa", false}, {"body", true}, {"body_empty", true}};

static void test_cuts_and_more(void **state)
{
    (void)state;
    uint8_t octets[OCTETS_MAX] = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(samples); i++) {
        size_t len = load(samples[i].name, octets);
        assert_true(parses(samples[i].is_body, octets, len));
        for (size_t cut = 0; cut < len; cut++)
            assert_false(parses(samples[i].is_body, octets, cut));
        octets[len] = 0;
        assert_false(parses(samples[i].is_body, octets, len + 1));
    }
}

static void test_fields(void **state)
{
    (void)state;
    uint8_t octets[OCTETS_MAX] = {0};
    struct km_envelope envelope = {0};
    struct km_manifest manifest = {0};
    size_t len = load("update", octets);
    assert_true(km_envelope_parse(KM_SLICE(octets, len), KM_MANIFEST_KIND, &envelope));
    assert_true(km_manifest_parse(envelope.body, &manifest));
    assert_int_equal(manifest.sequence, 300);
    assert_true(manifest.is_update);
    assert_true(km_slice_equal(manifest.device_class, KM_SLICE_STR("door")));
    assert_true(km_slice_equal(manifest.sealed.cipher_name, KM_SLICE_STR("AES_CBC_NOPAD")));
}

/* One field after the other out of bounds; what is printed so must not be read. */
static void test_limits(void **state)
{
    (void)state;
    static const char name[64] = "0123456789012345678901234567890123456789012345678901234567890123";
    uint8_t octets[OCTETS_MAX] = {0};
    uint8_t printed[OCTETS_MAX] = {0};
    struct km_envelope envelope = {0};
    struct km_manifest good = {0};
    size_t len = load("first", octets);
    assert_true(km_envelope_parse(KM_SLICE(octets, len), KM_MANIFEST_KIND, &envelope));
    assert_true(km_manifest_parse(envelope.body, &good));
    struct km_manifest wrong[] = {good, good, good, good, good, good};
    wrong[1].sequence = 0;
    wrong[2].sequence = KM_MANIFEST_SEQUENCE_MAX + 1;
    wrong[3].device_class = KM_SLICE("", 0);
    wrong[4].device_class = KM_SLICE(name, sizeof(name));
    wrong[5].signer = KM_SLICE("\x04\x00", 2);
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++) {
        struct km_wr wr = km_wr_init(printed, sizeof(printed));
        struct km_slice whole = {0};
        struct km_manifest parsed = {0};
        km_manifest_put(&wr, &wrong[i]);
        assert_true(km_wr_finish(&wr, &whole));
        assert_int_equal(km_manifest_parse(km_rd_init(whole), &parsed), i == 0);
    }
}

static size_t put_body(const struct km_manifest_body *body, uint8_t *out, size_t cap)
{
    struct km_wr wr = km_wr_init(out, cap);
    struct km_slice whole = {0};
    km_manifest_body_put(&wr, body);
    assert_true(km_wr_finish(&wr, &whole));
    return whole.len;
}

static void test_names_and_counts(void **state)
{
    (void)state;
    static struct km_manifest_body body, changed;
    static uint8_t out[8 * OCTETS_MAX];
    uint8_t octets[OCTETS_MAX] = {0};
    size_t len = load("body", octets);
    assert_true(km_manifest_body_parse(KM_SLICE(octets, len), &body));
    struct km_slice der = {0};
    assert_true(km_manifest_body_find(&body, "a", &der));
    assert_true(der.len > 64);
    assert_false(km_manifest_body_find(&body, "b", &der));
    const char *names[] = {"com.seqlabs.oem_root_cert", "a_csr", "_csr", ""};
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        changed = body;
        changed.certificates[1].name = KM_SLICE_STR(names[i]);
        assert_false(parses(true, out, put_body(&changed, out, sizeof(out))));
    }
    changed = body;
    changed.n_keys = KM_MANIFEST_KEYS_MAX;
    for (uint32_t i = 0; i < changed.n_keys; i++)
        changed.keys[i] = body.keys[0];
    len = put_body(&changed, out, sizeof(out));
    assert_true(parses(true, out, len));
    /* One key more, by hand: the list is the last thing in it. */
    struct km_wr wr = km_wr_init(out, sizeof(out));
    size_t whole = km_der_begin(&wr, KM_DER_SEQUENCE);
    km_der_put(&wr, KM_DER_SEQUENCE, KM_SLICE("", 0));
    size_t keys = km_der_begin(&wr, KM_DER_SEQUENCE);
    for (uint32_t i = 0; i <= KM_MANIFEST_KEYS_MAX; i++)
        km_wr_bytes(&wr, body.keys[0]);
    km_der_end(&wr, keys);
    km_der_end(&wr, whole);
    struct km_slice made = {0};
    assert_true(km_wr_finish(&wr, &made));
    assert_false(parses(true, made.ptr, made.len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts_and_more),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_names_and_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
