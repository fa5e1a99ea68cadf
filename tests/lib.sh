# Sourced by the scenario tests: a temporary evaluation device, and words for checks. Usage in a test:
#   . "$(dirname "$0")/../lib.sh"; device "$@"     # re-runs the test inside `keymoor dev`
# shellcheck shell=bash

# device BUILD_DIR: continues inside a device, with $build, $dir (a scratch folder) and $source set.
device() {
    build=$(cd "$1" && pwd)
    source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    export build source
    if [ "${KEYMOOR_TEST_INSIDE:-}" != 1 ]; then
        KEYMOOR_TEST_INSIDE=1 exec "$build/bin/keymoor" dev "$0" "$@"
    fi
    dir=$KEYMOOR_DEV_DIR/test
    mkdir -p "$dir"
}

passed=0
# ok WHAT COMMAND...: the command must succeed. It writes $dir/out and $dir/err anew.
ok() {
    local what=$1
    shift
    if "$@" >"$dir/out" 2>"$dir/err"; then
        passed=$((passed + 1))
    else
        echo "FAILED: $what: $*" >&2
        cat "$dir/out" "$dir/err" >&2
        exit 1
    fi
}

# refused WHAT TEXT COMMAND...: the command must fail, and say TEXT (a pattern) on stderr in at most two lines.
refused() {
    local what=$1 text=$2
    shift 2
    if "$@" >"$dir/out" 2>"$dir/err"; then
        echo "FAILED: $what: should have been refused: $*" >&2
        exit 1
    fi
    if ! grep -q -- "$text" "$dir/err"; then
        echo "FAILED: $what: expected '$text', got:" >&2
        cat "$dir/err" >&2
        exit 1
    fi
    passed=$((passed + 1))
}

# same WHAT EXPECTED ACTUAL
same() {
    if [ "$2" != "$3" ]; then
        printf 'FAILED: %s: expected\n%s\ngot\n%s\n' "$1" "$2" "$3" >&2
        exit 1
    fi
    passed=$((passed + 1))
}

# stop_service, start_service: the device's keymoord, with the state it has.
service=${KEYMOOR_DEV_SERVICE_PID:-}
stop_service() {
    kill "$service"
    # Its store stays locked until it has ended; one that has ended but was not waited for has no program.
    while [ -S "$KEYMOOR_SOCKET" ] || [ -e "/proc/$service/exe" ]; do sleep 0.01; done
}
start_service() {
    "$KEYMOOR_DEV_DIR/serve" &
    service=$!
    for _ in $(seq 500); do
        [ -S "$KEYMOOR_SOCKET" ] && break
        sleep 0.01
    done
    # shellcheck disable=SC2064 # the pid of this very start
    trap "kill $service 2>/dev/null; wait $service 2>/dev/null" EXIT
}

done_testing() { echo "$passed checks passed"; }
