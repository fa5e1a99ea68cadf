/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of keymoor that are programs of their own, in a build tree and an installation alike. */
#ifndef KEYMOOR_BESIDE_H
#define KEYMOOR_BESIDE_H

/* beside_run: becomes the program at this place, seen from where keymoor itself is. Returns only when that fails. */
int beside_run(const char *place, int n_words, char **words);

#endif
