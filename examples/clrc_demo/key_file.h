/* SPDX-License-Identifier: Apache-2.0 */
/* A private key from a file, DER or PEM, as clrcImportKeyDer takes it. */
#ifndef KEY_FILE_H
#define KEY_FILE_H

#include <stddef.h>
#include <stdint.h>

#define KEY_FILE_MAX 4096

/*
 * key_file_read: reads the file into der (room for KEY_FILE_MAX octets); PEM is decoded. Returns 0
 * and sets *ret_len, or -1 after saying on standard error what is wrong.
 */
int key_file_read(const char *path, uint8_t *der, size_t *ret_len);
/* key_file_wipe: zeroes, in a way the compiler keeps. */
void key_file_wipe(void *octets, size_t len);

#endif
