/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken prints back to the same octets. The first octet chooses the form. */
#include "cloud/functions/host_wire.h"
#include "cloud/functions/invoke.h"
#include "cloud/functions/spool.h"
#include "fuzz/km_fuzz.h"

#define ROOM 65536

static uint8_t room[ROOM];

static void check(const struct km_wr *wr, struct km_slice in)
{
    struct km_slice out = {0};
    if (in.len <= ROOM)
        KM_FUZZ_CHECK(km_wr_finish(wr, &out) && km_slice_equal(out, in));
}

static void request(struct km_slice in)
{
    static struct km_invoke_strings strings;
    struct km_invoke invoke = {.kind = KM_INVOKE_WAIT};
    struct km_wr wr = km_wr_init(room, ROOM);
    if (km_invoke_read(NULL, in, &strings, &invoke) != KM_OK)
        return;
    km_invoke_write(&wr, &invoke);
    check(&wr, in);
}

static void reply(struct km_slice in)
{
    struct km_invoke_answer answer = {.payload = NULL};
    struct km_wr wr = km_wr_init(room, ROOM);
    if (km_invoke_reply_read(NULL, in, &answer) != KM_OK)
        return;
    km_invoke_reply_write(&wr, NULL, &answer);
    check(&wr, in);
    km_invoke_answer_clear(&answer);
}

static void order(struct km_slice in)
{
    static struct km_host_order got;
    struct km_wr wr = km_wr_init(room, ROOM);
    if (!km_host_order_read(in, &got))
        return;
    km_host_order_write(&wr, &got);
    check(&wr, in);
}

static void outcome(struct km_slice in)
{
    struct km_host_outcome got = {.end = KM_HOST_EXITED};
    struct km_wr wr = km_wr_init(room, ROOM);
    if (!km_host_outcome_read(in, &got))
        return;
    km_host_outcome_write(&wr, &got);
    check(&wr, in);
}

static void event(struct km_slice in)
{
    struct km_rd rd = km_rd_init(in);
    struct km_wr wr = km_wr_init(room, ROOM);
    struct km_spool_entry got = {.id = 0};
    if (!km_spool_head_read(&rd, &got))
        return;
    km_spool_head_write(&wr, &got);
    check(&wr, KM_SLICE(in.ptr, in.len - km_rd_left(&rd)));
    request(KM_SLICE(rd.pos, km_rd_left(&rd)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const forms[])(struct km_slice) = {request, reply, order, outcome, event};
    if (size > 0)
        forms[data[0] % KM_ARRAY_LEN(forms)](KM_SLICE(data + 1, size - 1));
    return 0;
}
