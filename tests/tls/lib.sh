# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the TLS scenarios share, beside tests/lib.sh, which gives build and dir: certificates, peers on free ports, and an end to all.
build=${build:?} dir=${dir:?}
# shellcheck disable=SC2034 # for who sources this
{
    pki=$KEYMOOR_DEV_DIR/pki demo=$KEYMOOR_DEV_DIR/pki/demo
    tool=$build/tests/tls_tool
    device_key=com.seqlabs.oem_device_key device_cert=com.seqlabs.oem_device_cert
    san='subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth'
}
peers=""

# shellcheck disable=SC2317 # called by trap
end_peers() {
    local pid running
    running=" $(jobs -rp | tr '\n' ' ') "
    for pid in $peers; do
        case $running in *" $pid "*) kill "$pid" 2>/dev/null ;; esac
        wait "$pid" 2>/dev/null
    done
    peers=""
}
trap end_peers EXIT

# peer COMMAND...: a server that listens on $port, ready when this returns; its words go to $dir/peer.log. Ends the one before.
peer() {
    end_peers
    "$@" >"$dir/peer.log" 2>&1 &
    peers=$!
    listening
}

# listening: waits until the process in $peers listens on $port.
listening() {
    python3 - "$peers" "$port" <<'PY' || { cat "$dir/peer.log" >&2; exit 1; }
import os, sys, time
for _ in range(2400):
    os.kill(int(sys.argv[1]), 0)
    listening = (line.split() for line in open("/proc/net/tcp").readlines()[1:])
    if any(f[3] == "0A" and int(f[1].split(":")[1], 16) == int(sys.argv[2]) for f in listening):
        sys.exit(0)
    time.sleep(0.025)
sys.exit("nobody listens on port " + sys.argv[2])
PY
}

# await FILE PATTERN: until it is there
await() {
    for _ in $(seq 2400); do
        grep -Eq -- "$2" "$1" 2>/dev/null && return 0
        sleep 0.025
    done
    echo "FAILED: no '$2' in $1:" >&2
    cat "$1" >&2
    exit 1
}

# own_server OPTION... : tls_tool as a server for any number of clients, on $port.
own_server() {
    end_peers
    : >"$dir/server.log"
    "$tool" "$@" serve 1000 >>"$dir/server.log" 2>&1 & # appended to, so that a test may empty it
    peers=$!
    await "$dir/server.log" '^port'
    port=$(sed -n 's/^port //p' "$dir/server.log")
}

# leaf NAME CA_KEY CA_CERT KEY_OPTIONS EXTENSIONS: NAME.key and NAME.crt in $dir, for localhost unless said otherwise.
leaf() {
    # shellcheck disable=SC2086 # a list of words on purpose
    openssl genpkey $4 -out "$dir/$1.key" 2>/dev/null
    certify "$1" "$2" "$3" "$5" "$dir/$1.key"
}

# certify NAME CA_KEY CA_CERT EXTENSIONS KEY: a certificate for a key file that is there, or a request (KEY ends in .csr).
certify() {
    local request
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n%b\n' "$4" >"$dir/$1.ext"
    case $5 in
    *.csr) request=$5 ;;
    *)
        request=$dir/$1.csr
        openssl req -new -key "$5" -subj "/CN=$1" -out "$request"
        ;;
    esac
    openssl x509 -req -sha256 -days 30 -in "$request" -CAkey "$2" -CA "$3" -set_serial "0x$(openssl rand -hex 8)" \
        -extfile "$dir/$1.ext" -out "$dir/$1.crt" 2>/dev/null
}

# says WHAT PATTERN COMMAND...: succeeds and prints the pattern (one of grep -E).
says() {
    local what=$1 pattern=$2
    shift 2
    ok "$what" timeout 120 "$@"
    grep -Eq -- "$pattern" "$dir/out" || { echo "FAILED: $what: expected '$pattern', got:" >&2; cat "$dir/out" "$dir/peer.log" >&2; exit 1; }
}

# fails WHAT PATTERN COMMAND...: ends with status 1 and prints the pattern.
fails() {
    local what=$1 pattern=$2 status=0
    shift 2
    timeout 120 "$@" >"$dir/out" 2>"$dir/err" || status=$?
    if [ $status -ne 1 ] || ! grep -Eq -- "$pattern" "$dir/out"; then
        echo "FAILED: $what: expected status 1 and '$pattern', got $status:" >&2
        cat "$dir/out" "$dir/err" "$dir/peer.log" >&2
        exit 1
    fi
    passed=$((passed + 1))
}
