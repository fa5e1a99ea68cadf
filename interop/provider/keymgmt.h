/* SPDX-License-Identifier: Apache-2.0 */
/* Key generation, apart from the rest of KEYMGMT; provider-keymgmt(7), "Key Object Generation". */
#ifndef KM_PROVIDER_KEYMGMT_H
#define KM_PROVIDER_KEYMGMT_H

#include "interop/provider/provider.h"

void *keymgmt_gen_init_ec(void *provctx, int selection, const OSSL_PARAM params[]);
void *keymgmt_gen_init_rsa(void *provctx, int selection, const OSSL_PARAM params[]);
int keymgmt_gen_set_params(void *genctx, const OSSL_PARAM params[]);
const OSSL_PARAM *keymgmt_gen_settable_ec(void *genctx, void *provctx);
const OSSL_PARAM *keymgmt_gen_settable_rsa(void *genctx, void *provctx);
void *keymgmt_gen(void *genctx, OSSL_CALLBACK *progress, void *cbarg);
void keymgmt_gen_cleanup(void *genctx);

#endif
