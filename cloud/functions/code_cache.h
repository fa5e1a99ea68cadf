/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacked code, kept under its id: unpacked once, and again only after it had to make room. */
#ifndef KM_CODE_CACHE_H
#define KM_CODE_CACHE_H

#include "cloud/functions/function.h"

#define KM_CODE_CACHE_MAX 128u
#define KM_CODE_PATH_MAX 4096u
/* A program that did not come in an archive has this name. */
#define KM_CODE_PROGRAM "bootstrap"

struct km_code_cache {
    const char *dir; /* borrowed */
    /* is_used: whether a run needs that folder now. */
    bool (*is_used)(void *ctx, const char *path);
    void *ctx;
};
struct km_code {
    char path[KM_CODE_PATH_MAX];
    bool is_program; /* the file KM_CODE_PROGRAM, whatever the handler is called */
};

/* km_code_find: the folder of code that is there; KM_E_NOTFOUND. */
km_status km_code_find(struct km_err *err, const struct km_code_cache *cache, const char *id,
                       struct km_code *ret);
/* km_code_unpack: makes it. KM_E_MALFORMED, KM_E_LIMIT, KM_E_UNSUPPORTED: the code is of no use. */
km_status km_code_unpack(struct km_err *err, const struct km_code_cache *cache,
                         const struct km_function *function, struct km_code *ret);
/* km_code_sweep: takes away what a killed process left half done. */
void km_code_sweep(const struct km_code_cache *cache);

#endif
