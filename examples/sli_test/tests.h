/* SPDX-License-Identifier: Apache-2.0 */
/* The four tests, each from "Connecting" to "Disconnecting". */
#ifndef TESTS_H
#define TESTS_H

#include "identity.h"

struct test_wish {
    const struct identity *own;
    const char *host, *port;
    const char *led; /* the file behind the LED */
};

/* Each answers 0, or -1 with a line on standard error. They end early, with 0, when mqtt_stop is set. */
int test_connection(const struct test_wish *wish);
int test_subscribe_publish(const struct test_wish *wish);
int test_shadow_functional(const struct test_wish *wish);
int test_shadow_interop(const struct test_wish *wish);

#endif
