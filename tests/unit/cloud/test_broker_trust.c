/* SPDX-License-Identifier: Apache-2.0 */
/* What TLS lets through once the plugin is there, and what the plugin looks at instead. */
#include "tests/unit/km_test.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "cloud/broker-plugin/trust.h"
#include "tests/unit/cert_maker.h"

#define TURNS_MAX 20 /* of a handshake */

/* One end, with a certificate that nobody has as an anchor. */
static SSL *end(const SSL_METHOD *method, const struct made_cert *cert, BIO *bio)
{
    SSL_CTX *context = SSL_CTX_new(method);
    assert_non_null(context);
    assert_int_equal(SSL_CTX_use_certificate(context, cert->x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, cert->key), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL *ssl = SSL_new(context);
    assert_non_null(ssl);
    SSL_CTX_free(context);
    SSL_set_bio(ssl, bio, bio);
    return ssl;
}

/* Whether both ends of a handshake are content. client_verifies: as it does by default. */
static bool shake_hands(const struct made_cert *client, const struct made_cert *server,
                        bool client_verifies)
{
    BIO *one = NULL;
    BIO *other = NULL;
    assert_int_equal(BIO_new_bio_pair(&one, 0, &other, 0), 1);
    SSL *from = end(TLS_client_method(), client, one);
    SSL *to = end(TLS_server_method(), server, other);
    if (!client_verifies)
        SSL_set_verify(from, SSL_VERIFY_NONE, NULL);
    SSL_set_connect_state(from);
    SSL_set_accept_state(to);
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        (void)SSL_do_handshake(from);
        (void)SSL_do_handshake(to);
    }
    bool is_done = SSL_is_init_finished(from) == 1 && SSL_is_init_finished(to) == 1;
    SSL_free(from);
    SSL_free(to);
    ERR_clear_error();
    return is_done;
}

static void test_who_is_let_through(void **state)
{
    (void)state;
    struct made_cert ca = {0};
    struct made_cert device = {0};
    cert_make("ca|cn=ca", NULL, &ca);
    cert_make("cn=device", &ca, &device);
    assert_false(shake_hands(&device, &device, false)); /* as any server does it */
    assert_int_equal(trust_init(NULL), KM_OK);
    assert_true(shake_hands(&device, &device, false));
    assert_true(shake_hands(&ca, &device, false));
    assert_false(shake_hands(&device, &device, true)); /* clients look as before */
    assert_int_equal(trust_init(NULL), KM_OK);
    assert_true(shake_hands(&device, &device, false));
    cert_free(&device);
    cert_free(&ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_let_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
