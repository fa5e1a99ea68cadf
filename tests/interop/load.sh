# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A load of TLS requests beside a scenario (tls_load.c). Sourced after lib.sh.
build=${build:?}

# load_start PORT THREADS: what it says goes to load.out.
load_start() {
    rm -f orders
    mkfifo orders
    : >load.out
    "$build/tests/tls_load" "$1" ca.crt "$2" <orders >>load.out 2>load.err &
    load=$!
    pids="$pids $load"
    exec 3>orders
}
# load_order WORD: until it is answered. Whoever is started from now on needs 3>&-, or the load will not see its end.
load_order() {
    local before
    before=$(wc -l <load.out)
    echo "$1" >&3
    while [ "$(wc -l <load.out)" -eq "$before" ]; do
        kill -0 "$load" 2>/dev/null || { echo "the load has ended"; cat load.err; exit 1; }
        sleep 0.01
    done
}
# load_number NAME: from a report made now.
load_number() {
    load_order report
    sed -n "\$s/.* $1=\([0-9]*\).*/\1/p" load.out
}
# load_goes_on [N]: so many more requests (20) are answered, in the sight of the load.
load_goes_on() {
    local goal
    goal=$(($(load_number good) + ${1:-20}))
    for _ in $(seq 6000); do
        [ "$(load_number good)" -lt $goal ] || return 0
        sleep 0.01
    done
    return 1
}
# load_end: how the load judges.
load_end() {
    exec 3>&-
    wait "$load"
}
