#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demo, interrupted at several moments as by Ctrl-C: nothing it started is left, nor its folder.
set -eu
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# left: processes that have the scratch folder in their command line
left() { pgrep -f "$scratch/keymoor-dev" || true; }

# At once: when the folder is there and nobody knows of it yet.
mkdir "$scratch/bin"
cat >"$scratch/bin/mktemp" <<MKTEMP
#!/bin/sh
made=\$($(command -v mktemp) "\$@")
case "\$made" in */keymoor-dev.*) kill -INT 0 ;; esac
echo "\$made"
MKTEMP
chmod +x "$scratch/bin/mktemp"

for delay in at-once 0.05 0.2 0.4 0.7 1.1 1.6; do
    path=$PATH
    [ "$delay" != at-once ] || path=$scratch/bin:$PATH
    PATH=$path TMPDIR=$scratch env --default-signal=INT setsid "$source/scripts/demo" "$build" >"$scratch/out" 2>&1 &
    demo=$!
    if [ "$delay" != at-once ]; then
        # Before setsid there is no group that a signal would reach.
        until kill -0 -- "-$demo" 2>/dev/null; do sleep 0.01; done
        sleep "$delay"
        kill -INT -- "-$demo" 2>/dev/null || true
    fi
    # A demo that does not end is shown and ended, not waited for.
    (
        sleep 120
        ps -eo pid,ppid,pgid,stat,wchan,args | awk -v group="$demo" '$3 == group' >&2
        kill -KILL -- "-$demo"
    ) >/dev/null 2>"$scratch/hung" &
    watchdog=$!
    status=0
    wait "$demo" || status=$?
    [ "$status" -eq 130 ] || { echo "FAILED: exit status $status after $delay s" >&2; cat "$scratch/out" "$scratch/hung" >&2; exit 1; }
    pkill -P "$watchdog" 2>/dev/null || true
    kill "$watchdog" 2>/dev/null || true
    for _ in $(seq 600); do
        [ -n "$(left)" ] || break
        sleep 0.05
    done
    if [ -n "$(left)" ]; then
        echo "FAILED: interrupted after $delay s, still running:" >&2
        ps -o pid,args -p "$(left | paste -sd,)" >&2
        exit 1
    fi
    if [ -n "$(find "$scratch" -maxdepth 1 -name 'keymoor-dev.*')" ]; then
        echo "FAILED: interrupted after $delay s, a folder is left" >&2
        exit 1
    fi
done
echo "7 interruptions, nothing left behind"
