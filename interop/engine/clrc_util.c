/* SPDX-License-Identifier: Apache-2.0 */
/* libclrc_util: OpenSSL alone, so that it can go into any program. */
#include "clrc_util.h"

#include <openssl/err.h>
#include <openssl/opensslconf.h>

#ifdef OPENSSL_NO_ENGINE

int clrcLoadEngine(const char *path, unsigned int methods, int hide_private)
{
    (void)path;
    (void)methods;
    (void)hide_private;
    ERR_put_error(ERR_LIB_ENGINE, 0, ERR_R_DISABLED, __FILE__, __LINE__);
    ERR_add_error_data(1, "this OpenSSL was built without engines: use the provider clrc");
    return 0;
}

#else

#include <string.h>

#include <openssl/engine.h>
#include <openssl/rand.h>

#define ENGINE_ID "clrc"

static int fail(ENGINE *engine, int reason, const char *text)
{
    ERR_put_error(ERR_LIB_ENGINE, 0, reason, __FILE__, __LINE__);
    ERR_add_error_data(1, text);
    ENGINE_free(engine);
    return 0;
}

/* The engine that is there already: ENGINE_by_id would go and look for a file. Returns owned; NULL when there is none. */
static ENGINE *find_loaded(void)
{
    ENGINE *engine = ENGINE_get_first();
    while (engine != NULL && strcmp(ENGINE_get_id(engine), ENGINE_ID) != 0)
        engine = ENGINE_get_next(engine);
    return engine;
}

/* Returns owned; NULL with the reason in the queue. */
static ENGINE *load(const char *path)
{
    ENGINE *engine = ENGINE_by_id("dynamic");
    if (engine == NULL)
        return NULL;
    if (ENGINE_ctrl_cmd_string(engine, "SO_PATH", path, 0) &&
        ENGINE_ctrl_cmd_string(engine, "ID", ENGINE_ID, 0) &&
        ENGINE_ctrl_cmd_string(engine, "LIST_ADD", "2", 0) &&
        ENGINE_ctrl_cmd_string(engine, "LOAD", NULL, 0))
        return engine;
    ENGINE_free(engine);
    return NULL;
}

/* What is offered only grows, as ENGINE_set_default takes nothing away. */
static int set_up(ENGINE *engine, unsigned int methods, int hide_private)
{
    static unsigned int all;
    all |= methods;
    return ENGINE_ctrl_cmd(engine, "METHODS", (long)all, NULL, NULL, 0) &&
           ENGINE_ctrl_cmd(engine, "HIDE_PRIVATE", hide_private, NULL, NULL, 0) &&
           ENGINE_set_default(engine, methods) &&
           /* A program that has drawn random numbers before would otherwise stay with what it had. */
           ((methods & ENGINE_METHOD_RAND) == 0 || RAND_set_rand_engine(engine));
}

int clrcLoadEngine(const char *path, unsigned int methods, int hide_private)
{
    if (path == NULL || (methods & ~(unsigned int)ENGINE_METHOD_ALL) != 0)
        return fail(NULL, ERR_R_PASSED_INVALID_ARGUMENT,
                    "clrcLoadEngine: a path, ENGINE_METHOD_ bits");
    OPENSSL_init_crypto(OPENSSL_INIT_ENGINE_DYNAMIC, NULL);
    ENGINE *engine = find_loaded();
    if (engine == NULL)
        engine = load(path);
    if (engine == NULL)
        return fail(NULL, ERR_R_INIT_FAIL, "clrcLoadEngine: the engine can't be loaded");
    if (!set_up(engine, methods, hide_private))
        return fail(engine, ERR_R_INIT_FAIL,
                    "clrcLoadEngine: the engine can't be made the default");
    ENGINE_free(engine); /* as a default it stays */
    return 1;
}

#endif
