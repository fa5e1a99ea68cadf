/* SPDX-License-Identifier: Apache-2.0 */
/* The bell of an instance that one client process shares, as its own side uses it. Private to this room. */
#ifndef KM_LANE_BELL_H
#define KM_LANE_BELL_H

#include "tee/channel/lane_page.h"

/* km_bell_note: the client with these bits was answered and sleeps; the next ring is for it, too. */
void km_bell_note(uint32_t bits);
/* km_bell_ring: wakes all that were noted. Costs nothing when there is none. */
void km_bell_ring(void);
/* km_bell_wish: the CPU that the clients want the instance on; -1: none. A client's word: any number. */
int km_bell_wish(void);
/* km_bell_stay: tells them where it stays; -1: nowhere in particular. */
void km_bell_stay(int cpu);

#endif
