/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KEYMOOR_DEV_H
#define KEYMOOR_DEV_H

/* dev_run: becomes the script that runs a temporary evaluation device (libexec/keymoor/dev). */
int dev_run(int n_words, char **words);

#endif
