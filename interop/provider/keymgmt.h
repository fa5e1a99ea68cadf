/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of KEYMGMT: what its kinds of keys share; provider-keymgmt(7). */
#ifndef KM_PROVIDER_KEYMGMT_H
#define KM_PROVIDER_KEYMGMT_H

#include <openssl/param_build.h>

#include "interop/provider/provider.h"

void keymgmt_free(void *keydata);
void *keymgmt_load(const void *reference, size_t reference_len);
void *keymgmt_dup(const void *keydata, int selection);
int keymgmt_has(const void *keydata, int selection);
int keymgmt_match(const void *keydata1, const void *keydata2, int selection);
int keymgmt_validate(const void *keydata, int selection, int how);
int keymgmt_export(void *keydata, int selection, OSSL_CALLBACK *param_cb, void *cbarg);

/* keymgmt_curve: of an EC key, filled or not; NULL otherwise. */
const struct km_door_curve *keymgmt_curve(const struct prov_key *key);

/* One parameter each, if it is asked for; false when it can't be given. */
bool keymgmt_set_int(OSSL_PARAM params[], const char *name, int value);
bool keymgmt_set_text(OSSL_PARAM params[], const char *name, const char *value);
bool keymgmt_set_octets(OSSL_PARAM params[], const char *name, struct km_slice value);
bool keymgmt_set_number(OSSL_PARAM params[], const char *name, struct km_slice value);

/* keymgmt_build_...: the public part as parameters; NULL when memory is short. To be freed with OSSL_PARAM_free. */
OSSL_PARAM *keymgmt_build_ec(OSSL_PARAM_BLD *bld, const struct prov_key *key, int selection);
OSSL_PARAM *keymgmt_build_rsa(OSSL_PARAM_BLD *bld, const struct prov_key *key, int selection);
OSSL_PARAM *keymgmt_build_ecx(OSSL_PARAM_BLD *bld, const struct prov_key *key, int selection);

/* ---- taking in (keymgmt_import.c) ---- */

/* keymgmt_import_spki: fills an empty key with a public part; 0, silently, when it is none of ours. */
int keymgmt_import_spki(struct prov_key *key, const struct km_wr *spki);
/* keymgmt_settable_point: what can be set of an object that has no public part yet: a peer's, encoded. */
const OSSL_PARAM *keymgmt_settable_point(void *provctx);
/* keymgmt_number: big-endian octets of a number; empty when it is none or longer than buf. */
struct km_slice keymgmt_number(const OSSL_PARAM *p, struct km_span buf);

struct keymgmt_component {
    const char *param;
    ClrcAttribute attribute;
};
/*
 * keymgmt_transfer: has the service make a key of the program's own into one there, under the name in
 * PROV_PARAM_NAME or for as long as this object lives. 0, silently, unless the configuration wants that.
 */
int keymgmt_transfer(struct prov_key *key, const ClrcKeyTemplate *wish, const OSSL_PARAM params[],
                     const struct keymgmt_component *components, size_t n_components);

/* ---- generation (keymgmt_gen.c) ---- */

void *keymgmt_gen_init(struct prov *prov, enum prov_kind kind, int selection,
                       const OSSL_PARAM params[]);
int keymgmt_gen_set_params(void *genctx, const OSSL_PARAM params[]);
int keymgmt_gen_set_template(void *genctx, void *like);
const OSSL_PARAM *keymgmt_gen_settable_ec(void *genctx, void *provctx);
const OSSL_PARAM *keymgmt_gen_settable_rsa(void *genctx, void *provctx);
const OSSL_PARAM *keymgmt_gen_settable_rsa_pss(void *genctx, void *provctx);
const OSSL_PARAM *keymgmt_gen_settable_ecx(void *genctx, void *provctx);
void *keymgmt_gen(void *genctx, OSSL_CALLBACK *progress, void *cbarg);
void keymgmt_gen_cleanup(void *genctx);

/* The constructors of one kind: keymgmt_new_KIND and keymgmt_gen_init_KIND. */
#define KEYMGMT_KIND(name, kind)                                                                   \
    static void *keymgmt_new_##name(void *provctx)                                                 \
    {                                                                                              \
        return prov_key_new(provctx, kind);                                                        \
    }                                                                                              \
    static void *keymgmt_gen_init_##name(void *provctx, int selection, const OSSL_PARAM params[])  \
    {                                                                                              \
        return keymgmt_gen_init(provctx, kind, selection, params);                                 \
    }

/* The rows that all kinds have in common. */
#define KEYMGMT_FUNCTIONS(name)                                                                    \
    {OSSL_FUNC_KEYMGMT_NEW, PROV_FN(keymgmt_new_##name)},                                          \
        {OSSL_FUNC_KEYMGMT_FREE, PROV_FN(keymgmt_free)},                                           \
        {OSSL_FUNC_KEYMGMT_LOAD, PROV_FN(keymgmt_load)},                                           \
        {OSSL_FUNC_KEYMGMT_DUP, PROV_FN(keymgmt_dup)},                                             \
        {OSSL_FUNC_KEYMGMT_HAS, PROV_FN(keymgmt_has)},                                             \
        {OSSL_FUNC_KEYMGMT_MATCH, PROV_FN(keymgmt_match)},                                         \
        {OSSL_FUNC_KEYMGMT_VALIDATE, PROV_FN(keymgmt_validate)},                                   \
        {OSSL_FUNC_KEYMGMT_EXPORT, PROV_FN(keymgmt_export)},                                       \
        {OSSL_FUNC_KEYMGMT_GEN_INIT, PROV_FN(keymgmt_gen_init_##name)},                            \
        {OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, PROV_FN(keymgmt_gen_set_params)},                       \
        {OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, PROV_FN(keymgmt_gen_settable_##name)},             \
        {OSSL_FUNC_KEYMGMT_GEN_SET_TEMPLATE, PROV_FN(keymgmt_gen_set_template)},                   \
        {OSSL_FUNC_KEYMGMT_GEN, PROV_FN(keymgmt_gen)},                                             \
    {                                                                                              \
        OSSL_FUNC_KEYMGMT_GEN_CLEANUP, PROV_FN(keymgmt_gen_cleanup)                                \
    }

extern const OSSL_DISPATCH keymgmt_ec_functions[];
extern const OSSL_DISPATCH keymgmt_rsa_functions[];
extern const OSSL_DISPATCH keymgmt_rsa_pss_functions[];
extern const OSSL_DISPATCH keymgmt_ed25519_functions[];
extern const OSSL_DISPATCH keymgmt_x25519_functions[];

#endif
