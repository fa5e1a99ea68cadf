/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/bind.h"

#include "cloud/admission/rights.h"

km_status bind_facts(struct km_err *err, const struct settings *settings, struct conn *conn,
                     struct km_facts *facts)
{
    const struct km_rights_place place = {
        .partition = settings->partition, .region = settings->region, .account = settings->account};
    const struct km_rights_visit visit = {
        .client_id = conn->id, .address = conn->address, .keeps_session = conn->keeps_session};
    struct km_policy_bound *bound = NULL;
    KM_TRY(km_rights_bind(err, &place, facts, &visit, &bound));

    conn_bind(conn, bound);
    km_cert_values_free(facts->values); /* large, and bound by now */
    facts->values = NULL;
    km_facts_free(conn->facts);
    conn->facts = facts;
    return KM_OK;
}
