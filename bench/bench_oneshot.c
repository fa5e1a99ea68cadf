/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call, one operation: 16 octets to 1 MiB through clrc, beside libcrypto in process and, where SOFTHSM2_CONF names a token and
 * it has the mechanism, SoftHSM2 in process. Medians of single calls, the contenders taking turns. The last rows of each operation
 * and size are what clrc takes beyond libcrypto and beyond one copy of the data, wanted are 15 microseconds at most; and by
 * how much two medians of libcrypto, measured like any two contenders, differ: what is less than that was not measured.
 *
 * Usage: bench_oneshot [NAME...]    only the operations of these names, such as DES3-CBC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "bench/bench.h"
#include "bench/token.h"
#include "clrc.h"

#define BULK (1024u * 1024u)
#define TURN 20 /* calls in a row */
#define SAMPLES_MAX 2000
#define EXTRA_MAX_US 15.0
#define CONTENDERS_MAX 5

static const size_t SIZES[] = {16, 1024, 16384, BULK};
static uint8_t *in, *out, *copy;
static const uint8_t iv[16] = {1};
/* Of odd parity as far as a DES3 key goes. */
static const uint8_t secret[64] = {7,  1,  2,  4,  8,  11, 13, 14, 16, 19, 21, 22,
                                   25, 26, 28, 31, 32, 35, 37, 38, 41, 42, 44, 47};

enum kind { DIGEST, MAC, CIPHER, AEAD };

struct operation {
    const char *name;
    enum kind kind;
    ClrcAlgorithm algorithm;
    ClrcKeyType key_type;
    uint32_t key_len, iv_len;
    const char *crypto_name;     /* digest, cipher, or what the MAC is made of */
    CK_MECHANISM_TYPE mechanism; /* SoftHSM2's; 0: it has none */
    CK_KEY_TYPE token_key_type;
};

static const struct operation OPERATIONS[] = {
    {"SHA-256", DIGEST, CLRC_SHA256, KEY_NONE, 0, 0, "SHA256", CKM_SHA256, 0},
    {"SHA3-256", DIGEST, CLRC_SHA3_256, KEY_NONE, 0, 0, "SHA3-256", 0, 0},
    {"MD5", DIGEST, CLRC_MD5, KEY_NONE, 0, 0, "MD5", CKM_MD5, 0},
    {"HMAC-SHA256", MAC, CLRC_HMAC_SHA256, KEY_HMAC, 32, 0, "SHA256", CKM_SHA256_HMAC,
     CKK_GENERIC_SECRET},
    {"AES-256-CMAC", MAC, CLRC_AES_CMAC, KEY_AES, 32, 0, "AES-256-CBC", CKM_AES_CMAC, CKK_AES},
    {"AES-256-CBC", CIPHER, CLRC_AES_CBC_NOPAD, KEY_AES, 32, 16, "AES-256-CBC", CKM_AES_CBC,
     CKK_AES},
    {"AES-256-CTR", CIPHER, CLRC_AES_CTR, KEY_AES, 32, 16, "AES-256-CTR", 0, 0},
    {"AES-256-OFB", CIPHER, CLRC_AES_OFB, KEY_AES, 32, 16, "AES-256-OFB", 0, 0},
    {"AES-256-CFB", CIPHER, CLRC_AES_CFB_128, KEY_AES, 32, 16, "AES-256-CFB", 0, 0},
    {"AES-256-XTS", CIPHER, CLRC_AES_XTS_NOPAD, KEY_AES, 64, 16, "AES-256-XTS", 0, 0},
    {"DES3-CBC", CIPHER, CLRC_DES3_CBC_NOPAD, KEY_DES3, 24, 8, "DES-EDE3-CBC", 0, 0},
    {"AES-256-GCM", AEAD, CLRC_AES_GCM, KEY_AES, 32, 12, "AES-256-GCM", 0, 0},
    {"AES-256-CCM", AEAD, CLRC_AES_CCM, KEY_AES, 32, 12, "AES-256-CCM", 0, 0},
    {"ChaCha20-Poly1305", AEAD, CLRC_CHACHA20_POLY1305, KEY_CHACHA20, 32, 12, "ChaCha20-Poly1305",
     0, 0},
};

/* What is used for one operation, made before anything is timed. */
struct tools {
    const struct operation *op;
    size_t len;
    ClrcKeyHandle key;
    EVP_MD *md;
    EVP_MD_CTX *md_ctx;
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *cipher_ctx;
    EVP_MAC_CTX *mac_ctx;
    CK_OBJECT_HANDLE token_key;
};

static struct token soft_hsm = {.file = SOFT_HSM_FILE};
static bool has_token;

static void must(ClrcResult result)
{
    if (result != CLRC_SUCCESS)
        bench_die("clrc: %s: %s", clrcResultText(result), clrcLastError());
}

static void crypto_must(int result)
{
    if (result != 1)
        bench_die("libcrypto refuses");
}

/* ---- clrc ---- */

static void clrc_once(struct tools *t)
{
    uint8_t result[64] = {0};
    uint32_t length = sizeof result;
    size_t room = t->len;
    const ClrcAead aead = {.nonce = iv, .nonce_length = t->op->iv_len};
    switch (t->op->kind) {
    case DIGEST:
        must(clrcDigest(t->op->algorithm, in, t->len, result, &length));
        return;
    case MAC:
        must(clrcMac(t->key, t->op->algorithm, in, t->len, result, &length));
        return;
    case CIPHER:
        must(clrcCipher(t->key, t->op->algorithm, CLRC_MODE_ENCRYPT, iv, t->op->iv_len, in, t->len,
                        out, &room));
        return;
    case AEAD:
        must(clrcAeadEncrypt(t->key, t->op->algorithm, &aead, in, t->len, out, result, 16));
        return;
    default:
        return;
    }
}

/* ---- libcrypto: contexts that are kept, its fastest documented way ---- */

static void cipher_once(struct tools *t)
{
    int n = 0;
    bool is_ccm = t->op->algorithm == CLRC_AES_CCM;
    uint8_t tag[16] = {0};
    crypto_must(EVP_EncryptInit_ex2(t->cipher_ctx, NULL, NULL, iv, NULL));
    if (is_ccm)
        crypto_must(EVP_EncryptUpdate(t->cipher_ctx, NULL, &n, NULL, (int)t->len));
    crypto_must(EVP_EncryptUpdate(t->cipher_ctx, out, &n, in, (int)t->len));
    if (t->op->kind != AEAD)
        return;
    crypto_must(EVP_EncryptFinal_ex(t->cipher_ctx, out + n, &n));
    crypto_must(EVP_CIPHER_CTX_ctrl(t->cipher_ctx, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag));
}

static void crypto_once(struct tools *t)
{
    uint8_t result[64] = {0};
    size_t length = 0;
    switch (t->op->kind) {
    case DIGEST:
        crypto_must(EVP_DigestInit_ex2(t->md_ctx, t->md, NULL));
        crypto_must(EVP_DigestUpdate(t->md_ctx, in, t->len));
        crypto_must(EVP_DigestFinal_ex(t->md_ctx, result, NULL));
        return;
    case MAC:
        crypto_must(EVP_MAC_init(t->mac_ctx, NULL, 0, NULL));
        crypto_must(EVP_MAC_update(t->mac_ctx, in, t->len));
        crypto_must(EVP_MAC_final(t->mac_ctx, result, &length, sizeof result));
        return;
    case CIPHER:
    case AEAD:
        cipher_once(t);
        return;
    default:
        return;
    }
}

static void crypto_begin_mac(struct tools *t)
{
    const char *key = t->op->key_type == KEY_HMAC ? OSSL_MAC_PARAM_DIGEST : OSSL_MAC_PARAM_CIPHER;
    const char *mac_name = t->op->key_type == KEY_HMAC ? "HMAC" : "CMAC";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(key, (char *)(uintptr_t)t->op->crypto_name, 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, mac_name, NULL);
    t->mac_ctx = EVP_MAC_CTX_new(mac);
    crypto_must(EVP_MAC_init(t->mac_ctx, secret, t->op->key_len, params));
    EVP_MAC_free(mac);
}

static void crypto_begin(struct tools *t)
{
    if (t->op->kind == DIGEST) {
        t->md = EVP_MD_fetch(NULL, t->op->crypto_name, NULL);
        t->md_ctx = EVP_MD_CTX_new();
        return;
    }
    if (t->op->kind == MAC) {
        crypto_begin_mac(t);
        return;
    }
    t->cipher = EVP_CIPHER_fetch(NULL, t->op->crypto_name, NULL);
    t->cipher_ctx = EVP_CIPHER_CTX_new();
    crypto_must(EVP_EncryptInit_ex2(t->cipher_ctx, t->cipher, NULL, NULL, NULL));
    if (t->op->kind == AEAD)
        crypto_must(
            EVP_CIPHER_CTX_ctrl(t->cipher_ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)t->op->iv_len, NULL));
    if (t->op->algorithm == CLRC_AES_CCM)
        crypto_must(EVP_CIPHER_CTX_ctrl(t->cipher_ctx, EVP_CTRL_AEAD_SET_TAG, 16, NULL));
    crypto_must(EVP_EncryptInit_ex2(t->cipher_ctx, NULL, secret, iv, NULL));
    crypto_must(EVP_CIPHER_CTX_set_padding(t->cipher_ctx, 0));
}

/* ---- SoftHSM2 ---- */

static void token_once(struct tools *t)
{
    CK_MECHANISM mechanism = {t->op->mechanism, t->op->iv_len != 0 ? (void *)(uintptr_t)iv : NULL,
                              t->op->iv_len};
    CK_FUNCTION_LIST *calls = soft_hsm.calls;
    CK_ULONG length = BULK + 64;
    switch (t->op->kind) {
    case DIGEST:
        token_must(calls->C_DigestInit(soft_hsm.session, &mechanism), "C_DigestInit");
        token_must(calls->C_Digest(soft_hsm.session, in, t->len, out, &length), "C_Digest");
        return;
    case MAC:
        token_must(calls->C_SignInit(soft_hsm.session, &mechanism, t->token_key), "C_SignInit");
        token_must(calls->C_Sign(soft_hsm.session, in, t->len, out, &length), "C_Sign");
        return;
    case CIPHER:
        token_must(calls->C_EncryptInit(soft_hsm.session, &mechanism, t->token_key),
                   "C_EncryptInit");
        token_must(calls->C_Encrypt(soft_hsm.session, in, t->len, out, &length), "C_Encrypt");
        return;
    case AEAD:
    default:
        return;
    }
}

static void token_begin(struct tools *t)
{
    static CK_BBOOL yes = CK_TRUE;
    static CK_BBOOL no = CK_FALSE;
    static CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = t->op->token_key_type;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class},
                               {CKA_KEY_TYPE, &type, sizeof type},
                               {CKA_VALUE, (void *)(uintptr_t)secret, t->op->key_len},
                               {CKA_SIGN, &yes, sizeof yes},
                               {CKA_ENCRYPT, &yes, sizeof yes},
                               {CKA_TOKEN, &no, sizeof no}};
    if (t->op->kind != DIGEST)
        token_must(soft_hsm.calls->C_CreateObject(soft_hsm.session, template, 6, &t->token_key),
                   "C_CreateObject");
}

/* ---- measuring ---- */

typedef void (*once_fn)(struct tools *t);

static void copy_once(struct tools *t)
{
    __builtin_memcpy(copy, in, t->len);
    __asm__ volatile("" : : "r"(copy) : "memory");
}

/*
 * Medians in microseconds of single calls. The contenders take turns of some calls each: an instance that is not called for
 * 100 us goes to sleep, so that with every other call somebody else's the wake would be measured (docs/channel.md has it).
 */
static void measure(struct tools *t, const once_fn *contenders, size_t n, double *ret_us)
{
    static double samples[CONTENDERS_MAX][SAMPLES_MAX];
    int count = t->len < BULK ? SAMPLES_MAX : SAMPLES_MAX / 10;
    for (int turn = -1; turn < count / TURN; turn++) {
        for (size_t c = 0; c < n; c++) {
            for (int i = 0; i < TURN; i++) {
                uint64_t start = bench_now_ns();
                contenders[c](t);
                uint64_t took = bench_now_ns() - start;
                if (turn >= 0)
                    samples[c][turn * TURN + i] = (double)took / 1000.0;
            }
        }
    }
    for (size_t c = 0; c < n; c++)
        ret_us[c] = bench_median(samples[c], (size_t)(count / TURN) * TURN);
}

static void print_rows(const struct tools *t, const double us[CONTENDERS_MAX], bool with_token)
{
    char id[96] = {0};
    const char *unit = t->len >= 1024 ? "KiB" : "octets";
    size_t amount = t->len >= 1024 ? t->len / 1024 : t->len;
    double extra = us[0] - us[1] - us[2];
    double apart = us[3] > us[1] ? us[3] - us[1] : us[1] - us[3];
    snprintf(id, sizeof id, "one call: %s, %zu %s", t->op->name, amount, unit);
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "us",
                                    .value = us[0],
                                    .peer = "libcrypto in process",
                                    .peer_value = us[1],
                                    .at_most = true});
    if (with_token)
        bench_print(&(struct bench_row){.id = id,
                                        .unit = "us",
                                        .value = us[0],
                                        .peer = "SoftHSM2 in process",
                                        .peer_value = us[4],
                                        .at_most = true});
    snprintf(id, sizeof id, "beyond libcrypto and a copy: %s, %zu %s", t->op->name, amount, unit);
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "us",
                                    .value = extra > 0 ? extra : 0,
                                    .peer = "15 us",
                                    .peer_value = EXTRA_MAX_US,
                                    .target = 1.0,
                                    .at_most = true});
    snprintf(id, sizeof id, "libcrypto beside itself: %s, %zu %s", t->op->name, amount, unit);
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "us",
                                    .value = apart,
                                    .peer = "15 us",
                                    .peer_value = EXTRA_MAX_US,
                                    .at_most = true});
}

static void compare(const struct operation *op)
{
    struct tools t = {.op = op};
    const once_fn contenders[] = {clrc_once, crypto_once, copy_once, crypto_once, token_once};
    bool with_token = has_token && op->mechanism != 0;
    const ClrcKeyTemplate wish = {.type = op->key_type};
    if (op->kind != DIGEST)
        must(clrcImportKeyRaw(&wish, secret, op->key_len, &t.key));
    crypto_begin(&t);
    if (with_token)
        token_begin(&t);
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        double us[CONTENDERS_MAX] = {0};
        t.len = SIZES[i];
        measure(&t, contenders, with_token ? CONTENDERS_MAX : CONTENDERS_MAX - 1, us);
        print_rows(&t, us, with_token);
    }
    clrcFreeKey(t.key);
    EVP_MD_CTX_free(t.md_ctx);
    EVP_MD_free(t.md);
    EVP_CIPHER_CTX_free(t.cipher_ctx);
    EVP_CIPHER_free(t.cipher);
    EVP_MAC_CTX_free(t.mac_ctx);
}

static bool is_wanted(const struct operation *op, int n, char **names)
{
    bool any = n == 0;
    for (int i = 0; i < n && !any; i++)
        any = strcmp(op->name, names[i]) == 0;
    return any;
}

int main(int argc, char **argv)
{
    /* Registered memory, as a program would use that calls often. */
    in = clrcSharedAlloc(BULK + 64);
    out = clrcSharedAlloc(BULK + 64);
    copy = calloc(1, BULK + 64);
    if (in == NULL || out == NULL || copy == NULL)
        bench_die("memory is short");
    has_token = getenv("SOFTHSM2_CONF") != NULL;
    if (has_token)
        (void)token_login(&soft_hsm);
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++)
        if (is_wanted(&OPERATIONS[i], argc - 1, argv + 1))
            compare(&OPERATIONS[i]);
    clrcSharedFree(in);
    clrcSharedFree(out);
    free(copy);
    return EXIT_SUCCESS;
}
