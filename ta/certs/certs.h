/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this application lean on, and the handlers of its commands. */
#ifndef KM_CERTS_CERTS_H
#define KM_CERTS_CERTS_H

#include "ta/certs/certs_protocol.h"
#include "ta/common/client.h"
#include "ta/common/ta_util.h"

/* A handler: parameter types and the right are checked, nothing else. */
typedef TEE_Result (*km_certs_handler)(const struct km_client *client,
                                       TEE_Param params[TEE_NUM_PARAMS]);

/* km_certs_copy_in: a memref input of at most max octets, out of the client's reach; TOO_LARGE. *ret_view views *ret, which is owned. */
TEE_Result km_certs_copy_in(const TEE_Param *param, size_t max, uint8_t **ret,
                            struct km_slice *ret_view);

/* named.c */
TEE_Result km_certs_get(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_certs_list(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_certs_provision(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_certs_manifest_put(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
/* provision.c */
TEE_Result km_certs_seal(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_certs_state(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_certs_numbers(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_certs_sequence(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
/* verify.c */
TEE_Result km_certs_verify(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
/* command.c */
TEE_Result km_certs_command(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_certs_crl(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
/* listing.c */
TEE_Result km_certs_store_list(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_certs_store_get(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS]);

#endif
