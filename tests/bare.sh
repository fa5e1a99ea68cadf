# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh by scenarios of devices that are not provisioned yet: a service of their own. Usage in a test:
#   . "$(dirname "$0")/../bare.sh"; bare "$1"; new_device
# shellcheck shell=bash disable=SC2034

# bare BUILD_DIR: continues in the scratch folder $dir, with $build, $source and $factory set; no service runs yet.
bare() {
    build=$(cd "$1" && pwd)
    source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    factory=$source/factory
    dir=$(mktemp -d "${TMPDIR:-/tmp}/keymoor-bare.XXXXXX")
    chmod 700 "$dir"
    cd "$dir" || exit 1
    PATH=$build/bin:$PATH
    KEYMOOR_SOCKET=$dir/keymoord.sock
    export PATH KEYMOOR_SOCKET
    trap finish_bare EXIT
    trap 'exit 1' INT TERM
}

keymoord=""
# shellcheck disable=SC2317 # called by the trap
finish_bare() {
    [ -z "$keymoord" ] || { kill "$keymoord" 2>/dev/null; wait "$keymoord" 2>/dev/null; } || true
    rm -rf "$dir"
}

# up: the service, with the state it has.
up() {
    keymoord --state-dir "$dir/state" --socket "$KEYMOOR_SOCKET" --ta-dir "$build/ta" --ta-key "$build/ta-keys" \
        --root "soft:$dir/state/root.secret" --audit "$dir/audit.log" --uid-base "$((260016 + $$ % 4096 * 16))" 2>>log &
    keymoord=$!
    until [ -S "$KEYMOOR_SOCKET" ] && keymoor status >/dev/null 2>&1; do
        kill -0 "$keymoord" || { cat log >&2; exit 1; }
        sleep 0.01
    done
}
down() { # SIGNAL
    kill "-$1" "$keymoord" 2>/dev/null || true
    wait "$keymoord" 2>/dev/null || true
    keymoord=""
    rm -f "$KEYMOOR_SOCKET"
}

# new_device: one that was never provisioned.
new_device() {
    [ -z "$keymoord" ] || down TERM
    rm -rf state
    mkdir -m 700 state
    up
}

# manifest SEQUENCE OUT [OPTION ...]: of the evaluation PKI in pki, for the class "door" whose public key is class.pub.
manifest() {
    local number=$1 out=$2
    shift 2
    "$factory/make_manifest.sh" -k pki/oem_root_key.pem -r pki/oem_root_cert.pem -p class.pub -n door -s "$number" -o "$out" "$@"
}
# make_class_key: class.pem and class.pub.
make_class_key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out class.pem 2>/dev/null
    openssl pkey -in class.pem -pubout -out class.pub
}
