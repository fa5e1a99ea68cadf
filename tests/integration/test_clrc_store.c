/* SPDX-License-Identifier: Apache-2.0 */
/* Named keys, passwords, rules, provisioning and certificates, over restarts and between users. */
#include "tests/integration/clrc_test.h"

#include <sys/stat.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "include/clrsc.h"

/* The same as expect and ok, with the other library's sentence. */
#define expect_s(call, expected)                                                                   \
    do {                                                                                           \
        ClrcResult got_s_ = (call);                                                                \
        if (got_s_ != (expected))                                                                  \
            fprintf(stderr, "%s: 0x%08x, %s\n", #call, got_s_, clrscLastError());                  \
        assert_int_equal(got_s_, (expected));                                                      \
    } while (0)
#define ok_s(call) expect_s(call, CLRC_SUCCESS)

#define OTHER_UID 4242
#define N_MANY 1000u
#define OUTPUT_MAX 8192

static const uint8_t digest[32] = {7, 7, 7};

static int setup(void **state)
{
    (void)state;
    static const char *const args[] = {"--socket-mode", "0666", NULL};
    service = km_service_start(args);
    return 0;
}

static void restart(void)
{
    km_service_signal(service, SIGKILL);
    km_service_resume(service);
}

static ClrcResult use(ClrcKeyHandle key)
{
    uint8_t signature[160];
    uint32_t len = sizeof(signature);
    return clrcSignDigest(key, CLRC_ECDSA, digest, sizeof(digest), signature, &len);
}

static ClrcKeyHandle save_as(const ClrcKeyTemplate *wish, const char *name,
                             ClrcPasswordHandle password)
{
    ClrcKeyHandle key = NULL;
    ok(clrcCreateKey(wish, &key));
    ok(clrcSaveNamedKey(key, name, password));
    return key;
}

static const ClrcKeyTemplate p256 = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};

/* Runs act in a child, as this user if not 0; true when it answered true. */
static bool in_child(uid_t uid, bool (*act)(void))
{
    pid_t pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        if (uid != 0 && (setgid(uid) != 0 || setuid(uid) != 0))
            _exit(2);
        _exit(act() ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- named keys ---- */

static void test_named_key_survives(void **state)
{
    (void)state;
    ClrcKeyInfo before, after;
    uint8_t spki[200], again[200], signature[72];
    uint32_t spki_len = sizeof(spki), again_len = sizeof(again), len = sizeof(signature);
    ClrcKeyHandle made = NULL, loaded = NULL;
    ok(clrcCreateKey(&p256, &made));
    ok(clrcGetKeyInfo(made, &before));
    assert_int_equal(before.is_saved, 0);
    assert_string_equal(before.name, "");
    ok(clrcSaveNamedKey(made, "plain-key", NULL));
    expect(clrcSaveNamedKey(made, "plain-key-2", NULL), CLRC_ERROR_STATE);
    ok(clrcGetKeyInfo(made, &before));
    assert_int_equal(before.is_saved, 1);
    assert_string_equal(before.name, "plain-key");
    assert_string_equal(before.storage, "soft");
    assert_int_equal(before.owner_uid, geteuid());
    ok(clrcExportPublicKey(made, spki, &spki_len));
    ok(clrcSignDigest(made, CLRC_ECDSA, digest, 32, signature, &len));
    restart();
    /* The old handle, a new one, and the description stand for the same key. */
    ok(clrcVerifyDigest(made, CLRC_ECDSA, digest, 32, signature, len));
    ok(clrcLoadNamedKey("plain-key", NULL, &loaded));
    ok(clrcVerifyDigest(loaded, CLRC_ECDSA, digest, 32, signature, len));
    ok(clrcExportPublicKey(loaded, again, &again_len));
    assert_int_equal(again_len, spki_len);
    assert_memory_equal(again, spki, spki_len);
    ok(clrcDescribeNamedKey("plain-key", &after));
    assert_memory_equal(after.id, before.id, sizeof(after.id));
    assert_int_equal(after.type, KEY_ECDSA_KEYPAIR);
    assert_int_equal(after.bits, 256);

    ClrcKeyHandle other = NULL;
    ok(clrcCreateKey(&p256, &other));
    expect(clrcSaveNamedKey(other, "plain-key", NULL), CLRC_ERROR_EXISTS);
    clrcFreeKey(other);
    clrcFreeKey(made);
    clrcFreeKey(loaded);
    ok(clrcDeleteNamedKey("plain-key", NULL));
    expect(clrcDeleteNamedKey("plain-key", NULL), CLRC_ERROR_NOT_FOUND);
    expect(clrcLoadNamedKey("plain-key", NULL, &loaded), CLRC_ERROR_NOT_FOUND);
    expect(clrcDescribeNamedKey("plain-key", &after), CLRC_ERROR_NOT_FOUND);
}

static bool replace_it(void)
{
    ClrcKeyHandle key = NULL;
    return clrcDeleteNamedKey("replaced", NULL) == CLRC_SUCCESS &&
           clrcCreateKey(&p256, &key) == CLRC_SUCCESS &&
           clrcSaveNamedKey(key, "replaced", NULL) == CLRC_SUCCESS;
}

static void test_replaced_key_is_gone(void **state)
{
    (void)state;
    ClrcKeyHandle key = save_as(&p256, "replaced", NULL);
    ok(use(key));
    assert_true(in_child(0, replace_it));
    restart();
    expect(use(key), CLRC_ERROR_KEY_GONE);
    clrcFreeKey(key);
    ok(clrcLoadNamedKey("replaced", NULL, &key));
    ok(use(key));
    clrcFreeKey(key);
    ok(clrcDeleteNamedKey("replaced", NULL));
}

static void test_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a",
        "with blank",
        "schl\xc3\xbcssel",
        "\xe9\x8d\xb5",
        "../../etc/passwd",
        "%s%n",
        "012345678901234567890123456789012345678901234567890123456789012"};
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        ClrcKeyHandle key = save_as(&p256, names[i], NULL);
        clrcFreeKey(key);
        ok(clrcLoadNamedKey(names[i], NULL, &key));
        ok(use(key));
        clrcFreeKey(key);
        ok(clrcDeleteNamedKey(names[i], NULL));
    }
    ClrcKeyHandle key = NULL;
    expect(clrcLoadNamedKey("\xff", NULL, &key), CLRC_ERROR_BAD_NAME);
    expect(clrcLoadNamedKey("", NULL, &key), CLRC_ERROR_BAD_NAME);
}

static void test_uses_and_days_are_counted(void **state)
{
    (void)state;
    ClrcKeyTemplate wish = p256;
    wish.max_uses = 4;
    ClrcKeyHandle key = save_as(&wish, "counted", NULL);
    ok(use(key));
    ok(use(key));
    restart();
    ok(use(key));
    ClrcKeyInfo info;
    ok(clrcDescribeNamedKey("counted", &info));
    assert_int_equal(info.max_uses, 4);
    assert_int_equal(info.uses_left, 1);
    ok(use(key));
    expect(use(key), CLRC_ERROR_USED_UP);
    restart();
    expect(use(key), CLRC_ERROR_USED_UP);
    clrcFreeKey(key);
    ok(clrcDeleteNamedKey("counted", NULL));

    wish = p256;
    wish.not_after = (uint64_t)time(NULL) + 4; /* not before it is saved */
    key = save_as(&wish, "short-lived", NULL);
    while ((uint64_t)time(NULL) <= wish.not_after)
        (void)usleep(100000);
    expect(use(key), CLRC_ERROR_EXPIRED);
    clrcFreeKey(key);
    ok(clrcDeleteNamedKey("short-lived", NULL));
}

/* ---- passwords ---- */

static const uint8_t *octets(const char *text)
{
    return (const uint8_t *)text;
}

static void test_password_guards_keys(void **state)
{
    (void)state;
    ClrcPasswordHandle right = NULL, other = NULL, none = NULL;
    ok(clrcCreatePassword("pw-1", octets("open sesame"), 11));
    expect(clrcCreatePassword("pw-1", octets("again"), 5), CLRC_ERROR_EXISTS);
    ok(clrcCreatePassword("pw-2", octets("x"), 1));
    expect(clrcLoadPassword("pw-1", octets("open sesamf"), 11, &none), CLRC_ERROR_PASSWORD);
    expect(clrcLoadPassword("pw-0", octets("open sesame"), 11, &none), CLRC_ERROR_NOT_FOUND);
    assert_null(none);
    ok(clrcLoadPassword("pw-1", octets("open sesame"), 11, &right));
    ok(clrcLoadPassword("pw-2", octets("x"), 1, &other));
    ClrcKeyHandle key = save_as(&p256, "guarded", right);
    clrcFreeKey(key);
    expect(clrcLoadNamedKey("guarded", NULL, &key), CLRC_ERROR_PASSWORD);
    expect(clrcLoadNamedKey("guarded", other, &key), CLRC_ERROR_PASSWORD);
    ok(clrcLoadNamedKey("guarded", right, &key));
    ok(use(key));
    ClrcKeyInfo info;
    ok(clrcGetKeyInfo(key, &info));
    assert_int_equal(info.has_password, 1);
    assert_string_equal(info.password_name, "pw-1");
    /* The key loads itself again after a restart, with the password that its handle keeps. */
    clrcFreePassword(right);
    restart();
    ok(use(key));
    clrcFreeKey(key);
    expect(clrcDeletePassword("pw-1", octets("open sesame"), 11), CLRC_ERROR_BUSY);
    ok(clrcLoadPassword("pw-1", octets("open sesame"), 11, &right));
    ok(clrcDeleteNamedKey("guarded", right));
    clrcFreePassword(right);
    clrcFreePassword(other);
    expect(clrcDeletePassword("pw-1", octets("wrong"), 5), CLRC_ERROR_PASSWORD);
    ok(clrcDeletePassword("pw-1", octets("open sesame"), 11));
    ok(clrcDeletePassword("pw-2", octets("x"), 1));
    expect(clrcCreatePassword("pw-3", octets(""), 0), CLRC_ERROR_BAD_PARAMETERS);
    static const uint8_t longest[CLRC_PASSWORD_MAX + 1] = {1};
    expect(clrcCreatePassword("pw-3", longest, CLRC_PASSWORD_MAX + 1), CLRC_ERROR_TOO_LARGE);
    ok(clrcCreatePassword("pw-3", longest, CLRC_PASSWORD_MAX));
    ok(clrcDeletePassword("pw-3", longest, CLRC_PASSWORD_MAX));
}

static void until_no_wait(const char *name)
{
    for (uint32_t wait = 1; wait > 0;) {
        (void)usleep(100000);
        ok(clrcPasswordWait(name, &wait));
    }
}

/* With a call that needs the service. */
static uint32_t seconds_of_four_restarts(void)
{
    struct timespec begin = {0}, end = {0};
    uint32_t wait = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    restart();
    ok(clrcPasswordWait("guessed", &wait));
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds =
        (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    return (uint32_t)(4 * seconds);
}

static void test_guesses_are_throttled(void **state)
{
    (void)state;
    ClrcPasswordHandle handle = NULL;
    uint32_t wait = 1;
    ok(clrcCreatePassword("guessed", octets("right"), 5));
    ok(clrcPasswordWait("guessed", &wait));
    assert_int_equal(wait, 0);
    ClrcResult result = CLRC_ERROR_PASSWORD;
    unsigned n = 0;
    for (; n < 50 && result == CLRC_ERROR_PASSWORD; n++)
        result = clrcLoadPassword("guessed", octets("wrong"), 5, &handle);
    assert_int_equal(result, CLRC_ERROR_THROTTLED);
    assert_in_range(n, 3, 20);
    /* Each wait is longer than the one before: guessed at until it is not over before the restart. */
    uint32_t needed = 3 + seconds_of_four_restarts();
    do {
        until_no_wait("guessed");
        expect(clrcLoadPassword("guessed", octets("wrong"), 5, &handle), CLRC_ERROR_PASSWORD);
        ok(clrcPasswordWait("guessed", &wait));
    } while (wait < needed);
    expect(clrcLoadPassword("guessed", octets("right"), 5, &handle), CLRC_ERROR_THROTTLED);
    restart();
    expect(clrcLoadPassword("guessed", octets("right"), 5, &handle), CLRC_ERROR_THROTTLED);
    ok(clrcPasswordWait("guessed", &wait));
    assert_true(wait > 0);
    assert_null(handle);
    until_no_wait("guessed");
    ok(clrcLoadPassword("guessed", octets("right"), 5, &handle));
    clrcFreePassword(handle);
    ok(clrcDeletePassword("guessed", octets("right"), 5));
}

/* ---- lists ---- */

struct seen {
    unsigned n, n_right;
};

static int count_many(void *arg, const ClrcKeyInfo *info)
{
    struct seen *seen = arg;
    unsigned number = 0;
    seen->n++;
    if (sscanf(info->name, "many-%u", &number) == 1 && number < N_MANY && info->type == KEY_AES &&
        info->bits == 256)
        seen->n_right++;
    return 1;
}

static int stop_at_once(void *arg, const ClrcKeyInfo *info)
{
    (void)info;
    ((struct seen *)arg)->n++;
    return 0;
}

static int is_guard(void *arg, const char *name)
{
    ((struct seen *)arg)->n += strcmp(name, "guard") == 0;
    return 1;
}

static void test_list_of_a_thousand(void **state)
{
    (void)state;
    const ClrcKeyTemplate aes = {.type = KEY_AES, .bits = 256};
    ClrcPasswordHandle guard = NULL;
    char name[32];
    ok(clrcCreatePassword("guard", octets("g"), 1));
    ok(clrcLoadPassword("guard", octets("g"), 1, &guard));
    for (unsigned i = 0; i < N_MANY; i++) {
        (void)snprintf(name, sizeof(name), "many-%u", i);
        clrcFreeKey(save_as(&aes, name, i % 100 == 0 ? guard : NULL));
    }
    struct seen seen = {0};
    ok(clrcListNamedKeys(NULL, count_many, &seen));
    assert_int_equal(seen.n, N_MANY);
    assert_int_equal(seen.n_right, N_MANY);
    seen = (struct seen){0};
    ok(clrcListNamedKeys("guard", count_many, &seen));
    assert_int_equal(seen.n_right, N_MANY / 100);
    seen = (struct seen){0};
    ok(clrcListNamedKeys(NULL, stop_at_once, &seen));
    assert_int_equal(seen.n, 1);
    seen = (struct seen){0};
    ok(clrcListPasswords(is_guard, &seen));
    assert_int_equal(seen.n, 1);
    /* More handles than a session can hold keys, all in use. */
    static ClrcKeyHandle keys[400];
    for (unsigned i = 0; i < KM_ARRAY_LEN(keys); i++) {
        (void)snprintf(name, sizeof(name), "many-%u", i);
        ok(clrcLoadNamedKey(name, i % 100 == 0 ? guard : NULL, &keys[i]));
    }
    for (unsigned i = 0; i < 2 * KM_ARRAY_LEN(keys); i++) {
        uint8_t mac[16];
        uint32_t len = sizeof(mac);
        ok(clrcMac(keys[i % KM_ARRAY_LEN(keys)], CLRC_AES_CMAC, digest, 32, mac, &len));
    }
    for (unsigned i = 0; i < KM_ARRAY_LEN(keys); i++)
        clrcFreeKey(keys[i]);
    for (unsigned i = 0; i < N_MANY; i++) {
        (void)snprintf(name, sizeof(name), "many-%u", i);
        ok(clrcDeleteNamedKey(name, i % 100 == 0 ? guard : NULL));
    }
    seen = (struct seen){0};
    ok(clrcListNamedKeys(NULL, count_many, &seen));
    assert_int_equal(seen.n, 0);
    clrcFreePassword(guard);
    ok(clrcDeletePassword("guard", octets("g"), 1));
}

/* ---- other users ---- */

static bool is_kept_out(void)
{
    ClrcKeyHandle key = NULL;
    ClrcKeyInfo info;
    struct seen seen = {0};
    uint8_t der[4] = {0};
    return clrcLoadNamedKey("mine", NULL, &key) == CLRC_ERROR_ACCESS_DENIED &&
           clrcDescribeNamedKey("mine", &info) == CLRC_ERROR_ACCESS_DENIED &&
           clrcDeleteNamedKey("mine", NULL) == CLRC_ERROR_ACCESS_DENIED &&
           clrcListNamedKeys(NULL, count_many, &seen) == CLRC_SUCCESS && seen.n == 2 &&
           clrcLoadNamedKey("wrong-program", NULL, &key) == CLRC_ERROR_ACCESS_DENIED &&
           clrcProvisionSeal() == CLRC_ERROR_ACCESS_DENIED &&
           clrscProvisionSeal() == CLRC_ERROR_ACCESS_DENIED &&
           clrscProvisionCertificate("x", der, 4) == CLRC_ERROR_ACCESS_DENIED;
}

static bool may_use_what_is_shared(void)
{
    ClrcKeyHandle shared = NULL, granted = NULL, own = NULL;
    return clrcLoadNamedKey("shared", NULL, &shared) == CLRC_SUCCESS &&
           use(shared) == CLRC_SUCCESS &&
           clrcDeleteNamedKey("shared", NULL) == CLRC_ERROR_ACCESS_DENIED &&
           clrcLoadNamedKey("granted", NULL, &granted) == CLRC_SUCCESS &&
           use(granted) == CLRC_SUCCESS && clrcCreateKey(&p256, &own) == CLRC_SUCCESS &&
           clrcSaveNamedKey(own, "theirs", NULL) == CLRC_SUCCESS &&
           clrcDeleteNamedKey("theirs", NULL) == CLRC_SUCCESS &&
           clrcProvisionKey(own, "theirs", NULL) != CLRC_SUCCESS;
}

static void test_other_users(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    const ClrcGrant for_uid[] = {{.fields = CLRC_GRANT_UID, .uid = OTHER_UID}};
    const ClrcGrant for_program[] = {
        {.fields = CLRC_GRANT_UID | CLRC_GRANT_EXE, .uid = OTHER_UID, .exe_sha256 = {1, 2, 3}}};
    ClrcKeyTemplate wish = p256;
    clrcFreeKey(save_as(&wish, "mine", NULL));
    wish.grants = for_uid;
    wish.n_grants = 1;
    clrcFreeKey(save_as(&wish, "granted", NULL));
    wish.grants = for_program;
    clrcFreeKey(save_as(&wish, "wrong-program", NULL));
    wish = p256;
    wish.attributes = CLRC_ATTR_SHARED;
    clrcFreeKey(save_as(&wish, "shared", NULL));
    assert_true(in_child(OTHER_UID, is_kept_out));
    assert_true(in_child(OTHER_UID, may_use_what_is_shared));
    static const char *const names[] = {"mine", "granted", "wrong-program", "shared"};
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++)
        ok(clrcDeleteNamedKey(names[i], NULL));
}

/* ---- the examples ---- */

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *out = fopen(path, "wbe");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

/* The owner's key as a file in every form, and its public part provisioned, as on an evaluation device. */
static void make_owner_key(char paths[4][256])
{
    static const char *const files[] = {"sec1.der", "pkcs8.der", "sec1.pem", "other.der"};
    for (size_t i = 0; i < 4; i++)
        (void)snprintf(paths[i], 256, "%s/%s", km_service_dir(service), files[i]);
    EVP_PKEY *owner = EVP_EC_gen("P-256");
    EVP_PKEY *stranger = EVP_EC_gen("P-256");
    uint8_t *der = NULL;
    int len = i2d_PrivateKey(owner, &der);
    write_file(paths[0], der, (size_t)len);
    char *text = calloc(1, 4096);
    assert_non_null(text);
    (void)snprintf(text, 4096,
                   "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                   "-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\n");
    assert_true(EVP_EncodeBlock((uint8_t *)text + strlen(text), der, len) > 0);
    (void)snprintf(text + strlen(text), 64, "\n-----END EC PRIVATE KEY-----\n");
    write_file(paths[2], text, strlen(text));
    free(text);
    OPENSSL_free(der);
    der = NULL;
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(owner);
    len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    write_file(paths[1], der, (size_t)len);
    PKCS8_PRIV_KEY_INFO_free(p8);
    OPENSSL_free(der);
    der = NULL;
    len = i2d_PrivateKey(stranger, &der);
    write_file(paths[3], der, (size_t)len);
    OPENSSL_free(der);
    der = NULL;
    len = i2d_PUBKEY(owner, &der);
    const ClrcKeyTemplate wish = {.type = KEY_ECDSA_PUBLIC};
    ClrcKeyHandle key = NULL;
    ok(clrcImportKeyDer(&wish, der, (uint32_t)len, &key));
    ok(clrcProvisionKey(key, CLRC_OEM_PUBLIC_KEY, NULL));
    clrcFreeKey(key);
    OPENSSL_free(der);
    EVP_PKEY_free(owner);
    EVP_PKEY_free(stranger);
}

static void test_clrc_demo(void **state)
{
    (void)state;
    char paths[4][256];
    char out[OUTPUT_MAX];
    make_owner_key(paths);
    char program[256];
    (void)snprintf(program, sizeof(program), "%s", km_service_program("clrc_demo"));
    for (size_t i = 0; i < 3; i++) {
        const char *const with_name[] = {program, "-k", paths[i], "-p", CLRC_OEM_PUBLIC_KEY, NULL};
        assert_int_equal(km_service_run(with_name, out, sizeof(out)), 0);
        assert_non_null(strstr(out, "All done\n"));
        const char *const alone[] = {program, "-k", paths[i], NULL};
        assert_int_equal(km_service_run(alone, out, sizeof(out)), 0);
    }
    const char *const stranger[] = {program, "-k", paths[3], "-p", CLRC_OEM_PUBLIC_KEY, NULL};
    assert_int_equal(km_service_run(stranger, out, sizeof(out)), 1);
    assert_non_null(strstr(out, "do not belong together"));
    const char *const no_key[] = {program, "-k", paths[0], "-p", "no.such.key", NULL};
    assert_int_equal(km_service_run(no_key, out, sizeof(out)), 1);
    assert_non_null(strstr(out, "no such object"));
    const char *const no_file[] = {program, "-k", "/no/such/file", NULL};
    assert_int_equal(km_service_run(no_file, out, sizeof(out)), 1);
    const char *const not_a_key[] = {program, "-k", "/etc/passwd", NULL};
    assert_int_equal(km_service_run(not_a_key, out, sizeof(out)), 1);
    const char *const nothing[] = {program, NULL};
    assert_int_equal(km_service_run(nothing, out, sizeof(out)), 2);
}

static void test_clrc_key_store_password(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "Creating ECDSA key\n",
        "Printing out ECDSA key attributes\n",
        "Signing with the created key\n",
        "Creating password object \"ecc-256-pw\" in the store\n",
        "Saving key in the key store\n",
        "    Saved named key \"ecc-256-key\" in the key store,\n",
        "    with associated password object \"ecc-256-pw\"\n",
        "ECDSA verifying using key loaded from the key store\n",
        "Deleting \"ecc-256-key\" from the key store\n",
        "Deleting password object \"ecc-256-pw\" from the store\n",
    };
    char out[OUTPUT_MAX];
    const char *const argv[] = {km_service_program("clrc_key_store_password"), NULL};
    /* Twice: it leaves nothing behind. */
    for (unsigned run = 0; run < 2; run++) {
        assert_int_equal(km_service_run(argv, out, sizeof(out)), 0);
        const char *at = out;
        for (size_t i = 0; i < KM_ARRAY_LEN(lines); i++) {
            at = strstr(at, lines[i]);
            assert_non_null(at);
            assert_true(at == out || at[-1] == '\n');
            at += strlen(lines[i]);
        }
        assert_string_equal(at, "");
    }
    struct seen seen = {0};
    ok(clrcListNamedKeys("ecc-256-pw", count_many, &seen));
    assert_int_equal(seen.n, 0);
}

/* ---- certificates and provisioning; sealing comes last ---- */

static uint8_t *load_sample(const char *file, uint32_t *ret_len)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", SAMPLES, file);
    FILE *in = fopen(path, "rbe");
    assert_non_null(in);
    uint8_t *der = malloc(4096);
    assert_non_null(der);
    *ret_len = (uint32_t)fread(der, 1, 4096, in);
    (void)fclose(in);
    return der;
}

static int count_certificates(void *arg, const char *name, uint32_t length)
{
    ((struct seen *)arg)->n++;
    ((struct seen *)arg)->n_right += strncmp(name, "com.seqlabs.", 12) == 0 && length > 100;
    return 1;
}

static void test_certificates(void **state)
{
    (void)state;
    uint32_t cert_len = 0, csr_len = 0, len = 0;
    uint8_t *cert = load_sample("v3_ec.der", &cert_len);
    uint8_t *csr = load_sample("ec_csr.der", &csr_len);
    uint8_t got[CLRSC_CERTIFICATE_MAX];
    expect_s(clrscGetNamedCertificate(CLRSC_OEM_ROOT_CERT, NULL, &len), CLRC_ERROR_NOT_FOUND);
    expect_s(clrscProvisionCertificate(CLRSC_OEM_ROOT_CERT, csr, csr_len), CLRC_ERROR_BAD_FORMAT);
    expect_s(clrscProvisionCertificate(CLRSC_OEM_DEVICE_CSR, cert, cert_len),
             CLRC_ERROR_BAD_FORMAT);
    expect_s(clrscProvisionCertificate(CLRSC_OEM_ROOT_CERT, cert, cert_len - 1),
             CLRC_ERROR_BAD_FORMAT);
    expect_s(clrscProvisionCertificate(CLRSC_OEM_ROOT_CERT, cert, 0), CLRC_ERROR_BAD_FORMAT);
    expect_s(clrscProvisionCertificate(CLRSC_OEM_ROOT_CERT, got, CLRSC_CERTIFICATE_MAX + 1),
             CLRC_ERROR_TOO_LARGE);
    expect_s(clrscProvisionCertificate("", cert, cert_len), CLRC_ERROR_BAD_NAME);
    expect_s(clrscProvisionCertificate("\xc0\x80", cert, cert_len), CLRC_ERROR_BAD_NAME);
    ok_s(clrscProvisionCertificate(CLRSC_OEM_ROOT_CERT, cert, cert_len));
    ok_s(clrscProvisionCertificate(CLRSC_OEM_DEVICE_CSR, csr, csr_len));
    ok_s(clrscProvisionCertificate(CLRSC_OEM_ROOT_CERT, cert, cert_len)); /* again: replaced */
    restart();
    len = 0;
    expect_s(clrscGetNamedCertificate(CLRSC_OEM_ROOT_CERT, NULL, &len), CLRC_ERROR_SHORT_BUFFER);
    assert_int_equal(len, cert_len);
    len = cert_len - 1;
    expect_s(clrscGetNamedCertificate(CLRSC_OEM_ROOT_CERT, got, &len), CLRC_ERROR_SHORT_BUFFER);
    len = sizeof(got);
    ok_s(clrscGetNamedCertificate(CLRSC_OEM_ROOT_CERT, got, &len));
    assert_int_equal(len, cert_len);
    assert_memory_equal(got, cert, cert_len);
    char name[64];
    for (unsigned i = 0; i < 100; i++) { /* more than one page */
        (void)snprintf(name, sizeof(name), "com.seqlabs.a-name-that-takes-its-room-on-a-page-%u",
                       i);
        ok_s(clrscProvisionCertificate(name, cert, cert_len));
    }
    struct seen seen = {0};
    ok_s(clrscListNamedCertificates(count_certificates, &seen));
    assert_int_equal(seen.n, 102);
    assert_int_equal(seen.n_right, 102);
    ok_s(clrscProvisionSeal());
    ok_s(clrscProvisionSeal());
    expect_s(clrscProvisionCertificate(CLRSC_OEM_ROOT_CERT, cert, cert_len), CLRC_ERROR_STATE);
    restart();
    expect_s(clrscProvisionCertificate("new", cert, cert_len), CLRC_ERROR_STATE);
    len = sizeof(got);
    ok_s(clrscGetNamedCertificate(CLRSC_OEM_DEVICE_CSR, got, &len));
    assert_memory_equal(got, csr, csr_len);
    free(cert);
    free(csr);
}

static bool may_use_provisioned(void)
{
    ClrcKeyHandle key = NULL;
    ClrcKeyHandle other = NULL;
    return clrcLoadNamedKey(CLRC_OEM_DEVICE_PRIVATE_KEY, NULL, &key) == CLRC_SUCCESS &&
           use(key) == CLRC_SUCCESS &&
           clrcLoadNamedKey(CLRC_OEM_DEVICE_PUBLIC_KEY, NULL, &other) == CLRC_SUCCESS &&
           clrcDeleteNamedKey(CLRC_OEM_DEVICE_PRIVATE_KEY, NULL) != CLRC_SUCCESS;
}

static void test_provisioned_keys(void **state)
{
    (void)state;
    const ClrcKeyTemplate dual = {.type = KEY_EC_DUAL_KEYPAIR, .bits = 256};
    ClrcKeyHandle key = NULL, public_key = NULL, other = NULL;
    ok(clrcCreateKey(&dual, &key));
    ok(clrcProvisionKey(key, CLRC_OEM_DEVICE_PRIVATE_KEY, CLRC_OEM_DEVICE_PUBLIC_KEY));
    expect(clrcProvisionKey(key, "other", NULL), CLRC_ERROR_STATE);
    ok(clrcProvisionSeal());
    ok(clrcProvisionSeal());
    restart();
    ok(use(key));
    uint8_t out[160], spki[200], spki_2[200];
    uint32_t len = sizeof(out), spki_len = sizeof(spki), spki_2_len = sizeof(spki_2);
    expect(clrcExportKey(key, out, &len), CLRC_ERROR_NOT_EXPORTABLE);
    ok(clrcLoadNamedKey(CLRC_OEM_DEVICE_PUBLIC_KEY, NULL, &public_key));
    ok(clrcExportPublicKey(key, spki, &spki_len));
    ok(clrcExportPublicKey(public_key, spki_2, &spki_2_len));
    assert_int_equal(spki_len, spki_2_len);
    assert_memory_equal(spki, spki_2, spki_len);
    len = sizeof(out);
    ok(clrcSignDigest(key, CLRC_ECDSA, digest, 32, out, &len));
    ok(clrcVerifyDigest(public_key, CLRC_ECDSA, digest, 32, out, len));
    /* It agrees too (with itself here, the last 65 octets of the SPKI being its point), and the secret stays inside. */
    ClrcKeyHandle secret = NULL;
    const uint8_t *point = spki + spki_len - 65;
    ClrcKeyTemplate wish = {.type = KEY_GENERIC_SECRET};
    ok(clrcAgree(key, point, 65, &wish, &secret));
    len = sizeof(out);
    expect(clrcExportKey(secret, out, &len), CLRC_ERROR_NOT_EXPORTABLE);
    clrcFreeKey(secret);
    wish.attributes = CLRC_ATTR_EXPORT_AS_PLAIN;
    expect(clrcAgree(key, point, 65, &wish, &secret), CLRC_ERROR_NOT_EXPORTABLE);
    len = sizeof(out);
    expect(clrcAgreeRaw(key, point, 65, out, &len), CLRC_ERROR_NOT_EXPORTABLE);
    ClrcKeyInfo info;
    ok(clrcGetKeyInfo(key, &info));
    assert_true(info.is_provisioned && info.is_immutable && info.is_saved);
    expect(clrcDeleteNamedKey(CLRC_OEM_DEVICE_PRIVATE_KEY, NULL), CLRC_ERROR_IMMUTABLE);
    expect(clrcDeleteNamedKey(CLRC_OEM_PUBLIC_KEY, NULL), CLRC_ERROR_IMMUTABLE);
    ok(clrcCreateKey(&p256, &other));
    expect(clrcSaveNamedKey(other, CLRC_OEM_DEVICE_PRIVATE_KEY, NULL), CLRC_ERROR_EXISTS);
    expect(clrcProvisionKey(other, "late", NULL), CLRC_ERROR_STATE);
    clrcFreeKey(other);
    clrcFreeKey(key);
    clrcFreeKey(public_key);
    if (geteuid() == 0)
        assert_true(in_child(OTHER_UID, may_use_provisioned));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named_key_survives),
        cmocka_unit_test(test_replaced_key_is_gone),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_uses_and_days_are_counted),
        cmocka_unit_test(test_password_guards_keys),
        cmocka_unit_test(test_guesses_are_throttled),
        cmocka_unit_test(test_list_of_a_thousand),
        cmocka_unit_test(test_other_users),
        cmocka_unit_test(test_clrc_key_store_password),
        cmocka_unit_test(test_clrc_demo),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_provisioned_keys),
    };
    return cmocka_run_group_tests(tests, setup, test_down);
}
