/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the brokers: one connection to each broker's bus, made when it is needed and again when it was lost. One thread. */
#ifndef KM_BUSES_H
#define KM_BUSES_H

#include "cloud/common/bus.h"
#include "common/km_loop.h"

#define KM_BUSES_MAX 16
#define KM_BUSES_RETRY_MS 1000 /* before a broker that was not there is tried again */
#define KM_BUSES_NAME "control"

struct km_buses;

/* km_buses_new: paths are borrowed until it is freed, as is loop. None need to listen yet. Returns owned. */
km_status km_buses_new(struct km_err *err, struct km_loop *loop, const char *const *paths,
                       size_t n_paths, struct km_buses **ret);
void km_buses_free(struct km_buses *buses);
void km_buses_freep(struct km_buses **buses);
/*
 * km_buses_send: the frame to every broker; of a PUBLISH all but the first that takes it get a COPY. KM_E_DEAD: no broker took it (some would have sufficed); KM_E_ARG: it is no frame for brokers.
 */
km_status km_buses_send(struct km_err *err, struct km_buses *buses,
                        const struct km_bus_frame *frame);
/* km_buses_changed: tells the brokers, as far as they are there, that the registry's feed has moved. */
void km_buses_changed(struct km_buses *buses, int64_t generation);

#endif
