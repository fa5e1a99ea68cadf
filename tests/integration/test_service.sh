#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starting, stopping, dying and coming back; what it refuses to start on; who is who.
# shellcheck disable=SC2119,SC2013 # start takes options where it needs them; words are meant
set -eu
# shellcheck source=tests/integration/keymoord.sh
. "$(dirname "$0")/keymoord.sh"

"$build/bin/keymoord" --help >"$dir/help"
has "help has examples" 'Examples:' "$dir/help"
refuses "an unknown option" 'not understood' --nonsense
refuses "an argument" "unexpected argument 'x'" x
refuses "a wall that does not exist" 'list of walls' --confine moat
refuses "a root that does not exist" 'no root of trust' --root moon:x
refuses "no state directory" 'does not exist' -s "$dir/nowhere"
refuses "a key that is none" 'PEM' -k "$here/keymoord.sh"
chmod 0750 "$state"
refuses "a state directory that others may enter" 'mode 750' -v
chmod 0700 "$state"
if [ "$(id -u)" -eq 0 ]; then
    cp -r "$build/ta-keys" "$dir/keys"
    chown 64001 "$dir/keys"/*.pem
    refuses "a key of somebody else" 'belongs to uid 64001' -k "$dir/keys"
    chown 0 "$dir/keys"/*.pem
    chown 64001 "$dir/keys"
    refuses "a directory of keys of somebody else" 'belongs to uid 64001' -k "$dir/keys"
    chown 64001 "$state"
    refuses "a state directory of somebody else" 'belongs to uid 64001' -v
    chown 0 "$state"
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).bind(sys.argv[1])' "$KEYMOOR_SOCKET"
    chown 64001 "$KEYMOOR_SOCKET"
    refuses "somebody else's socket" 'belongs to uid 64001' -v
    [ -S "$KEYMOOR_SOCKET" ] || fail "somebody else's socket was removed"
    rm "$KEYMOOR_SOCKET"
else
    refuses "a state directory of somebody else" 'belongs to uid 0\|denied' -s /root
    refuses "a confinement that can't be had" 'can.t be had here: uid' --confine uid,seccomp
fi
echo >"$KEYMOOR_SOCKET"
refuses "a file in the socket's place" 'is not a socket' -v
rm "$KEYMOOR_SOCKET"

start
same "the socket's mode" 660 "$(stat -c %a "$KEYMOOR_SOCKET")"
call 00000000 "$hostile" 0
refuses "two services on one state directory" "another service (pid $service)" -S "$dir/sock2"
mkdir -m 0700 "$dir/state2"
refuses "a live socket" 'already listening' -s "$dir/state2"
call 00000000 "$hostile" 0

# Killed with a client in a call: the client is told, nothing is left over, a new one takes over.
"$build/tests/ta_call" "$hostile" 24 >"$dir/waiting" &
waiting=$!
until_true at_least 2
until_true audited '"session":3'
children=$(cat "/proc/$service/task/$service/children")
kill -KILL "$service"
wait "$service" 2>/dev/null || true
wait "$waiting" 2>/dev/null || true
has "a client in a call is told" "^$dead" "$dir/waiting"
for pid in $children; do
    until_true test ! -e "/proc/$pid"
done
[ -S "$KEYMOOR_SOCKET" ] || fail "a killed service left no socket: then this test tests nothing"
start
call 00000000 "$hostile" 0

# Instances killed from outside end their own session only.
"$build/tests/ta_call" "$hostile" 24 >"$dir/waiting" &
waiting=$!
for pid in $(cat "/proc/$service/task/$service/children"); do
    until_true grep -q . "/proc/$pid/task/$pid/children"
    for instance in $(cat "/proc/$pid/task/$pid/children"); do
        kill -KILL "$instance"
    done
done
wait "$waiting" 2>/dev/null || true
has "its client is told" "^$dead" "$dir/waiting"
until_true audited 'signal 9'
call 00000000 "$hostile" 0
# And the template, with sessions open: none of them is counted for ever.
sessions_are() { python3 "$here/garbage.py" "$KEYMOOR_SOCKET" status | grep -q "\"sessions\":$1,"; }
mkfifo "$dir/in"
"$build/tests/ta_call" -w -n 20 "$hostile" 0 <"$dir/in" >"$dir/out" &
helpers=$!
exec 8>"$dir/in"
until_true sessions_are 20
for pid in $(cat "/proc/$service/task/$service/children"); do
    kill -KILL "$pid"
done
until_true audited 'its process was ended by signal 9'
until_true sessions_are 0
call 00000000 "$hostile" 0
exec 8>&-
wait "$helpers" || true
helpers=""

# Killed while it looks at the store, which says nothing against the store.
stop
mkfifo "$dir/hold"
python3 -c 'import fcntl, sys
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
open(sys.argv[2]).read()' "$state/ta/$hostile/lock.mdb" "$dir/hold" &
helpers=$!
exec 7>"$dir/hold" # it has the lock
start
"$build/tests/ta_call" "$hostile" 0 >"$dir/waiting" &
waiting=$!
until_true at_least 2
template=$(cat "/proc/$service/task/$service/children")
kill -KILL "$(cat "/proc/${template% }/task/${template% }/children")"
wait "$waiting" || true
has "the killed look at a store is told" "^$dead" "$dir/waiting"
exec 7>&-
kill "$helpers"
wait "$helpers" || true
helpers=""
call 00000000 "$hostile" 0

# Who is who, by the kernel's word.
uuid5() { python3 -c 'import sys,uuid; print(uuid.uuid5(uuid.UUID("58ac9ca0-2086-4683-a1b8-ec4bc08e01b6"), sys.argv[1]))' "$1"; }
call 00000000 "$hostile" 27t
same "public" "00000000 4 0 00000000 00000000-0000-0000-0000-000000000000" "$line"
call 00000000 -l 1 "$hostile" 27t
same "user" "00000000 4 0 00000001 $(uuid5 "$(printf uid=%x "$(id -u)")")" "$line"
call 00000000 -l "2:$(id -g)" "$hostile" 27t
same "group" "00000000 4 0 00000002 $(uuid5 "$(printf gid=%x "$(id -g)")")" "$line"
call ffff0001 -l 2:54321 "$hostile" 27t
digest=$(sha256sum "$build/tests/ta_call")
digest=${digest%% *}
call 00000000 -l 4 "$hostile" 27t
same "application" "00000000 4 0 00000004 $(uuid5 "exe=$digest")" "$line"
call 00000000 -l 5 "$hostile" 27t
same "application of a user" "00000000 4 0 00000005 $(uuid5 "$(printf 'uid=%x' "$(id -u)"):exe=$digest")" "$line"
call 00000000 "$hostile" 28t
same "the program's digest" "00000000 4 0 $digest" "$line"
cp "$build/tests/ta_call" "$dir/changed"
printf x >>"$dir/changed"
line=$(LD_LIBRARY_PATH=$build/lib "$dir/changed" "$hostile" 28t | tail -n 1)
changed=$(sha256sum "$dir/changed")
same "another program is another" "00000000 4 0 ${changed%% *}" "$line"

# Single instances: one session, or several in one process that stays.
call 00000000 "$shared" 30
first=${line#* * }
call 00000000 "$shared" 30
same "it stayed" "$((${first%% *} + 1))" "${line#* * }"
line=$("$build/tests/ta_call" -n 3 "$shared" 30 | tail -n 1)
same "several sessions in it" "$((${first%% *} + 4))" "${line#* * }"
line=$("$build/tests/ta_call" -n 2 "$single" 0 | sed -n 1p)
same "one at a time" "ffff000d 3 open" "$line"

# The disk is full: told, and what is there stays.
stop
if [ "$(id -u)" -eq 0 ] && mkdir -m 0700 "$dir/small" && mount -t tmpfs -o size=2m,mode=700 none "$dir/small" 2>/dev/null; then
    umount "$dir/small"
    mount -t tmpfs -o size=2m,mode=700 none "$state"
    start
    # A write that the disk takes half of is an input/output error to some engines.
    line=$("$build/tests/ta_call" "$hostile" 31) || true
    case $line in
    ffff3041* | f0100003*) passed=$((passed + 1)) ;;
    *) fail "a full disk: $line" ;;
    esac
    dd if=/dev/zero of="$state/fill" bs=4k 2>/dev/null || true
    line=$("$build/tests/ta_call" -n 16 "$hostile" 0 | tail -n 1)
    same "what needs no room works" "00000000 4 42" "$line"
    has "lost audit records are warned of" 'audit records are being lost' "$dir/log"
    # While there is a little room left for the stores, records do not take it.
    truncate -s -128K "$state/fill"
    before=$(stat -c %s "$state/audit.jsonl")
    call 00000000 "$hostile" 0
    same "the stores' last room is not for records" "$before" "$(stat -c %s "$state/audit.jsonl")"
    truncate -s +128K "$state/fill"
    dd if=/dev/zero of="$state/fill2" bs=4k 2>/dev/null || true
    call ffff3041 "$single" 0
    mount -o remount,size=4m "$state"
    sleep 1.1
    call 00000000 "$single" 0
    stop
    # Processes of the service's, which end with it, may hold files for a moment more.
    until umount "$state" 2>/dev/null; do sleep 0.05; done
fi

# Every wall that this machine has can be demanded.
start --confine no-new-privs,no-dump,limits,parent,seccomp
stop
if [ "$(id -u)" -eq 0 ]; then
    start --confine best --uid-base 0
    call 00000000 "$hostile" 0
    stop
fi
done_testing
