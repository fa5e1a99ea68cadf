#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An installation (prefix /usr) below a temporary directory: somebody else's trusted application builds against it
# and runs in the installed service; the units are what systemd understands.
# Usage: test_packaging.sh BUILD_DIR
set -eu

build=$(cd "$1" && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/keymoor-packaging.XXXXXX")
service=""
finish() {
    [ -z "$service" ] || { kill "$service" 2>/dev/null; wait "$service" 2>/dev/null; } || true
    rm -rf "$dir"
}
trap finish EXIT
fail() {
    echo "FAILED: $*" >&2
    exit 1
}

DESTDIR=$dir cmake --install "$build" >"$dir/install.log" 2>&1 || { tail -n 5 "$dir/install.log" >&2; fail "install"; }
keymoord=$(find "$dir/usr" -name keymoord -type f)
[ -n "$keymoord" ] || fail "keymoord is not installed"

# The example, copied out of the tree, as a third party would have it.
cp -r "$dir"/usr/share/doc/keymoor/examples/ta_hello "$dir/example"
cmake -S "$dir/example" -B "$dir/example/build" -DCMAKE_PREFIX_PATH="$dir/usr" >"$dir/configure.log" 2>&1 || {
    cat "$dir/configure.log" >&2
    fail "the example does not configure"
}
cmake --build "$dir/example/build" >"$dir/build.log" 2>&1 || { cat "$dir/build.log" >&2; fail "the example does not build"; }

# Signed with the third party's key: only a service that trusts it loads it.
mkdir -m 0700 "$dir/state"
export KEYMOOR_SOCKET=$dir/sock
export LD_LIBRARY_PATH
LD_LIBRARY_PATH=$(dirname "$(find "$dir/usr" -name 'libkeymoor_teec.so')")
serve() {
    rm -f "$dir/log"
    "$keymoord" -s "$dir/state" -S "$KEYMOOR_SOCKET" -t "$dir/example/build/ta" --host "$(find "$dir/usr" -name keymoor-host)" "$@" 2>"$dir/log" &
    service=$!
    for _ in $(seq 1000); do
        grep -qs 'ready on' "$dir/log" && return
        sleep 0.01
    done
    fail "keymoord does not start: $(cat "$dir/log")"
}
serve -k "$dir/usr/share/keymoor/ta-keys"
if "$dir/example/build/hello" you >"$dir/out" 2>&1; then
    fail "a package with a stranger's signature was loaded"
fi
kill "$service" && wait "$service"
serve -k "$dir/example/build/ta-keys"
"$dir/example/build/hello" you >"$dir/out" 2>&1 || { cat "$dir/out" "$dir/log" >&2; fail "the example does not run"; }
grep -qx 'Hello, you!' "$dir/out" || fail "the example says: $(cat "$dir/out")"
kill "$service" && wait "$service"

# Socket activation and the word to the service manager, without a service manager.
if command -v systemd-socket-activate >/dev/null; then
    systemd-socket-activate --seqpacket -l "$dir/activated" "$keymoord" -s "$dir/state" -t "$dir/example/build/ta" \
        -k "$dir/example/build/ta-keys" --host "$(find "$dir/usr" -name keymoor-host)" 2>"$dir/log" &
    service=$!
    for _ in $(seq 1000); do
        [ -S "$dir/activated" ] && break
        sleep 0.01
    done
    KEYMOOR_SOCKET=$dir/activated "$dir/example/build/hello" again >"$dir/out" 2>&1 || { cat "$dir/out" "$dir/log" >&2; fail "socket activation"; }
    kill "$service" && wait "$service"
    service=""
fi
if command -v systemd-analyze >/dev/null; then
    units=$(find "$dir/usr" -name keymoord.service -exec dirname {} \;)
    sed -i "s,^ExecStart=[^ ]*,ExecStart=$keymoord," "$units/keymoord.service"
    tunnel=$(find "$dir/usr" -name keymoor-tunnel -type f)
    sed -i "s,^ExecStart=[^ ]*,ExecStart=$tunnel," "$units/keymoor-tunnel@.service"
    cloud=()
    if [ -f "$units/keymoor-cloud-control.service" ]; then
        sed -i "s,^ExecStart=/usr/bin,ExecStart=$dir/usr/bin," "$units"/keymoor-cloud-*.service
        sed -i "s,^ExecStart=/usr/sbin/mosquitto,ExecStart=/bin/true," "$units/keymoor-cloud-broker@.service"
        cloud=("$units/keymoor-cloud-control.service" "$units/keymoor-cloud-rules.service" "$units/keymoor-cloud-broker@.service" "$units/keymoor-cloud.target")
    fi
    # Whatever it says of our units is an error; other units of the machine are not our matter.
    systemd-analyze verify "$units/keymoord.service" "$units/keymoord.socket" "$units/keymoor-tunnel@.service" \
        "$units/keymoor-tunnel@.socket" "${cloud[@]}" 2>&1 | grep -i 'keymoor' >"$dir/verify" || true
    grep -v 'man ' "$dir/verify" && fail "systemd-analyze verify"
    # secure UNIT EXPOSURE: in tenths, at most.
    secure() {
        systemd-analyze security --offline=true --threshold="$2" "$units/$1" >"$dir/security" 2>&1 || {
            tail -n 3 "$dir/security" >&2
            fail "systemd-analyze security $1"
        }
        tail -n 1 "$dir/security"
    }
    secure keymoord.service 40
    secure keymoor-tunnel@.service 20
    if [ "${#cloud[@]}" -gt 0 ]; then
        secure keymoor-cloud-control.service 20
        secure keymoor-cloud-broker@.service 20
        # It gives each function namespaces and a user.
        secure keymoor-cloud-rules.service 60
        systemd-sysusers --root="$dir" --dry-run "$(find "$dir/usr" -path '*sysusers.d/keymoor-cloud.conf')" >"$dir/sysusers" 2>&1 || {
            cat "$dir/sysusers" >&2
            fail "systemd-sysusers"
        }
    fi
fi
echo "the installation works"
