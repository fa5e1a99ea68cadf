# SPDX-License-Identifier: Apache-2.0
# Sourced by the scenarios of the service: a keymoord of its own in a temporary directory, as root
# and again as a user without rights, and words for checks.
# shellcheck shell=bash disable=SC2034,SC2119

build=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
hostile=0b1d5e60-8f0a-4c1e-9d1c-5a3b7e2f4a01
shared=0b1d5e60-8f0a-4c1e-9d1c-5a3b7e2f4a02
single=0b1d5e60-8f0a-4c1e-9d1c-5a3b7e2f4a03
passing=0b1d5e60-8f0a-4c1e-9d1c-5a3b7e2f4a04
hello=7d6a1f0e-3c52-4b8f-9a61-0d5b2f8c4e17
dead=ffff3024

if [ "$(id -u)" -eq 0 ] && [ "${KEYMOOR_TEST_USER:-}" = "" ]; then
    # A user without rights sees everything a second time.
    KEYMOOR_TEST_USER=root "$0" "$@"
    other="setpriv --reuid=64001 --regid=64001 --clear-groups"
    if ! $other test -r "$here/keymoord.sh" -a -x "$build/bin/keymoord"; then
        echo "not repeated as uid 64001: other users can't read this tree"
        exit 0
    fi
    # shellcheck disable=SC2086 # several words on purpose
    KEYMOOR_TEST_USER=other exec $other env HOME=/nonexistent "$0" "$@"
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/keymoor-test.XXXXXX")
state=$dir/state
tas=$dir/ta
export KEYMOOR_SOCKET=$dir/sock
service=""
helpers=""
mkdir -m 0700 "$state"
mkdir "$tas"
cp "$build"/ta/*.stp "$tas"/

finish() {
    status=$?
    for pid in $helpers $service; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    mountpoint -q "$state" && umount "$state"
    if [ "$status" -ne 0 ] && [ -s "$dir/log" ]; then
        tail -n 20 "$dir/log" >&2
    fi
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

passed=0
fail() {
    echo "FAILED as $(id -u): $*" >&2
    exit 1
}
# same WHAT EXPECTED ACTUAL
same() {
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
    passed=$((passed + 1))
}
# has WHAT PATTERN FILE
has() {
    grep -q -- "$2" "$3" || fail "$1: no '$2' in $(basename "$3"): $(tail -n 3 "$3")"
    passed=$((passed + 1))
}

# until_true COMMAND...: waits for something that is sure to happen.
until_true() {
    for _ in $(seq 6000); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.01
    done
    fail "never came true: $*"
}
running() { kill -0 "$service" 2>/dev/null; }
listening() { [ -S "$KEYMOOR_SOCKET" ] && grep -q 'ready on' "$dir/log"; }

# start [OPTION...]: a service; it must come up.
start() {
    "$build/bin/keymoord" -s "$state" -S "$KEYMOOR_SOCKET" -t "$tas" -k "$build/ta-keys" \
        -u "$((260016 + $$ % 4096 * 16))" "$@" 2>"$dir/log" &
    service=$!
    until_true listening
}
# stop: it must end with 0 and take its socket along.
stop() {
    kill -TERM "$service"
    status=0
    wait "$service" || status=$?
    service=""
    same "it ends with 0" 0 "$status"
    [ ! -e "$KEYMOOR_SOCKET" ] || fail "the socket is still there"
}
# refuses WHAT SENTENCE OPTION...: it must not start, and say why in one sentence.
refuses() {
    local what=$1 sentence=$2 status=0
    shift 2
    timeout 120 "$build/bin/keymoord" -s "$state" -S "$KEYMOOR_SOCKET" -t "$tas" -k "$build/ta-keys" "$@" 2>"$dir/err" || status=$?
    [ "$status" -ne 0 ] || fail "$what: it started"
    has "$what" "$sentence" "$dir/err"
}

# call EXPECTED_RESULT [OPTION...] UUID COMMAND...: one ta_call; its last line is in $line.
call() {
    local expected=$1
    shift
    line=$("$build/tests/ta_call" "$@" | tail -n 1) || true
    same "ta_call $*" "$expected" "${line%% *}"
}
audit() { cat "$state/audit.jsonl"; }
audited() { grep -q "$1" "$state/audit.jsonl"; }
audited_times() { [ "$(grep -c "$2" "$state/audit.jsonl")" -eq "$1" ]; }
# processes: how many processes of trusted applications this service has.
processes() {
    local n=0 pid
    # shellcheck disable=SC2013 # words are meant: one line of numbers
    for pid in $(cat "/proc/$service/task/$service/children"); do
        n=$((n + 1 + $(wc -w <"/proc/$pid/task/$pid/children")))
    done
    echo "$n"
}
at_least() { [ "$(processes)" -ge "$1" ]; }
at_most() { [ "$(processes)" -le "$1" ]; }
# A sanitizer's own handler makes calls that an instance may not: then that is how it ends.
sanitized() { grep -q __asan_init "$build/bin/keymoord"; }
done_testing() { echo "$passed checks passed as uid $(id -u)"; }
