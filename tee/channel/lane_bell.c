/* SPDX-License-Identifier: Apache-2.0 */
/* The instance's side of the bell: who is to be woken, and when. */
#include <stdlib.h>
#include <unistd.h>

#include "tee/channel/lane_bell.h"

/* One instance a process. */
static struct {
    struct km_lane_bell *page;
    uint32_t due; /* bits of those who were answered and sleep still */
} bell;

km_status km_lane_bell_new(struct km_err *err, int *ret_fd)
{
    return km_lane_memfd_new(err, "keymoor-bell", KM_LANE_BELL_SIZE, ret_fd);
}

km_status km_lane_server_bell(struct km_err *err, int bell_fd)
{
    uint8_t *at = NULL;
    KM_TRY(km_lane_map(err, bell_fd, KM_LANE_BELL_SIZE, &at));
    close(bell_fd);
    bell.page = (struct km_lane_bell *)(void *)at;
    return KM_OK;
}

void km_bell_note(uint32_t bits)
{
    bell.due |= bits;
}

/* The word first: who is about to sleep at it does not then. */
void km_bell_ring(void)
{
    if (bell.due == 0 || bell.page == NULL)
        return;
    atomic_fetch_add(&bell.page->rung, 1);
    km_futex_wake_bits(&bell.page->rung, bell.due);
    bell.due = 0;
}

int km_bell_wish(void)
{
    uint32_t wish = bell.page == NULL ? 0 : km_word_get(&bell.page->wish);
    return wish == 0 || wish > INT32_MAX ? -1 : (int)wish - 1;
}

void km_bell_stay(int cpu)
{
    uint32_t at = cpu < 0 ? 0 : (uint32_t)cpu + 1;
    if (bell.page != NULL && km_word_get(&bell.page->at) != at)
        km_word_put(&bell.page->at, at);
}
