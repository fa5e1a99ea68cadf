/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving octets: from the descriptor through the instance to the caller, and back. What comes out of a step goes on at once; only
 * what the descriptor or the caller does not take is kept, in memory of its own that goes when it is empty.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clrtls/clrtls_internal.h"

#define END_STATES (KM_TLSIO_PEER_CLOSED | KM_TLSIO_FAILED)

static uint8_t *shared_at(const ClrtlsConnection *c, size_t at)
{
    return (uint8_t *)c->context->shared.buffer + at;
}

/* Puts more behind what is kept. */
static bool keep(struct clrtls_octets *kept, struct km_slice more)
{
    size_t left = kept->len - kept->done;
    if (more.len == 0)
        return true;
    uint8_t *grown = malloc(left + more.len);
    if (grown == NULL)
        return false;
    if (left > 0)
        km_copy(grown, left + more.len, kept->at + kept->done, left);
    km_copy(grown + left, more.len, more.ptr, more.len);
    clrtls_octets_clear(kept);
    *kept = (struct clrtls_octets){.at = grown, .len = left + more.len};
    return true;
}

/* ---- the step ---- */

struct step {
    uint32_t flags;
    size_t cipher_len, plain_len;  /* what stands in the shared memory, ciphertext first */
    struct km_slice cipher, plain; /* what came out, there too */
};

static TEEC_Parameter part(ClrtlsConnection *c, size_t at, size_t len)
{
    return (TEEC_Parameter){.memref = {.parent = &c->context->shared, .offset = at, .size = len}};
}

/* The instance's word is checked like anybody's: sizes that it could not have written are a failure of it. */
static bool outcome_fits(const TEEC_Operation *op)
{
    return op->params[0].memref.size == KM_TLSIO_STEP_LEN &&
           op->params[2].memref.size <= CLRTLS_CIPHER_MAX &&
           op->params[3].memref.size <= CLRTLS_PLAIN_MAX;
}

static ClrcResult run_step(const char *function, ClrtlsConnection *c, struct step *step)
{
    const struct km_tlsio_step_in in = {
        .connection = c->id, .flags = step->flags, .cipher_len = (uint32_t)step->cipher_len};
    struct km_wr wr = km_wr_init(shared_at(c, CLRTLS_HEAD_AT), KM_TLSIO_STEP_LEN);
    km_tlsio_step_in_put(&wr, &in);
    TEEC_Operation op = {
        .paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INOUT, TEEC_MEMREF_PARTIAL_INPUT,
                                       TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_MEMREF_PARTIAL_OUTPUT),
        .params = {part(c, CLRTLS_HEAD_AT, KM_TLSIO_STEP_LEN),
                   part(c, CLRTLS_IN_AT, step->cipher_len + step->plain_len),
                   part(c, CLRTLS_CIPHER_AT, CLRTLS_CIPHER_MAX),
                   part(c, CLRTLS_PLAIN_AT, CLRTLS_PLAIN_MAX)}};
    ClrcResult result = clrtls_invoke(function, c->context, KM_TLSIO_CMD_STEP, &op);
    if (result != CLRC_SUCCESS)
        return result;
    if (!outcome_fits(&op) ||
        !km_tlsio_step_out_parse(KM_SLICE(shared_at(c, CLRTLS_HEAD_AT), KM_TLSIO_STEP_LEN),
                                 &c->last))
        return clrtls_fail(function, CLRC_ERROR_GENERIC, "the service's answer is malformed");
    step->cipher = KM_SLICE(shared_at(c, CLRTLS_CIPHER_AT), op.params[2].memref.size);
    step->plain = KM_SLICE(shared_at(c, CLRTLS_PLAIN_AT), op.params[3].memref.size);
    c->is_started = true;
    return CLRC_SUCCESS;
}

/* ---- ciphertext to the descriptor ---- */

/* Sends what is kept as far as that goes at once. A peer that is gone is found out when its last words have been read. */
static ClrcResult flush_kept(const char *function, ClrtlsConnection *c)
{
    while (c->cipher.done < c->cipher.len) {
        size_t sent = 0;
        enum clrtls_io io = clrtls_send(
            c, KM_SLICE(c->cipher.at + c->cipher.done, c->cipher.len - c->cipher.done), &sent);
        if (io == CLRTLS_IO_AGAIN)
            return CLRTLS_ERROR_WANT_WRITE;
        if (io != CLRTLS_IO_DONE)
            return clrtls_fail_errno(function, "can't send");
        c->cipher.done += sent;
    }
    clrtls_octets_clear(&c->cipher);
    return CLRC_SUCCESS;
}

static ClrcResult send_out(const char *function, ClrtlsConnection *c, struct km_slice cipher)
{
    ClrcResult result = flush_kept(function, c);
    while (result == CLRC_SUCCESS && cipher.len > 0) {
        size_t sent = 0;
        enum clrtls_io io = clrtls_send(c, cipher, &sent);
        if (io == CLRTLS_IO_FAILED)
            result = clrtls_fail_errno(function, "can't send");
        else if (io == CLRTLS_IO_AGAIN)
            result = CLRTLS_ERROR_WANT_WRITE;
        cipher = KM_SLICE(cipher.ptr + sent, cipher.len - sent);
    }
    if (result == CLRTLS_ERROR_WANT_WRITE)
        return keep(&c->cipher, cipher) ? CLRC_SUCCESS
                                        : clrtls_fail(function, CLRC_ERROR_OUT_OF_MEMORY, NULL);
    return result;
}

/* All that is kept, waiting as long as the call may. */
static ClrcResult flush(const char *function, ClrtlsConnection *c, uint64_t deadline)
{
    ClrcResult result = flush_kept(function, c);
    while (result == CLRTLS_ERROR_WANT_WRITE) {
        result = clrtls_wait(function, c, POLLOUT, deadline);
        if (result != CLRC_SUCCESS)
            return result;
        result = flush_kept(function, c);
    }
    return result;
}

/* ---- a step with what goes in and out ---- */

static ClrcResult advance(const char *function, ClrtlsConnection *c, struct step *step)
{
    ClrcResult result = run_step(function, c, step);
    if (result != CLRC_SUCCESS)
        return result;
    result = send_out(function, c, step->cipher);
    /* An alert that can't be sent is not what the caller wants to hear of. */
    return (c->last.state & KM_TLSIO_FAILED) != 0 ? CLRC_SUCCESS : result;
}

static ClrcResult the_end(const char *function, ClrtlsConnection *c)
{
    c->is_end_told = true;
    if ((c->last.state & KM_TLSIO_FAILED) != 0)
        return clrtls_fail_tls(function, c);
    return clrtls_fail(function,
                       (c->last.state & KM_TLSIO_PEER_CLOSED) != 0 ? CLRTLS_ERROR_CLOSED
                                                                   : CLRTLS_ERROR_TRUNCATED,
                       NULL);
}

/*
 * Takes what the descriptor has, at most `wanted` octets, and has it worked on. CLRTLS_ERROR_WANT_READ: there was nothing. The end
 * of the stream is noted and answers CLRC_SUCCESS.
 */
static ClrcResult take_in(const char *function, ClrtlsConnection *c, size_t wanted,
                          struct step *step)
{
    size_t len = 0;
    enum clrtls_io io = clrtls_receive(c, shared_at(c, CLRTLS_IN_AT), wanted, &len);
    *step = (struct step){.flags = KM_TLSIO_READ, .cipher_len = len};
    switch (io) {
    case CLRTLS_IO_AGAIN:
        return CLRTLS_ERROR_WANT_READ;
    case CLRTLS_IO_END:
        c->is_ended = true;
        return CLRC_SUCCESS;
    case CLRTLS_IO_FAILED:
        c->is_ended = true;
        c->is_end_told = true;
        return clrtls_fail_errno(function, "can't receive");
    case CLRTLS_IO_DONE:
        break;
    }
    return advance(function, c, step);
}

static short waiting_for(const ClrtlsConnection *c)
{
    return c->cipher.len > c->cipher.done ? POLLIN | POLLOUT : POLLIN;
}

/* ---- the handshake ---- */

static ClrcResult shake_once(const char *function, ClrtlsConnection *c, uint64_t deadline)
{
    struct step step = {0};
    ClrcResult result = flush_kept(function, c);
    if (result != CLRC_SUCCESS && result != CLRTLS_ERROR_WANT_WRITE)
        return result;
    if (!c->is_started || (c->last.state & KM_TLSIO_MORE) != 0)
        return advance(function, c, &step);
    result = take_in(function, c, CLRTLS_IN_MAX, &step);
    if (result == CLRTLS_ERROR_WANT_READ)
        return clrtls_wait(function, c, waiting_for(c), deadline);
    if (result == CLRC_SUCCESS && !keep(&c->plain, step.plain))
        return clrtls_fail(function, CLRC_ERROR_OUT_OF_MEMORY, NULL);
    return result;
}

/*
 * Our last message may still wait to be sent: reading and writing see to that. It is no reason not to read: a peer that does not read
 * may be waiting for just that.
 */
static ClrcResult be_ready(const char *function, ClrtlsConnection *c, uint64_t deadline)
{
    while ((c->last.state & KM_TLSIO_READY) == 0) {
        if (c->is_ended || (c->last.state & END_STATES) != 0)
            return the_end(function, c);
        ClrcResult result = shake_once(function, c, deadline);
        if (result != CLRC_SUCCESS)
            return result;
    }
    return CLRC_SUCCESS;
}

ClrcResult clrtls_shake_hands(const char *function, ClrtlsConnection *c, uint64_t deadline)
{
    ClrcResult result = be_ready(function, c, deadline);
    return result == CLRC_SUCCESS ? flush(function, c, deadline) : result;
}

static ClrcResult begin(const char *function, ClrtlsConnection *c)
{
    ClrcResult result = clrtls_connection_check(function, c);
    if (result == CLRC_SUCCESS && clrtls_take_cancel(c))
        return clrtls_fail(function, CLRC_ERROR_CANCELLED, NULL);
    return result;
}

ClrcResult clrtlsHandshake(ClrtlsConnection *connection)
{
    static const char function[] = "clrtlsHandshake";
    ClrcResult result = begin(function, connection);
    if (result != CLRC_SUCCESS)
        return result;
    return clrtls_shake_hands(function, connection, clrtls_deadline(connection->timeout_ms));
}

/* ---- reading ---- */

static uint32_t give_kept(ClrtlsConnection *c, uint8_t *buf, uint32_t room)
{
    size_t left = c->plain.len - c->plain.done;
    size_t len = left < room ? left : room;
    km_copy(buf, room, c->plain.at + c->plain.done, len);
    c->plain.done += len;
    if (c->plain.done == c->plain.len)
        clrtls_octets_clear(&c->plain);
    return (uint32_t)len;
}

/* As much ciphertext as makes no more plaintext than asked for, but never less than a record: what is over has to be kept. */
static size_t batch_for(uint32_t room)
{
    if (room >= CLRTLS_IN_MAX)
        return CLRTLS_IN_MAX;
    return room > KM_TLSIO_RECORD_ROOM ? room : KM_TLSIO_RECORD_ROOM;
}

static ClrcResult give(const char *function, ClrtlsConnection *c, struct km_slice plain,
                       uint8_t *buf, uint32_t *length)
{
    size_t len = plain.len < *length ? plain.len : *length;
    km_copy(buf, *length, plain.ptr, len);
    *length = (uint32_t)len;
    return keep(&c->plain, KM_SLICE(plain.ptr + len, plain.len - len))
               ? CLRC_SUCCESS
               : clrtls_fail(function, CLRC_ERROR_OUT_OF_MEMORY, NULL);
}

static ClrcResult read_some(const char *function, ClrtlsConnection *c, uint8_t *buf,
                            uint32_t *length, uint64_t deadline)
{
    for (;;) {
        struct step step = {0};
        if (c->is_ended || (c->last.state & END_STATES) != 0)
            return the_end(function, c);
        ClrcResult result = take_in(function, c, batch_for(*length), &step);
        if (result == CLRC_SUCCESS && step.plain.len > 0)
            return give(function, c, step.plain, buf, length);
        if (result == CLRTLS_ERROR_WANT_READ) {
            result = flush_kept(function, c);
            if (result == CLRC_SUCCESS || result == CLRTLS_ERROR_WANT_WRITE)
                result = clrtls_wait(function, c, waiting_for(c), deadline);
        }
        if (result != CLRC_SUCCESS)
            return result;
    }
}

ClrcResult clrtlsRead(ClrtlsConnection *connection, void *buf, uint32_t *length)
{
    static const char function[] = "clrtlsRead";
    ClrcResult result = begin(function, connection);
    if (result != CLRC_SUCCESS)
        return result;
    if (buf == NULL || length == NULL || *length == 0)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    uint64_t deadline = clrtls_deadline(connection->timeout_ms);
    if (connection->plain.len > connection->plain.done) {
        *length = give_kept(connection, buf, *length);
        return CLRC_SUCCESS;
    }
    result = be_ready(function, connection, deadline);
    if (result != CLRC_SUCCESS)
        return result;
    if (connection->plain.len > connection->plain.done) {
        *length = give_kept(connection, buf, *length);
        return CLRC_SUCCESS;
    }
    return read_some(function, connection, buf, length, deadline);
}

/* ---- writing ---- */

/* One batch; *ret_taken octets of it are on their way or kept. */
static ClrcResult write_batch(const char *function, ClrtlsConnection *c, struct km_slice plain,
                              uint32_t *ret_taken)
{
    struct step step = {.plain_len = plain.len < CLRTLS_IN_MAX ? plain.len : CLRTLS_IN_MAX};
    km_copy(shared_at(c, CLRTLS_IN_AT), CLRTLS_IN_MAX, plain.ptr, step.plain_len);
    ClrcResult result = advance(function, c, &step);
    if ((c->last.state & KM_TLSIO_FAILED) != 0 && result == CLRC_SUCCESS)
        return the_end(function, c);
    *ret_taken = c->last.plain_taken;
    return result;
}

static ClrcResult write_all(const char *function, ClrtlsConnection *c, struct km_slice plain,
                            uint32_t *ret_taken, uint64_t deadline)
{
    uint32_t taken = 0;
    ClrcResult result = CLRC_SUCCESS;
    while (result == CLRC_SUCCESS && taken < plain.len) {
        uint32_t more = 0;
        result = flush(function, c, deadline);
        if (result == CLRC_SUCCESS)
            result =
                write_batch(function, c, KM_SLICE(plain.ptr + taken, plain.len - taken), &more);
        taken += more;
        if (!c->is_blocking)
            break;
    }
    *ret_taken = taken;
    return result == CLRC_SUCCESS && c->is_blocking ? flush(function, c, deadline) : result;
}

ClrcResult clrtlsWrite(ClrtlsConnection *connection, const void *buf, uint32_t *length)
{
    static const char function[] = "clrtlsWrite";
    uint32_t taken = 0;
    ClrcResult result = begin(function, connection);
    if (result != CLRC_SUCCESS)
        return result;
    if (length == NULL || buf == NULL || *length == 0)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    uint64_t deadline = clrtls_deadline(connection->timeout_ms);
    result = be_ready(function, connection, deadline);
    if (result != CLRC_SUCCESS)
        return result;
    if ((connection->last.state & KM_TLSIO_FAILED) != 0)
        return the_end(function, connection);
    if ((connection->last.state & KM_TLSIO_CLOSED) != 0)
        return clrtls_fail(function, CLRC_ERROR_STATE, "clrtlsShutdown was called");
    result = write_all(function, connection, KM_SLICE(buf, *length), &taken, deadline);
    if (result == CLRC_SUCCESS || result == CLRTLS_ERROR_TIMEOUT || result == CLRC_ERROR_CANCELLED)
        *length = taken;
    return result;
}

ClrcResult clrtlsShutdown(ClrtlsConnection *connection)
{
    static const char function[] = "clrtlsShutdown";
    ClrcResult result = begin(function, connection);
    if (result != CLRC_SUCCESS)
        return result;
    if ((connection->last.state & KM_TLSIO_READY) == 0)
        return clrtls_fail(function, CLRC_ERROR_STATE, "there was no handshake");
    if ((connection->last.state & KM_TLSIO_FAILED) != 0)
        return the_end(function, connection);
    struct step step = {.flags = KM_TLSIO_CLOSE};
    if ((connection->last.state & KM_TLSIO_CLOSED) == 0)
        result = advance(function, connection, &step);
    return result == CLRC_SUCCESS
               ? flush(function, connection, clrtls_deadline(connection->timeout_ms))
               : result;
}
