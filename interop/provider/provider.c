/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/provider/provider.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

/* Whether another provider offers an operation; by asking, its table is read before ours. */
#define OTHERS(type, example)                                                                      \
    static bool others_##type(OSSL_LIB_CTX *program)                                               \
    {                                                                                              \
        type *method = type##_fetch(program, example, PROV_NOT_OURS);                              \
        type##_free(method);                                                                       \
        return method != NULL;                                                                     \
    }

OTHERS(EVP_KEYMGMT, "EC")
OTHERS(EVP_SIGNATURE, "ECDSA")
OTHERS(EVP_KEYEXCH, "ECDH")
OTHERS(EVP_ASYM_CIPHER, "RSA")
OTHERS(EVP_MD, "SHA2-256")
OTHERS(EVP_CIPHER, "AES-128-CBC")
OTHERS(EVP_MAC, "HMAC")
OTHERS(EVP_KDF, "HKDF")

static const struct operation {
    int operation;
    bool on_request; /* offered only behind somebody else, as what stands first is taken unasked */
    const OSSL_ALGORITHM *algorithms;
    bool (*others)(OSSL_LIB_CTX *program); /* NULL: nobody else has these names */
} operations[] = {
    {OSSL_OP_KEYMGMT, false, prov_keymgmt, others_EVP_KEYMGMT},
    {OSSL_OP_SIGNATURE, false, prov_signature, others_EVP_SIGNATURE},
    {OSSL_OP_KEYEXCH, false, prov_keyexch, others_EVP_KEYEXCH},
    {OSSL_OP_ASYM_CIPHER, false, prov_asym_cipher, others_EVP_ASYM_CIPHER},
    {OSSL_OP_STORE, false, prov_store, NULL},
    {OSSL_OP_DECODER, false, prov_decoder, NULL},
    {OSSL_OP_ENCODER, false, prov_encoder, NULL},
    {OSSL_OP_DIGEST, true, prov_digests, others_EVP_MD},
    {OSSL_OP_CIPHER, true, prov_ciphers, others_EVP_CIPHER},
    {OSSL_OP_MAC, true, prov_macs, others_EVP_MAC},
    {OSSL_OP_KDF, true, prov_kdfs, others_EVP_KDF},
    {OSSL_OP_RAND, false, prov_rands, NULL},
};

/* We are asked again while the others go first: "nothing yet, and do not remember it". */
static _Thread_local bool others_go;

/*
 * Who is asked for an operation first serves it from then on, and OpenSSL asks in the order of the
 * providers' names, in which we stand before "default". A program that makes an EC key of its own
 * would get one in the service. So before we name what others offer too, they are made to.
 */
static bool let_others_go_first(struct prov *prov, const struct operation *row)
{
    unsigned bit = 1u << (row->operation & 31);
    if (row->others == NULL || (atomic_load(&prov->served) & bit) != 0)
        return true;
    if (!prov->shares_libcrypto)
        return false;
    others_go = true;
    ERR_set_mark();
    bool offered = row->others(prov->program);
    ERR_pop_to_mark();
    others_go = false;
    /* Asked once: who offers nothing now is no longer in our way, but on request we come behind. */
    if (offered || !row->on_request)
        atomic_fetch_or(&prov->served, bit);
    return offered;
}

static const OSSL_ALGORITHM *query_operation(void *provctx, int operation, int *ret_no_cache)
{
    *ret_no_cache = others_go;
    if (others_go)
        return NULL;
    for (size_t i = 0; i < KM_ARRAY_LEN(operations); i++) {
        const struct operation *row = &operations[i];
        if (row->operation != operation)
            continue;
        bool offered = let_others_go_first(provctx, row);
        if (offered || !row->on_request)
            return row->algorithms;
        *ret_no_cache = 1; /* perhaps there is somebody the next time */
    }
    return NULL;
}

static const OSSL_PARAM *gettable_params(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
        OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

static int get_params(void *provctx, OSSL_PARAM params[])
{
    static const struct {
        const char *key;
        const char *value;
    } texts[] = {
        {OSSL_PROV_PARAM_NAME, "Keymoor: keys in the trusted service"},
        {OSSL_PROV_PARAM_VERSION, KEYMOOR_VERSION},
        {OSSL_PROV_PARAM_BUILDINFO, KEYMOOR_VERSION},
    };
    (void)provctx;
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        OSSL_PARAM *p = OSSL_PARAM_locate(params, texts[i].key);
        if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, texts[i].value))
            return 0;
    }
    OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return status == NULL || OSSL_PARAM_set_int(status, 1);
}

static void teardown(void *provctx)
{
    struct prov *prov = provctx;
    OSSL_LIB_CTX_free(prov->libctx);
    free(prov);
}

static const OSSL_DISPATCH provider_functions[] = {
    {OSSL_FUNC_PROVIDER_TEARDOWN, PROV_FN(teardown)},
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, PROV_FN(gettable_params)},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, PROV_FN(get_params)},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, PROV_FN(query_operation)},
    {OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, PROV_FN(prov_reason_strings)},
    {0, NULL},
};

static void take_core_functions(struct prov *prov, const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++) {
        switch (in->function_id) {
        case OSSL_FUNC_CORE_NEW_ERROR:
            prov->new_error = OSSL_FUNC_core_new_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            prov->set_error_debug = OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR:
            prov->vset_error = OSSL_FUNC_core_vset_error(in);
            break;
        case OSSL_FUNC_BIO_READ_EX:
            prov->bio_read_ex = OSSL_FUNC_BIO_read_ex(in);
            break;
        case OSSL_FUNC_BIO_WRITE_EX:
            prov->bio_write_ex = OSSL_FUNC_BIO_write_ex(in);
            break;
        case OSSL_FUNC_BIO_GETS:
            prov->bio_gets = OSSL_FUNC_BIO_gets(in);
            break;
        default:
            break;
        }
    }
}

/*
 * The program's library context is a structure of the program's libcrypto: our functions may only be
 * given it when that is the very object that we are linked with.
 */
static void take_program(struct prov *prov, const OSSL_DISPATCH *in)
{
    Dl_info theirs = {0};
    Dl_info ours = {0};
    for (; in->function_id != 0 && in->function_id != OSSL_FUNC_CORE_GET_LIBCTX; in++)
        ;
    if (in->function_id == 0 || dladdr((void *)(uintptr_t)in->function, &theirs) == 0 ||
        dladdr((void *)(uintptr_t)OSSL_LIB_CTX_new_child, &ours) == 0 ||
        theirs.dli_fbase != ours.dli_fbase)
        return;
    prov->program = (OSSL_LIB_CTX *)OSSL_FUNC_core_get_libctx(in)(prov->core); /* NULL: default */
    prov->shares_libcrypto = true;
}

/* "import = transfer" in the provider's section; whatever else stands there is "refuse". */
static bool wants_transfer(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in)
{
    char *value = NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_ptr(PROV_CONFIG_IMPORT, &value, 0),
        OSSL_PARAM_construct_end(),
    };
    for (; in->function_id != 0 && in->function_id != OSSL_FUNC_CORE_GET_PARAMS; in++)
        ;
    return in->function_id != 0 && OSSL_FUNC_core_get_params(in)(handle, params) == 1 &&
           value != NULL && strcmp(value, "transfer") == 0;
}

static bool has_core_functions(const struct prov *prov)
{
    return prov->new_error != NULL && prov->set_error_debug != NULL && prov->vset_error != NULL &&
           prov->bio_read_ex != NULL && prov->bio_write_ex != NULL && prov->bio_gets != NULL;
}

KM_EXPORT OSSL_provider_init_fn OSSL_provider_init;

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **provctx)
{
    struct prov *prov = calloc(1, sizeof(*prov));
    if (prov == NULL)
        return 0;
    prov->core = handle;
    take_core_functions(prov, in);
    take_program(prov, in);
    prov->takes_keys = wants_transfer(handle, in);
    if (has_core_functions(prov))
        prov->libctx = OSSL_LIB_CTX_new_child(handle, in);
    if (prov->libctx == NULL) {
        free(prov);
        return 0;
    }
    *out = provider_functions;
    *provctx = prov;
    return 1;
}
