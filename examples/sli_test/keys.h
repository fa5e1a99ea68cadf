/* SPDX-License-Identifier: Apache-2.0 */
/* Single keys from standard input: a terminal gives them without a line's end, and shows nothing by itself. */
#ifndef KEYS_H
#define KEYS_H

/* keys_begin, keys_end: around the time in which keys are read. The terminal is as before afterwards. */
void keys_begin(void);
void keys_end(void);
/* keys_read: the next octet, or -1 at the end of standard input. */
int keys_read(void);

#endif
