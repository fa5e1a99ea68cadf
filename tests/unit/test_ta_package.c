/* SPDX-License-Identifier: Apache-2.0 */
/* TA packages: what is accepted, and every single thing that is not. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "common/km_file.h"
#include "tee/keymoord/ta_package.h"
#include "tee/keymoord/trust.h"
#include "tests/unit/km_test.h"

#define CAP 8192

struct fixture {
    char dir[64];
    EVP_PKEY *key; /* trusted */
    EVP_PKEY *other;
    struct km_trust *trust;
    uint8_t elf[256];
    uint8_t buf[CAP];
    struct km_slice good; /* a package in buf */
};

static void write_public(const struct fixture *f, const char *name, EVP_PKEY *key, char path[128])
{
    (void)snprintf(path, 128, "%s/%s", f->dir, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(PEM_write_PUBKEY(file, key), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

static struct km_ta_package sample(const struct fixture *f)
{
    return (struct km_ta_package){
        .uuid = {{0x7d, 0x6a, 0x1f, 0x0e, 0x3c, 0x52, 0x4b, 0x8f, 0x9a, 0x61, 0x0d, 0x5b, 0x2f,
                  0x8c, 0x4e, 0x17}},
        .version = 7,
        .properties = {{KM_SLICE_STR("gpd.ta.singleInstance"), KM_SLICE_STR("true")},
                       {KM_SLICE_STR("org.example.text"), KM_SLICE_STR("gr\xc3\xbc\xc3\x9f")}},
        .n_properties = 2,
        .alg = KM_TA_ECDSA_SHA256,
        .stack_size = 65536,
        .heap_size = 1048576,
        .elf = KM_SLICE(f->elf, sizeof(f->elf)),
    };
}

static struct km_slice print(const struct km_ta_package *package, uint8_t *buf, size_t cap)
{
    struct km_wr wr = km_wr_init(buf, cap);
    struct km_slice out = {0};
    km_ta_package_put(&wr, package);
    assert_true(km_wr_finish(&wr, &out));
    return out;
}

/* Signs what the package says and prints it whole. */
static struct km_slice make(const struct km_ta_package *from, EVP_PKEY *key, const char *digest,
                            uint8_t *buf, size_t cap)
{
    struct km_ta_package package = *from;
    uint8_t unsigned_buf[CAP] = {0}, signature[1024] = {0};
    size_t len = sizeof(signature);
    package.signature = KM_SLICE("", 0);
    struct km_slice out = print(&package, unsigned_buf, sizeof(unsigned_buf));
    struct km_ta_package parsed = {0};
    assert_int_equal(km_ta_package_parse(NULL, out, &parsed), KM_OK);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &len, parsed.content.ptr, parsed.content.len),
                     1);
    EVP_MD_CTX_free(ctx);
    package.signature = KM_SLICE(signature, len);
    return print(&package, buf, cap);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char path[128] = {0};
    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/keymoor-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->key = EVP_EC_gen("P-256");
    f->other = EVP_EC_gen("P-256");
    f->trust = km_trust_new();
    assert_non_null(f->trust);
    write_public(f, "good.pem", f->key, path);
    assert_int_equal(km_trust_add(NULL, f->trust, path), KM_OK);
    static const uint8_t head[] = {
        0x7f,
        'E',
        'L',
        'F',
        2,
        1,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        3,
        0,
#if defined(__aarch64__)
        183,
        0
    };
#elif defined(__riscv)
        243,
        0
    };
#else
        62,
        0
    };
#endif
    km_copy(f->elf, sizeof(f->elf), head, sizeof(head));
    struct km_ta_package package = sample(f);
    f->good = make(&package, f->key, "SHA256", f->buf, sizeof(f->buf));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    DIR *dir = opendir(f->dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
    (void)rmdir(f->dir);
    km_trust_free(f->trust);
    EVP_PKEY_free(f->key);
    EVP_PKEY_free(f->other);
    free(f);
    return 0;
}

static km_status whole(const struct fixture *f, struct km_slice in)
{
    struct km_ta_package package = {0};
    km_status status = km_ta_package_parse(NULL, in, &package);
    if (status == KM_OK)
        status = km_trust_verify(NULL, f->trust, &package);
    if (status == KM_OK)
        status = km_ta_package_check(NULL, &package);
    return status;
}

static void accepts_a_good_one(void **state)
{
    const struct fixture *f = *state;
    struct km_ta_package package = {0};
    uint8_t again[CAP] = {0};
    assert_int_equal(whole(f, f->good), KM_OK);
    assert_int_equal(km_ta_package_parse(NULL, f->good, &package), KM_OK);
    assert_int_equal(package.version, 7);
    assert_int_equal(package.n_properties, 2);
    assert_int_equal(package.stack_size, 65536);
    assert_int_equal(package.heap_size, 1048576);
    assert_true(km_slice_equal(package.elf, KM_SLICE(f->elf, sizeof(f->elf))));
    assert_true(km_ta_package_flag(&package, "gpd.ta.singleInstance", false));
    assert_true(km_ta_package_flag(&package, "gpd.ta.multiSession", true));
    assert_false(km_ta_package_flag(&package, "gpd.ta.multiSession", false));
    assert_true(km_slice_equal(print(&package, again, sizeof(again)), f->good));
}

static void refuses_it_cut_at_every_byte(void **state)
{
    const struct fixture *f = *state;
    for (size_t len = 0; len < f->good.len; len++) {
        uint8_t *exact = malloc(len + 1); /* so that reading on is noticed */
        km_copy(exact, len, f->good.ptr, len);
        struct km_ta_package package = {0};
        assert_int_equal(km_ta_package_parse(NULL, KM_SLICE(exact, len), &package), KM_E_MALFORMED);
        free(exact);
    }
}

static void refuses_every_flipped_bit(void **state)
{
    const struct fixture *f = *state;
    uint8_t copy[CAP] = {0};
    km_copy(copy, sizeof(copy), f->good.ptr, f->good.len);
    for (size_t bit = 0; bit < f->good.len * 8; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_not_equal(whole(f, KM_SLICE(copy, f->good.len)), KM_OK);
        copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

static void refuses_trailing_bytes(void **state)
{
    const struct fixture *f = *state;
    uint8_t copy[CAP] = {0};
    km_copy(copy, sizeof(copy), f->good.ptr, f->good.len);
    assert_int_equal(whole(f, KM_SLICE(copy, f->good.len + 1)), KM_E_MALFORMED);
}

static void refuses_another_key(void **state)
{
    const struct fixture *f = *state;
    uint8_t buf[CAP] = {0};
    struct km_ta_package package = sample(f);
    assert_int_equal(whole(f, make(&package, f->other, "SHA256", buf, sizeof(buf))), KM_E_AUTH);
    /* Nobody's signature is nobody's package. */
    package.signature = KM_SLICE("", 0);
    assert_int_equal(whole(f, print(&package, buf, sizeof(buf))), KM_E_AUTH);
    struct km_trust *nobody = km_trust_new();
    assert_int_equal(km_ta_package_parse(NULL, f->good, &package), KM_OK);
    assert_int_equal(km_trust_verify(NULL, nobody, &package), KM_E_AUTH);
    km_trust_free(nobody);
}

/* The algorithm stands inside what is signed: saying another one does not help. */
static void refuses_another_algorithm(void **state)
{
    const struct fixture *f = *state;
    uint8_t buf[CAP] = {0};
    struct km_ta_package package = sample(f);
    package.alg = KM_TA_ECDSA_SHA384;
    assert_int_equal(whole(f, make(&package, f->key, "SHA256", buf, sizeof(buf))), KM_E_AUTH);
    assert_int_equal(whole(f, make(&package, f->key, "SHA384", buf, sizeof(buf))), KM_OK);
    package.alg = KM_TA_RSA_SHA256;
    assert_int_equal(whole(f, make(&package, f->key, "SHA256", buf, sizeof(buf))), KM_E_AUTH);
}

static void takes_every_kind_of_key(void **state)
{
    struct fixture *f = *state;
    const struct {
        EVP_PKEY *key;
        enum km_ta_alg alg;
        const char *digest;
    } cases[] = {
        {EVP_EC_gen("P-384"), KM_TA_ECDSA_SHA384, "SHA384"},
        {EVP_EC_gen("P-521"), KM_TA_ECDSA_SHA512, "SHA512"},
        {EVP_RSA_gen(2048), KM_TA_RSA_SHA256, "SHA256"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        char path[128] = {0};
        uint8_t buf[CAP] = {0};
        struct km_ta_package package = sample(f);
        package.alg = cases[i].alg;
        struct km_slice made = make(&package, cases[i].key, cases[i].digest, buf, sizeof(buf));
        assert_int_equal(whole(f, made), KM_E_AUTH);
        write_public(f, "more.pem", cases[i].key, path);
        assert_int_equal(km_trust_add(NULL, f->trust, path), KM_OK);
        assert_int_equal(whole(f, made), KM_OK);
        EVP_PKEY_free(cases[i].key);
    }
    assert_int_equal(whole(f, f->good), KM_OK);
}

static void refuses_weak_and_open_keys(void **state)
{
    struct fixture *f = *state;
    char path[128] = {0};
    EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_EC_gen("secp256k1"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < KM_ARRAY_LEN(keys); i++) {
        write_public(f, "weak.pem", keys[i], path);
        assert_int_equal(km_trust_add(NULL, f->trust, path), KM_E_UNSUPPORTED);
        EVP_PKEY_free(keys[i]);
    }
    write_public(f, "open.pem", f->other, path);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(km_trust_add(NULL, f->trust, path), KM_E_DENIED);
    assert_int_equal(km_trust_add(NULL, f->trust, "/nowhere/at/all.pem"), KM_E_NOTFOUND);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(truncate(path, 40), 0);
    assert_int_equal(km_trust_add(NULL, f->trust, path), KM_E_MALFORMED);
    assert_int_equal(km_trust_count(f->trust), 1);
}

static void reads_a_directory_of_keys(void **state)
{
    struct fixture *f = *state;
    char path[128] = {0};
    struct km_trust *trust = km_trust_new();
    write_public(f, "second.pem", f->other, path);
    write_public(f, "not-a-key.txt", f->other, path);
    assert_int_equal(km_trust_add(NULL, trust, f->dir), KM_OK);
    assert_int_equal(km_trust_count(trust), 2);
    assert_int_equal(chmod(f->dir, 0777), 0);
    assert_int_equal(km_trust_add(NULL, trust, f->dir), KM_E_DENIED);
    assert_int_equal(chmod(f->dir, 0700), 0);
    km_trust_free(trust);
}

static void refuses_what_is_too_large(void **state)
{
    const struct fixture *f = *state;
    size_t cap = KM_TA_PACKAGE_MAX + 4096;
    uint8_t *large = calloc(1, cap), *buf = calloc(1, cap);
    struct km_ta_package package = sample(f), parsed = {0};
    assert_non_null(large);
    assert_non_null(buf);
    package.elf = KM_SLICE(large, KM_TA_ELF_MAX + 1u);
    package.signature = KM_SLICE("", 0);
    assert_int_equal(km_ta_package_parse(NULL, print(&package, buf, cap), &parsed), KM_E_LIMIT);
    assert_int_equal(km_ta_package_parse(NULL, KM_SLICE(buf, KM_TA_PACKAGE_MAX + 1u), &parsed),
                     KM_E_LIMIT);
    package = sample(f);
    package.signature = KM_SLICE(large, KM_TA_SIGNATURE_MAX + 1);
    assert_int_equal(km_ta_package_parse(NULL, print(&package, buf, cap), &parsed), KM_E_LIMIT);
    package = sample(f);
    package.stack_size = KM_TA_STACK_MAX + 1;
    assert_int_equal(km_ta_package_parse(NULL, print(&package, buf, cap), &parsed), KM_E_LIMIT);
    package = sample(f);
    package.heap_size = KM_TA_HEAP_MAX + 1;
    assert_int_equal(km_ta_package_parse(NULL, print(&package, buf, cap), &parsed), KM_E_LIMIT);
    free(large);
    free(buf);
}

static void refuses_bad_properties(void **state)
{
    const struct fixture *f = *state;
    static char long_text[KM_TA_PROPERTY_VALUE_MAX + 2];
    uint8_t buf[CAP * 4] = {0};
    struct km_ta_package parsed = {0};
    memset(long_text, 'a', sizeof(long_text) - 1);
    const struct {
        struct km_slice name, value;
        km_status parse, check;
    } cases[] = {
        {KM_SLICE_STR(""), KM_SLICE_STR("x"), KM_E_MALFORMED, KM_OK},
        {KM_SLICE_STR("a b"), KM_SLICE_STR("x"), KM_E_MALFORMED, KM_OK},
        {KM_SLICE_STR("gpd.ta.singleInstance"), KM_SLICE_STR("x"), KM_E_MALFORMED, KM_OK},
        {KM_SLICE_STR("bad.utf8"), KM_SLICE_STR("\xff"), KM_E_MALFORMED, KM_OK},
        {KM_SLICE_STR("too.long"), KM_SLICE_STR(long_text), KM_E_MALFORMED, KM_OK},
        {KM_SLICE(long_text, KM_TA_PROPERTY_NAME_MAX + 1), KM_SLICE_STR("x"), KM_E_MALFORMED,
         KM_OK},
        {KM_SLICE_STR("gpd.ta.multiSession"), KM_SLICE_STR("yes"), KM_OK, KM_E_MALFORMED},
        {KM_SLICE_STR("org.keymoor.des.parity"), KM_SLICE_STR("check"), KM_OK, KM_OK},
        {KM_SLICE_STR("org.keymoor.des.parity"), KM_SLICE_STR("ignore"), KM_OK, KM_OK},
        {KM_SLICE_STR("org.keymoor.des.parity"), KM_SLICE_STR("true"), KM_OK, KM_E_MALFORMED},
        {KM_SLICE_STR("org.keymoor.lenient"), KM_SLICE_STR("true"), KM_OK, KM_OK},
        {KM_SLICE_STR("org.keymoor.lenient"), KM_SLICE_STR("false"), KM_OK, KM_OK},
        {KM_SLICE_STR("org.keymoor.lenient"), KM_SLICE_STR("ignore"), KM_OK, KM_E_MALFORMED},
        {KM_SLICE_STR("empty.is.fine"), KM_SLICE_STR(""), KM_OK, KM_OK},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        struct km_ta_package package = sample(f);
        package.properties[1] = (struct km_ta_property){cases[i].name, cases[i].value};
        struct km_slice out = print(&package, buf, sizeof(buf));
        assert_int_equal(km_ta_package_parse(NULL, out, &parsed), cases[i].parse);
        if (cases[i].parse == KM_OK)
            assert_int_equal(km_ta_package_check(NULL, &parsed), cases[i].check);
    }
}

static void refuses_other_programs(void **state)
{
    struct fixture *f = *state;
    const struct {
        size_t at;
        uint8_t value;
    } cases[] = {{0, 0},
                 {4, 1 /* 32 bit */},
                 {5, 2 /* big-endian */},
                 {16, 2 /* not shared */},
                 {18, 3 /* another machine */}};
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        struct km_ta_package package = sample(f);
        uint8_t was = f->elf[cases[i].at];
        f->elf[cases[i].at] = cases[i].value;
        assert_int_equal(km_ta_package_check(NULL, &package), KM_E_MALFORMED);
        f->elf[cases[i].at] = was;
        assert_int_equal(km_ta_package_check(NULL, &package), KM_OK);
    }
    struct km_ta_package package = sample(f);
    package.elf.len = 20;
    assert_int_equal(km_ta_package_check(NULL, &package), KM_E_MALFORMED);
}

/* Another version of the format, and something else altogether. */
static void refuses_other_formats(void **state)
{
    const struct fixture *f = *state;
    static const uint8_t kind[] = "keymoor-ta";
    uint8_t copy[CAP] = {0};
    struct km_ta_package parsed = {0};
    km_copy(copy, sizeof(copy), f->good.ptr, f->good.len);
    uint8_t *at = memmem(copy, f->good.len, kind, sizeof(kind) - 1);
    assert_non_null(at);
    uint8_t *version = at + sizeof(kind) - 1 + 2;
    assert_int_equal(*version, 1);
    *version = 2;
    assert_int_equal(km_ta_package_parse(NULL, KM_SLICE(copy, f->good.len), &parsed),
                     KM_E_UNSUPPORTED);
    *version = 1;
    at[0] = 'K';
    assert_int_equal(km_ta_package_parse(NULL, KM_SLICE(copy, f->good.len), &parsed),
                     KM_E_MALFORMED);
}

/* What the shell script writes is what this reads. */
static void reads_what_the_script_writes(void **state)
{
    const struct fixture *f = *state;
    char key[128] = {0}, elf[128] = {0}, out[128] = {0}, command[1024] = {0};
    uint8_t again[CAP] = {0};
    (void)snprintf(key, sizeof(key), "%s/script.key", f->dir);
    (void)snprintf(elf, sizeof(elf), "%s/script.so", f->dir);
    (void)snprintf(out, sizeof(out), "%s/script.stp", f->dir);
    FILE *file = fopen(key, "we");
    assert_int_equal(PEM_write_PrivateKey(file, f->key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(km_file_write(NULL, AT_FDCWD, elf, KM_SLICE(f->elf, sizeof(f->elf)), 0600),
                     KM_OK);
    (void)snprintf(command, sizeof(command),
                   "sh %s/factory/make_ta_package.sh -k %s -u 7D6A1F0E-3C52-4B8F-9A610D5B2F8C4E17 "
                   "-v 4294967295 -p a.b=c -p 'd= e ' -s 128 -m 268435456 -i %s -o %s",
                   KM_SOURCE_DIR, key, elf, out);
    assert_int_equal(system(command), 0);
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    struct km_ta_package package = {0};
    assert_int_equal(km_file_read(NULL, AT_FDCWD, out, CAP, &bytes, &len), KM_OK);
    assert_int_equal(whole(f, KM_SLICE(bytes, len)), KM_OK);
    assert_int_equal(km_ta_package_parse(NULL, KM_SLICE(bytes, len), &package), KM_OK);
    struct km_ta_package expected = sample(f);
    assert_true(km_uuid_equal(&package.uuid, &expected.uuid));
    assert_int_equal(package.version, UINT32_MAX);
    assert_int_equal(package.stack_size, 128);
    assert_int_equal(package.heap_size, KM_TA_HEAP_MAX);
    assert_true(km_slice_equal(package.properties[1].value, KM_SLICE_STR(" e ")));
    assert_true(km_slice_equal(print(&package, again, sizeof(again)), KM_SLICE(bytes, len)));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(accepts_a_good_one),        TEST(refuses_it_cut_at_every_byte),
        TEST(refuses_every_flipped_bit), TEST(refuses_trailing_bytes),
        TEST(refuses_another_key),       TEST(refuses_another_algorithm),
        TEST(takes_every_kind_of_key),   TEST(refuses_weak_and_open_keys),
        TEST(reads_a_directory_of_keys), TEST(refuses_what_is_too_large),
        TEST(refuses_bad_properties),    TEST(refuses_other_programs),
        TEST(refuses_other_formats),     TEST(reads_what_the_script_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
