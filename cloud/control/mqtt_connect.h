/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first packet of a client of MQTT 3.1.1 or 5, which is handed on with another user name. Pure.
 *
 * What comes out is what the broker reads: every length is checked here as the broker checks it, so that nothing a client puts into the
 * packet can be taken for the name that was put in.
 */
#ifndef KM_MQTT_CONNECT_H
#define KM_MQTT_CONNECT_H

#include "common/km_bytes.h"

#define KM_MQTT_CONNECT_MAX 81920u /* octets behind its head: a last will of 64 KiB, and the rest */
#define KM_MQTT_CONNECT_ROOM                                                                       \
    (KM_MQTT_CONNECT_MAX + 256u) /* octets of one with another user name of up to 200 */

enum km_mqtt_first {
    KM_MQTT_MORE = 0, /* it is not there whole */
    KM_MQTT_CONNECT,
    KM_MQTT_NONE, /* this is no CONNECT, or one that is not served */
};

/*
 * km_mqtt_introduce: what has come begins with a CONNECT: it is written with this user name and without a password; *ret_used are its
 * octets. Nothing is written otherwise. wr, empty, has room for KM_MQTT_CONNECT_ROOM.
 */
enum km_mqtt_first km_mqtt_introduce(struct km_slice in, struct km_slice user, struct km_wr *wr,
                                     size_t *ret_used);

#endif
