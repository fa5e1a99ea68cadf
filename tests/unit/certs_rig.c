/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/certs_rig.h"

#include <openssl/evp.h>
#include <sys/mman.h>

#include "ta/certs/x509.h"
#include "ta/crypto/crypto_protocol.h"

struct certs_rig certs_rig;

/* ---- changes ---- */

TEE_Result __real_TEE_CreatePersistentObject(uint32_t storage, const void *id, size_t id_len,
                                             uint32_t flags, TEE_ObjectHandle attributes,
                                             const void *data, size_t len,
                                             TEE_ObjectHandle *object);
TEE_Result __wrap_TEE_CreatePersistentObject(uint32_t storage, const void *id, size_t id_len,
                                             uint32_t flags, TEE_ObjectHandle attributes,
                                             const void *data, size_t len,
                                             TEE_ObjectHandle *object);
TEE_Result __real_TEE_WriteObjectData(TEE_ObjectHandle object, const void *data, size_t len);
TEE_Result __wrap_TEE_WriteObjectData(TEE_ObjectHandle object, const void *data, size_t len);
TEE_Result __real_TEE_CloseAndDeletePersistentObject1(TEE_ObjectHandle object);
TEE_Result __wrap_TEE_CloseAndDeletePersistentObject1(TEE_ObjectHandle object);

static TEE_Result change(void)
{
    certs_rig.n_changes++;
    if (certs_rig.dies_at != 0 && certs_rig.n_changes >= certs_rig.dies_at)
        (void)kill(getpid(), SIGKILL);
    bool fails = certs_rig.fails_at != 0 && certs_rig.n_changes >= certs_rig.fails_at &&
                 (certs_rig.n_failures == 0 ||
                  certs_rig.n_changes < certs_rig.fails_at + certs_rig.n_failures);
    return fails ? TEE_ERROR_STORAGE_NO_SPACE : TEE_SUCCESS;
}

TEE_Result __wrap_TEE_CreatePersistentObject(uint32_t storage, const void *id, size_t id_len,
                                             uint32_t flags, TEE_ObjectHandle attributes,
                                             const void *data, size_t len, TEE_ObjectHandle *object)
{
    TEE_Result result = change();
    return result != TEE_SUCCESS ? result
                                 : __real_TEE_CreatePersistentObject(storage, id, id_len, flags,
                                                                     attributes, data, len, object);
}

TEE_Result __wrap_TEE_WriteObjectData(TEE_ObjectHandle object, const void *data, size_t len)
{
    TEE_Result result = change();
    /* A few octets in the place of others always find room. */
    if (result == TEE_ERROR_STORAGE_NO_SPACE && len < 64)
        result = TEE_SUCCESS;
    return result != TEE_SUCCESS ? result : __real_TEE_WriteObjectData(object, data, len);
}

TEE_Result __wrap_TEE_CloseAndDeletePersistentObject1(TEE_ObjectHandle object)
{
    TEE_Result result = change();
    if (result == TEE_SUCCESS)
        return __real_TEE_CloseAndDeletePersistentObject1(object);
    TEE_CloseObject(object);
    return result;
}

/* ---- certificates ---- */

bool __real_km_x509_read(struct km_slice der, struct km_x509_facts *ret);
bool __wrap_km_x509_read(struct km_slice der, struct km_x509_facts *ret);

bool __wrap_km_x509_read(struct km_slice der, struct km_x509_facts *ret)
{
    return ++certs_rig.n_reads != certs_rig.misread && __real_km_x509_read(der, ret);
}

/* ---- the made up crypto application ---- */

struct km_slice certs_rig_key(const char *name)
{
    for (unsigned i = 0; i < RIG_KEYS; i++) {
        if (strcmp(certs_rig.keys->at[i].name, name) == 0)
            return KM_SLICE(certs_rig.keys->at[i].spki, certs_rig.keys->at[i].len);
    }
    return KM_SLICE(NULL, 0);
}

static void set_key(struct km_slice name, struct km_slice spki)
{
    unsigned at = 0;
    while (at < RIG_KEYS && certs_rig.keys->at[at].len != 0 &&
           !km_slice_equal(KM_SLICE_STR(certs_rig.keys->at[at].name), name))
        at++;
    assert_in_range(at, 0, RIG_KEYS - 1);
    km_copy(certs_rig.keys->at[at].name, 63, name.ptr, name.len);
    km_copy(certs_rig.keys->at[at].spki, sizeof(certs_rig.keys->at[at].spki), spki.ptr, spki.len);
    certs_rig.keys->at[at].len = spki.len;
}

static TEE_Result public_put(struct km_slice name, struct km_slice spki)
{
    TEE_Result result = change();
    if (result != TEE_SUCCESS)
        return result;
    certs_rig.keys->n_puts++;
    set_key(name, spki);
    return TEE_SUCCESS;
}

static uint32_t peer(uint32_t command, uint32_t types, TEE_Param params[4])
{
    static char loaded[64];
    struct km_slice first = KM_SLICE(params[0].memref.buffer, params[0].memref.size);
    (void)types;
    switch (command) {
    case KM_CRYPTO_CMD_PUBLIC_HOLD:
        return certs_rig.keys->refuses;
    case KM_CRYPTO_CMD_PUBLIC_PUT:
        return public_put(first, KM_SLICE(params[1].memref.buffer, params[1].memref.size));
    case KM_CRYPTO_CMD_LOAD_KEY:
        memset(loaded, 0, sizeof(loaded));
        km_copy(loaded, sizeof(loaded) - 1, first.ptr, first.len);
        params[3].value.a = 1;
        return certs_rig_key(loaded).len != 0 ? TEE_SUCCESS : TEE_ERROR_ITEM_NOT_FOUND;
    case KM_CRYPTO_CMD_EXPORT_PUBLIC: {
        struct km_slice spki = certs_rig_key(loaded);
        km_copy(params[1].memref.buffer, params[1].memref.size, spki.ptr, spki.len);
        params[1].memref.size = spki.len;
        return TEE_SUCCESS;
    }
    default:
        fail_msg("the crypto application was asked for 0x%x", command);
    }
    return TEE_ERROR_GENERIC;
}

static void set_key_of(const char *name, const struct made_cert *cert)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(cert->key, &der);
    assert_true(len > 0);
    set_key(KM_SLICE_STR(name), KM_SLICE(der, (size_t)len));
    OPENSSL_free(der);
}

/* ---- the device ---- */

static void provision(const char *name, const struct made_cert *cert)
{
    struct km_lane_param p[4] = {P_STR(name), P_MI(cert->der, cert->len), P_NONE, P_NONE};
    assert_int_equal(rig_call(&certs_rig.admin, KM_CERTS_CMD_PROVISION, p), TEE_SUCCESS);
}

int certs_rig_up(void **state)
{
    (void)state;
    struct km_lane_param none[4] = {P_NONE, P_NONE, P_NONE, P_NONE};
    memset(&certs_rig, 0, sizeof(certs_rig));
    certs_rig.keys = mmap(NULL, sizeof(*certs_rig.keys), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(certs_rig.keys, MAP_FAILED);
    rig_fresh(certs_rig.dir, &certs_rig.user);
    rig_open(&certs_rig.admin, 0, true);
    rig_host.now = CERT_MAKER_NOW;
    rig_host.peer = peer;
    cert_make("ca|cn=OEM root|key=P-256/root", NULL, &certs_rig.root);
    cert_make("cn=commands|key=P-256/command", &certs_rig.root, &certs_rig.command);
    cert_make("cn=device|key=P-256/device", &certs_rig.root, &certs_rig.device);
    provision("com.seqlabs.oem_root_cert", &certs_rig.root);
    provision("com.seqlabs.oem_command_cert", &certs_rig.command);
    provision("com.seqlabs.oem_device_cert", &certs_rig.device);
    set_key_of("com.seqlabs.oem_pub_key", &certs_rig.root);
    set_key_of("com.seqlabs.oem_command_pub_key", &certs_rig.command);
    set_key_of("com.seqlabs.oem_device_pub_key", &certs_rig.device);
    assert_int_equal(rig_call(&certs_rig.admin, KM_CERTS_CMD_PROVISION_SEAL, none), TEE_SUCCESS);
    certs_rig.n_changes = 0;
    return 0;
}

int certs_rig_down(void **state)
{
    (void)state;
    rig_close(&certs_rig.admin);
    rig_gone(certs_rig.dir, &certs_rig.user);
    cert_free(&certs_rig.root);
    cert_free(&certs_rig.command);
    cert_free(&certs_rig.device);
    (void)munmap(certs_rig.keys, sizeof(*certs_rig.keys));
    return 0;
}

void certs_rig_restart(void)
{
    rig_close(&certs_rig.admin);
    rig_close(&certs_rig.user);
    rig_stop();
    rig_start(certs_rig.dir);
    rig_open(&certs_rig.user, 1000, false);
    rig_open(&certs_rig.admin, 0, true);
}

/* ---- commands ---- */

struct km_slice certs_rig_sign(const struct km_cert_command *command, EVP_PKEY *with,
                               enum km_sign_digest digest, uint8_t out[RIG_COMMAND_MAX])
{
    static uint8_t content[RIG_COMMAND_MAX];
    static const char *const MDS[] = {[KM_SIGN_SHA1] = "SHA1",
                                      [KM_SIGN_SHA256] = "SHA256",
                                      [KM_SIGN_SHA384] = "SHA384",
                                      [KM_SIGN_SHA512] = "SHA512"};
    uint8_t signature[1024] = {0};
    size_t len = sizeof(signature);
    struct km_slice inner = {0};
    struct km_slice whole = {0};
    struct km_wr wr = km_wr_init(content, sizeof(content));
    enum km_sign_family family = EVP_PKEY_is_a(with, "RSA") == 1 ? KM_SIGN_RSA : KM_SIGN_EC;
    km_cert_command_content(&wr, km_sign_alg_find(family, digest), command);
    assert_true(km_wr_finish(&wr, &inner));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_get_digestbyname(MDS[digest]), NULL, with),
                     1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &len, inner.ptr, inner.len), 1);
    EVP_MD_CTX_free(ctx);
    wr = km_wr_init(out, RIG_COMMAND_MAX);
    km_envelope_put(&wr, KM_SLICE(signature, len), inner);
    assert_true(km_wr_finish(&wr, &whole));
    return whole;
}

uint32_t certs_rig_hand_in(struct rig_session *session, struct km_slice package)
{
    struct km_lane_param p[4] = {P_MI(package.ptr, package.len), P_VO, P_NONE, P_NONE};
    return rig_call(session, KM_CERTS_CMD_COMMAND, p);
}

uint32_t certs_rig_command(const struct km_cert_command *command)
{
    static uint8_t out[RIG_COMMAND_MAX];
    return certs_rig_hand_in(&certs_rig.admin,
                             certs_rig_sign(command, certs_rig.command.key, KM_SIGN_SHA256, out));
}

uint32_t certs_rig_simple(enum km_cert_operation operation, uint64_t sequence,
                          const struct made_cert *body)
{
    const struct km_cert_command command = {
        .operation = operation, .sequence = sequence, .body = cert_der(body)};
    return certs_rig_command(&command);
}

uint32_t certs_rig_named(const char *name, uint64_t sequence, const struct made_cert *body)
{
    const struct km_cert_command command = {.operation = KM_CERT_UPDATE_NAMED,
                                            .sequence = sequence,
                                            .name = KM_SLICE_STR(name),
                                            .body = cert_der(body)};
    return certs_rig_command(&command);
}

uint32_t certs_rig_crl(struct km_slice crl)
{
    struct km_lane_param p[4] = {P_MI(crl.ptr, crl.len), P_NONE, P_NONE, P_NONE};
    return rig_call(&certs_rig.admin, KM_CERTS_CMD_CRL, p);
}

/* ---- looking ---- */

uint64_t certs_rig_sequence(void)
{
    struct km_lane_param p[4] = {P_VO, P_VO, P_NONE, P_NONE};
    assert_int_equal(rig_call(&certs_rig.user, KM_CERTS_CMD_SEQUENCE, p), TEE_SUCCESS);
    return (uint64_t)p[0].b << 32 | p[0].a;
}

uint32_t certs_rig_ask(struct km_slice chain, struct km_slice wish, uint32_t *ret_verdict,
                       uint32_t *ret_depth)
{
    struct km_lane_param p[4] = {P_MI(chain.ptr, chain.len), P_MI(wish.ptr, wish.len), P_VO,
                                 P_NONE};
    uint32_t result = rig_call(&certs_rig.user, KM_CERTS_CMD_VERIFY, p);
    *ret_verdict = p[2].a;
    *ret_depth = p[2].b;
    return result;
}

uint32_t certs_rig_verify(const struct made_cert *leaf, const struct made_cert *other)
{
    static uint8_t octets[32768];
    uint8_t wish_octets[64] = {0};
    struct km_certs_chain chain = {.at = {cert_der(leaf)}, .n = 1};
    const struct km_certs_wish wish = {.purpose = KM_CERTS_PURPOSE_ANY};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    struct km_wr wish_wr = km_wr_init(wish_octets, sizeof(wish_octets));
    uint32_t verdict = UINT32_MAX;
    uint32_t depth = 0;
    if (other != NULL)
        chain.at[chain.n++] = cert_der(other);
    km_certs_chain_put(&wr, &chain);
    km_certs_wish_put(&wish_wr, &wish);
    assert_int_equal(certs_rig_ask(KM_SLICE(octets, wr.len), KM_SLICE(wish_octets, wish_wr.len),
                                   &verdict, &depth),
                     TEE_SUCCESS);
    return verdict;
}

struct km_slice certs_rig_get(const char *name, uint8_t out[KM_CERTS_DER_MAX])
{
    struct km_lane_param p[4] = {P_STR(name), P_MO(out, KM_CERTS_DER_MAX), P_NONE, P_NONE};
    uint32_t result = rig_call(&certs_rig.user, KM_CERTS_CMD_GET, p);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return KM_SLICE(NULL, 0);
    assert_int_equal(result, TEE_SUCCESS);
    return KM_SLICE(out, p[1].size);
}

static void list_into(EVP_MD_CTX *sha, uint32_t command)
{
    static uint8_t page[KM_CERTS_LIST_MAX];
    uint32_t cursor = 0;
    do {
        struct km_lane_param p[4] = {P_VIO(cursor), P_MO(page, sizeof(page)), P_NONE, P_NONE};
        assert_int_equal(rig_call(&certs_rig.user, command, p), TEE_SUCCESS);
        (void)EVP_DigestUpdate(sha, page, p[1].size);
        cursor = p[0].a;
    } while (cursor != 0);
}

void certs_rig_digest(uint8_t ret[32])
{
    static const char *const NAMES[] = {"com.seqlabs.oem_root_cert", "com.seqlabs.oem_command_cert",
                                        "com.seqlabs.oem_device_cert",
                                        "com.seqlabs.oem_cloud_cert"};
    uint8_t der[KM_CERTS_DER_MAX] = {0};
    uint64_t sequence = certs_rig_sequence();
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit(sha, EVP_sha256()), 1);
    list_into(sha, KM_CERTS_CMD_LIST);
    list_into(sha, KM_CERTS_CMD_STORE_LIST);
    for (size_t i = 0; i < KM_ARRAY_LEN(NAMES); i++) {
        struct km_slice got = certs_rig_get(NAMES[i], der);
        (void)EVP_DigestUpdate(sha, got.ptr, got.len);
    }
    (void)EVP_DigestUpdate(sha, certs_rig.keys->at, sizeof(certs_rig.keys->at));
    (void)EVP_DigestUpdate(sha, &sequence, sizeof(sequence));
    assert_int_equal(EVP_DigestFinal(sha, ret, NULL), 1);
    EVP_MD_CTX_free(sha);
}
