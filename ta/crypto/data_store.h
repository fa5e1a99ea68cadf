/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data objects: small octets under a name of their own, beside the keys: certificates and what else a token keeps. Their owner
 * and the administrator see them; one that is saved under a password object opens with its password alone.
 */
#ifndef KM_CRYPTO_DATA_STORE_H
#define KM_CRYPTO_DATA_STORE_H

#include "ta/crypto/password.h"
#include "ta/crypto/record.h"

/* What is saved. */
struct km_data {
    struct km_slice note;
    struct km_slice content;
};

/*
 * km_data_save: password may be NULL. replace: what the caller has under this name already, if that is so (ACCESS_DENIED when it is
 * somebody else's). EXISTS, TOO_LARGE.
 */
TEE_Result km_data_save(const struct km_caller *caller, const struct km_crypto_name *name,
                        const struct km_data *data, const struct km_password *password,
                        bool replace);
/* km_data_load: the content to out, which has room for KM_CRYPTO_DATA_MAX octets. ITEM_NOT_FOUND ACCESS_DENIED PASSWORD. */
TEE_Result km_data_load(const struct km_caller *caller, const struct km_crypto_name *name,
                        const struct km_password *password, uint8_t *out, size_t *ret_len);
/* km_data_delete: the administrator needs no password. ITEM_NOT_FOUND ACCESS_DENIED PASSWORD. */
TEE_Result km_data_delete(const struct km_caller *caller, const struct km_crypto_name *name,
                          const struct km_password *password);
/* km_data_describe: type KM_CRYPTO_KEY_NONE, bits: octets of the content; the note views buf. ITEM_NOT_FOUND ACCESS_DENIED. */
TEE_Result km_data_describe(const struct km_caller *caller, const struct km_crypto_name *name,
                            uint8_t buf[KM_RECORD_MAX], struct km_crypto_noted *ret);
/* km_data_noted_from: the same of a record that was read already; the note is a view of it. CORRUPT_OBJECT. */
TEE_Result km_data_noted_from(const struct km_caller *caller, const struct km_crypto_name *name,
                              struct km_slice data, struct km_crypto_noted *ret);
/* km_data_under: whether any data object is wrapped under the password object with this id. */
TEE_Result km_data_under(const uint8_t password_id[KM_CRYPTO_ID_LEN], bool *ret_is_used);

#endif
