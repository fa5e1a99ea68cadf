/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request, signed in a header or in its query, as lines: method, path, query, then "name: value" each. Whatever comes, a signature fits one body alone, and a
 * verdict comes with its sentence.
 */
#include <string.h>

#include "cloud/control/sigv4.h"
#include "fuzz/km_fuzz.h"

#define NOW_S 1772409599
#define SECRET "wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY"

static struct km_crypto crypto;

static km_status secret_of(void *arg, struct km_err *err, struct km_slice key_id,
                           struct km_slice token, struct km_span ret, size_t *ret_len)
{
    (void)token;
    *(size_t *)arg += 1;
    if (key_id.len == 0 || key_id.len > KM_SIGV4_KEY_ID_MAX)
        return KM_FAIL(err, KM_E_NOTFOUND, "no key");
    *ret_len = sizeof(SECRET) - 1;
    km_copy(ret.ptr, ret.len, SECRET, *ret_len);
    return KM_OK;
}

static struct km_slice take_line(struct km_slice *rest)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    struct km_slice line = KM_SLICE(rest->ptr, len);
    size_t used = end == NULL ? len : len + 1;
    *rest = KM_SLICE(rest->ptr + used, rest->len - used);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_err err = {0};
    struct km_sigv4_who who = {0};
    struct km_sigv4_header headers[KM_SIGV4_HEADERS_MAX + 2] = {0};
    size_t n_asked = 0;
    const struct km_sigv4_keys keys = {.secret = secret_of, .arg = &n_asked};
    struct km_slice rest = KM_SLICE(data, size);
    struct km_sigv4_request request = {.headers = headers, .now_s = NOW_S};
    if (crypto.lib == NULL)
        KM_FUZZ_CHECK(km_crypto_init(NULL, &crypto) == KM_OK);
    request.method = take_line(&rest);
    request.path = take_line(&rest);
    request.query = take_line(&rest);
    while (rest.len > 0 && request.n_headers < KM_ARRAY_LEN(headers)) {
        struct km_slice line = take_line(&rest);
        const uint8_t *colon = line.len == 0 ? NULL : memchr(line.ptr, ':', line.len);
        size_t name_len = colon == NULL ? line.len : (size_t)(colon - line.ptr);
        size_t skip = colon == NULL ? name_len : name_len + 1;
        headers[request.n_headers++] = (struct km_sigv4_header){
            .name = KM_SLICE(line.ptr, name_len),
            .value = KM_SLICE(line.ptr + skip, line.len - skip),
        };
    }
    KM_FUZZ_CHECK(km_crypto_sha256(&err, &crypto, KM_SLICE(data, 0), request.body_sha256) == KM_OK);
    enum km_sigv4_verdict (*verify)(struct km_err *, const struct km_crypto *,
                                    const struct km_sigv4_request *, const struct km_sigv4_keys *,
                                    struct km_sigv4_who *) =
        km_sigv4_is_in_query(request.query) ? km_sigv4_verify_query : km_sigv4_verify;
    enum km_sigv4_verdict verdict = verify(&err, &crypto, &request, &keys, &who);
    KM_FUZZ_CHECK((verdict == KM_SIGV4_OK) == (err.status == KM_OK));
    KM_FUZZ_CHECK((verdict == KM_SIGV4_OK) == (who.key_id[0] != '\0'));
    KM_FUZZ_CHECK(n_asked <= 1);
    if (verdict == KM_SIGV4_OK) {
        request.body_sha256[0] ^= 1;
        KM_FUZZ_CHECK(verify(&err, &crypto, &request, &keys, &who) == KM_SIGV4_WRONG);
    }
    return 0;
}
