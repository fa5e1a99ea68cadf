/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/db_postgres.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/km_loop.h"

/*
 * What the server needs to say by itself that a statement took too long. Who only reads hangs up instead: nothing is lost, and a
 * broker's clients all wait for him.
 */
#define GRACE_MS 2000
/* A process that stands still in a transaction, with its lock, loses it. */
#define IDLE_MAX_MS 60000

/* false when the time is over. */
static bool wait_socket(struct km_pg *pg, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left_ms = deadline_ms - km_loop_now_ms();
        struct pollfd fd = {.fd = PQsocket(pg->conn), .events = events};
        pg->was_silent = left_ms <= 0;
        if (left_ms <= 0 || fd.fd < 0)
            return false;
        int n_ready = poll(&fd, 1, (int)left_ms);
        if (n_ready > 0)
            return true;
        if (n_ready < 0 && errno != EINTR)
            return false;
    }
}

/* ---- failures ---- */

/* By class or code of the standard and PostgreSQL's appendix A; the longest that fits comes first. */
static const struct {
    const char *code;
    km_status status;
} states[] = {
    {"23505", KM_E_EXISTS},  {"23503", KM_E_NOTFOUND}, {"55P03", KM_E_TIMEOUT},
    {"57014", KM_E_TIMEOUT}, {"40", KM_E_TIMEOUT},     {"53100", KM_E_NOSPACE},
    {"53200", KM_E_NOMEM},   {"53", KM_E_DEAD},        {"57", KM_E_DEAD},
    {"08", KM_E_DEAD},       {"25006", KM_E_DENIED},   {"25P03", KM_E_DEAD},
    {"42501", KM_E_DENIED},  {"28", KM_E_DENIED},      {"58030", KM_E_IO},
    {"58", KM_E_IO},         {"XX001", KM_E_CORRUPT},  {"XX002", KM_E_CORRUPT},
    {"54", KM_E_LIMIT},      {"3D", KM_E_NOTFOUND},
};

static km_status status_of(const char *code)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(states); i++) {
        if (strncmp(code, states[i].code, strlen(states[i].code)) == 0)
            return states[i].status;
    }
    return KM_E_INTERNAL;
}

/* The server's own sentence may name a value, so it stays out. */
static km_status fail_result(struct km_pg *pg, struct km_err *err, const PGresult *result)
{
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (code == NULL || PQstatus(pg->conn) != CONNECTION_OK) {
        km_pg_unlink(pg);
        return KM_FAIL(err, KM_E_DEAD, "the connection to the database was lost (SQLSTATE %s)",
                       code != NULL ? code : "none");
    }
    return KM_FAIL(err, status_of(code), "the database refuses a statement (SQLSTATE %s)", code);
}

/* ---- the connection ---- */

void km_pg_unlink(struct km_pg *pg)
{
    if (pg->conn != NULL && pg->is_in_txn)
        pg->base.is_lost = true;
    PQfinish(pg->conn);
    pg->conn = NULL;
    pg->is_listening = false;
    pg->n_statements = 0;
}

static void say_nothing(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

static bool finish_connecting(struct km_pg *pg)
{
    int64_t deadline_ms = km_db_deadline(&pg->base, pg->timeout_ms);
    short events = POLLOUT;
    while (wait_socket(pg, events, deadline_ms)) {
        switch (PQconnectPoll(pg->conn)) {
        case PGRES_POLLING_OK:
            return true;
        case PGRES_POLLING_READING:
            events = POLLIN;
            break;
        case PGRES_POLLING_WRITING:
        case PGRES_POLLING_ACTIVE:
            events = POLLOUT;
            break;
        case PGRES_POLLING_FAILED:
            return false;
        }
    }
    return false;
}

/* libpq's sentence names the server and the user, never the password; its first line is enough. */
static km_status fail_connecting(struct km_pg *pg, struct km_err *err)
{
    const char *why = PQerrorMessage(pg->conn);
    int len = (int)strcspn(why, "\n");
    km_status status = KM_FAIL(err, KM_E_DEAD, "the database can't be reached: %.*s",
                               len > 0 ? len : 12, len > 0 ? why : "no answer  ");
    km_pg_unlink(pg);
    return status;
}

static km_status settle(struct km_pg *pg, struct km_err *err)
{
    char sql[256] = {0};
    const char *encoding = PQparameterStatus(pg->conn, "server_encoding");
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "the database must have the encoding UTF8");
    (void)snprintf(sql, sizeof(sql),
                   "SET lock_timeout = %u; SET statement_timeout = %u;"
                   " SET idle_in_transaction_session_timeout = %d;"
                   " SET default_transaction_read_only = %s",
                   pg->timeout_ms, pg->timeout_ms, IDLE_MAX_MS, pg->is_read_only ? "on" : "off");
    return km_pg_simple(pg, err, sql, NULL);
}

km_status km_pg_link(struct km_pg *pg, struct km_err *err)
{
    static const char *const keywords[] = {"dbname", "client_encoding", "fallback_application_name",
                                           NULL};
    const char *const values[] = {pg->conninfo, "UTF8", "keymoor", NULL};
    if (pg->conn != NULL)
        return KM_OK;
    if (pg->is_in_txn)
        return KM_FAIL(err, KM_E_DEAD, "the transaction went with its connection");
    pg->conn = PQconnectStartParams(keywords, values, 1);
    if (pg->conn == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "a database connection");
    (void)PQsetNoticeReceiver(pg->conn, say_nothing, NULL);
    if (PQstatus(pg->conn) == CONNECTION_BAD || !finish_connecting(pg) ||
        PQsetnonblocking(pg->conn, 1) != 0)
        return fail_connecting(pg, err);
    km_status status = settle(pg, err);
    if (status != KM_OK)
        km_pg_unlink(pg);
    return status;
}

/* ---- answers ---- */

/* Sends what is left and takes in until a result is complete. */
static bool await(struct km_pg *pg, int64_t deadline_ms)
{
    for (;;) {
        int unsent = PQflush(pg->conn);
        if (unsent < 0)
            return false;
        if (unsent == 0 && PQisBusy(pg->conn) == 0)
            return true;
        if (!wait_socket(pg, (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN), deadline_ms) ||
            PQconsumeInput(pg->conn) == 0)
            return false;
    }
}

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

km_status km_pg_answer(struct km_pg *pg, struct km_err *err, bool sent, PGresult **ret_result)
{
    int64_t deadline_ms =
        km_db_deadline(&pg->base, pg->timeout_ms + (pg->is_read_only ? 0 : GRACE_MS));
    PGresult *last = NULL;
    km_status status = KM_OK;
    while (sent && await(pg, deadline_ms)) {
        PGresult *result = PQgetResult(pg->conn);
        if (result == NULL && last != NULL) {
            if (status == KM_OK && ret_result != NULL)
                *ret_result = last;
            else
                PQclear(last);
            return status;
        }
        PQclear(last);
        last = result;
        if (result == NULL)
            break;
        if (status == KM_OK && !is_good(result))
            status = fail_result(pg, err, result);
        if (pg->conn == NULL)
            break;
    }
    PQclear(last);
    if (pg->conn != NULL)
        km_pg_unlink(pg);
    return KM_FAIL(err, KM_E_DEAD, "the database does not answer");
}

km_status km_pg_simple(struct km_pg *pg, struct km_err *err, const char *sql, PGresult **ret_result)
{
    return km_pg_answer(pg, err, PQsendQuery(pg->conn, sql) == 1, ret_result);
}
