#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Manifests and signed commands replace the same certificate and its public key at the same time, on one device: neither waits for the
# other for ever, and whatever came last, key and certificate are a pair.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
factory=$source/factory
dir=$(mktemp -d "${TMPDIR:-/tmp}/keymoor-pairs.XXXXXX")
chmod 700 "$dir"
cd "$dir"
PATH=$build/bin:$PATH
KEYMOOR_SOCKET=$dir/keymoord.sock
export PATH KEYMOOR_SOCKET
keymoord=""
# shellcheck disable=SC2317 # called by the trap
finish() {
    [ -z "$keymoord" ] || { kill "$keymoord" 2>/dev/null; wait "$keymoord" 2>/dev/null; } || true
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM
rounds=12
cert=com.seqlabs.oem_cloud_cert
public=com.seqlabs.oem_cloud_pub_key

mkdir -m 700 state
keymoord --state-dir state --socket "$KEYMOOR_SOCKET" --ta-dir "$build/ta" --ta-key "$build/ta-keys" \
    --root "soft:$dir/state/root.secret" --audit none 2>log &
keymoord=$!
until [ -S "$KEYMOOR_SOCKET" ] && keymoor status >/dev/null 2>&1; do
    kill -0 "$keymoord" || { cat log >&2; exit 1; }
    sleep 0.01
done

"$factory/make_evaluation_pki.sh" -o pki >/dev/null 2>&1
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out class.pem 2>/dev/null
openssl pkey -in class.pem -pubout -out class.pub
for who in m0 m1 c0 c1; do
    openssl req -new -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $who.key -subj "/CN=$who" -days 100 \
        -out $who.crt 2>/dev/null
    openssl x509 -in $who.crt -noout -pubkey >$who.pub
done
# manifest SEQUENCE OUT [OPTION ...]
manifest() {
    local number=$1 out=$2
    shift 2
    "$factory/make_manifest.sh" -k pki/oem_root_key.pem -r pki/oem_root_cert.pem -p class.pub -n door -s "$number" -o "$out" "$@"
}
manifest 1 first -d pki
for n in $(seq 1 $rounds); do
    who=$((n % 2))
    manifest $((n + 1)) "m.$n" -U -c $cert=m$who.crt -K $public=KEY_EC_DUAL_PUBLIC:m$who.pub
    "$factory/make_named_cert_stp.sh" -k pki/oem_command_key.pem -n $cert -c c$who.crt -s "$n" -o "c.$n"
done

ok "class key" keymoor init --class-key class.pem
ok "the first manifest" keymoor init --manifest first --oem-root pki/oem_root_cert.pem

pair() {
    same "key and certificate" "$(keymoor cert show $cert --pem | openssl x509 -noout -pubkey)" \
        "$(keymoor key export-public $public --pem)"
}
pair
(for n in $(seq 1 $rounds); do keymoor init --manifest "m.$n" || exit 1; done) >manifests 2>&1 &
manifests=$!
(for n in $(seq 1 $rounds); do keymoor cert command "c.$n" || exit 1; done) >commands 2>&1 &
commands=$!
ok "all manifests" wait $manifests
ok "all commands" wait $commands
pair
case $(keymoor cert store list --json) in
*"\"$rounds\""*) ;;
*) echo "FAILED: the last sequence is another" >&2; exit 1 ;;
esac
done_testing
