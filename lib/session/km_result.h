/* SPDX-License-Identifier: Apache-2.0 */
/* What the client libraries do alike with results: map them, word them, and say why there is no session. */
#ifndef KM_RESULT_H
#define KM_RESULT_H

#include "common/km_bytes.h"
#include "include/clrc.h"
#include "lib/session/km_pool.h"

#define KM_RESULT_NOTE_MAX 320u
#define KM_RESULT_REFUSAL_MAX (KM_POOL_PATH_MAX + 64u)

struct km_result_row {
    TEEC_Result from;
    ClrcResult to;
};

struct km_result_text {
    ClrcResult result;
    const char *text;
};

/* km_result_map: what GlobalPlatform's results mean is the same everywhere; rows are an application's own. Others: CLRC_ERROR_GENERIC. */
ClrcResult km_result_map(const struct km_result_row *rows, size_t n, TEEC_Result result);
/* km_result_word: the row's text, or otherwise. */
const char *km_result_word(const struct km_result_text *texts, size_t n, ClrcResult result,
                           const char *otherwise);
/* km_result_note: "function: subject: text", cut where it is too long; subject may be NULL. */
void km_result_note(char ret[KM_RESULT_NOTE_MAX], const char *function, const char *subject,
                    const char *text);
/* km_result_unconnected: what km_call_lane answered, when that is no success, with the library's own rows for the rest. */
ClrcResult km_result_unconnected(const struct km_result_row *rows, size_t n, TEEC_Result result);
/*
 * km_result_refusal: the sentence for a session refused with TEEC_ERROR_ACCESS_DENIED from origin: the socket's mode keeps the user
 * out, or the service does.
 */
void km_result_refusal(struct km_pool *pool, uint32_t origin, char ret[KM_RESULT_REFUSAL_MAX]);
/* km_result_socket: km_pool_set_path as a library's call; what is wrong is *ret_text, written on failure. */
ClrcResult km_result_socket(struct km_pool *pool, const char *path, const char **ret_text);

#define KM_RESULT_STATE_LEN (sizeof(uint64_t) + CLRC_STORAGE_STATE_LEN)
/* km_result_state: what an application answers to STORAGE_STATE. */
KM_MUST_USE bool km_result_state(struct km_slice in, ClrcStorageState *ret);

#endif
