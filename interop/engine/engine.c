/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/engine/engine.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/err.h>

#include "common/km_secret.h"
#include "interop/engine/engine_ec.h"
#include "interop/engine/engine_number.h"
#include "interop/engine/engine_pkey.h"
#include "interop/engine/engine_rsa.h"

/* What the engine offers as a default unless METHODS says otherwise: nothing that touches keys of the program's own. */
#define METHODS_DEFAULT                                                                            \
    (ENGINE_METHOD_DIGESTS | ENGINE_METHOD_CIPHERS | ENGINE_METHOD_RAND |                          \
     ENGINE_METHOD_PKEY_METHS | ENGINE_METHOD_PKEY_ASN1_METHS)

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
#ifdef KM_ENGINE_OPENSSL_11
    (void)func;
    ERR_put_error(atomic_load(&library), 0, (int)km_door_reason(err), err->file, err->line);
    ERR_add_error_data(1, err->text);
#else
    ERR_new();
    ERR_set_debug(err->file, err->line, func);
    ERR_set_error(atomic_load(&library), (int)km_door_reason(err), "%s", err->text);
#endif
    return 0;
}

int engine_clrc(ClrcResult result, const char *what, const char *func)
{
    struct km_err err = {0};
    if (result == CLRC_SUCCESS)
        return 1;
    (void)km_door_clrc(&err, result, "operation", what);
    return engine_raise(&err, func);
}

BIGNUM *engine_door_number(struct km_door_key *key, ClrcAttribute attribute)
{
    uint8_t octets[ENGINE_COMPONENT_MAX] = {0};
    size_t len = 0;
    BIGNUM *made = NULL;
    if (!engine_hides_private() &&
        km_door_key_component(NULL, key, attribute, KM_SPAN(octets, sizeof(octets)), &len) == KM_OK)
        made = BN_bin2bn(octets, (int)len, NULL);
    km_wipe(octets, sizeof(octets));
    return made;
}

/* ---- what is offered ---- */

static atomic_uint offered = METHODS_DEFAULT;

bool engine_offers(unsigned method)
{
    return (atomic_load(&offered) & method) != 0;
}

int engine_offer(ENGINE *engine, unsigned methods)
{
    atomic_store(&offered, methods);
    return ENGINE_set_digests(engine,
                              engine_offers(ENGINE_METHOD_DIGESTS) ? engine_digests : NULL) &&
           ENGINE_set_ciphers(engine,
                              engine_offers(ENGINE_METHOD_CIPHERS) ? engine_ciphers : NULL) &&
           ENGINE_set_RAND(engine, engine_offers(ENGINE_METHOD_RAND) ? engine_rand() : NULL) &&
           ENGINE_set_RSA(engine,
                          engine_offers(ENGINE_METHOD_RSA) ? engine_rsa_own_method() : NULL) &&
           ENGINE_set_EC(engine, engine_offers(ENGINE_METHOD_EC) ? engine_ec_method() : NULL) &&
           ENGINE_set_DSA(engine, engine_offers(ENGINE_METHOD_DSA) ? engine_dsa_method() : NULL) &&
           ENGINE_set_DH(engine, engine_offers(ENGINE_METHOD_DH) ? engine_dh_method() : NULL) &&
           /* Always there, for contexts that name the engine; they list only what is offered. */
           ENGINE_set_pkey_meths(engine, engine_pkey_meths) &&
           ENGINE_set_pkey_asn1_meths(engine, engine_pkey_asn1_meths);
}

/* ---- life ---- */

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
           engine_offer(engine, atomic_load(&offered));
}

KM_EXPORT unsigned long v_check(unsigned long version);
KM_EXPORT int bind_engine(ENGINE *engine, const char *id, const dynamic_fns *functions);

IMPLEMENT_DYNAMIC_CHECK_FN()
IMPLEMENT_DYNAMIC_BIND_FN(bind)
