/* SPDX-License-Identifier: Apache-2.0 */
/* The payload library as servers have it, over libcrypto; test_clrpv_device.c has the other build against a service. */
#include <sys/stat.h>

#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "include/clrpv.h"
#include "lib/clrpv/clrpv_internal.h"
#include "tests/unit/km_test.h"

struct pair {
    uint8_t private_der[4096];
    uint32_t private_len;
    uint8_t public_der[2048];
    uint32_t public_len;
};
enum { EC256, EC521, RSA2048, RSA1024, DSA1024, DH2048, X25519, N_PAIRS };
static struct pair pairs[N_PAIRS];
static char dir[64];

static void make_pair(struct pair *pair, EVP_PKEY *pkey)
{
    assert_non_null(pkey);
    unsigned char *at = pair->private_der;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    assert_non_null(info);
    assert_in_range(i2d_PKCS8_PRIV_KEY_INFO(info, NULL), 1, sizeof(pair->private_der));
    pair->private_len = (uint32_t)i2d_PKCS8_PRIV_KEY_INFO(info, &at);
    PKCS8_PRIV_KEY_INFO_free(info);
    at = pair->public_der;
    assert_in_range(i2d_PUBKEY(pkey, NULL), 1, sizeof(pair->public_der));
    pair->public_len = (uint32_t)i2d_PUBKEY(pkey, &at);
    EVP_PKEY_free(pkey);
}

static EVP_PKEY *dsa_new(void)
{
    EVP_PKEY *params = NULL;
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    assert_true(EVP_PKEY_paramgen_init(ctx) > 0);
    assert_true(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024) > 0);
    assert_true(EVP_PKEY_paramgen(ctx, &params) > 0);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new(params, NULL);
    assert_true(EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_keygen(ctx, &pkey) > 0);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(params);
    return pkey;
}

static EVP_PKEY *dh_new(void)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    char group[] = "ffdhe2048";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_end()};
    assert_true(EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_CTX_set_params(ctx, params) > 0 &&
                EVP_PKEY_generate(ctx, &pkey) > 0);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static int set_up(void **state)
{
    (void)state;
    make_pair(&pairs[EC256], EVP_EC_gen("P-256"));
    make_pair(&pairs[EC521], EVP_EC_gen("P-521"));
    make_pair(&pairs[RSA2048], EVP_RSA_gen(2048));
    make_pair(&pairs[RSA1024], EVP_RSA_gen(1024));
    make_pair(&pairs[DSA1024], dsa_new());
    make_pair(&pairs[DH2048], dh_new());
    make_pair(&pairs[X25519], EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
    (void)snprintf(dir, sizeof(dir), "/tmp/km-clrpv-XXXXXX");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(dir);
}

static ClrpvKey private_of(int which)
{
    return (ClrpvKey){.der = pairs[which].private_der, .der_length = pairs[which].private_len};
}

static ClrpvKey public_of(int which)
{
    return (ClrpvKey){.der = pairs[which].public_der, .der_length = pairs[which].public_len};
}

static const char *path(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    next = (next + 1) % 4;
    (void)snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
    return paths[next];
}

static void put_file(const char *name, struct km_slice octets)
{
    assert_int_equal(km_file_write(NULL, AT_FDCWD, path(name), octets, 0600), KM_OK);
}

static bool file_is(const char *name, struct km_slice expected)
{
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    return km_file_read(NULL, AT_FDCWD, path(name), 1 << 24, &bytes, &len) == KM_OK &&
           km_slice_equal(KM_SLICE(bytes, len), expected);
}

/* A package in memory of the octets 0, 1, 2, ... */
#define ROOM 8192
static size_t package_of(const ClrpvCreateWish *wish, size_t len, uint8_t package[ROOM])
{
    uint8_t payload[ROOM - CLRPV_OVERHEAD_MAX];
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)i;
    size_t package_len = ROOM;
    assert_int_equal(clrpvCreatePackageBuffer(wish, payload, len, package, &package_len),
                     CLRPV_SUCCESS);
    return package_len;
}

static ClrpvResult verify(const ClrpvVerifyWish *wish, struct km_slice package)
{
    const uint8_t *payload = NULL;
    size_t len = 0;
    return clrpvVerifyPackageBuffer(wish, package.ptr, package.len, &payload, &len, NULL);
}

/* Every key with every hash: those that go together do, the others say so. */
static void families_and_hashes(void **state)
{
    static const struct {
        int key;
        bool fits[6]; /* md5 to sha512 */
    } rows[] = {
        {EC256, {false, true, true, true, true, true}},
        {EC521, {false, true, true, true, true, true}},
        {RSA2048, {true, true, true, true, true, true}},
        {DSA1024, {false, true, true, true, false, false}},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        for (unsigned hash = CLRPV_HASH_MD5; hash <= CLRPV_HASH_SHA512; hash++) {
            uint8_t package[ROOM] = {0};
            const uint8_t *payload = NULL;
            size_t len = ROOM;
            size_t payload_len = 0;
            ClrpvPackageInfo info = {.hash = CLRPV_HASH_DEFAULT};
            const ClrpvCreateWish wish = {.key = private_of(rows[i].key),
                                          .hash = (ClrpvHash)hash,
                                          .flags = CLRPV_ALLOW_WEAK_HASH,
                                          .has_version = 1,
                                          .version = 1ull << 40,
                                          .target = "door"};
            ClrpvResult made =
                clrpvCreatePackageBuffer(&wish, (const uint8_t *)"octets", 6, package, &len);
            bool fits = rows[i].fits[hash - CLRPV_HASH_MD5];
            assert_int_equal(made, fits ? CLRPV_SUCCESS : CLRPV_ERROR_ALGORITHM);
            if (!fits)
                continue;
            ClrpvVerifyWish asked = {
                .key = public_of(rows[i].key), .flags = CLRPV_ALLOW_WEAK_HASH, .target = "door"};
            assert_int_equal(
                clrpvVerifyPackageBuffer(&asked, package, len, &payload, &payload_len, &info),
                CLRPV_SUCCESS);
            assert_int_equal(payload_len, 6);
            assert_memory_equal(payload, "octets", 6);
            assert_int_equal(info.hash, hash);
            assert_int_equal(info.version, 1ull << 40);
            assert_string_equal(info.target, "door");
            assert_int_equal(info.length, 6);
            /* A private key verifies as well: with its public part. */
            asked.key = private_of(rows[i].key);
            assert_int_equal(verify(&asked, KM_SLICE(package, len)), CLRPV_SUCCESS);
        }
    }
}

static void weak_hashes_need_a_word(void **state)
{
    (void)state;
    for (int hash = CLRPV_HASH_MD5; hash <= CLRPV_HASH_SHA224; hash++) {
        uint8_t package[ROOM] = {0};
        size_t len = ROOM;
        ClrpvCreateWish wish = {.key = private_of(RSA2048), .hash = (ClrpvHash)hash};
        ClrpvResult strict = hash == CLRPV_HASH_SHA224 ? CLRPV_SUCCESS : CLRPV_ERROR_WEAK_HASH;
        assert_int_equal(clrpvHashIsWeak((ClrpvHash)hash), strict != CLRPV_SUCCESS);
        assert_int_equal(clrpvCreatePackageBuffer(&wish, (const uint8_t *)"x", 1, package, &len),
                         strict);
        wish.flags = CLRPV_ALLOW_WEAK_HASH;
        len = package_of(&wish, 1, package);
        ClrpvVerifyWish asked = {.key = public_of(RSA2048)};
        assert_int_equal(verify(&asked, KM_SLICE(package, len)), strict);
        asked.flags = CLRPV_ALLOW_WEAK_HASH;
        assert_int_equal(verify(&asked, KM_SLICE(package, len)), CLRPV_SUCCESS);
    }
}

/* Which codes a flipped bit may have, by where it lies. */
static bool is_refusal(ClrpvResult result)
{
    return result == CLRPV_ERROR_TRUNCATED || result == CLRPV_ERROR_TRAILING ||
           result == CLRPV_ERROR_BAD_FORMAT || result == CLRPV_ERROR_OTHER_KIND ||
           result == CLRPV_ERROR_ALGORITHM || result == CLRPV_ERROR_WEAK_HASH ||
           result == CLRPV_ERROR_KEY_MISMATCH || result == CLRPV_ERROR_SIGNATURE;
}

static void every_flip_and_cut_is_refused(void **state)
{
    (void)state;
    const ClrpvCreateWish wish = {
        .key = private_of(EC256), .has_version = 1, .version = 7, .target = "door"};
    const ClrpvVerifyWish asked = {.key = public_of(EC256), .target = "door", .lowest_version = 7};
    uint8_t package[ROOM] = {0};
    size_t len = package_of(&wish, 64, package);
    for (size_t i = 0; i < len; i++) {
        package[i] ^= (uint8_t)(1u << (i % 8));
        put_file("package", KM_SLICE(package, len));
        ClrpvResult result = clrpvVerifyPackage(&asked, path("package"), path("payload"), NULL);
        package[i] ^= (uint8_t)(1u << (i % 8));
        assert_true(is_refusal(result));
        assert_int_equal(km_test_count_entries(dir), 1);
    }
    for (size_t cut = 0; cut < len; cut++) {
        put_file("package", KM_SLICE(package, cut));
        assert_int_equal(clrpvVerifyPackage(&asked, path("package"), path("payload"), NULL),
                         CLRPV_ERROR_TRUNCATED);
        assert_int_equal(km_test_count_entries(dir), 1);
    }
    package[len] = 0;
    put_file("package", KM_SLICE(package, len + 1));
    assert_int_equal(clrpvVerifyPackage(&asked, path("package"), path("payload"), NULL),
                     CLRPV_ERROR_TRAILING);
    put_file("package", KM_SLICE(package, len));
    assert_int_equal(clrpvVerifyPackage(&asked, path("package"), path("payload"), NULL),
                     CLRPV_SUCCESS);
    assert_int_equal(unlink(path("package")), 0);
    assert_int_equal(unlink(path("payload")), 0);
}

static void files(void **state)
{
    (void)state;
    static uint8_t octets[3 * CLRPV_PIECE + 5];
    static const size_t lens[] = {
        0, 1, 127, CLRPV_PIECE - 1, CLRPV_PIECE, CLRPV_PIECE + 1, sizeof(octets)};
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)(i * 31 + i / 256);
    for (size_t i = 0; i < KM_ARRAY_LEN(lens); i++) {
        const ClrpvCreateWish wish = {.key = private_of(EC256)};
        const ClrpvVerifyWish asked = {.key = public_of(EC256)};
        put_file("in", KM_SLICE(octets, lens[i]));
        assert_int_equal(clrpvCreatePackage(&wish, path("in"), path("package")), CLRPV_SUCCESS);
        assert_int_equal(clrpvVerifyPackage(&asked, path("package"), path("out"), NULL),
                         CLRPV_SUCCESS);
        assert_true(file_is("out", KM_SLICE(octets, lens[i])));
        /* One octet at the end of a long one. */
        assert_int_equal(truncate(path("package"), 0) + unlink(path("out")), 0);
        assert_int_equal(clrpvVerifyPackage(&asked, path("package"), path("out"), NULL),
                         CLRPV_ERROR_TRUNCATED);
    }
    static const mode_t masks[] = {0022, 0077, 0002};
    for (size_t i = 0; i < KM_ARRAY_LEN(masks); i++) {
        struct stat st = {0};
        const ClrpvCreateWish wish = {.key = private_of(EC256)};
        mode_t before = umask(masks[i]);
        assert_int_equal(clrpvCreatePackage(&wish, path("in"), path("package")), CLRPV_SUCCESS);
        (void)umask(before);
        assert_int_equal(stat(path("package"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0666 & ~masks[i]);
    }
    assert_int_equal(unlink(path("in")) + unlink(path("package")), 0);
    assert_int_equal(km_test_count_entries(dir), 0);
}

/* A refused package leaves the output that is there alone. */
static void old_output_stays(void **state)
{
    (void)state;
    uint8_t package[ROOM] = {0};
    const ClrpvCreateWish wish = {.key = private_of(EC256)};
    const ClrpvVerifyWish asked = {.key = public_of(EC521)};
    size_t len = package_of(&wish, 10, package);
    put_file("package", KM_SLICE(package, len));
    put_file("out", OCTETS_OF("old"));
    assert_int_equal(clrpvVerifyPackage(&asked, path("package"), path("out"), NULL),
                     CLRPV_ERROR_SIGNATURE);
    assert_true(file_is("out", OCTETS_OF("old")));
    assert_int_equal(unlink(path("out")) + unlink(path("package")), 0);
}

static void targets_versions_and_limits(void **state)
{
    static const struct {
        int version;
        const char *target;
        ClrpvVerifyWish asked;
        ClrpvResult result;
    } rows[] = {
        {-1, NULL, {.flags = 0}, CLRPV_SUCCESS},
        {-1, NULL, {.target = "door"}, CLRPV_ERROR_TARGET},
        {-1, "door", {.flags = 0}, CLRPV_ERROR_TARGET},
        {-1, "door", {.flags = CLRPV_ANY_TARGET}, CLRPV_SUCCESS},
        {-1, "door", {.target = "doors"}, CLRPV_ERROR_TARGET},
        {3, "door", {.target = "door", .lowest_version = 3}, CLRPV_SUCCESS},
        {3, "door", {.target = "door", .lowest_version = 4}, CLRPV_ERROR_DOWNGRADE},
        {-1, "door", {.target = "door", .lowest_version = 1}, CLRPV_ERROR_DOWNGRADE},
        {3, NULL, {.max_length = 10}, CLRPV_SUCCESS},
        {3, NULL, {.max_length = 9}, CLRPV_ERROR_TOO_LARGE},
        {3, NULL, {.flags = 0x80}, CLRPV_ERROR_BAD_PARAMETERS},
        {3, NULL, {.target = ""}, CLRPV_ERROR_BAD_PARAMETERS},
        {3, NULL, {.target = "x", .flags = CLRPV_ANY_TARGET}, CLRPV_ERROR_BAD_PARAMETERS},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t package[ROOM] = {0};
        const ClrpvCreateWish wish = {.key = private_of(EC256),
                                      .has_version = rows[i].version >= 0,
                                      .version = (uint64_t)rows[i].version,
                                      .target = rows[i].target};
        ClrpvVerifyWish asked = rows[i].asked;
        asked.key = public_of(EC256);
        size_t len = package_of(&wish, 10, package);
        assert_int_equal(verify(&asked, KM_SLICE(package, len)), rows[i].result);
    }
}

static void keys(void **state)
{
    (void)state;
    uint8_t package[ROOM] = {0};
    const ClrpvCreateWish good = {.key = private_of(EC256)};
    size_t package_len = package_of(&good, 10, package);
    const struct {
        ClrpvKey key;
        ClrpvResult signs, verifies;
    } rows[] = {
        {private_of(EC256), CLRPV_SUCCESS, CLRPV_SUCCESS},
        {public_of(EC256), CLRPV_ERROR_KEY_PUBLIC, CLRPV_SUCCESS},
        {private_of(RSA2048), CLRPV_SUCCESS, CLRPV_ERROR_KEY_MISMATCH},
        {private_of(RSA1024), CLRPV_ERROR_KEY_TYPE, CLRPV_ERROR_KEY_TYPE},
        {private_of(DH2048), CLRPV_ERROR_KEY_TYPE, CLRPV_ERROR_KEY_TYPE},
        {public_of(DH2048), CLRPV_ERROR_KEY_TYPE, CLRPV_ERROR_KEY_TYPE},
        {private_of(X25519), CLRPV_ERROR_KEY_TYPE, CLRPV_ERROR_KEY_TYPE},
        {{.name = "stored"}, CLRPV_ERROR_NOT_SUPPORTED, CLRPV_ERROR_NOT_SUPPORTED},
        {{.file = "/nonexistent/key"}, ENOENT, ENOENT},
        {{.name = NULL}, CLRPV_ERROR_BAD_PARAMETERS, CLRPV_ERROR_BAD_PARAMETERS},
        {{.name = "a", .file = "b"}, CLRPV_ERROR_BAD_PARAMETERS, CLRPV_ERROR_BAD_PARAMETERS},
        {{.der = package, .der_length = (uint32_t)package_len},
         CLRPV_ERROR_KEY_FILE,
         CLRPV_ERROR_KEY_FILE},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t made[ROOM] = {0};
        size_t len = ROOM;
        const ClrpvCreateWish wish = {.key = rows[i].key};
        const ClrpvVerifyWish asked = {.key = rows[i].key};
        assert_int_equal(clrpvCreatePackageBuffer(&wish, (const uint8_t *)"x", 1, made, &len),
                         rows[i].signs);
        assert_int_equal(verify(&asked, KM_SLICE(package, package_len)), rows[i].verifies);
        if (rows[i].verifies != CLRPV_SUCCESS)
            assert_non_null(strstr(clrpvLastError(), "clrpvVerifyPackageBuffer: "));
    }
}

/* What openssl writes for each kind of key; a certificate or parameters before it are passed over. */
static void key_files(void **state)
{
    (void)state;
    static const char *const labels[] = {"PRIVATE KEY", "EC PRIVATE KEY"};
    for (size_t i = 0; i < KM_ARRAY_LEN(labels); i++) {
        char text[4096] = {0};
        char base64[2048] = {0};
        (void)EVP_EncodeBlock((unsigned char *)base64, pairs[EC256].private_der,
                              (int)pairs[EC256].private_len);
        (void)snprintf(
            text, sizeof(text),
            "Text before it\n-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
            "-----END EC PARAMETERS-----\n-----BEGIN %s-----\n%.64s\n%s\n-----END %s-----\n",
            labels[i], base64, base64 + 64, labels[i]);
        put_file("key", KM_SLICE_STR(text));
        uint8_t package[ROOM] = {0};
        const ClrpvCreateWish wish = {.key = {.file = path("key")}};
        const ClrpvVerifyWish asked = {.key = public_of(EC256)};
        size_t len = package_of(&wish, 5, package);
        assert_int_equal(verify(&asked, KM_SLICE(package, len)), CLRPV_SUCCESS);
    }
    static const char *const bad[] = {
        "",
        "no key",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMAA=\n",
        "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMAA=\n-----END EC PRIVATE KEY-----\n"};
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        put_file("key", KM_SLICE_STR(bad[i]));
        ClrpvKeyFamily family = CLRPV_KEY_EC;
        const ClrpvKey key = {.file = path("key")};
        assert_int_equal(clrpvKeyKind(&key, &family), CLRPV_ERROR_KEY_FILE);
    }
    assert_int_equal(unlink(path("key")), 0);
}

static void key_forms_cut_at_every_octet(void **state)
{
    (void)state;
    for (int i = 0; i < N_PAIRS; i++) {
        struct clrpv_key_form form = {0};
        assert_true(
            clrpv_key_form_parse(KM_SLICE(pairs[i].private_der, pairs[i].private_len), &form));
        assert_true(form.is_private && form.family != CLRPV_FAMILY_UNKNOWN);
        assert_true(
            clrpv_key_form_parse(KM_SLICE(pairs[i].public_der, pairs[i].public_len), &form));
        assert_false(form.is_private);
        for (size_t cut = 0; cut < pairs[i].public_len; cut++)
            assert_false(clrpv_key_form_parse(KM_SLICE(pairs[i].public_der, cut), &form));
        for (size_t cut = 0; cut < pairs[i].private_len; cut++)
            assert_false(clrpv_key_form_parse(KM_SLICE(pairs[i].private_der, cut), &form));
    }
}

/* Called after each read, so that a test can change a file at that moment. */
static void (*after_read)(unsigned n);
static unsigned n_reads;
ssize_t __real_read(int fd, void *buf, size_t count);
ssize_t __wrap_read(int fd, void *buf, size_t count);
ssize_t __wrap_read(int fd, void *buf, size_t count)
{
    ssize_t n = __real_read(fd, buf, count);
    if (after_read != NULL)
        after_read(++n_reads);
    return n;
}

static off_t scribble_at;
static unsigned scribble_after;

static void scribble(unsigned n)
{
    if (n != scribble_after)
        return;
    int fd = open(path("victim"), O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "!", 1, scribble_at), 1);
    assert_int_equal(close(fd), 0);
}

static void scribble_during(unsigned n_th_read, off_t at)
{
    n_reads = 0;
    scribble_after = n_th_read;
    scribble_at = at;
    after_read = scribble;
}

/* Whoever writes into a file while it is read: what comes out is what was verified, or nothing. */
static void changes_under_us(void **state)
{
    (void)state;
    static uint8_t octets[3 * CLRPV_PIECE];
    const ClrpvCreateWish wish = {.key = private_of(EC256)};
    const ClrpvVerifyWish asked = {.key = public_of(EC256)};
    put_file("victim", KM_SLICE(octets, sizeof(octets)));
    /* Between the two readings: three pieces and the end take four reads. */
    scribble_during(5, 0);
    scribble_at = (off_t)CLRPV_PIECE + 1;
    assert_int_equal(clrpvCreatePackage(&wish, path("victim"), path("package")),
                     CLRPV_ERROR_CHANGED);
    after_read = NULL;
    assert_int_equal(km_test_count_entries(dir), 1);
    put_file("victim", KM_SLICE(octets, sizeof(octets)));
    assert_int_equal(clrpvCreatePackage(&wish, path("victim"), path("package")), CLRPV_SUCCESS);
    assert_int_equal(rename(path("package"), path("victim")), 0);
    /* What was read already: it does not matter any more. */
    scribble_during(2, 300);
    assert_int_equal(clrpvVerifyPackage(&asked, path("victim"), path("out"), NULL), CLRPV_SUCCESS);
    after_read = NULL;
    assert_true(file_is("out", KM_SLICE(octets, sizeof(octets))));
    assert_int_equal(unlink(path("out")), 0);
    /* What was not: it is what the signature is held against. */
    assert_int_equal(clrpvVerifyPackage(&asked, path("victim"), path("out"), NULL),
                     CLRPV_ERROR_SIGNATURE);
    assert_int_equal(km_test_count_entries(dir), 1);
    assert_int_equal(unlink(path("victim")), 0);
}

static void buffers(void **state)
{
    (void)state;
    const ClrpvCreateWish wish = {.key = private_of(EC256)};
    uint8_t package[ROOM] = {0};
    size_t len = 0;
    assert_int_equal(clrpvCreatePackageBuffer(&wish, (const uint8_t *)"abc", 3, NULL, &len),
                     CLRPV_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 3 + CLRPV_OVERHEAD_MAX);
    assert_int_equal(clrpvCreatePackageBuffer(&wish, (const uint8_t *)"abc", 3, package, &len),
                     CLRPV_SUCCESS);
    assert_true(len < 200);
    len = 3 + CLRPV_OVERHEAD_MAX - 1;
    assert_int_equal(clrpvCreatePackageBuffer(&wish, (const uint8_t *)"abc", 3, package, &len),
                     CLRPV_ERROR_SHORT_BUFFER);
    assert_int_equal(clrpvCreatePackageBuffer(NULL, NULL, 0, package, &len),
                     CLRPV_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrpvCreatePackage(&wish, "/dev/null", path("package")), ESPIPE);
    assert_int_equal(clrpvCreatePackage(&wish, path("none"), path("package")), ENOENT);
    assert_int_equal(clrpvCreatePackage(&wish, "/proc/self/exe", "/nonexistent/x"), ENOENT);
    assert_int_equal(km_test_count_entries(dir), 0);
}

static void signatures(void **state)
{
    (void)state;
    static const struct {
        struct km_slice raw, der;
    } rows[] = {
        {OCTETS("\1\2"), OCTETS("\x30\x06\x02\x01\x01\x02\x01\x02")},
        {OCTETS("\xff\x00\x00\x80"), OCTETS("\x30\x09\x02\x03\x00\xff\x00\x02\x02\x00\x80")},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t out[160] = {0};
        size_t len = sizeof(out);
        assert_int_equal(clrpvSignatureToDer(rows[i].raw.ptr, rows[i].raw.len, out, &len),
                         CLRPV_SUCCESS);
        assert_true(km_slice_equal(KM_SLICE(out, len), rows[i].der));
        len = sizeof(out);
        assert_int_equal(
            clrpvSignatureToRaw(rows[i].der.ptr, rows[i].der.len, rows[i].raw.len / 2, out, &len),
            CLRPV_SUCCESS);
        assert_true(km_slice_equal(KM_SLICE(out, len), rows[i].raw));
        len = rows[i].raw.len - 1;
        assert_int_equal(
            clrpvSignatureToRaw(rows[i].der.ptr, rows[i].der.len, rows[i].raw.len / 2, out, &len),
            CLRPV_ERROR_SHORT_BUFFER);
        assert_int_equal(len, rows[i].raw.len);
        for (size_t cut = 0; cut < rows[i].der.len; cut++) {
            len = sizeof(out);
            assert_int_equal(
                clrpvSignatureToRaw(rows[i].der.ptr, cut, rows[i].raw.len / 2, out, &len),
                CLRPV_ERROR_BAD_FORMAT);
        }
    }
    uint8_t out[8] = {0};
    size_t len = sizeof(out);
    assert_int_equal(clrpvSignatureToDer(out, 3, out, &len), CLRPV_ERROR_BAD_FORMAT);
    assert_int_equal(clrpvSignatureToDer(out, 2 * 67, out, &len), CLRPV_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrpvSignatureToRaw(out, 8, 67, out, &len), CLRPV_ERROR_BAD_PARAMETERS);
}

static void names_and_texts(void **state)
{
    (void)state;
    static const char *const names[] = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"};
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        ClrpvHash hash = clrpvHashByName(names[i]);
        assert_int_equal(hash, CLRPV_HASH_MD5 + i);
        assert_string_equal(clrpvHashName(hash), names[i]);
    }
    assert_int_equal(clrpvHashByName("SHA256"), CLRPV_HASH_DEFAULT);
    assert_int_equal(clrpvHashByName(NULL), CLRPV_HASH_DEFAULT);
    assert_null(clrpvHashName((ClrpvHash)99));
    assert_string_equal(clrpvResultText(CLRPV_SUCCESS), "success");
    assert_string_equal(clrpvResultText(ENOENT), strerror(ENOENT));
    assert_string_equal(clrpvResultText(CLRPV_ERROR_TARGET), "the package is for another target");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_and_hashes),
        cmocka_unit_test(weak_hashes_need_a_word),
        cmocka_unit_test(every_flip_and_cut_is_refused),
        cmocka_unit_test(files),
        cmocka_unit_test(old_output_stays),
        cmocka_unit_test(targets_versions_and_limits),
        cmocka_unit_test(keys),
        cmocka_unit_test(key_files),
        cmocka_unit_test(key_forms_cut_at_every_octet),
        cmocka_unit_test(changes_under_us),
        cmocka_unit_test(buffers),
        cmocka_unit_test(signatures),
        cmocka_unit_test(names_and_texts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
