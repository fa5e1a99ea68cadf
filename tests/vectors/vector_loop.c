/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/vector_ops.h"

#include <stdio.h>
#include <string.h>

int vec_loop(void (*answer)(char *line, struct vec_reply *reply))
{
    static char line[VEC_LINE_MAX + 2];
    static char text[2 * (VEC_LINE_MAX + 8192)];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        struct vec_reply reply = {.text = text, .cap = sizeof(text)};
        size_t len = strlen(line);
        if (len == 0 || line[len - 1] != '\n') {
            (void)fprintf(stderr, "a line without an end, or longer than %zu\n", VEC_LINE_MAX);
            return 1;
        }
        line[len - 1] = '\0';
        answer(line, &reply);
        (void)puts(reply.text);
        if (fflush(stdout) != 0)
            return 1;
    }
    return 0;
}
