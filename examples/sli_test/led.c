/* SPDX-License-Identifier: Apache-2.0 */
#include "led.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

#define TEXT_MAX 16

static int fail(const char *path)
{
    return say_error("the LED %s: %s", path, strerror(errno));
}

int led_get(const char *path)
{
    char text[TEXT_MAX + 1] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(path);
    ssize_t n = read(fd, text, TEXT_MAX);
    (void)close(fd);
    if (n < 0)
        return fail(path);
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || (text[digits] != '\0' && text[digits] != '\n'))
        return say_error("the LED %s does not hold a number", path);
    return strspn(text, "0") < digits;
}

int led_set(const char *path, int is_on)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0)
        return fail(path);
    int is_written = write(fd, is_on ? "1\n" : "0\n", 2) == 2;
    if (close(fd) != 0 || !is_written)
        return fail(path);
    return 0;
}
