/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests: certificates and keys for a class of devices, from one row. */
#include "factory/fleet/fleet.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "common/km_file.h"
#include "common/km_secret.h"
#include "factory/fleet/key_text.h"
#include "format/cert_form.h"
#include "format/manifest.h"

#define LIST_MAX 8192u
#define OEM_ROOT_CERTIFICATE "com.seqlabs.oem_root_cert"
#define OEM_PUBLIC_KEY "com.seqlabs.oem_pub_key"

/* Public keys that go with certificates under these names. */
static const struct {
    const char *certificate, *key;
} WITH_KEY[] = {
    {OEM_ROOT_CERTIFICATE, OEM_PUBLIC_KEY},
    {"com.seqlabs.oem_cloud_cert", "com.seqlabs.oem_cloud_pub_key"},
    {"com.seqlabs.oem_payload_cert", "com.seqlabs.oem_payload_pub_key"},
    {"com.seqlabs.oem_command_cert", "com.seqlabs.oem_command_pub_key"},
    {"com.seqlabs.emp_root_cert", "com.seqlabs.emp_pub_key"},
    {"com.seqlabs.emp_cloud_cert", "com.seqlabs.emp_cloud_pub_key"},
};

/* A manifest being put together; holds keys, so it is wiped. */
struct builder {
    struct km_wr certificates;
    struct km_wr keys;
    uint8_t certificates_buf[KM_FLEET_PACKAGE_MAX];
    uint8_t keys_buf[KM_FLEET_PACKAGE_MAX];
    uint8_t body[KM_FLEET_PACKAGE_MAX];
    uint8_t content[KM_FLEET_PACKAGE_MAX];
};

static void builder_freep(struct builder **builder)
{
    if (*builder != NULL)
        km_wipe(*builder, sizeof(**builder));
    free(*builder);
}

static void put_key(struct builder *builder, const struct km_opaque_key *key)
{
    km_opaque_key_put(&builder->keys, key);
}

static bool is_rsa(struct km_slice spki)
{
    static const uint8_t rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
    struct km_rd rd = km_rd_init(spki);
    struct km_rd in = {0};
    struct km_rd algorithm = {0};
    return km_der_enter(&rd, KM_DER_SEQUENCE, &in) &&
           km_der_enter(&in, KM_DER_SEQUENCE, &algorithm) &&
           km_der_oid_is(&algorithm, KM_SLICE(rsa, sizeof(rsa)));
}

static km_status add_certificate(struct km_err *err, struct builder *builder, const char *name,
                                 const char *path)
{
    uint8_t *der = NULL;
    size_t len = 0;
    struct km_slice spki = {0};
    KM_TRY(km_fleet_certificate(err, path, &der, &len));
    if (!km_cert_form_key(KM_SLICE(der, len), &spki) || len > KM_MANIFEST_CERTIFICATE_MAX) {
        OPENSSL_free(der);
        return KM_FAIL(err, KM_E_MALFORMED,
                       "the certificate '%s' is not in strict DER, or too long", path);
    }
    size_t mark = km_der_begin(&builder->certificates, KM_DER_SEQUENCE);
    km_der_put(&builder->certificates, KM_DER_UTF8_STRING, KM_SLICE_STR(name));
    km_wr_bytes(&builder->certificates, KM_SLICE(der, len));
    km_der_end(&builder->certificates, mark);
    for (size_t i = 0; i < KM_ARRAY_LEN(WITH_KEY); i++) {
        struct km_opaque_key key = {
            .type = KM_SLICE_STR(is_rsa(spki) ? "KEY_RSA_PUBLIC" : "KEY_EC_DUAL_PUBLIC"),
            .name = KM_SLICE_STR(WITH_KEY[i].key),
            .data = spki};
        if (strcmp(name, WITH_KEY[i].certificate) == 0)
            put_key(builder, &key);
    }
    OPENSSL_free(der);
    return KM_OK;
}

/* NAME=FILE. */
static km_status certificate_item(struct km_err *err, struct builder *builder, char *item)
{
    char *equals = strchr(item, '=');
    if (equals == NULL || equals == item || equals - item > (ptrdiff_t)KM_MANIFEST_NAME_MAX)
        return KM_FAIL(err, KM_E_ARG, "'%.60s' is not NAME=FILE for a certificate", item);
    *equals = '\0';
    return add_certificate(err, builder, item, equals + 1);
}

/* NAME=TYPE:SOURCE[,RULE ...], as make_manifest.sh takes it. */
static km_status key_item(struct km_err *err, struct builder *builder, char *item)
{
    char *type = strstr(item, "=KEY_");
    char *source = type != NULL ? strchr(type, ':') : NULL;
    if (source == NULL)
        return KM_FAIL(err, KM_E_ARG, "'%.60s' is not NAME=TYPE:FILE for a key", item);
    *type++ = '\0';
    *source++ = '\0';
    char *rules = strchr(source, ',');
    if (rules != NULL)
        *rules++ = '\0';
    for (char *comma = rules; comma != NULL && (comma = strchr(comma, ',')) != NULL;)
        *comma = ' ';
    struct km_fleet_key_text text = {
        .name = item, .type = type, .source = source, .rules = rules != NULL ? rules : ""};
    KM_AUTO(km_fleet_key_clear) struct km_fleet_key key = {0};
    KM_TRY(km_fleet_key_read(err, &text, &key));
    put_key(builder, &key.opaque);
    return KM_OK;
}

typedef km_status (*item_fn)(struct km_err *err, struct builder *builder, char *item);

/* Items apart by semicolons. */
static km_status each_item(struct km_err *err, struct builder *builder, const char *list,
                           item_fn take)
{
    char text[LIST_MAX] = {0};
    char *rest = NULL;
    size_t len = strlen(list);
    if (len >= sizeof(text))
        return KM_FAIL(err, KM_E_LIMIT, "a list is longer than %u octets", LIST_MAX - 1);
    km_copy(text, sizeof(text), list, len);
    for (char *item = strtok_r(text, ";", &rest); item != NULL; item = strtok_r(NULL, ";", &rest)) {
        item += strspn(item, " \t");
        if (*item != '\0')
            KM_TRY(take(err, builder, item));
    }
    return KM_OK;
}

static km_status put_body(struct km_err *err, struct builder *builder, struct km_slice *ret)
{
    struct km_slice certificates = {0};
    struct km_slice keys = {0};
    struct km_wr wr = km_wr_init(builder->body, sizeof(builder->body));
    static struct km_manifest_body parsed; /* large; used and thrown away */
    if (!km_wr_finish(&builder->certificates, &certificates) ||
        !km_wr_finish(&builder->keys, &keys))
        return KM_FAIL(err, KM_E_LIMIT, "the manifest is longer than %u octets", KM_MANIFEST_MAX);
    size_t mark = km_der_begin(&wr, KM_DER_SEQUENCE);
    km_der_put(&wr, KM_DER_SEQUENCE, certificates);
    km_der_put(&wr, KM_DER_SEQUENCE, keys);
    km_der_end(&wr, mark);
    if (!km_wr_finish(&wr, ret))
        return KM_FAIL(err, KM_E_LIMIT, "the manifest is longer than %u octets", KM_MANIFEST_MAX);
    return km_manifest_body_parse(*ret, &parsed)
               ? KM_OK
               : KM_FAIL(err, KM_E_ARG,
                         "a certificate's name comes twice or ends in \"_csr\", or there "
                         "are more than 32 certificates or 64 keys");
}

static km_status read_head(struct km_err *err, const struct km_fleet *fleet,
                           const struct km_fleet_job *job, struct km_manifest *ret)
{
    size_t len = strlen(job->device_class);
    const struct km_sign_alg *alg = km_fleet_signer_alg(fleet->signer);
    if (len == 0 || len > KM_MANIFEST_CLASS_MAX)
        return KM_FAIL(err, KM_E_ARG, "a device class has 1 to 63 octets, not %zu", len);
    if (!km_fleet_number(job->sequence, KM_MANIFEST_SEQUENCE_MAX, &ret->sequence))
        return KM_FAIL(err, KM_E_ARG, "the column 'sequence' is a number from 1 to 2^63 - 1");
    if (strcmp(job->update, "yes") != 0 && strcmp(job->update, "no") != 0 && job->update[0] != '\0')
        return KM_FAIL(err, KM_E_ARG, "the column 'update' says '%.20s', not yes or no",
                       job->update);
    if (alg->family == KM_SIGN_DSA || alg->digest_len < 32)
        return KM_FAIL(err, KM_E_ARG,
                       "a manifest is signed by an EC or RSA key with SHA-256 or better");
    ret->is_update = strcmp(job->update, "yes") == 0;
    ret->device_class = KM_SLICE(job->device_class, len);
    ret->signer = km_fleet_signer_spki(fleet->signer);
    return KM_OK;
}

static void pkey_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static km_status put_content(struct km_err *err, const struct km_fleet *fleet,
                             const struct km_fleet_job *job, struct builder *builder,
                             struct km_slice body, struct km_slice *ret)
{
    struct km_manifest head = {0};
    KM_AUTO(pkey_freep) EVP_PKEY *recipient = NULL;
    struct km_wr wr = km_wr_init(builder->content, sizeof(builder->content));
    KM_TRY(read_head(err, fleet, job, &head));
    KM_TRY(km_fleet_public_key(err, job->device_key, &recipient));
    size_t mark = km_envelope_begin(&wr, KM_MANIFEST_KIND, km_fleet_signer_alg(fleet->signer));
    km_manifest_head_put(&wr, &head);
    KM_TRY(km_fleet_sealed_put(err, fleet->seal, recipient, body, &wr));
    km_der_end(&wr, mark);
    return km_wr_finish(&wr, ret)
               ? KM_OK
               : KM_FAIL(err, KM_E_LIMIT, "the manifest is longer than %u octets", KM_MANIFEST_MAX);
}

km_status km_fleet_manifest(struct km_err *err, const struct km_fleet *fleet,
                            const struct km_fleet_job *job, struct km_fleet_made *ret)
{
    KM_AUTO(builder_freep) struct builder *builder = calloc(1, sizeof(*builder));
    struct km_slice body = {0};
    struct km_slice content = {0};
    if (builder == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory for a manifest");
    builder->certificates =
        km_wr_init(builder->certificates_buf, sizeof(builder->certificates_buf));
    builder->keys = km_wr_init(builder->keys_buf, sizeof(builder->keys_buf));
    if (fleet->oem_root == NULL && strcmp(job->update, "yes") != 0)
        return KM_FAIL(err, KM_E_ARG, "a first manifest needs --oem-root CERT");
    KM_TRY(each_item(err, builder, job->certificates, certificate_item));
    KM_TRY(each_item(err, builder, job->keys, key_item));
    if (strcmp(job->update, "yes") != 0)
        KM_TRY(add_certificate(err, builder, OEM_ROOT_CERTIFICATE, fleet->oem_root));
    KM_TRY(put_body(err, builder, &body));
    KM_TRY(put_content(err, fleet, job, builder, body, &content));
    return km_fleet_package(err, fleet, content, ret);
}
