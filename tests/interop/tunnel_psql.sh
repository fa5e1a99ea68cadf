#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# psql through two tunnels: of a client, and of a server in front of PostgreSQL's own socket. psql speaks no TLS over a
# Unix socket, and PostgreSQL before 17 begins TLS by a message of its own protocol, so both ends are ours here.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/tunnel.sh
. "$(dirname "$0")/../tunnel.sh"
set -eu
device "$@"
cd "$dir"

bin=$(dirname "$(find /usr/lib/postgresql -name initdb 2>/dev/null | sort | tail -n 1)")
as=""
if [ "$(id -u)" -eq 0 ]; then
    as="setpriv --reuid=postgres --regid=postgres --init-groups"
    chmod 711 "$KEYMOOR_DEV_DIR" "$dir"
fi
mkdir -m 777 db
# shellcheck disable=SC2086 # words are meant
ok "a database" $as "$bin/initdb" -D "$dir/db/data" -U keeper -A trust --no-sync
# shellcheck disable=SC2086
started postgres $as "$bin/postgres" -D "$dir/db/data" -k "$dir/db" -p 5555 -c listen_addresses= -c fsync=off
until_true "$bin/pg_isready" -q -h "$dir/db" -p 5555
server db_tunnel "unix:$dir/db/.s.PGSQL.5555"
# psql wants the name that PostgreSQL gives its sockets.
started here keymoor tunnel "unix:$dir/.s.PGSQL.5432" "localhost:$port" --cert $own
until_true test -S .s.PGSQL.5432
sql() { psql -X -q -At -h "$dir" -p 5432 -U keeper postgres "$@"; }
ok "a table" sql -c "create table doors (n int primary key, state text)"
ok "many rows" sql -c "insert into doors select i, md5(i::text) from generate_series(1, 100000) i"
same "all are there" 100000 "$(sql -c 'select count(*) from doors')"
sql -c "copy doors to stdout" >rows
same "and come out" 100000 "$(wc -l <rows)"
ok "and go in" sh -c "psql -X -q -h '$dir' -p 5432 -U keeper postgres -c 'create table again (like doors)' -c 'copy again from stdin' <rows"
same "the same" 0 "$(sql -c 'select count(*) from (table doors except table again) x')"
refused "an error of the server" "does not exist" sql -c "select * from windows"
done_testing
