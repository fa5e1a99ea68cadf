/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, bytes in and out, passwords and digests, for all operations. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "interop/provider/provider.h"

/* OpenSSL keeps the pointers: the texts are static. */
static OSSL_ITEM reason_items[KM_DOOR_R_END - KM_DOOR_R_OTHER + 1];
static pthread_once_t reasons_once = PTHREAD_ONCE_INIT;

static void make_reasons(void)
{
    for (unsigned i = 0; i < KM_DOOR_R_END - KM_DOOR_R_OTHER; i++) {
        enum km_door_reason reason = (enum km_door_reason)(KM_DOOR_R_OTHER + i);
        reason_items[i].ptr = (void *)(uintptr_t)km_door_reason_text(reason);
        reason_items[i].id = reason;
    }
}

const OSSL_ITEM *prov_reason_strings(void *provctx)
{
    (void)provctx;
    pthread_once(&reasons_once, make_reasons);
    return reason_items;
}

static void set_error(struct prov *prov, enum km_door_reason reason, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    prov->vset_error(prov->core, reason, fmt, args);
    va_end(args);
}

int prov_raise(struct prov *prov, const struct km_err *err, const char *func)
{
    prov->new_error(prov->core);
    prov->set_error_debug(prov->core, err->file, err->line, func);
    set_error(prov, km_door_reason(err), "%s", err->text);
    return 0;
}

int prov_fail(struct prov *prov, km_status status, const char *file, int line, const char *func,
              const char *fmt, ...)
{
    struct km_err err = {0};
    char text[KM_ERR_TEXT_MAX] = {0};
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    (void)km_err_set(&err, status, KM_LAYER_NONE, 0, file, line, "%s", text);
    return prov_raise(prov, &err, func);
}

bool prov_write(struct prov *prov, OSSL_CORE_BIO *out, struct km_slice bytes)
{
    while (bytes.len != 0) {
        size_t n = 0;
        if (!prov->bio_write_ex(out, bytes.ptr, bytes.len, &n) || n == 0 || n > bytes.len)
            return false;
        bytes = KM_SLICE(bytes.ptr + n, bytes.len - n);
    }
    return true;
}

bool prov_read(struct prov *prov, OSSL_CORE_BIO *in, struct km_span ret, size_t *ret_len)
{
    size_t len = 0;
    size_t n = 0;
    while (len < ret.len && prov->bio_read_ex(in, ret.ptr + len, ret.len - len, &n) && n != 0)
        len += n;
    *ret_len = len;
    return len < ret.len;
}

static bool ask_program(void *arg, const char *what, struct km_span buf, size_t *ret_len)
{
    struct prov_ask *ask = arg;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, (char *)(uintptr_t)what, 0),
        OSSL_PARAM_construct_end(),
    };
    return ask->callback != NULL &&
           ask->callback((char *)buf.ptr, buf.len, ret_len, params, ask->arg) == 1;
}

struct km_door_ask prov_ask_init(struct prov_ask *ask)
{
    return (struct km_door_ask){.ask = ask_program, .arg = ask};
}

#define QUERY_MAX 256u

/*
 * In our own library context nobody went first, so a query that says nothing of providers has to leave
 * us out. A wish for our own digests is granted, but it has to be one.
 */
static const char *others_unless_named(const char *properties, char query[QUERY_MAX])
{
    if (properties == NULL || properties[0] == '\0')
        return PROV_NOT_OURS;
    if (strstr(properties, "provider") != NULL)
        return properties;
    int len = snprintf(query, QUERY_MAX, "%s,%s", properties, PROV_NOT_OURS);
    return len > 0 && (size_t)len < QUERY_MAX ? query : properties;
}

EVP_MD *prov_digest(struct prov *prov, const char *name, const char *properties)
{
    char query[QUERY_MAX] = {0};
    ERR_set_mark();
    EVP_MD *md = EVP_MD_fetch(prov->libctx, name, others_unless_named(properties, query));
    ERR_pop_to_mark();
    if (md == NULL)
        PROV_FAIL(prov, KM_E_UNSUPPORTED, "digest '%.40s' is not offered by any provider", name);
    return md;
}
