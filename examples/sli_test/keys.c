/* SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

#include <termios.h>
#include <unistd.h>

static struct termios before;
static int is_changed;

void keys_begin(void)
{
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return;
    struct termios single = before;
    single.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    is_changed = tcsetattr(STDIN_FILENO, TCSANOW, &single) == 0;
}

void keys_end(void)
{
    if (is_changed)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    is_changed = 0;
}

int keys_read(void)
{
    unsigned char key = 0;
    return read(STDIN_FILENO, &key, 1) == 1 ? key : -1;
}
