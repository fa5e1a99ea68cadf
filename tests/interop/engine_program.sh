#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The engine inside C programs: named keys; its methods beside OpenSSL's own; keys of the program's own; a program that
# has made it the default for everything, and one that ends while its threads work.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

create ec ec256
create rsa rsa2048
create locked ec256 "open sesame"
for program in test_engine test_engine_methods test_engine_keys; do
    with_engine "$build/tests/$program" || exit 1
done
with_engine "$build/tests/test_engine_all" "$modules/engines/libclrc.so" || exit 1
for _ in $(seq 10); do
    check "exit while threads work" with_engine timeout 120 "$build/tests/test_engine_all" "$modules/engines/libclrc.so" exit
done
finish
