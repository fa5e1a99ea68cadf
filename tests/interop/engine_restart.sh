#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check
# A program that does everything by the engine, while the service goes away and comes back: it fails cleanly while it is
# away, nothing hangs, and the program needs no restart.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

create ec ec256
create rsa rsa2048
coproc program { with_engine "$build/tests/test_engine_all" "$modules/engines/libclrc.so" steps 2>err.txt; }
# step WORD: it does a bit of everything, and says so.
step() {
    local said=""
    [ "$1" = first ] || echo "$1" >&"${program[1]}"
    read -r -t 60 said <&"${program[0]}"
    echo "$said"
}
says() { [ "$(step "$1")" = "$2" ]; }

check "everything works" says first ok
check "messages are begun" says begin ok
check "and fed" says feed fed
check "and end" says end whole
for signal in TERM KILL; do
    check "messages are begun" says begin ok
    check "and fed" says feed fed
    stop_keymoord $signal
    check "it fails while the service is away after $signal" says next failed
    check "and once more" says next failed
    check "what is fed is lost" says feed fed
    start_keymoord
    check "and what comes later is no use" says feed fed
    check "so nothing comes out" says end cut
    check "it works when the service is back" says next ok
    check "and once more" says next ok
done
finish
