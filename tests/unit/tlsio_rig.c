/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tlsio_rig.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "ta/certs/wish_wire.h"
#include "tests/unit/cert_maker.h"

#define KEY_ID 77u

struct tlsio_peers tlsio_peers;

static char dir[64];
static struct made_cert made[2];
static struct tlsio_pem pems[2];

/* ---- keys and certificates ---- */

static void put_pem(BIO *bio, char *to)
{
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    assert_true(len > 0 && len < (long)TLSIO_RIG_PEM_MAX);
    km_copy(to, TLSIO_RIG_PEM_MAX - 1, text, (size_t)len);
    BIO_free(bio);
}

static void make(bool is_rsa)
{
    if (made[is_rsa].key != NULL)
        return;
    cert_make(is_rsa ? "cn=rig|key=RSA2048/rig" : "cn=rig|key=P-256/rig", NULL, &made[is_rsa]);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, made[is_rsa].key, NULL, NULL, 0, NULL, NULL), 1);
    put_pem(bio, pems[is_rsa].key);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, made[is_rsa].x509), 1);
    put_pem(bio, pems[is_rsa].cert);
}

const struct tlsio_pem *tlsio_pem(bool is_rsa)
{
    make(is_rsa);
    return &pems[is_rsa];
}

/* ---- the stand-in for the crypto application ---- */

static uint32_t load_key(TEE_Param params[4])
{
    tlsio_peers.n_loaded++;
    params[3].value.a = KEY_ID;
    params[3].value.b = 0;
    return TEE_SUCCESS;
}

static uint32_t key_info(TEE_Param params[4])
{
    struct km_crypto_info info = {.type = tlsio_peers.is_rsa ? KM_CRYPTO_KEY_RSA_KEYPAIR
                                                             : KM_CRYPTO_KEY_ECDSA_KEYPAIR,
                                  .bits = tlsio_peers.is_rsa ? 2048 : 256,
                                  .usage = KM_CRYPTO_USAGE_SIGN};
    assert_int_equal(params[0].value.a, KEY_ID);
    assert_true(km_crypto_info_put(&info, KM_SPAN(params[1].memref.buffer, params[1].memref.size),
                                   &params[1].memref.size));
    return TEE_SUCCESS;
}

static uint32_t export_public(TEE_Param params[4])
{
    unsigned char *at = params[1].memref.buffer;
    make(tlsio_peers.is_rsa);
    int len = i2d_PUBKEY(made[tlsio_peers.is_rsa].key, NULL);
    assert_true(len > 0 && (size_t)len <= params[1].memref.size);
    params[1].memref.size = (size_t)i2d_PUBKEY(made[tlsio_peers.is_rsa].key, &at);
    return TEE_SUCCESS;
}

static uint32_t sign(TEE_Param params[4], bool is_pss)
{
    const EVP_MD *const mds[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
    size_t digest_len = params[1].memref.size;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(made[tlsio_peers.is_rsa].key, NULL);
    tlsio_peers.n_signed++;
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    for (size_t i = 0; i < KM_ARRAY_LEN(mds); i++) {
        if ((size_t)EVP_MD_get_size(mds[i]) == digest_len)
            assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, mds[i]), 1);
    }
    if (is_pss) {
        assert_int_equal(params[3].value.a, digest_len);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)digest_len), 1);
    }
    assert_int_equal(EVP_PKEY_sign(ctx, params[2].memref.buffer, &params[2].memref.size,
                                   params[1].memref.buffer, digest_len),
                     1);
    EVP_PKEY_CTX_free(ctx);
    return tlsio_peers.sign_result;
}

/* ---- and for the certificate application ---- */

static uint32_t verify(TEE_Param params[4])
{
    struct km_certs_chain chain = {0};
    struct km_certs_wish wish = {0};
    assert_true(
        km_certs_chain_parse(KM_SLICE(params[0].memref.buffer, params[0].memref.size), &chain));
    assert_true(
        km_certs_wish_parse(KM_SLICE(params[1].memref.buffer, params[1].memref.size), &wish));
    tlsio_peers.purpose = wish.purpose;
    memset(tlsio_peers.host, 0, sizeof(tlsio_peers.host));
    km_copy(tlsio_peers.host, sizeof(tlsio_peers.host) - 1, wish.host.ptr, wish.host.len);
    tlsio_peers.n_verified++;
    params[2].value.a = tlsio_peers.verdict;
    params[2].value.b = 0;
    return tlsio_peers.verify_result;
}

static uint32_t give_cert(TEE_Param params[4])
{
    unsigned char *at = params[1].memref.buffer;
    struct km_slice name = KM_SLICE(params[0].memref.buffer, params[0].memref.size);
    if (!km_slice_equal(name, KM_SLICE_STR("cert")))
        return TEE_ERROR_ITEM_NOT_FOUND;
    make(tlsio_peers.is_rsa);
    params[1].memref.size = (size_t)i2d_X509(made[tlsio_peers.is_rsa].x509, &at);
    return TEE_SUCCESS;
}

static uint32_t list(TEE_Param params[4])
{
    struct km_wr wr = km_wr_init(params[1].memref.buffer, params[1].memref.size);
    km_wr_blob32le(&wr, KM_SLICE_STR("cert"));
    km_wr_u32le(&wr, 100);
    km_wr_blob32le(&wr, KM_SLICE_STR("a_csr"));
    km_wr_u32le(&wr, 100);
    km_wr_blob32le(&wr, KM_SLICE_STR("gone"));
    km_wr_u32le(&wr, 100);
    params[0].value.a = 0;
    params[1].memref.size = wr.len;
    return TEE_SUCCESS;
}

/* Of the numbers that the two protocols share, only one of each pair is asked for here. */
static uint32_t peer(uint32_t command, uint32_t types, TEE_Param params[4])
{
    (void)types;
    switch (command) {
    case KM_CERTS_CMD_GET:
        return give_cert(params);
    case KM_CERTS_CMD_LIST:
        return list(params);
    case KM_CERTS_CMD_VERIFY:
        return verify(params);
    case KM_CRYPTO_CMD_LOAD_KEY:
        return load_key(params);
    case KM_CRYPTO_CMD_KEY_INFO:
        return key_info(params);
    case KM_CRYPTO_CMD_EXPORT_PUBLIC:
        return export_public(params);
    case KM_CRYPTO_CMD_SIGN_DIGEST:
    case KM_CRYPTO_CMD_SIGN_DIGEST_PSS:
        return sign(params, command == KM_CRYPTO_CMD_SIGN_DIGEST_PSS);
    default:
        return TEE_ERROR_NOT_SUPPORTED;
    }
}

void tlsio_rig_start(void)
{
    tlsio_peers = (struct tlsio_peers){0};
    rig_host = (struct rig_host){.peer = peer};
    rig_dir(dir);
    rig_start(dir);
}

void tlsio_rig_stop(void)
{
    rig_stop();
    rig_dir_remove(dir);
}

/* ---- an end ---- */

struct km_tlsio_settings tlsio_settings(uint32_t role)
{
    return (struct km_tlsio_settings){
        .role = role,
        .min_version = KM_TLSIO_VERSION_1_2,
        .max_version = KM_TLSIO_VERSION_1_3,
        .verify = role == KM_TLSIO_CLIENT ? KM_TLSIO_VERIFY_REQUIRED : KM_TLSIO_VERIFY_NONE,
        .flags = KM_TLSIO_RESUME,
    };
}

uint32_t tlsio_setup(struct tlsio_end *end, const struct km_tlsio_settings *settings,
                     const struct tlsio_pem *pem)
{
    uint8_t octets[KM_TLSIO_SETTINGS_MAX] = {0};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    km_tlsio_settings_put(&wr, settings);
    rig_open(&end->session, 1000, false);
    struct km_lane_param p[4] = {P_MI(octets, wr.len), P_STR(pem == NULL ? "" : pem->key),
                                 P_STR(pem == NULL ? "" : pem->cert), P_NONE};
    return rig_call(&end->session, KM_TLSIO_CMD_SETUP, p);
}

uint32_t tlsio_connect(struct tlsio_end *end, const char *host)
{
    struct km_lane_param p[4] = {P_STR(host), P_VO, P_NONE, P_NONE};
    uint32_t result = rig_call(&end->session, KM_TLSIO_CMD_OPEN, p);
    end->conn = p[1].a;
    end->n_sent = 0;
    end->n_got = 0;
    end->last = (struct km_tlsio_step_out){0};
    return result;
}

void tlsio_end_close(struct tlsio_end *end)
{
    rig_close(&end->session);
}

static size_t room_of(size_t wanted, size_t used)
{
    size_t left = TLSIO_RIG_ROOM - used;
    return wanted != 0 && wanted < left ? wanted : left;
}

uint32_t tlsio_step(struct tlsio_end *end, const struct tlsio_wish *wish)
{
    static uint8_t in[2 * TLSIO_RIG_ROOM];
    uint8_t head[KM_TLSIO_STEP_LEN] = {0};
    struct km_wr wr = km_wr_init(head, sizeof(head));
    const struct km_tlsio_step_in step = {
        .connection = end->conn, .flags = wish->flags, .cipher_len = (uint32_t)wish->cipher.len};
    km_tlsio_step_in_put(&wr, &step);
    km_copy(in, sizeof(in), wish->cipher.ptr, wish->cipher.len);
    km_copy(in + wish->cipher.len, sizeof(in) - wish->cipher.len, wish->plain.ptr, wish->plain.len);
    struct km_lane_param p[4] = {
        P_MIO(head, sizeof(head)), P_MI(in, wish->cipher.len + wish->plain.len),
        P_MO(end->sent + end->n_sent, room_of(wish->cipher_room, end->n_sent)),
        P_MO(end->got + end->n_got, room_of(wish->plain_room, end->n_got))};
    uint32_t result = rig_call(&end->session, KM_TLSIO_CMD_STEP, p);
    if (result != TEE_SUCCESS)
        return result;
    assert_true(km_tlsio_step_out_parse(KM_SLICE(head, sizeof(head)), &end->last));
    assert_true(end->last.cipher_taken <= wish->cipher.len &&
                end->last.plain_taken <= wish->plain.len);
    end->n_sent += p[2].size;
    end->n_got += p[3].size;
    return result;
}

/* Takes what was sent to the other end; whether anything moved. */
static bool carry(struct tlsio_end *from, struct tlsio_end *to, size_t chunk)
{
    size_t len = from->n_sent < chunk ? from->n_sent : chunk;
    if (len == 0 || (to->last.state & (KM_TLSIO_FAILED | KM_TLSIO_PEER_CLOSED)) != 0)
        return false;
    const struct tlsio_wish wish = {.flags = KM_TLSIO_READ, .cipher = KM_SLICE(from->sent, len)};
    assert_int_equal(tlsio_step(to, &wish), TEE_SUCCESS);
    size_t taken = to->last.cipher_taken;
    memmove(from->sent, from->sent + taken, from->n_sent - taken);
    from->n_sent -= taken;
    return taken > 0;
}

void tlsio_pump(struct tlsio_end *a, struct tlsio_end *b, size_t chunk)
{
    bool moved = true;
    while (moved) {
        moved = carry(a, b, chunk);
        moved = carry(b, a, chunk) || moved;
    }
}
