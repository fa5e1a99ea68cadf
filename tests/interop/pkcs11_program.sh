#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check
# A program that calls the PKCS#11 module's functions.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

# Children that the program forks let their parent's sessions and objects go without releasing them, on purpose.
run() {
    env "KM_TEST_MODULE=$build/pkcs11/libkeymoor_pkcs11.so" ${KM_TEST_PRELOAD:+LD_PRELOAD=$KM_TEST_PRELOAD ASAN_OPTIONS=detect_leaks=0} \
        "$build/tests/$1"
}
for program in test_pkcs11 test_pkcs11_functions test_pkcs11_mechanisms test_pkcs11_curves; do
    check "$program" run $program
    cat out.txt
done
finish
