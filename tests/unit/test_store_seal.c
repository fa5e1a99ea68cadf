/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing: the published vector, every flipped bit, every changed place; the set's arithmetic. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "tee/store/seal.h"
#include "tee/store/xaes.h"

/* C2SP's example: key of 01 octets, no associated data. Both values of the subkey's top bit occur. */
static const struct {
    uint8_t key_octet;
    const char *aad;
    const char *sealed;
} vectors[] = {
    {0x01, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
    {0x03, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
};

static void published_vectors_fit(void **state)
{
    (void)state;
    EVP_CIPHER *ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
    EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    static const uint8_t nonce[] = "ABCDEFGHIJKLMNOPQRSTUVWX";
    for (size_t i = 0; i < KM_ARRAY_LEN(vectors); i++) {
        uint8_t key[KM_XAES_KEY_LEN] = {0};
        uint8_t wanted[28] = {0};
        uint8_t got[28] = {0};
        uint8_t plain[12] = {0};
        memset(key, vectors[i].key_octet, sizeof key);
        assert_true(km_unhex(vectors[i].sealed, wanted, sizeof wanted));
        struct km_xaes xaes = {0};
        struct km_slice aad = KM_SLICE_STR(vectors[i].aad);
        assert_true(km_xaes_init(&xaes, ecb, gcm, key));
        assert_true(km_xaes_encrypt(&xaes, nonce, aad, KM_SLICE_STR("XAES-256-GCM"), 12, got));
        assert_memory_equal(got, wanted, sizeof got);
        assert_true(km_xaes_decrypt(&xaes, nonce, aad, KM_SLICE(got, sizeof got), plain));
        assert_memory_equal(plain, "XAES-256-GCM", sizeof plain);
        assert_false(km_xaes_decrypt(&xaes, nonce, aad, KM_SLICE(got, 15), plain));
        km_xaes_clear(&xaes);
    }
    EVP_CIPHER_free(ecb);
    EVP_CIPHER_free(gcm);
}

static struct km_seal *seal_new(const char *key, uint8_t owner)
{
    struct km_secret *secret = km_secret_from(KM_SLICE(key, 32));
    const struct km_uuid uuid = {.octet = {owner}};
    struct km_seal *seal = NULL;
    assert_int_equal(km_seal_new(NULL, secret, &uuid, &seal), KM_OK);
    km_secret_free(secret);
    return seal;
}

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"

static const struct km_seal_place place = {.kind = KM_KEY_PIECE, .id = 7, .level = 1, .index = 9};

static void seals_open_only_where_they_belong(void **state)
{
    (void)state;
    struct km_seal *seal = seal_new(KEY_A, 1);
    struct km_seal *other_key = seal_new(KEY_B, 1);
    struct km_seal *other_owner = seal_new(KEY_A, 2);
    uint8_t sealed[16 + KM_SEAL_OVERHEAD] = {0};
    uint8_t plain[16] = {0};
    uint8_t tag[KM_TAG_LEN] = {0};
    assert_int_equal(km_seal_put(NULL, seal, &place, KM_SLICE_STR("text"), 16,
                                 KM_SPAN(sealed, sizeof sealed), tag),
                     KM_OK);
    assert_memory_equal(tag, sealed + sizeof sealed - KM_TAG_LEN, KM_TAG_LEN);
    struct km_slice in = KM_SLICE(sealed, sizeof sealed);
    struct km_span out = KM_SPAN(plain, sizeof plain);
    assert_int_equal(km_seal_get(NULL, seal, &place, in, out), KM_OK);
    assert_memory_equal(plain, "text\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    struct km_seal_place moved[] = {place, place, place, place};
    moved[0].kind = KM_KEY_RECORD;
    moved[1].id++;
    moved[2].level++;
    moved[3].index++;
    for (size_t i = 0; i < KM_ARRAY_LEN(moved); i++)
        assert_int_equal(km_seal_get(NULL, seal, &moved[i], in, out), KM_E_CORRUPT);
    assert_int_equal(km_seal_get(NULL, other_key, &place, in, out), KM_E_CORRUPT);
    assert_int_equal(km_seal_get(NULL, other_owner, &place, in, out), KM_E_CORRUPT);
    assert_int_equal(plain[0], 0);
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(km_seal_get(NULL, seal, &place, in, out), KM_E_CORRUPT);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < sizeof sealed; len++)
        assert_int_equal(km_seal_get(NULL, seal, &place, KM_SLICE(sealed, len), out), KM_E_CORRUPT);
    assert_int_equal(km_seal_get(NULL, seal, &place, in, out), KM_OK);
    km_seal_free(seal);
    km_seal_free(other_key);
    km_seal_free(other_owner);
    assert_int_equal(ERR_peek_error(), 0);
}

static void names_and_ids_depend_on_key_and_owner(void **state)
{
    (void)state;
    struct km_seal *seal[] = {seal_new(KEY_A, 1), seal_new(KEY_B, 1), seal_new(KEY_A, 2),
                              seal_new(KEY_A, 1)};
    uint8_t name[4][KM_NAME_KEY_LEN] = {{0}};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(km_seal_name(NULL, seal[i], KM_SLICE_STR("name"), name[i]), KM_OK);
    for (size_t i = 1; i < 3; i++) {
        assert_memory_not_equal(name[0], name[i], KM_NAME_KEY_LEN);
        assert_memory_not_equal(km_seal_key_id(seal[0]), km_seal_key_id(seal[i]), KM_KEY_ID_LEN);
    }
    assert_memory_equal(name[0], name[3], KM_NAME_KEY_LEN);
    assert_memory_equal(km_seal_key_id(seal[0]), km_seal_key_id(seal[3]), KM_KEY_ID_LEN);
    for (size_t i = 0; i < 4; i++)
        km_seal_free(seal[i]);
}

static void sets_add_and_subtract(void **state)
{
    (void)state;
    uint8_t set[KM_SET_LEN] = {0};
    uint8_t ones[KM_SET_LEN] = {0};
    uint8_t one[KM_SET_LEN] = {1};
    const uint8_t zero[KM_SET_LEN] = {0};
    memset(ones, 0xff, sizeof ones);
    km_set_add(set, ones);
    assert_memory_equal(set, ones, KM_SET_LEN);
    km_set_add(set, one);
    assert_memory_equal(set, zero, KM_SET_LEN);
    km_set_subtract(set, one);
    assert_memory_equal(set, ones, KM_SET_LEN);
    uint8_t a[KM_SET_LEN] = {0};
    uint8_t b[KM_SET_LEN] = {0};
    uint8_t x[KM_SET_LEN] = {0};
    uint8_t y[KM_SET_LEN] = {0};
    for (size_t i = 0; i < KM_SET_LEN; i++) {
        a[i] = (uint8_t)(i * 37 + 200);
        b[i] = (uint8_t)(i * 91 + 130);
    }
    km_set_add(x, a);
    km_set_add(x, b);
    km_set_add(y, b);
    km_set_add(y, a);
    assert_memory_equal(x, y, KM_SET_LEN);
    km_set_subtract(x, a);
    assert_memory_equal(x, b, KM_SET_LEN);
}

static void elements_differ_by_object_and_version(void **state)
{
    (void)state;
    struct km_seal *seal = seal_new(KEY_A, 1);
    uint8_t sealed[2][16 + KM_SEAL_OVERHEAD] = {{0}};
    uint8_t element[3][KM_SET_LEN] = {{0}};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(km_seal_put(NULL, seal, &place, KM_SLICE_STR("same"), 16,
                                     KM_SPAN(sealed[i], sizeof sealed[i]), NULL),
                         KM_OK);
    assert_int_equal(km_seal_element(NULL, seal, 1, KM_SLICE(sealed[0], 56), element[0]), KM_OK);
    assert_int_equal(km_seal_element(NULL, seal, 1, KM_SLICE(sealed[1], 56), element[1]), KM_OK);
    assert_int_equal(km_seal_element(NULL, seal, 2, KM_SLICE(sealed[0], 56), element[2]), KM_OK);
    assert_memory_not_equal(element[0], element[1], KM_SET_LEN);
    assert_memory_not_equal(element[0], element[2], KM_SET_LEN);
    assert_int_equal(km_seal_element(NULL, seal, 1, KM_SLICE(sealed[0], 39), element[0]),
                     KM_E_CORRUPT);
    km_seal_free(seal);
}

/* In the place of the C library's: every process of this program has the same number, as in pid namespaces of their own. */
__attribute__((visibility("default"))) pid_t getpid(void)
{
    return 4711;
}

/* Processes that were forked after km_store_warm must not choose the same nonces. */
static void nonces_differ_after_a_fork(void **state)
{
    (void)state;
    uint8_t sealed[3][16 + KM_SEAL_OVERHEAD] = {{0}};
    int ends[2] = {-1, -1};
    assert_int_equal(km_seal_warm(NULL), KM_OK);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    for (size_t i = 0; i < 2; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct km_seal *seal = seal_new(KEY_A, 1);
            bool done = km_seal_put(NULL, seal, &place, KM_SLICE_STR("same"), 16,
                                    KM_SPAN(sealed[i], sizeof sealed[i]), NULL) == KM_OK &&
                        write(ends[1], sealed[i], sizeof sealed[i]) == sizeof sealed[i];
            _exit(done ? 0 : 1);
        }
        int status = -1;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(read(ends[0], sealed[i], sizeof sealed[i]), sizeof sealed[i]);
    }
    struct km_seal *seal = seal_new(KEY_A, 1);
    assert_int_equal(km_seal_put(NULL, seal, &place, KM_SLICE_STR("same"), 16,
                                 KM_SPAN(sealed[2], sizeof sealed[2]), NULL),
                     KM_OK);
    km_seal_free(seal);
    for (size_t i = 0; i < 3; i++)
        assert_memory_not_equal(sealed[i], sealed[(i + 1) % 3], sizeof sealed[i]);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_fit),
        cmocka_unit_test(seals_open_only_where_they_belong),
        cmocka_unit_test(names_and_ids_depend_on_key_and_owner),
        cmocka_unit_test(sets_add_and_subtract),
        cmocka_unit_test(elements_differ_by_object_and_version),
        cmocka_unit_test(nonces_differ_after_a_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
