/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/engine/engine.h"

#include <stdatomic.h>

#include <openssl/err.h>

/* One library number for the life of the process, whoever asks first. */
static atomic_int library;

void engine_load_errors(void)
{
    static ERR_STRING_DATA strings[KM_DOOR_R_END - KM_DOOR_R_OTHER + 1];
    static ERR_STRING_DATA names[2];
    int none = 0;
    if (atomic_load(&library) != 0 ||
        !atomic_compare_exchange_strong(&library, &none, ERR_get_next_error_library()))
        return;
    int lib = atomic_load(&library);
    for (unsigned i = 0; i < KM_DOOR_R_END - KM_DOOR_R_OTHER; i++) {
        strings[i].error = ERR_PACK(lib, 0, KM_DOOR_R_OTHER + i);
        strings[i].string = km_door_reason_text((enum km_door_reason)(KM_DOOR_R_OTHER + i));
    }
    names[0].error = ERR_PACK(lib, 0, 0);
    names[0].string = "clrc engine";
    ERR_load_strings(lib, strings);
    ERR_load_strings(lib, names);
}

int engine_raise(const struct km_err *err, const char *func)
{
    engine_load_errors();
    ERR_new();
    ERR_set_debug(err->file, err->line, func);
    ERR_set_error(atomic_load(&library), (int)km_door_reason(err), "%s", err->text);
    return 0;
}

static int engine_init(ENGINE *engine)
{
    (void)engine;
    return 1; /* the service is called when a key is loaded */
}

/* Keys that the program still holds go on working: there is nothing to end here. */
static int engine_finish(ENGINE *engine)
{
    (void)engine;
    return 1;
}

static int bind(ENGINE *engine, const char *id)
{
    /* A program may ask for the engine by its id or by the path of its file. */
    if (id != NULL && strcmp(id, KM_ENGINE_ID) != 0 && strcmp(id, "libclrc") != 0)
        return 0;
    return ENGINE_set_id(engine, KM_ENGINE_ID) &&
           ENGINE_set_name(engine, "Keymoor: keys in the trusted service") &&
           ENGINE_set_flags(engine, ENGINE_FLAGS_NO_REGISTER_ALL) &&
           ENGINE_set_init_function(engine, engine_init) &&
           ENGINE_set_finish_function(engine, engine_finish) &&
           ENGINE_set_ctrl_function(engine, engine_ctrl) &&
           ENGINE_set_cmd_defns(engine, engine_commands) &&
           ENGINE_set_load_privkey_function(engine, engine_load_private) &&
           ENGINE_set_load_pubkey_function(engine, engine_load_public) &&
           ENGINE_set_pkey_meths(engine, engine_pkey_meths);
}

KM_EXPORT unsigned long v_check(unsigned long version);
KM_EXPORT int bind_engine(ENGINE *engine, const char *id, const dynamic_fns *functions);

IMPLEMENT_DYNAMIC_CHECK_FN()
IMPLEMENT_DYNAMIC_BIND_FN(bind)
