# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scenarios of the doors share. Sourced with these set by ctest:
#   KM_TEST_BUILD    the build directory
#   KM_TEST_SOURCE   the source directory
#   KM_TEST_SERVICE  "real": a keymoord of our own; "double": the stand-in of the crypto library
# and, by the scenario that wants it, keymoord_options, an array of further options of keymoord.
# Makes a temporary directory, goes there, starts what is needed, and on exit stops what was started.
set -u

build=$KM_TEST_BUILD
service=$KM_TEST_SERVICE
work=$(mktemp -d "${TMPDIR:-/tmp}/km-door.XXXXXX")
pids=""
daemons="" # what has gone into the background by itself, and so is none of the jobs
failures=0
cd "$work" || exit 1

cleanup() {
    local pid running
    # The number of one that ended long ago may be somebody else's by now.
    running=" $(jobs -rp | tr '\n' ' ') "
    for pid in $pids; do
        case $running in *" $pid "*) kill "$pid" 2>/dev/null ;; esac
        wait "$pid" 2>/dev/null
    done
    for pid in $daemons; do
        kill "$pid" 2>/dev/null
    done
    cd / && rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

if [ "$service" = double ]; then
    export CLRC_DOUBLE_DIR=$work/keys
    mkdir "$CLRC_DOUBLE_DIR"
    door_tool=$build/tests/door_tool_double
    modules=$build/tests/double
else
    # shellcheck source=/dev/null
    . "$KM_TEST_SOURCE/tests/interop/service.sh"
    start_keymoord
    door_tool=$build/tests/door_tool
    modules=$build
fi
provider_conf=$KM_TEST_SOURCE/interop/provider/openssl-keymoor.cnf

# Environments in which OpenSSL finds our provider, or our engine. What goes to the background uses the
# arrays themselves, so that $! is the program. A sanitizer's library must come before the programs'
# own; what it says goes to files that finish looks at, because the programs leak, too, and that is not our matter.
provider_env=(env "OPENSSL_CONF=$provider_conf" "OPENSSL_MODULES=$modules/ossl-modules")
engine_env=(env "OPENSSL_ENGINES=$modules/engines")
if [ -n "${KM_TEST_PRELOAD:-}" ]; then
    mkdir -m 1777 sanitizer
    sanitizer=("LD_PRELOAD=$KM_TEST_PRELOAD" LSAN_OPTIONS=exitcode=0
        "ASAN_OPTIONS=abort_on_error=1:log_path=$work/sanitizer/log:stack_trace_format=\"    #%n %f %s:%l %m\"")
    provider_env+=("${sanitizer[@]}")
    engine_env+=("${sanitizer[@]}")
fi

with_provider() { "${provider_env[@]}" "$@"; }
with_engine() { "${engine_env[@]}" "$@"; }

# check WHAT COMMAND...: the command must succeed.
check() {
    local what=$1
    shift
    if "$@" >out.txt 2>&1; then
        echo "ok      $what"
    else
        echo "FAILED  $what: $*"
        head -20 out.txt
        failures=$((failures + 1))
    fi
}

# refuse WHAT PATTERN COMMAND...: the command must fail and say so; it must not print a private key.
refuse() {
    local what=$1 pattern=$2
    shift 2
    if "$@" >out.txt 2>&1; then
        echo "FAILED  $what succeeded: $*"
        failures=$((failures + 1))
    elif [ -n "$pattern" ] && ! grep -q "$pattern" out.txt; then
        echo "FAILED  $what said something else than '$pattern': $*"
        head -20 out.txt
        failures=$((failures + 1))
    elif grep -q 'BEGIN.*PRIVATE KEY\|^priv:\|^privateExponent' out.txt; then
        echo "FAILED  $what printed a private key: $*"
        failures=$((failures + 1))
    else
        echo "ok      $what"
    fi
}

# create NAME KIND [PASSWORD]: a key in the service.
create() {
    "$door_tool" create "$@" || exit 1
}

# reference URI FILE: a key reference file, as docs/formats.md describes it.
reference() {
    printf 'asn1=SEQUENCE:r\n[r]\nm=UTF8:Keymoor key reference\nv=INTEGER:1\nu=UTF8:%s\n' "$1" >ref.cnf
    openssl asn1parse -genconf ref.cnf -noout -out ref.der || exit 1
    {
        echo "-----BEGIN KEYMOOR KEY REFERENCE-----"
        openssl base64 -in ref.der
        echo "-----END KEYMOOR KEY REFERENCE-----"
    } >"$2"
}

# free_port: a TCP port of the loopback that nobody listens on, nor will before the test does.
free_port() { "$KM_TEST_SOURCE/tests/free_port.py"; }

# started PID PORT: waits until the process listens there.
started() {
    pids="$pids $1"
    python3 - "$1" "$2" <<'PY'
import os, socket, sys, time
for _ in range(2400):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[2])), 60).close()
        sys.exit(0)
    except OSError:
        os.kill(int(sys.argv[1]), 0)
        time.sleep(0.025)
sys.exit("nobody listens on port " + sys.argv[2])
PY
}

# stopped PID: ends a server that this script started.
stopped() {
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    pids=${pids/ $1/}
}

# test_ca: ca.crt with ca.key, and server.crt with server.key for localhost.
test_ca() {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=test-ca -days 2 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key \
        -subj /CN=localhost -out server.csr 2>/dev/null
    issue server.csr server.crt
}

# issue CSR CERT: the test CA signs; good for localhost.
issue() {
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >ext.cnf
    openssl x509 -req -in "$1" -CA ca.crt -CAkey ca.key -CAcreateserial -extfile ext.cnf -days 2 \
        -out "$2" 2>/dev/null || exit 1
}

# server_keys: the keys ec and rsa, which $server_user may use too: who a server that was started by root becomes. With
# NAME.ref, and NAME.crt of the test CA for localhost, issued to it by the provider.
server_user=www-data
[ "$(id -u)" -eq 0 ] || server_user=$(id -un)
server_keys() {
    local key
    test_ca
    for key in ec rsa; do
        "$door_tool" lend $key "$(if [ $key = ec ]; then echo ec256; else echo rsa2048; fi)" "$server_user" || exit 1
        reference clrc:$key $key.ref
        with_provider openssl req -new -key clrc:$key -subj /CN=localhost -out $key.csr || exit 1
        issue $key.csr $key.crt
    done
}

# until_true COMMAND...: waits for what is sure to happen.
until_true() {
    local tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 6000 ] || { echo "never came true: $*"; exit 1; }
        sleep 0.01
    done
}

# ours_in_sanitizer: paragraphs of what the sanitizers wrote that concern us: errors, and leaks of what a door allocated and nobody
# holds. What a program leaks with a key of ours in it is the program's.
ours_in_sanitizer() {
    cat sanitizer/* 2>/dev/null |
        awk 'BEGIN { RS = "" } /ERROR: (Address|Undefined)|runtime error/ || (/^Direct leak/ && /clrc\.so/)'
}

finish() {
    local said
    said=$(ours_in_sanitizer)
    if [ -n "$said" ]; then
        echo "$said" | head -100
        failures=$((failures + 1))
    fi
    [ "$failures" -eq 0 ] || echo "$failures failed"
    exit "$((failures != 0))"
}
