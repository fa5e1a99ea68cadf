/* SPDX-License-Identifier: Apache-2.0 */
/* What the program and the trusted application of this example agree on. */
#ifndef HELLO_PROTOCOL_H
#define HELLO_PROTOCOL_H

#define HELLO_UUID                                                                                 \
    {                                                                                              \
        0x7d6a1f0e, 0x3c52, 0x4b8f,                                                                \
        {                                                                                          \
            0x9a, 0x61, 0x0d, 0x5b, 0x2f, 0x8c, 0x4e, 0x17                                         \
        }                                                                                          \
    }

/* HELLO_GREET: params[0] memref in: a name; params[1] memref out: "Hello, NAME!" */
#define HELLO_GREET 1
/* HELLO_COUNT: params[0] value out: a is how often this device was greeted, kept in the store. */
#define HELLO_COUNT 2
/* HELLO_SEAL: params[0] memref in: bytes; params[1] memref out: their HMAC-SHA256 under a key that
 * the trusted application made and never shows. */
#define HELLO_SEAL 3

#endif
