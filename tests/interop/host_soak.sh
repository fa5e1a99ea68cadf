#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2317 # variables are for lib.sh, functions are called by check and refuse
# host_soak.sh [SECONDS]: nginx with four workers and keys in the service under load, for so long (24) or for what KM_SOAK_S says:
# every request makes a full handshake; nginx is reloaded again and again; keymoord is ended and killed, each time with nginx left alone. No
# request may fail but those that ran while keymoord was away, none may hang (tls_load.c counts), and nobody may grow.
[ "$(id -u)" -ne 0 ] || keymoord_options=(--socket-group www-data) # whom the server becomes
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/nginx.sh
. "$KM_TEST_SOURCE/tests/interop/nginx.sh"
# shellcheck source=SCRIPTDIR/load.sh
. "$KM_TEST_SOURCE/tests/interop/load.sh"

seconds=${KM_SOAK_S:-${1:-24}}
server_keys
port=$(free_port)
nginx_conf "$port" 4 "$server_user" "$work/ec.crt" "$work/ec.ref" "$work/rsa.crt" "$work/rsa.ref" >nginx.conf
"${provider_env[@]}" "$(PATH=$PATH:/usr/sbin command -v nginx)" -p "$work" -e error.log -c nginx.conf >nginx.txt 2>&1 &
server=$!
started "$server" "$port" || { cat nginx.txt error.log; exit 1; }

load_start "$port" 4

workers() { pgrep -P "$server" | sort; }
reload() {
    local before now
    before=$(workers)
    kill -HUP "$server"
    # Old workers end when their connections have, which the load sees to.
    for _ in $(seq 6000); do
        now=$(workers)
        [ "$(wc -l <<<"$now")" -eq 4 ] && [ -z "$(comm -12 <(echo "$before") <(echo "$now"))" ] && return
        sleep 0.01
    done
    return 1
}
# reloads SECONDS: again and again.
reloads() {
    local until=$((SECONDS + $1))
    check "a reload" reload
    while [ $SECONDS -lt $until ]; do
        sleep 0.5
        reload || check "a reload" false
    done
}
# restart SIGNAL [SECONDS]: keymoord goes, and comes back after so long. Nobody tells nginx.
restart() {
    load_order away
    stop_keymoord "$1"
    sleep "${2:-0}"
    start_keymoord 3>&-
    load_order back
    check "requests are answered after keymoord was ended by $1" load_goes_on
}
# failures_so_far: of requests, excused or not.
failures_so_far() {
    load_order report
    sed -n '$s/.* cut=\([0-9]*\) without=\([0-9]*\) failed=\([0-9]*\) .*/\1 \2 \3/p' load.out
}
# sizes: resident kilobytes of master and workers, and how many files the master has open.
sizes() {
    local pid
    for pid in $server $(workers); do
        awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"
    done
    find "/proc/$server/fd" -type l | wc -l
}
# A sanitizer keeps what was freed for a while, and books of its own; there it tells leaks itself.
counts_size() { [ -z "${KM_TEST_PRELOAD:-}" ]; }
# grown: by how much the largest growth between the files before and after is.
grown() { paste before after | awk '{ d = $2 - $1; if (d > most) most = d } END { print most + 0 }'; }

third=$((seconds / 3))
reloads $((third / 2))
sizes >before
first_good=$(load_number good)
restart TERM
reloads $((third / 2))
restart KILL 0.5
without=$(load_number without)
check "there are no keys while keymoord is away: $without requests failed then" test "$without" -gt 0
reloads $((third / 2))
sizes >after
! counts_size || check "master and workers do not grow over reloads and restarts: $(grown) kB" test "$(grown)" -lt 1024
sizes >before
since=$(load_number good)
sleep $((third / 2))
# From now on somebody else holds keymoord's socket, as systemd does, also while there is no keymoord.
keymoord_under=(python3 "$KM_TEST_SOURCE/tests/interop/socket_keeper.py" "$KEYMOOR_SOCKET" "$server_user")
restart TERM
before_it=$(failures_so_far)
load_order away
kill -HUP "${keymoord:?}"
until_true grep -q "socket_keeper: started again" "$work/keymoord.log"
load_order back
check "requests are answered after a restart behind a socket that stayed" load_goes_on
echo "failed (cut, without keys, else) before it: $before_it, after it: $(failures_so_far)"
sleep $((third / 2))
sizes >after
good=$(load_number good)
! counts_size || check "workers do not grow: $(grown) kB over $((good - since)) requests" test "$(grown)" -lt 512
check "the load was a load: $good" test "$good" -gt $((first_good + 100))
check "no request failed or hung but for those of the restarts" load_end
tail -1 load.out
check "nginx is still the same" kill -0 "$server"
refuse "workers that ended by a signal" "" grep "exited on signal" error.log
stopped "$server"
refuse "a load without a server" "" sh -c "echo report | '$build/tests/tls_load' $port ca.crt 1"
finish
