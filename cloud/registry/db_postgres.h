/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to PostgreSQL that is made again when it is lost, and waits for no answer longer than it may. */
#ifndef KM_CLOUD_DB_POSTGRES_H
#define KM_CLOUD_DB_POSTGRES_H

#include "cloud/registry/db.h"

#include <libpq-fe.h>

#define KM_PG_STATEMENTS_MAX 256 /* more than there are texts */

struct km_pg {
    struct km_db base;
    PGconn *conn; /* NULL: none, the next call makes one */
    char *conninfo;
    unsigned timeout_ms;
    bool is_read_only;
    bool is_in_txn;
    bool is_listening;
    bool was_silent; /* the last failure was one of waiting: to repeat it would be to wait again */
    size_t n_statements;                          /* prepared on this connection */
    const char *statements[KM_PG_STATEMENTS_MAX]; /* by text; the place is the name */
};

/* km_pg_link: that there is a connection. KM_E_DEAD, KM_E_UNSUPPORTED. */
km_status km_pg_link(struct km_pg *pg, struct km_err *err);
void km_pg_unlink(struct km_pg *pg);

/*
 * km_pg_answer: waits for the answer to what was sent (sent: whether libpq took it) and gives the last result, or the first that failed as an error.
 * *ret_result returns owned; NULL is allowed.
 */
km_status km_pg_answer(struct km_pg *pg, struct km_err *err, bool sent, PGresult **ret_result);
/* km_pg_simple: a text of one or more statements without parameters. */
km_status km_pg_simple(struct km_pg *pg, struct km_err *err, const char *sql,
                       PGresult **ret_result);

#endif
