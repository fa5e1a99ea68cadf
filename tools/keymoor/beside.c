/* SPDX-License-Identifier: Apache-2.0 */
#include "beside.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/km_file.h"
#include "keymoor.h"

static bool path_of(const char *place, char *ret, size_t cap)
{
    char self[PATH_MAX] = {0};
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    char *slash = strrchr(self, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    int len = snprintf(ret, cap, "%s/%s", self, place);
    return len > 0 && (size_t)len < cap;
}

int beside_run(const char *place, int n_words, char **words)
{
    char path[PATH_MAX] = {0};
    if (!path_of(place, path, sizeof path))
        return complain("can't find where keymoor is installed");
    KM_AUTO(km_freep) char **argv = calloc((size_t)n_words + 2, sizeof *argv);
    if (argv == NULL)
        return EXIT_FAILURE;
    argv[0] = path;
    for (int i = 0; i < n_words; i++)
        argv[i + 1] = words[i];
    execv(path, argv);
    return complain("can't run %s: %s", path, strerror(errno));
}
