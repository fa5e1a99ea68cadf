/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, certificates and revocation lists from files, PEM or DER, as DER. */
#ifndef KEYMOOR_DER_FILE_H
#define KEYMOOR_DER_FILE_H

#include <openssl/bio.h>

/* What a file holds of one kind, as DER: its length, 0 or less when there is none. */
typedef int (*der_kind)(BIO *in, unsigned char **ret_der);
int der_private_key(BIO *in, unsigned char **ret_der);
int der_certificate(BIO *in, unsigned char **ret_der);
int der_crl(BIO *in, unsigned char **ret_der);

/*
 * read_der: returns owned, to be given to OPENSSL_free (a key: OPENSSL_clear_free). 0 after a complaint on standard error, which begins
 * with the command's name and says what the file should hold.
 */
int read_der(const char *path, der_kind kind, const char *command, const char *what,
             unsigned char **ret_der);

#endif
