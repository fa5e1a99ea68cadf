/* SPDX-License-Identifier: Apache-2.0 */
/* An LED behind a file: "0" is off, any other number on. */
#ifndef LED_H
#define LED_H

/* led_get: 0, 1, or -1 with a line on standard error. */
int led_get(const char *path);
/* led_set: 0, or -1 with a line on standard error. The file has to be there. */
int led_set(const char *path, int is_on);

#endif
