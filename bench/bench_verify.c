/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates verified: a chain of three on P-256 through clrsc beside libcrypto in process on the same octets, from parsing to
 * verdict, with the root parsed beforehand on both sides. Needs a running keymoord that is a device of the PKI in the folder that is
 * the argument. bench/run arranges all that.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "bench/bench.h"
#include "clrsc.h"

static ClrscCertificate chain[2];
static X509 *root;

/* ---- the chain ---- */

static FILE *open_in(const char *dir, const char *name)
{
    char path[4096] = {0};
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *in = fopen(path, "re");
    if (in == NULL)
        bench_die("%s: can't be opened", path);
    return in;
}

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context = {0};
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL || X509_add_ext(certificate, extension, -1) != 1)
        bench_die("libcrypto: no extension %s", value);
    X509_EXTENSION_free(extension);
}

static X509 *issue(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, bool is_ca)
{
    X509 *made = X509_new();
    X509_NAME *subject = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                               0);
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), is_ca ? 100 : 101);
    X509_set_issuer_name(made, X509_get_subject_name(issuer));
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), 864000);
    X509_set_pubkey(made, key);
    extend(made, issuer, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(made, issuer, NID_key_usage, is_ca ? "critical,keyCertSign" : "digitalSignature");
    if (!is_ca)
        extend(made, issuer, NID_subject_alt_name, "DNS:bench.example");
    if (X509_sign(made, issuer_key, EVP_sha256()) <= 0)
        bench_die("libcrypto: no signature");
    return made;
}

static ClrscCertificate der_of(X509 *certificate)
{
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);
    if (length <= 0)
        bench_die("libcrypto: no DER");
    return (ClrscCertificate){.der = der, .length = (uint32_t)length};
}

static void make_chain(const char *pki)
{
    FILE *key_in = open_in(pki, "oem_root_key.pem");
    FILE *root_in = open_in(pki, "oem_root_cert.pem");
    EVP_PKEY *root_key = PEM_read_PrivateKey(key_in, NULL, NULL, NULL);
    root = PEM_read_X509(root_in, NULL, NULL, NULL);
    EVP_PKEY *middle_key = EVP_EC_gen("P-256");
    EVP_PKEY *leaf_key = EVP_EC_gen("P-256");
    if (root_key == NULL || root == NULL || middle_key == NULL || leaf_key == NULL)
        bench_die("libcrypto: no keys");
    X509 *middle = issue("bench authority", middle_key, root, root_key, true);
    X509 *leaf = issue("bench", leaf_key, middle, middle_key, false);
    chain[0] = der_of(leaf);
    chain[1] = der_of(middle);
    X509_free(leaf);
    X509_free(middle);
    EVP_PKEY_free(leaf_key);
    EVP_PKEY_free(middle_key);
    EVP_PKEY_free(root_key);
    fclose(root_in);
    fclose(key_in);
}

/* ---- clrsc ---- */

static void *clrsc_begin(unsigned thread)
{
    (void)thread;
    return NULL;
}

static void clrsc_once(void *thread)
{
    static const ClrscVerifyWish wish = {.purpose = CLRSC_PURPOSE_TLS_SERVER,
                                         .host = "bench.example"};
    ClrscVerdict verdict = CLRSC_UNTRUSTED;
    (void)thread;
    ClrcResult result = clrscVerifyCertificate(chain, 2, &wish, &verdict, NULL);
    if (result != CLRC_SUCCESS || verdict != CLRSC_GOOD)
        bench_die("clrsc: %s, %s", clrcResultText(result), clrscVerdictText(verdict));
}

static void clrsc_end(void *thread)
{
    (void)thread;
}

/* ---- libcrypto in process ---- */

static void *crypto_begin(unsigned thread)
{
    (void)thread;
    X509_STORE *store = X509_STORE_new();
    if (store == NULL || X509_STORE_add_cert(store, root) != 1)
        bench_die("libcrypto: no store");
    return store;
}

static void crypto_once(void *store)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    const unsigned char *at = chain[1].der;
    sk_X509_push(others, d2i_X509(NULL, &at, chain[1].length));
    at = chain[0].der;
    X509 *leaf = d2i_X509(NULL, &at, chain[0].length);
    X509_STORE_CTX_init(context, store, leaf, others);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set1_host(param, "bench.example", 0);
    if (X509_verify_cert(context) != 1)
        bench_die("libcrypto: %s",
                  X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    X509_STORE_CTX_free(context);
    X509_free(leaf);
    sk_X509_pop_free(others, X509_free);
}

static void crypto_end(void *store)
{
    X509_STORE_free(store);
}

int main(int argc, char **argv)
{
    static const struct bench_contender contenders[] = {
        {"libcrypto in process", crypto_begin, crypto_once, crypto_end},
        {"clrsc", clrsc_begin, clrsc_once, clrsc_end},
    };
    if (argc != 2)
        bench_die("Usage: bench_verify PKI_DIR");
    make_chain(argv[1]);
    for (unsigned threads = 1; threads <= 2; threads *= 2) {
        struct bench_result results[BENCH_CONTENDERS_MAX] = {0};
        char id[96] = {0};
        bench_run(contenders, 2, threads, 0.5, results);
        (void)snprintf(id, sizeof id, "verify a chain of three, P-256, %u thread%s", threads,
                       threads > 1 ? "s" : "");
        bench_print(&(struct bench_row){.id = id,
                                        .unit = "chains/s",
                                        .value = results[1].rate,
                                        .peer = contenders[0].name,
                                        .peer_value = results[0].rate,
                                        .target = 0.7});
    }
    return EXIT_SUCCESS;
}
