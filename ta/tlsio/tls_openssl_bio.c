/* SPDX-License-Identifier: Apache-2.0 */
/* Where libssl finds the peer: the octets of the present step. When they end it is told to try again. */
#include "ta/tlsio/tls_openssl.h"

static int bio_read(BIO *bio, char *to, size_t room, size_t *ret_len)
{
    struct km_tls_conn *conn = BIO_get_data(bio);
    size_t left = km_rd_left(&conn->in);
    size_t len = left < room ? left : room;
    BIO_clear_retry_flags(bio);
    if (len == 0 || !km_rd_copy(&conn->in, to, len)) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *ret_len = len;
    return 1;
}

static int bio_write(BIO *bio, const char *from, size_t len, size_t *ret_len)
{
    struct km_tls_conn *conn = BIO_get_data(bio);
    size_t room = conn->out.cap - conn->out.len;
    BIO_clear_retry_flags(bio);
    if (len > room)
        len = room;
    if (len == 0) {
        BIO_set_retry_write(bio);
        return 0;
    }
    km_wr_bytes(&conn->out, KM_SLICE(from, len));
    *ret_len = len;
    return 1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *tls_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "step");
    if (method != NULL && BIO_meth_set_read_ex(method, bio_read) &&
        BIO_meth_set_write_ex(method, bio_write) && BIO_meth_set_ctrl(method, bio_ctrl) &&
        BIO_meth_set_create(method, bio_create))
        return method;
    BIO_meth_free(method);
    return NULL;
}

BIO *tls_bio_new(struct km_tls_conn *conn)
{
    BIO *bio = BIO_new(conn->tls->bio);
    if (bio != NULL)
        BIO_set_data(bio, conn);
    return bio;
}
