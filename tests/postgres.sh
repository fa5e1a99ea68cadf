# Sourced after lib.sh: a PostgreSQL of the test's own, on a Unix socket alone, gone with the test.
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for the test

pg_bin=$(dirname "$(find /usr/lib/postgresql -name initdb 2>/dev/null | sort | tail -n 1)")
# PostgreSQL is never root.
pg_as=()
[ "$(id -u)" -ne 0 ] || pg_as=(setpriv --reuid=postgres --regid=postgres --init-groups)

# make_postgres DIR [INITDB OPTIONS...]: an empty cluster in DIR/data, and what psql needs to find its server.
make_postgres() {
    pg_dir=$1
    shift
    mkdir -m 777 "$pg_dir"
    "${pg_as[@]}" "$pg_bin/initdb" -D "$pg_dir/data" -U keeper -A trust -E UTF8 --locale=C.UTF-8 --no-sync "$@" >"$pg_dir/initdb.txt"
    export PGHOST=$pg_dir PGPORT=5432 PGUSER=keeper PGDATABASE=postgres
    pg_url="postgresql:host=$pg_dir port=5432 user=keeper dbname=postgres"
}

# shellcheck disable=SC2120 # tests may give options
# start_postgres [OPTIONS...]: and waits until it answers; $pg_server is its process.
start_postgres() {
    started "$pg_dir/postgres" "${pg_as[@]}" "$pg_bin/postgres" -D "$pg_dir/data" -k "$pg_dir" -c listen_addresses= "$@"
    # shellcheck disable=SC2154 # by lib.sh
    pg_server=$started
    until_true "$pg_bin/pg_isready" -q
}

# stop_postgres SIGNAL: INT is a fast end, KILL none at all. A new one needs the children of the old one gone.
stop_postgres() {
    local pid pids
    pids="$pg_server $(cat "/proc/$pg_server/task/$pg_server/children")"
    kill -"$1" "$pg_server"
    for pid in $pids; do
        until has_ended "$pid"; do sleep 0.01; done
    done
}
