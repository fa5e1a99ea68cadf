# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A keymoord for the scenarios of the doors; lib.sh sources this and gives build and work.
build=${build:?} work=${work:?}
[ -n "${keymoord_options+set}" ] || keymoord_options=()
# Words in front of keymoord's command: a program that starts it.
keymoord_under=()

# start_keymoord: with the state that is in $work/state, on a socket of its own, and ${keymoord_options[@]}.
start_keymoord() {
    local tries=0
    [ -d "$work/state" ] || mkdir -m 700 "$work/state"
    export KEYMOOR_SOCKET=$work/keymoord.sock
    chmod 755 "$work"
    "${keymoord_under[@]}" "$build/bin/keymoord" --state-dir "$work/state" --socket "$KEYMOOR_SOCKET" --ta-dir "$build/ta" \
        --ta-key "$build/ta-keys" --root "soft:$work/state/root.secret" --audit "$work/audit.log" \
        --uid-base "$((260016 + $$ % 4096 * 16))" "${keymoord_options[@]}" \
        2>>"$work/keymoord.log" &
    keymoord=$!
    pids="$pids $keymoord"
    until [ -S "$KEYMOOR_SOCKET" ]; do
        tries=$((tries + 1))
        if [ $tries -gt 6000 ] || ! kill -0 $keymoord 2>/dev/null; then
            echo "keymoord did not start:"
            cat "$work/keymoord.log"
            exit 1
        fi
        sleep 0.01
    done
}

# stop_keymoord [SIGNAL]
stop_keymoord() {
    kill "-${1:-TERM}" "$keymoord"
    wait "$keymoord" 2>/dev/null
    rm -f "$KEYMOOR_SOCKET" # after SIGKILL it is still there, and start_keymoord waits for it
    pids=${pids/ $keymoord/}
}
