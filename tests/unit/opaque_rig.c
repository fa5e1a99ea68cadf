/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opaque_rig.h"

#include <openssl/x509.h>

#include "common/km_file.h"

struct opaque_rig opaque_rig;

static void start(void)
{
    rig_start(opaque_rig.dir);
    rig_open(&opaque_rig.owner, OWNER, false);
    rig_open(&opaque_rig.stranger, STRANGER, false);
    rig_open(&opaque_rig.admin, 0, true);
}

static void stop(void)
{
    rig_close(&opaque_rig.owner);
    rig_close(&opaque_rig.stranger);
    rig_close(&opaque_rig.admin);
    rig_stop();
}

void opaque_rig_restart(void)
{
    stop();
    start();
}

int opaque_rig_bare(void **state)
{
    (void)state;
    rig_host = (struct rig_host){.now = 1000000000};
    rig_dir(opaque_rig.dir);
    start();
    return 0;
}

static void provision(uint32_t id, const char *name, const char *public_name)
{
    struct km_lane_param p[4] = {P_VI(id, 0), P_STR(name), P_STR(public_name), P_NONE};
    assert_int_equal(rig_call(&opaque_rig.admin, KM_CRYPTO_CMD_PROVISION_KEY, p), TEE_SUCCESS);
}

int opaque_rig_up(void **state)
{
    (void)opaque_rig_bare(state);
    struct rig_session *admin = &opaque_rig.admin;
    opaque_rig.oem = maker_key("P-256");
    uint32_t oem = opaque_import(admin, KM_CRYPTO_KEY_ECDSA_PUBLIC, opaque_rig.oem);
    provision(oem, "com.seqlabs.oem_pub_key", "");
    uint32_t device = opaque_made(admin, KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 256, &opaque_rig.device);
    provision(device, "com.seqlabs.oem_device_key", "com.seqlabs.oem_device_pub_key");
    return 0;
}

int opaque_rig_down(void **state)
{
    (void)state;
    stop();
    rig_dir_remove(opaque_rig.dir);
    EVP_PKEY_free(opaque_rig.oem);
    EVP_PKEY_free(opaque_rig.device);
    opaque_rig = (struct opaque_rig){.dir = ""};
    return 0;
}

uint32_t opaque_import(struct rig_session *s, uint32_t type, const EVP_PKEY *key)
{
    struct km_crypto_template wish = rig_wish(type, 0);
    struct maker_bytes der = {.len = 0};
    uint32_t id = 0;
    const char *name = km_crypto_type_name(type);
    if (strstr(name, "PUBLIC") != NULL)
        maker_spki(key, &der);
    else
        maker_pkcs8(key, &der);
    assert_int_equal(rig_import(s, &wish, KM_CRYPTO_FORM_DER, KM_SLICE(der.at, der.len), &id),
                     TEE_SUCCESS);
    return id;
}

uint32_t opaque_made(struct rig_session *s, uint32_t type, uint32_t bits, EVP_PKEY **ret_public)
{
    struct km_crypto_template wish = rig_wish(type, bits);
    uint8_t spki[1024] = {0};
    size_t len = sizeof(spki);
    uint32_t id = 0;
    assert_int_equal(rig_create(s, &wish, &id), TEE_SUCCESS);
    assert_int_equal(rig_out(s, KM_CRYPTO_CMD_EXPORT_PUBLIC, id, 0, spki, &len), TEE_SUCCESS);
    const uint8_t *at = spki;
    *ret_public = d2i_PUBKEY(NULL, &at, (long)len);
    assert_non_null(*ret_public);
    return id;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The readers' table changes with each look. */
static int is_kept(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strstr(entry->d_name, "lock") == NULL;
}

void opaque_store_digest(uint8_t ret[32])
{
    char path[512] = {0};
    struct dirent **names = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL), 1);
    (void)snprintf(path, sizeof(path), "%s/store", opaque_rig.dir);
    int n = scandir(path, &names, is_kept, by_name);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        uint8_t *bytes = NULL;
        size_t len = 0;
        (void)snprintf(path, sizeof(path), "%s/store/%s", opaque_rig.dir, names[i]->d_name);
        assert_int_equal(km_file_read(NULL, AT_FDCWD, path, 64u << 20, &bytes, &len), KM_OK);
        assert_int_equal(EVP_DigestUpdate(ctx, bytes, len), 1);
        free(bytes);
        free(names[i]);
    }
    free(names);
    assert_int_equal(EVP_DigestFinal_ex(ctx, ret, NULL), 1);
    EVP_MD_CTX_free(ctx);
}

uint32_t opaque_save_key(struct rig_session *s, struct km_slice package, uint32_t device,
                         uint32_t password)
{
    struct km_lane_param p[4] = {P_MI(package.ptr, package.len), P_VI(device, password), P_NONE,
                                 P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_SAVE_OPAQUE_KEY, p);
}

uint32_t opaque_open(struct rig_session *s, struct km_slice identifier, uint32_t verifier,
                     uint32_t device, struct km_crypto_object *ret, uint32_t *ret_id)
{
    uint8_t wire[KM_CRYPTO_OBJECT_WIRE_LEN] = {0};
    struct km_lane_param p[4] = {P_MI(identifier.ptr, identifier.len), P_VI(verifier, device),
                                 P_MO(wire, sizeof(wire)), P_VO};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_OBJECT_OPEN, p);
    if (result == TEE_SUCCESS) {
        assert_true(km_crypto_object_parse(KM_SLICE(wire, p[2].size), ret));
        *ret_id = p[3].a;
    }
    return result;
}

uint32_t opaque_step(struct rig_session *s, uint32_t command, uint32_t id)
{
    struct km_lane_param p[4] = {P_VI(id, 0), P_NONE, P_NONE, P_NONE};
    return rig_call(s, command, p);
}
