#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A process with an open registry lives through what happens to its database: the server is ended, killed, stopped, started
# again, a connection is cut, the disk is full. Usage: test_registry_server.sh BUILD_DIR
# For a full disk it wants a small file system of its own, so without root that part is left out.
if [ "$(id -u)" -eq 0 ] && [ "${KM_OWN_MOUNTS:-}" != 1 ] && unshare -m true 2>/dev/null; then
    KM_OWN_MOUNTS=1 exec unshare -m "$0" "$@"
fi
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/postgres.sh
. "$(dirname "$0")/../postgres.sh"
set -eu
build=$(cd "$1" && pwd)
dir=$(mktemp -d)
chmod 755 "$dir"
small=""
# shellcheck disable=SC2317 # called by the trap
clean() {
    end_helpers
    [ -z "$small" ] || umount "$small" || true
    rm -rf "$dir"
}
trap clean EXIT

# probe URL: a process with that registry open; ask LINE gets its answer.
probe() {
    coproc PROBE { exec "$build/tests/registry_probe" "$1" 1000; }
    # shellcheck disable=SC2153 # by coproc
    probe_pid=$PROBE_PID
    helpers="$helpers $probe_pid"
}
ask() {
    local answer
    echo "$1" >&"${PROBE[1]}"
    read -r answer <&"${PROBE[0]}"
    echo "$answer"
}
end_probe() {
    kill "$probe_pid"
    until has_ended "$probe_pid"; do sleep 0.01; done
}

postgres() {
    # shellcheck disable=SC2119 # no options
    start_postgres
    trap clean EXIT
}

make_postgres "$dir/db"
postgres
probe "$pg_url"
same "a write" ok "$(ask "create a")"

for signal in INT KILL; do
    stop_postgres $signal
    same "a write without a server ($signal)" peer-gone "$(ask "create b-$signal")"
    same "a read without a server" peer-gone "$(ask "get a")"
    same "again" peer-gone "$(ask generation)"
    postgres
    same "a write when it is back" ok "$(ask "create b-$signal")"
    same "what was stored before is there" ok "$(ask "get a")"
done

stop_postgres INT
postgres
same "a restart that nobody noticed is no failure" ok "$(ask "create c")"
cut="select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'keymoor'"
same "a connection is cut" 1 "$(psql -X -At -c "$cut")"
same "and made again to write" ok "$(ask "create d")"
same "a connection is cut" 1 "$(psql -X -At -c "$cut")"
same "and made again to read" ok "$(ask "get d")"

same "a transaction begins" ok "$(ask begin)"
same "it writes" ok "$(ask "create e")"
same "its connection is cut" 1 "$(psql -X -At -c "$cut")"
same "it can write no more" peer-gone "$(ask "create f")"
same "nor after it knows" peer-gone "$(ask "create f")"
same "nor end well" peer-gone "$(ask commit)"
same "it left nothing" not-found "$(ask "get e")"
same "the next one is whole" ok "$(ask begin)"
same "it writes" ok "$(ask "create e")"
same "and is stored" ok "$(ask commit)"
same "as it was" ok "$(ask "get e")"

# A server that stands still does not hold up who waits for it for ever.
backend=$(psql -X -At -c "select pid from pg_stat_activity where application_name = 'keymoor'")
kill -STOP "$backend"
answer=$(ask "create g")
kill -CONT "$backend"
same "a server that does not answer" peer-gone "$answer"
same "another connection does" ok "$(ask "create h")"

(sleep 0.3 && exec psql -X -q -c "notify keymoor_change") &
same "a hint" moved "$(ask hint)"
ok "the process is the one that began" kill -0 "$probe_pid"
end_probe
stop_postgres INT

if [ "${KM_OWN_MOUNTS:-}" = 1 ]; then
    small=$dir/small
    mkdir "$small"
    mount -t tmpfs -o size=4m,mode=777 none "$small"
    probe "sqlite:$small/registry.db"
    same "a write" ok "$(ask "create a")"
    head -c 8M /dev/zero >"$small/filler" 2>/dev/null || true
    answer=ok
    for n in $(seq 2000); do
        answer=$(ask "create b$n")
        [ "$answer" = ok ] || break
    done
    same "SQLite on a full disk" no-space "$answer"
    same "it still reads" ok "$(ask "get a")"
    same "what was refused is not there" not-found "$(ask "get b$n")"
    rm "$small/filler"
    same "and writes when there is room" ok "$(ask "create b$n")"
    end_probe
    umount "$small"

    # The server's log stays outside: without room for that PostgreSQL ends itself, as it must.
    mount -t tmpfs -o size=80m,mode=777 none "$small"
    mkdir -m 777 "$dir/log"
    make_postgres "$small/db" --waldir "$dir/log/wal"
    postgres
    probe "$pg_url"
    same "a write" ok "$(ask "create a")"
    head -c 100M /dev/zero >"$small/filler" 2>/dev/null || true
    answer=ok
    for n in $(seq 4000); do
        answer=$(ask "create b$n")
        [ "$answer" = ok ] || break
    done
    same "PostgreSQL on a full disk" no-space "$answer"
    same "it still reads" ok "$(ask "get a")"
    same "what was refused is not there" not-found "$(ask "get b$n")"
    rm "$small/filler"
    same "and writes when there is room" ok "$(ask "create b$n")"
    end_probe
    stop_postgres INT
else
    echo "a full disk: left out without root"
fi
done_testing
