/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/wish_wire.h"

bool km_certs_chain_parse(struct km_slice in, struct km_certs_chain *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_certs_chain chain = {.n = 0};
    while (!km_rd_done(&rd)) {
        if (chain.n == KM_CERTS_CHAIN_MAX ||
            !km_rd_blob32le(&rd, KM_CERTS_CHAIN_LEN_MAX, &chain.at[chain.n]))
            return false;
        chain.n++;
    }
    if (chain.n == 0)
        return false;
    *ret = chain;
    return true;
}

void km_certs_chain_put(struct km_wr *wr, const struct km_certs_chain *chain)
{
    for (size_t i = 0; i < chain->n; i++)
        km_wr_blob32le(wr, chain->at[i]);
}

bool km_certs_wish_parse(struct km_slice in, struct km_certs_wish *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_certs_wish wish = {0};
    uint32_t purpose = 0;
    uint32_t flags = 0;
    if (!km_rd_u32le(&rd, &purpose) || purpose > KM_CERTS_PURPOSE_TLS_CLIENT ||
        !km_rd_u32le(&rd, &flags) || flags != 0 ||
        !km_rd_blob32le(&rd, KM_CERTS_HOST_MAX, &wish.host) ||
        !km_rd_blob32le(&rd, KM_CERTS_NAME_MAX, &wish.anchor) || !km_rd_done(&rd) ||
        !km_utf8_valid(wish.anchor))
        return false;
    wish.purpose = (enum km_certs_purpose)purpose;
    *ret = wish;
    return true;
}

void km_certs_wish_put(struct km_wr *wr, const struct km_certs_wish *wish)
{
    km_wr_u32le(wr, wish->purpose);
    km_wr_u32le(wr, 0);
    km_wr_blob32le(wr, wish->host);
    km_wr_blob32le(wr, wish->anchor);
}
