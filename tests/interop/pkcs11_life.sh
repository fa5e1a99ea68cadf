#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check
# Life and death of programs that have the PKCS#11 module in them: loading, unloading, exits, forks, other modules beside it.
# shellcheck source=SCRIPTDIR/pkcs11_lib.sh
. "$(dirname "$0")/pkcs11_lib.sh"

export KM_TEST_MODULE=$module
# Children let go of their parent's objects without releasing them, and processes end in the middle of things, on purpose.
program() { env ${KM_TEST_PRELOAD:+LD_PRELOAD=$KM_TEST_PRELOAD ASAN_OPTIONS=detect_leaks=0} timeout 120 "$build/tests/$1" "${@:2}"; }

check "make a key" program pkcs11_host make
make_token
check "loading costs nothing" program pkcs11_host costs
check "loaded and unloaded, finalised" program pkcs11_host reload
check "loaded and unloaded as it is" program pkcs11_host reload-as-it-is
check "never finalised" program pkcs11_host never-finalises
check "all descriptors closed" program pkcs11_host closes-all
for round in 1 2 3 4 5 6; do
    for end in leaves leaves-at-once finalises finalises-at-exit unloads first-thread-ends; do
        check "$end while threads sign, $round" program pkcs11_host $end $round
    done
done
check "finalised and initialised while threads sign" program pkcs11_host begins-again
for state in fresh initialised finalised session signature search login threads; do
    check "forks: $state" program pkcs11_forks $state
done

# ---- several modules in one process ----
cp "$module" first.so
cp "$module" second.so
check "ours twice" program pkcs11_neighbours ./first.so ./second.so
softhsm=/usr/lib/softhsm/libsofthsm2.so
[ -e "$softhsm" ] || softhsm=$(find /usr/lib -name libsofthsm2.so | head -1)
mkdir tokens
printf 'directories.tokendir = %s\nobjectstore.backend = file\n' "$work/tokens" >softhsm.conf
export SOFTHSM2_CONF=$work/softhsm.conf
check "a token of SoftHSM2" softhsm2-util --init-token --free --label other --pin 1234 --so-pin 12345678
check "ours and SoftHSM2" program pkcs11_neighbours "$module" "$softhsm"
check "ours twice and SoftHSM2" program pkcs11_neighbours ./first.so ./second.so "$softhsm"
finish
