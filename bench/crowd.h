/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that make a registry large: short, as they lie in a table that a connect does not read. */
#ifndef KM_BENCH_CROWD_H
#define KM_BENCH_CROWD_H

#include "cloud/registry/registry.h"

/* bench_crowd_der: of certificate number n, unlike all others; valid until the next call. */
struct km_slice bench_crowd_der(unsigned n);
/* bench_crowd_fill: certificates 0 to n - 1, active, each with this policy. Ends the program when it can't. */
void bench_crowd_fill(struct km_registry *registry, const char *account, const char *policy,
                      unsigned n);

#endif
