/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/sigv4_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/km_secret.h"

#define TERMINATOR "aws4_request"
#define TIME_LEN 16 /* YYYYMMDDTHHMMSSZ */
#define DATE_LEN 8
#define HEX_LEN (2 * KM_SHA256_LEN)
#define STRING_TO_SIGN_MAX                                                                         \
    (sizeof(SIGV4_ALGORITHM) + TIME_LEN + 2 * KM_SIGV4_SCOPE_MAX + HEX_LEN + 64)
#define READINGS_MAX 4

/* What clients read differently. */
struct reading {
    bool skips_token; /* of the query */
    bool skips_port;  /* of Host */
};

/* The canonical request on its way into the digest. */
struct canon {
    EVP_MD_CTX *ctx;
    bool is_good;
};

struct parameter {
    struct km_slice name;
    struct km_slice value;
};

/* ---- slices ---- */

bool sigv4_is(struct km_slice slice, const char *text)
{
    return km_slice_equal(slice, KM_SLICE_STR(text));
}

static bool name_is(struct km_slice slice, struct km_slice name)
{
    return slice.len == name.len &&
           (name.len == 0 ||
            strncasecmp((const char *)slice.ptr, (const char *)name.ptr, name.len) == 0);
}

struct km_slice sigv4_take(struct km_slice *rest, char octet)
{
    const uint8_t *at = rest->len == 0 ? NULL : memchr(rest->ptr, octet, rest->len);
    struct km_slice ret = *rest;
    if (at == NULL) {
        *rest = KM_SLICE(rest->ptr + rest->len, 0);
        return ret;
    }
    ret.len = (size_t)(at - rest->ptr);
    *rest = KM_SLICE(at + 1, rest->len - ret.len - 1);
    return ret;
}

static struct km_slice trim(struct km_slice text)
{
    while (text.len > 0 && isspace(text.ptr[0]))
        text = KM_SLICE(text.ptr + 1, text.len - 1);
    while (text.len > 0 && isspace(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

static int compare(struct km_slice a, struct km_slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : (a.len > b.len ? 1 : 0);
}

/* ---- time ---- */

static bool digits(struct km_rd *rd, size_t n, unsigned max, unsigned *ret)
{
    unsigned value = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t octet = 0;
        if (!km_rd_u8(rd, &octet) || octet < '0' || octet > '9')
            return false;
        value = value * 10 + (octet - '0');
    }
    *ret = value;
    return value <= max;
}

static bool octet_is(struct km_rd *rd, char expected)
{
    uint8_t octet = 0;
    return km_rd_u8(rd, &octet) && octet == (uint8_t)expected;
}

/* Days from 1970 to the first of March of that year, in a calendar whose years begin there. */
static int64_t days_to_march(int64_t year)
{
    return 365 * year + year / 4 - year / 100 + year / 400 - 719468;
}

bool km_sigv4_time(struct km_slice text, int64_t *ret_s)
{
    static const unsigned before_month[] = {306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
    static const unsigned month_len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct km_rd rd = km_rd_init(text);
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    if (!digits(&rd, 4, 9999, &year) || !digits(&rd, 2, 12, &month) || !digits(&rd, 2, 31, &day) ||
        !octet_is(&rd, 'T') || !digits(&rd, 2, 23, &hour) || !digits(&rd, 2, 59, &minute) ||
        !digits(&rd, 2, 60, &second) || !octet_is(&rd, 'Z') || !km_rd_done(&rd))
        return false;
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1970 || month == 0 || day == 0 ||
        day > month_len[month - 1] + (month == 2 && is_leap ? 1u : 0u))
        return false;
    int64_t days = days_to_march(month <= 2 ? (int64_t)year - 1 : (int64_t)year) +
                   before_month[month - 1] + day - 1;
    *ret_s = ((days * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

/* ---- what the request claims ---- */

struct km_slice sigv4_find_one(const struct km_sigv4_request *request, const char *name,
                               size_t *ret_n)
{
    struct km_slice ret = {0};
    *ret_n = 0;
    for (size_t i = 0; i < request->n_headers; i++) {
        if (!name_is(request->headers[i].name, KM_SLICE_STR(name)))
            continue;
        if (*ret_n == 0)
            ret = trim(request->headers[i].value);
        *ret_n += 1;
    }
    return ret;
}

static bool is_word(struct km_slice text, size_t max)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!isalnum(text.ptr[i]) && text.ptr[i] != '-' && text.ptr[i] != '_')
            return false;
    }
    return text.len > 0 && text.len <= max;
}

static bool credential(struct km_slice text, struct sigv4_claim *claim)
{
    claim->key_id = sigv4_take(&text, '/');
    claim->scope = text;
    claim->date = sigv4_take(&text, '/');
    claim->region = sigv4_take(&text, '/');
    claim->service = sigv4_take(&text, '/');
    return is_word(claim->key_id, KM_SIGV4_KEY_ID_MAX) && claim->date.len == DATE_LEN &&
           is_word(claim->region, KM_SIGV4_SCOPE_MAX) &&
           is_word(claim->service, KM_SIGV4_SCOPE_MAX) && sigv4_is(text, TERMINATOR);
}

/* Names in lower case, each once, in order: what is signed twice or out of order isn't what anybody's client makes. */
static bool signed_headers_are_sound(struct km_slice list)
{
    struct km_slice last = {0};
    while (list.len > 0) {
        struct km_slice name = sigv4_take(&list, ';');
        if (name.len == 0 || compare(last, name) >= 0)
            return false;
        for (size_t i = 0; i < name.len; i++) {
            if (isupper(name.ptr[i]))
                return false;
        }
        last = name;
    }
    return last.len > 0;
}

static bool is_signed(const struct sigv4_claim *claim, struct km_slice name)
{
    struct km_slice list = claim->signed_headers;
    while (list.len > 0) {
        if (name_is(sigv4_take(&list, ';'), name))
            return true;
    }
    return false;
}

enum km_sigv4_verdict sigv4_check_claim(struct km_err *err, struct km_slice said,
                                        struct sigv4_claim *claim)
{
    if (!credential(said, claim))
        (void)KM_FAIL(err, KM_E_MALFORMED, "Credential is not KEY/DATE/REGION/SERVICE/" TERMINATOR);
    else if (!signed_headers_are_sound(claim->signed_headers))
        (void)KM_FAIL(err, KM_E_MALFORMED, "SignedHeaders is not a sorted list in lower case");
    else if (claim->signature.len != HEX_LEN)
        (void)KM_FAIL(err, KM_E_MALFORMED, "Signature is not of %d hex digits", HEX_LEN);
    else
        return KM_SIGV4_OK;
    return KM_SIGV4_INCOMPLETE;
}

/* The value of "Name=value" when the name is this one and was not there before. */
static bool component(struct km_slice part, const char *name, struct km_slice *value)
{
    struct km_slice rest = part;
    if (!sigv4_is(sigv4_take(&rest, '='), name) || value->len > 0)
        return false;
    *value = rest;
    return rest.len > 0;
}

static enum km_sigv4_verdict parse_authorization(struct km_err *err, struct km_slice text,
                                                 struct sigv4_claim *claim)
{
    struct km_slice said = {0};
    if (!sigv4_is(sigv4_take(&text, ' '), SIGV4_ALGORITHM)) {
        (void)KM_FAIL(err, KM_E_MALFORMED, "the Authorization header is not of " SIGV4_ALGORITHM);
        return KM_SIGV4_INCOMPLETE;
    }
    while (text.len > 0) {
        struct km_slice part = trim(sigv4_take(&text, ','));
        if (!component(part, "Credential", &said) &&
            !component(part, "SignedHeaders", &claim->signed_headers) &&
            !component(part, "Signature", &claim->signature)) {
            (void)KM_FAIL(err, KM_E_MALFORMED,
                          "the Authorization header has a part that is not known, or twice");
            return KM_SIGV4_INCOMPLETE;
        }
    }
    return sigv4_check_claim(err, said, claim);
}

enum km_sigv4_verdict sigv4_check_coverage(struct km_err *err,
                                           const struct km_sigv4_request *request,
                                           const struct sigv4_claim *claim)
{
    static const char prefix[] = "x-amz";
    if (!is_signed(claim, KM_SLICE_STR("host"))) {
        (void)KM_FAIL(err, KM_E_MALFORMED, "'Host' must be one of the SignedHeaders");
        return KM_SIGV4_INCOMPLETE;
    }
    for (size_t i = 0; i < request->n_headers; i++) {
        struct km_slice name = request->headers[i].name;
        if (name.len < sizeof(prefix) - 1 ||
            !name_is(KM_SLICE(name.ptr, sizeof(prefix) - 1), KM_SLICE_STR(prefix)) ||
            name_is(name, KM_SLICE_STR("x-amzn-trace-id")) || is_signed(claim, name))
            continue;
        (void)KM_FAIL(err, KM_E_MALFORMED, "every X-Amz header must be one of the SignedHeaders");
        return KM_SIGV4_INCOMPLETE;
    }
    return KM_SIGV4_OK;
}

enum km_sigv4_verdict sigv4_check_time(struct km_err *err, const struct km_sigv4_request *request,
                                       int64_t valid_s, struct sigv4_claim *claim)
{
    if (!km_sigv4_time(claim->time, &claim->time_s)) {
        (void)KM_FAIL(err, KM_E_MALFORMED, "X-Amz-Date is not YYYYMMDDTHHMMSSZ");
        return KM_SIGV4_INCOMPLETE;
    }
    if (!km_slice_equal(claim->date, KM_SLICE(claim->time.ptr, DATE_LEN))) {
        (void)KM_FAIL(err, KM_E_AUTH, "the date of Credential is not that of X-Amz-Date");
        return KM_SIGV4_WRONG;
    }
    int64_t skew = request->now_s - claim->time_s;
    if (skew > valid_s || skew < -KM_SIGV4_SKEW_S) {
        (void)KM_FAIL(err, KM_E_STALE, "Signature expired: its time is %lld seconds %s ours",
                      (long long)(skew < 0 ? -skew : skew), skew < 0 ? "after" : "before");
        return KM_SIGV4_SKEWED;
    }
    return KM_SIGV4_OK;
}

static enum km_sigv4_verdict read_claim(struct km_err *err, const struct km_sigv4_request *request,
                                        struct sigv4_claim *claim)
{
    size_t n[5] = {0};
    struct km_slice authorization = sigv4_find_one(request, "authorization", &n[0]);
    if (n[0] == 0) {
        (void)KM_FAIL(err, KM_E_AUTH, "Missing Authentication Token");
        return KM_SIGV4_MISSING;
    }
    (void)sigv4_find_one(request, "host", &n[1]);
    claim->time = sigv4_find_one(request, "x-amz-date", &n[2]);
    claim->token = sigv4_find_one(request, "x-amz-security-token", &n[3]);
    (void)sigv4_find_one(request, "x-amz-content-sha256", &n[4]);
    if (n[0] != 1 || n[1] != 1 || n[2] != 1 || n[3] > 1 || n[4] > 1) {
        (void)KM_FAIL(
            err, KM_E_MALFORMED,
            "Authorization, Host and X-Amz-Date must be there, and none of the signature's "
            "headers twice");
        return KM_SIGV4_INCOMPLETE;
    }
    if (request->n_headers > KM_SIGV4_HEADERS_MAX) {
        (void)KM_FAIL(err, KM_E_LIMIT, "more than %d headers", KM_SIGV4_HEADERS_MAX);
        return KM_SIGV4_INCOMPLETE;
    }
    enum km_sigv4_verdict verdict = parse_authorization(err, authorization, claim);
    if (verdict == KM_SIGV4_OK)
        verdict = sigv4_check_coverage(err, request, claim);
    if (verdict == KM_SIGV4_OK)
        verdict = sigv4_check_time(err, request, KM_SIGV4_SKEW_S, claim);
    return verdict;
}

/* ---- the canonical request ---- */

static void put(struct canon *canon, struct km_slice bytes)
{
    if (bytes.len > 0 && EVP_DigestUpdate(canon->ctx, bytes.ptr, bytes.len) != 1)
        canon->is_good = false;
}

static void put_text(struct canon *canon, const char *text)
{
    put(canon, KM_SLICE_STR(text));
}

/* Encoded once more than it came: clients sign the path that they encoded, and encode it again for that. */
static void put_path(struct canon *canon, struct km_slice path)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char as_is[] = {'-', '.', '_', '~', '/'};
    for (size_t i = 0; i < path.len; i++) {
        uint8_t octet = path.ptr[i];
        if (isalnum(octet) || memchr(as_is, octet, sizeof(as_is)) != NULL) {
            put(canon, KM_SLICE(&octet, 1));
            continue;
        }
        const char encoded[] = {'%', hex[octet >> 4], hex[octet & 15]};
        put(canon, KM_SLICE(encoded, sizeof(encoded)));
    }
}

static int order_of(const void *a, const void *b)
{
    const struct parameter *one = a;
    const struct parameter *two = b;
    int order = compare(one->name, two->name);
    return order != 0 ? order : compare(one->value, two->value);
}

/* What is not under the signature: itself, and to some clients the token. */
static bool is_outside(const struct sigv4_claim *claim, const struct reading *reading,
                       struct km_slice name)
{
    return claim->is_in_query && (sigv4_is(name, SIGV4_QUERY_SIGNATURE) ||
                                  (reading->skips_token && sigv4_is(name, SIGV4_QUERY_TOKEN)));
}

static bool put_query(struct canon *canon, struct km_slice query, const struct sigv4_claim *claim,
                      const struct reading *reading)
{
    struct parameter parameters[KM_SIGV4_PARAMETERS_MAX] = {0};
    size_t n = 0;
    while (query.len > 0) {
        struct km_slice rest = sigv4_take(&query, '&');
        if (rest.len == 0)
            continue;
        struct km_slice name = sigv4_take(&rest, '=');
        if (is_outside(claim, reading, name))
            continue;
        if (n == KM_ARRAY_LEN(parameters))
            return false;
        parameters[n].name = name;
        parameters[n++].value = rest;
    }
    qsort(parameters, n, sizeof(parameters[0]), order_of);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            put_text(canon, "&");
        put(canon, parameters[i].name);
        put_text(canon, "=");
        put(canon, parameters[i].value);
    }
    return true;
}

/* Blanks inside count as one. */
static void put_value(struct canon *canon, struct km_slice value)
{
    value = trim(value);
    for (size_t i = 0; i < value.len; i++) {
        if (!isspace(value.ptr[i]))
            put(canon, KM_SLICE(value.ptr + i, 1));
        else if (!isspace(value.ptr[i - 1]))
            put_text(canon, " ");
    }
}

/* The name alone, of "name:443". */
static struct km_slice without_port(struct km_slice host)
{
    size_t end = host.len;
    while (end > 0 && isdigit(host.ptr[end - 1]))
        end--;
    return end > 0 && end < host.len && host.ptr[end - 1] == ':' ? KM_SLICE(host.ptr, end - 1)
                                                                 : host;
}

static bool put_headers(struct canon *canon, const struct km_sigv4_request *request,
                        struct km_slice list, const struct reading *reading)
{
    while (list.len > 0) {
        struct km_slice name = sigv4_take(&list, ';');
        size_t n = 0;
        put(canon, name);
        for (size_t i = 0; i < request->n_headers; i++) {
            if (!name_is(request->headers[i].name, name))
                continue;
            struct km_slice value = trim(request->headers[i].value);
            put_text(canon, n++ == 0 ? ":" : ",");
            put_value(canon,
                      reading->skips_port && sigv4_is(name, "host") ? without_port(value) : value);
        }
        if (n == 0)
            return false;
        put_text(canon, "\n");
    }
    return true;
}

static enum km_sigv4_verdict canonical_digest(struct km_err *err, const struct km_crypto *crypto,
                                              const struct km_sigv4_request *request,
                                              const struct sigv4_claim *claim,
                                              const struct reading *reading, char ret[HEX_LEN + 1])
{
    char body[HEX_LEN + 1] = {0};
    uint8_t digest[KM_SHA256_LEN] = {0};
    KM_AUTO(km_md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    struct canon canon = {
        .ctx = ctx,
        .is_good = ctx != NULL && EVP_DigestInit_ex2(ctx, crypto->sha256, NULL) == 1,
    };
    if (!canon.is_good) {
        (void)km_crypto_fail(err, KM_E_NOMEM, "SHA-256");
        return KM_SIGV4_FAILED;
    }
    km_hex(KM_SLICE(request->body_sha256, KM_SHA256_LEN), body, sizeof(body));
    put(&canon, request->method);
    put_text(&canon, "\n");
    put_path(&canon, request->path);
    put_text(&canon, "\n");
    if (!put_query(&canon, request->query, claim, reading)) {
        (void)KM_FAIL(err, KM_E_LIMIT, "more than %d parameters", KM_SIGV4_PARAMETERS_MAX);
        return KM_SIGV4_INCOMPLETE;
    }
    put_text(&canon, "\n");
    if (!put_headers(&canon, request, claim->signed_headers, reading)) {
        (void)KM_FAIL(err, KM_E_MALFORMED, "a header of SignedHeaders is not there");
        return KM_SIGV4_INCOMPLETE;
    }
    put_text(&canon, "\n");
    put(&canon, claim->signed_headers);
    put_text(&canon, "\n");
    put_text(&canon, body);
    if (!canon.is_good || EVP_DigestFinal_ex(ctx, digest, NULL) != 1) {
        (void)km_crypto_fail(err, KM_E_NOMEM, "SHA-256");
        return KM_SIGV4_FAILED;
    }
    km_hex(KM_SLICE(digest, sizeof(digest)), ret, HEX_LEN + 1);
    return KM_SIGV4_OK;
}

/* ---- the signature ---- */

static km_status sign(struct km_err *err, const struct km_crypto *crypto,
                      const struct sigv4_claim *claim, struct km_slice secret,
                      const char *canonical, uint8_t ret[KM_SHA256_LEN])
{
    uint8_t key[4 + KM_SIGV4_SECRET_MAX] = {0};
    uint8_t chain[KM_SHA256_LEN] = {0};
    uint8_t text[STRING_TO_SIGN_MAX] = {0};
    struct km_wr first = km_wr_init(key, sizeof(key));
    struct km_wr wr = km_wr_init(text, sizeof(text));
    struct km_slice start = {0};
    struct km_slice message = {0};
    km_wr_bytes(&first, KM_SLICE_STR("AWS4"));
    km_wr_bytes(&first, secret);
    km_wr_bytes(&wr, KM_SLICE_STR(SIGV4_ALGORITHM "\n"));
    km_wr_bytes(&wr, claim->time);
    km_wr_bytes(&wr, KM_SLICE_STR("\n"));
    km_wr_bytes(&wr, claim->scope);
    km_wr_bytes(&wr, KM_SLICE_STR("\n"));
    km_wr_bytes(&wr, KM_SLICE_STR(canonical));
    km_status status = KM_OK;
    if (!km_wr_finish(&first, &start) || !km_wr_finish(&wr, &message))
        status = KM_FAIL(err, KM_E_INTERNAL, "the string to sign is too long");
    const struct km_slice steps[] = {claim->date, claim->region, claim->service,
                                     KM_SLICE_STR(TERMINATOR), message};
    for (size_t i = 0; i < KM_ARRAY_LEN(steps) && status == KM_OK; i++) {
        struct km_slice with = i == 0 ? start : KM_SLICE(chain, sizeof(chain));
        uint8_t next[KM_SHA256_LEN] = {0};
        status = km_crypto_hmac(err, crypto, with, steps[i], next);
        km_copy(chain, sizeof(chain), next, sizeof(next));
        km_wipe(next, sizeof(next));
    }
    if (status == KM_OK)
        km_copy(ret, KM_SHA256_LEN, chain, sizeof(chain));
    km_wipe(key, sizeof(key));
    km_wipe(chain, sizeof(chain));
    return status;
}

/* All readings of the request that its signature may be over, each by its digest. */
struct readings {
    char digests[READINGS_MAX][HEX_LEN + 1];
    size_t n;
};

static enum km_sigv4_verdict read_in_all_ways(struct km_err *err, const struct km_crypto *crypto,
                                              const struct km_sigv4_request *request,
                                              const struct sigv4_claim *claim, struct readings *ret)
{
    const size_t n = claim->is_in_query ? READINGS_MAX : 1;
    for (size_t i = 0; i < n; i++) {
        const struct reading reading = {.skips_token = (i & 1) != 0, .skips_port = (i & 2) != 0};
        if (reading.skips_token && claim->token.len == 0)
            continue;
        enum km_sigv4_verdict verdict =
            canonical_digest(err, crypto, request, claim, &reading, ret->digests[ret->n]);
        if (verdict != KM_SIGV4_OK)
            return verdict;
        ret->n++;
    }
    return KM_SIGV4_OK;
}

static km_status compare_signature(struct km_err *err, const struct km_crypto *crypto,
                                   const struct sigv4_claim *claim, struct km_slice secret,
                                   const struct readings *readings, bool *ret_fits)
{
    char text[HEX_LEN + 1] = {0};
    uint8_t signature[KM_SHA256_LEN] = {0};
    km_copy(text, sizeof(text), claim->signature.ptr, claim->signature.len);
    if (!km_unhex(text, signature, sizeof(signature)))
        return KM_OK;
    for (size_t i = 0; i < readings->n; i++) {
        uint8_t expected[KM_SHA256_LEN] = {0};
        KM_TRY(sign(err, crypto, claim, secret, readings->digests[i], expected));
        if (km_ct_equal(signature, expected, sizeof(expected)))
            *ret_fits = true;
    }
    return KM_OK;
}

/* The access key's secret does its work in here and is gone. */
static enum km_sigv4_verdict check_signature(struct km_err *err, const struct km_crypto *crypto,
                                             const struct km_sigv4_keys *keys,
                                             const struct sigv4_claim *claim,
                                             const struct readings *readings, bool *ret_fits)
{
    uint8_t secret[KM_SIGV4_SECRET_MAX] = {0};
    size_t len = 0;
    km_status status = keys->secret(keys->arg, err, claim->key_id, claim->token,
                                    KM_SPAN(secret, sizeof(secret)), &len);
    if (status == KM_OK)
        status = compare_signature(err, crypto, claim, KM_SLICE(secret, len), readings, ret_fits);
    km_wipe(secret, sizeof(secret));
    if (status == KM_OK)
        return KM_SIGV4_OK;
    if (status == KM_E_NOTFOUND)
        return KM_SIGV4_UNKNOWN;
    return status == KM_E_STALE ? KM_SIGV4_EXPIRED : KM_SIGV4_FAILED;
}

static bool body_is_as_said(const struct km_sigv4_request *request)
{
    uint8_t said[KM_SHA256_LEN] = {0};
    char text[HEX_LEN + 1] = {0};
    size_t n = 0;
    struct km_slice value = sigv4_find_one(request, "x-amz-content-sha256", &n);
    if (n == 0)
        return true;
    if (value.len != HEX_LEN)
        return false;
    km_copy(text, sizeof(text), value.ptr, value.len);
    return km_unhex(text, said, sizeof(said)) &&
           km_ct_equal(said, request->body_sha256, sizeof(said));
}

/* verify: what the claim says, held against the request. */
static enum km_sigv4_verdict verify(struct km_err *err, const struct km_crypto *crypto,
                                    const struct km_sigv4_request *request,
                                    const struct km_sigv4_keys *keys,
                                    const struct sigv4_claim *claim, struct km_sigv4_who *ret)
{
    struct readings readings = {0};
    bool fits = false;
    enum km_sigv4_verdict verdict = read_in_all_ways(err, crypto, request, claim, &readings);
    if (verdict == KM_SIGV4_OK)
        verdict = check_signature(err, crypto, keys, claim, &readings, &fits);
    if (verdict != KM_SIGV4_OK)
        return verdict;
    if (!fits || !body_is_as_said(request)) {
        (void)KM_FAIL(
            err, KM_E_AUTH,
            "The request signature we calculated does not match the signature you provided");
        return KM_SIGV4_WRONG;
    }
    struct km_sigv4_who who = {0};
    km_copy(who.key_id, KM_SIGV4_KEY_ID_MAX, claim->key_id.ptr, claim->key_id.len);
    km_copy(who.region, KM_SIGV4_SCOPE_MAX, claim->region.ptr, claim->region.len);
    km_copy(who.service, KM_SIGV4_SCOPE_MAX, claim->service.ptr, claim->service.len);
    *ret = who;
    return KM_SIGV4_OK;
}

enum km_sigv4_verdict km_sigv4_verify(struct km_err *err, const struct km_crypto *crypto,
                                      const struct km_sigv4_request *request,
                                      const struct km_sigv4_keys *keys, struct km_sigv4_who *ret)
{
    struct sigv4_claim claim = {0};
    enum km_sigv4_verdict verdict = read_claim(err, request, &claim);
    return verdict == KM_SIGV4_OK ? verify(err, crypto, request, keys, &claim, ret) : verdict;
}

enum km_sigv4_verdict km_sigv4_verify_query(struct km_err *err, const struct km_crypto *crypto,
                                            const struct km_sigv4_request *request,
                                            const struct km_sigv4_keys *keys,
                                            struct km_sigv4_who *ret)
{
    struct sigv4_claim claim = {0};
    enum km_sigv4_verdict verdict = sigv4_read_query(err, request, &claim);
    return verdict == KM_SIGV4_OK ? verify(err, crypto, request, keys, &claim, ret) : verdict;
}
