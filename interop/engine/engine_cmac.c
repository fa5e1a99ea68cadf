/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CMAC as an EVP_PKEY: a key made by EVP_PKEY_keygen from a cipher and octets, and signatures with it that
 * are MACs. OpenSSL asks for two methods, one for the key object and one for what is done with it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "common/km_des.h"
#include "common/km_secret.h"
#include "interop/engine/engine.h"
#include "interop/engine/engine_key.h"

#define KEY_MAX 32u
#define MAC_MAX 16u

static const struct row {
    int nid;
    ClrcAlgorithm algorithm;
    ClrcKeyType type;
    size_t key_len;
    size_t mac_len;
} rows[] = {
    {NID_aes_128_cbc, CLRC_AES_CMAC, KEY_AES, 16, 16},
    {NID_aes_192_cbc, CLRC_AES_CMAC, KEY_AES, 24, 16},
    {NID_aes_256_cbc, CLRC_AES_CMAC, KEY_AES, 32, 16},
    {NID_des_ede3_cbc, CLRC_DES3_CMAC, KEY_DES3, 24, 8},
};

/* Inside an EVP_PKEY, which may be shared; and, with an operation, inside a context. */
struct mac {
    const struct row *row; /* NULL: no cipher yet */
    struct engine_key *key;
    ClrcOperationHandle operation;
    uint8_t octets[KEY_MAX]; /* of a key that is being made: it may come before its cipher */
    size_t octets_len;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_PKEY_METHOD *method;
static EVP_PKEY_ASN1_METHOD *asn1_method;

static void mac_free(struct mac *mac)
{
    if (mac == NULL)
        return;
    clrcOperationFree(mac->operation);
    engine_key_unref(mac->key);
    km_wipe(mac, sizeof(*mac));
    free(mac);
}

static int say(const char *what)
{
    struct km_err err = {0};
    (void)KM_FAIL(&err, KM_E_ARG, "CMAC: %s", what);
    return engine_raise(&err, __func__);
}

/* ---- making a key ---- */

static int init(EVP_PKEY_CTX *ctx)
{
    struct mac *mac = calloc(1, sizeof(*mac));
    EVP_PKEY_CTX_set_data(ctx, mac);
    return mac != NULL;
}

static void clean_up(EVP_PKEY_CTX *ctx)
{
    mac_free(EVP_PKEY_CTX_get_data(ctx));
    EVP_PKEY_CTX_set_data(ctx, NULL);
}

static int copy(EVP_PKEY_CTX *to, KM_OSSL3_CONST EVP_PKEY_CTX *from)
{
    const struct mac *mac = EVP_PKEY_CTX_get_data(from);
    if (!init(to))
        return 0;
    struct mac *made = EVP_PKEY_CTX_get_data(to);
    *made = *mac;
    made->operation = NULL;
    made->key = engine_key_ref(mac->key);
    return mac->operation == NULL ||
           engine_clrc(clrcOperationCopy(mac->operation, &made->operation), "copy a MAC", __func__);
}

static int set_cipher(struct mac *mac, const EVP_CIPHER *cipher)
{
    for (size_t i = 0; cipher != NULL && i < KM_ARRAY_LEN(rows); i++) {
        if (rows[i].nid == EVP_CIPHER_nid(cipher)) {
            mac->row = &rows[i];
            return 1;
        }
    }
    return say("the cipher must be AES or triple DES in CBC");
}

static int set_key(struct mac *mac, const uint8_t *octets, int len)
{
    if (octets == NULL || len <= 0 || len > (int)KEY_MAX)
        return say("a key has at most 32 octets");
    km_copy(mac->octets, sizeof(mac->octets), octets, (size_t)len);
    mac->octets_len = (size_t)len;
    return 1;
}

static int keygen(EVP_PKEY_CTX *ctx, EVP_PKEY *pkey)
{
    struct mac *wish = EVP_PKEY_CTX_get_data(ctx);
    if (wish->row == NULL || wish->octets_len != wish->row->key_len)
        return say("a key as long as the cipher wants, and the cipher, come first");
    if (wish->row->type == KEY_DES3)
        km_des_set_parity(KM_SPAN(wish->octets, wish->octets_len));
    struct mac *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return 0;
    made->row = wish->row;
    made->key = engine_key_import(wish->row->type, KM_SLICE(wish->octets, wish->octets_len));
    /* Who frees the key is decided by its type: with another's method it must not be one of ours. */
    if (made->key == NULL || !EVP_PKEY_set_type(pkey, EVP_PKEY_CMAC) ||
        EVP_PKEY_get0_asn1(pkey) != asn1_method || !EVP_PKEY_assign(pkey, EVP_PKEY_CMAC, made)) {
        bool is_ours = made->key != NULL;
        mac_free(made);
        return is_ours ? say("the engine must be the default for PKEY_ASN1_METHS, too") : 0;
    }
    return 1;
}

/* ---- the MAC ---- */

static int update(EVP_MD_CTX *ctx, const void *data, size_t len)
{
    struct mac *mac = EVP_PKEY_CTX_get_data(EVP_MD_CTX_pkey_ctx(ctx));
    if (len == 0)
        return 1;
    ClrcResult result = clrcOperationUpdate(mac->operation, data, len, NULL, NULL);
    if (result != CLRC_SUCCESS) /* a part is missing: there is no MAC any more */
        clrcOperationFree(km_steal(&mac->operation));
    return engine_clrc(result, "MAC", __func__);
}

static int sign_init(EVP_PKEY_CTX *ctx, EVP_MD_CTX *md_ctx)
{
    EVP_PKEY *pkey = EVP_PKEY_CTX_get0_pkey(ctx);
    const struct mac *from = pkey == NULL ? NULL : EVP_PKEY_get0(pkey);
    struct mac *mac = EVP_PKEY_CTX_get_data(ctx);
    if (from == NULL)
        return say("there is no key");
    clrcOperationFree(km_steal(&mac->operation));
    engine_key_unref(mac->key);
    mac->row = from->row;
    mac->key = engine_key_ref(from->key);
    const ClrcOperationWish wish = {.algorithm = mac->row->algorithm, .mode = CLRC_MODE_MAC};
    EVP_MD_CTX_set_flags(md_ctx, EVP_MD_CTX_FLAG_NO_INIT);
    EVP_MD_CTX_set_update_fn(md_ctx, update);
    (void)engine_key_renew(&mac->key, CLRC_SUCCESS);
    ClrcResult result = clrcOperationNew(engine_key_handle(mac->key), &wish, &mac->operation);
    if (engine_key_renew(&mac->key, result))
        result = clrcOperationNew(engine_key_handle(mac->key), &wish, &mac->operation);
    return engine_clrc(result, "MAC", __func__);
}

static int sign(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *out_len, EVP_MD_CTX *md_ctx)
{
    struct mac *mac = EVP_PKEY_CTX_get_data(ctx);
    uint8_t made[MAC_MAX] = {0};
    uint32_t len = sizeof(made);
    (void)md_ctx;
    if (mac->row == NULL)
        return 0;
    if (out == NULL) {
        *out_len = mac->row->mac_len;
        return 1;
    }
    if (*out_len < mac->row->mac_len)
        return say("the MAC has more octets than there is room for");
    if (!engine_clrc(clrcOperationFinal(mac->operation, NULL, NULL, made, &len), "MAC", __func__))
        return 0;
    km_copy(out, *out_len, made, len);
    *out_len = len;
    return 1;
}

static int control(EVP_PKEY_CTX *ctx, int cmd, int value, void *ptr)
{
    struct mac *mac = EVP_PKEY_CTX_get_data(ctx);
    switch (cmd) {
    case EVP_PKEY_CTRL_SET_MAC_KEY:
        return set_key(mac, ptr, value);
    case EVP_PKEY_CTRL_CIPHER:
        return set_cipher(mac, ptr);
    case EVP_PKEY_CTRL_MD:
    case EVP_PKEY_CTRL_DIGESTINIT:
        return 1;
    default:
        return -2;
    }
}

static int set_hex_key(struct mac *mac, const char *hex)
{
    long len = 0;
    uint8_t *octets = OPENSSL_hexstr2buf(hex, &len);
    if (octets == NULL)
        return say("hexkey is not in hex digits");
    int done = set_key(mac, octets, (int)len);
    OPENSSL_clear_free(octets, (size_t)len);
    return done;
}

static int control_text(EVP_PKEY_CTX *ctx, const char *name, const char *value)
{
    struct mac *mac = EVP_PKEY_CTX_get_data(ctx);
    if (value == NULL)
        return 0;
    if (strcmp(name, "cipher") == 0)
        return set_cipher(mac, EVP_get_cipherbyname(value));
    if (strcmp(name, "key") == 0)
        return set_key(mac, (const uint8_t *)value, (int)strlen(value));
    return strcmp(name, "hexkey") == 0 ? set_hex_key(mac, value) : -2;
}

/* ---- the key object ---- */

static int key_size(const EVP_PKEY *pkey)
{
    (void)pkey;
    return MAC_MAX;
}

static void key_free(EVP_PKEY *pkey)
{
    mac_free(EVP_PKEY_get0(pkey));
}

static void make_methods(void)
{
    method = EVP_PKEY_meth_new(EVP_PKEY_CMAC, EVP_PKEY_FLAG_SIGCTX_CUSTOM);
    asn1_method = EVP_PKEY_asn1_new(EVP_PKEY_CMAC, 0, "CMAC", "CMAC in the trusted service");
    if (method == NULL || asn1_method == NULL)
        return;
    EVP_PKEY_meth_set_init(method, init);
    EVP_PKEY_meth_set_cleanup(method, clean_up);
    EVP_PKEY_meth_set_copy(method, copy);
    EVP_PKEY_meth_set_keygen(method, NULL, keygen);
    EVP_PKEY_meth_set_signctx(method, sign_init, sign);
    EVP_PKEY_meth_set_ctrl(method, control, control_text);
    EVP_PKEY_asn1_set_public(asn1_method, NULL, NULL, NULL, NULL, key_size, NULL);
    EVP_PKEY_asn1_set_free(asn1_method, key_free);
}

EVP_PKEY_METHOD *engine_cmac(void)
{
    (void)pthread_once(&once, make_methods);
    return method;
}

EVP_PKEY_ASN1_METHOD *engine_cmac_asn1(void)
{
    (void)pthread_once(&once, make_methods);
    return asn1_method;
}
