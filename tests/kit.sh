# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests that go through the user guide's printed commands: the kit, and a device to run them on. Usage in a test:
#   . "$(dirname "$0")/../kit.sh"; kit "$1"; kit_has FILE...; walk <<'WALK'
# shellcheck shell=bash disable=SC2034

# kit BUILD_DIR: lays it out in $kit ($KEYMOOR_KIT in the walk, where $KM_FREE_PORT prints a free port), which goes at the end; sets $build and
# $source.
kit() {
    build=$(cd "$1" && pwd)
    source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    kit=$(mktemp -d)
    trap 'rm -rf "$kit"' EXIT
    "$source/scripts/make-kit" "$build" "$kit" >"$kit/log" 2>&1 || { cat "$kit/log" >&2; exit 1; }
    export KEYMOOR_KIT=$kit KM_FREE_PORT=$source/tests/free_port.py
}

# kit_has FILE...: in its folder corelockr, and not empty.
kit_has() {
    local file
    for file in "$@"; do
        [ -s "$kit/corelockr/$file" ] || { echo "FAILED: the kit has no $file" >&2; exit 1; }
    done
}

# walk: runs the shell commands on standard input in a new device; $kit/out is what they print.
walk() {
    cat >"$kit/walk"
    "$build/bin/keymoor" dev sh "$kit/walk" >"$kit/out" 2>&1 || { cat "$kit/out" >&2; echo "FAILED: a printed command" >&2; exit 1; }
}
