/* SPDX-License-Identifier: Apache-2.0 */
#include "keymoor_service.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/km_sock.h"
#include "tee/channel/wire.h"
#include "tee/client/teec.h"

/* One question on a connection of its own; *ret_body views buf. */
static TEEC_Result ask(uint16_t type, uint16_t answer_type, struct km_slice body,
                       struct km_span buf, struct km_slice *ret_text)
{
    KM_AUTO(km_fd_closep) int sock = -1;
    if (km_sock_connect(NULL, km_sock_service_path(), &sock) != KM_OK)
        return TEEC_ERROR_COMMUNICATION;
    struct timeval wait = {.tv_sec = KEYMOOR_SERVICE_WAIT_S};
    if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0)
        return TEEC_ERROR_GENERIC;

    uint8_t question[KM_WIRE_HEADER_LEN + 16] = {0};
    struct km_wr wr = km_wr_init(question, sizeof question);
    struct km_wire_header header = {.type = type, .serial = 1};
    struct km_slice message = {0};
    km_wire_header_put(&wr, &header);
    km_wr_bytes(&wr, body);
    size_t len = 0;
    size_t n_fds = 0;
    if (!km_wr_finish(&wr, &message) || km_sock_send(NULL, sock, message, NULL, 0) != KM_OK ||
        km_sock_recv(NULL, sock, buf, &len, NULL, 0, &n_fds) != KM_OK)
        return TEEC_ERROR_COMMUNICATION;

    struct km_rd rd = km_rd_init(KM_SLICE(buf.ptr, len));
    uint32_t result = 0;
    if (!km_wire_header_parse(&rd, &header))
        return TEEC_ERROR_BAD_FORMAT;
    if (header.type == KM_WIRE_ERROR)
        return km_rd_u32le(&rd, &result) && result != TEEC_SUCCESS ? result : TEEC_ERROR_BAD_FORMAT;
    return header.type == answer_type && km_wire_text_parse(&rd, ret_text) ? TEEC_SUCCESS
                                                                           : TEEC_ERROR_BAD_FORMAT;
}

static TEEC_Result ask_text(uint16_t type, uint16_t answer_type, struct km_slice body,
                            char **ret_text)
{
    uint8_t buf[KM_WIRE_MAX] = {0};
    struct km_slice text = {0};
    TEEC_Result result = ask(type, answer_type, body, KM_SPAN(buf, sizeof buf), &text);
    if (result != TEEC_SUCCESS)
        return result;
    char *copy = calloc(1, text.len + 1);
    if (copy == NULL)
        return TEEC_ERROR_OUT_OF_MEMORY;
    km_copy(copy, text.len, text.ptr, text.len);
    *ret_text = copy;
    return TEEC_SUCCESS;
}

TEEC_EXPORT TEEC_Result keymoorServiceStatus(char **ret_json)
{
    if (ret_json == NULL)
        return TEEC_ERROR_BAD_PARAMETERS;
    return ask_text(KM_WIRE_STATUS, KM_WIRE_STATUS_IS, KM_SLICE(NULL, 0), ret_json);
}

static uint32_t count_lines(const char *text)
{
    uint32_t n = 0;
    for (const char *at = text; *at != '\0'; at++)
        n += *at == '\n' ? 1 : 0;
    return n;
}

/* audit_page: n records before the skip newest ones, as many as fit one message. */
static TEEC_Result audit_page(uint32_t n, uint32_t skip, char **ret_lines)
{
    uint8_t numbers[8] = {0};
    struct km_wr wr = km_wr_init(numbers, sizeof numbers);
    km_wr_u32le(&wr, n);
    km_wr_u32le(&wr, skip);
    return ask_text(KM_WIRE_AUDIT, KM_WIRE_AUDIT_IS, KM_SLICE(numbers, sizeof numbers), ret_lines);
}

/* join: the older page in front; takes both. */
static char *join(char *older, char *newer)
{
    size_t older_len = strlen(older), newer_len = strlen(newer);
    char *both = calloc(1, older_len + newer_len + 1);
    if (both != NULL) {
        km_copy(both, older_len, older, older_len);
        km_copy(both + older_len, newer_len, newer, newer_len);
    }
    free(older);
    free(newer);
    return both;
}

TEEC_EXPORT TEEC_Result keymoorServiceAudit(uint32_t n_records, char **ret_lines)
{
    if (ret_lines == NULL || n_records == 0)
        return TEEC_ERROR_BAD_PARAMETERS;
    char *lines = NULL;
    TEEC_Result result = audit_page(n_records, 0, &lines);
    uint32_t n = result == TEEC_SUCCESS ? count_lines(lines) : n_records;
    while (n < n_records) {
        char *page = NULL;
        result = audit_page(n_records - n, n, &page);
        uint32_t more = result == TEEC_SUCCESS ? count_lines(page) : 0;
        if (more == 0) {
            free(page);
            break;
        }
        n += more;
        lines = join(page, lines);
        if (lines == NULL)
            return TEEC_ERROR_OUT_OF_MEMORY;
    }
    if (result != TEEC_SUCCESS) {
        free(lines);
        return result;
    }
    *ret_lines = lines;
    return TEEC_SUCCESS;
}
