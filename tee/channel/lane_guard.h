/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a client that sleeps without an alarm hears of its instance's death: from the kernel, by the instance's robust list
 * (set_robust_list(2)). When the instance's thread ends, however it ends, the kernel looks at each word on the list that holds the
 * thread's number, marks it, and wakes who sleeps there. Two words of a lane are on it, in this order:
 *
 *   alive  the thread's number as long as it serves the lane; 0 before that and where the kernel refuses a list; marked: it has ended
 *   bed    where the client sleeps: it puts the number there before, the instance takes it out before it wakes the client
 *
 * One word for both would not do: taken out too early, a death goes unmarked; too late, the client that overtakes its waker finds it
 * gone. Private to this room.
 */
#ifndef KM_LANE_GUARD_H
#define KM_LANE_GUARD_H

#include <linux/futex.h>

#include "tee/channel/lane_page.h"

/* The form of both words is the kernel's. */
#define KM_GUARD_SLEEPS ((uint32_t)FUTEX_WAITERS)
#define KM_GUARD_DIED ((uint32_t)FUTEX_OWNER_DIED)
#define KM_GUARD_THREAD ((uint32_t)FUTEX_TID_MASK)

/* km_guard_prepare: gives the calling thread its list. Before the sandbox closes; failures show as lanes without a guard. */
void km_guard_prepare(void);

/*
 * km_guard_map: km_lane_map of a lane's page behind a private one: the kernel wants an entry and its word at one distance in all lanes,
 * and a client must not be able to write entries. km_guard_unmap: undoes it.
 */
KM_MUST_USE km_status km_guard_map(struct km_err *err, int fd, struct km_lane_page **ret_page);
void km_guard_unmap(struct km_lane_page *page);

/* km_guard_begin: the lane's client is told when the calling thread ends. Nothing happens on a thread that has no list. */
void km_guard_begin(struct km_lane_page *page);
/* km_guard_end: no more; wakes who still sleeps, so that it looks. */
void km_guard_end(struct km_lane_page *page);
/* km_guard_wake: wakes the client from its bed. */
void km_guard_wake(struct km_lane_page *page);

#endif
