/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers of the commands. */
#ifndef KM_STORAGE_COMMANDS_H
#define KM_STORAGE_COMMANDS_H

#include "ta/storage/session.h"

/*
 * A handler: parameter types are checked, small inputs are copies of at most their own limit; outputs through km_ta_give, and
 * only when all went well.
 */
typedef TEE_Result (*km_handler)(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);

/* cmd_io.c */
TEE_Result km_cmd_version(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_open(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_close(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_commit(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_read(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_write(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_truncate(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_size(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
/* cmd_files.c */
TEE_Result km_cmd_stat(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_usage(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_delete(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_set_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_set_grants(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_password_wait(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
/* cmd_list.c */
TEE_Result km_cmd_list(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_purge(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
void km_walk_end(struct km_walk *walk);

/* km_wish_take: BAD_NAME, BAD_PARAMETERS. */
TEE_Result km_wish_take(const TEE_Param *param, struct km_storage_wish *ret);
/* km_describe: what may be told about a file to this caller. ACCESS_CONFLICT; ITEM_NOT_FOUND: it changed meanwhile. */
TEE_Result km_describe(const struct km_session *session, const struct km_file *file,
                       const struct km_file_head *head, struct km_storage_info *ret);
/* km_remove: a file and its contents, if nobody has it open. */
TEE_Result km_remove(const struct km_file *file);

#endif
