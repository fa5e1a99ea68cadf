# Sourced by the scenario tests: a temporary evaluation device, and words for checks. Usage in a test:
#   . "$(dirname "$0")/../lib.sh"; device "$@"     # re-runs the test inside `keymoor dev`
# shellcheck shell=bash

# The source tree may be somebody else's: Python keeps no compiled copies beside its modules.
export PYTHONDONTWRITEBYTECODE=1

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

# Processes that end with the test.
helpers=""
# shellcheck disable=SC2317 # called by the trap
end_helpers() {
    local pid running
    # The number of one that ended long ago may be somebody else's by now.
    running=" $(jobs -rp | tr '\n' ' ') "
    for pid in $helpers; do
        case $running in *" $pid "*) kill "$pid" 2>/dev/null || true ;; esac
    done
    for pid in $helpers; do
        wait "$pid" 2>/dev/null || true
    done
}

# has_ended PID: it has closed its files and let go of their locks. Not so when only its program is gone, and it may be nobody's to wait for.
has_ended() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    case "${stat##*) }" in [ZX]*) return 0 ;; *) return 1 ;; esac
}

# stop_service, start_service: the device's keymoord, with the state it has and ${service_options[@]}.
service_options=()
service=${KEYMOOR_DEV_SERVICE_PID:-}
stop_service() {
    kill "$service"
    # Its store stays locked until it has ended.
    until has_ended "$service"; do sleep 0.01; done
}
start_service() {
    "$KEYMOOR_DEV_DIR/serve" "${service_options[@]}" &
    service=$!
    helpers="$helpers $service"
    trap end_helpers EXIT
    until_true test -S "$KEYMOOR_SOCKET"
}

# reaches UID FILE: whether that user can get at what was built. Where the tree lies in somebody's home nobody else can.
reaches() {
    setpriv --reuid="$1" --regid="$1" --clear-groups test -r "$2"
}

# until_true COMMAND...: waits for what is sure to happen.
until_true() {
    for _ in $(seq 6000); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.01
    done
    echo "FAILED: never came true: $*" >&2
    exit 1
}

# free_port: a TCP port of the loopback that nobody listens on, nor will before the test does.
free_port_program=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/free_port.py
free_port() { "$free_port_program"; }

# listens PORT: whether somebody does, without making a connection.
listens() { grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf '%04X' "$1") [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6; }

# started OUT COMMAND...: runs it beside the test until the test ends; $started is its process. OUT gets what it prints,
# OUT.err its errors.
started() {
    local out=$1
    shift
    "$@" >"$out" 2>"$out.err" </dev/null &
    started=$!
    helpers="$helpers $started"
    trap end_helpers EXIT
}

done_testing() { echo "$passed checks passed"; }
