#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check
# Outside tests of the PKCS#11 interface, over SoftHSM2 and over our module: docs/pkcs11.md has the tables. Their sources come from
# Debian's archive each time and are not kept.
#
# OpenSC's p11test is for any token: ours must do what SoftHSM2 does but for conformance/opensc_less, and more in all.
#
# openCryptoki's test programs are for its own library, and run over others with something between: ours must pass as much of each but
# for conformance/opencryptoki_less, and more in all.
#
# SoftHSM2's own tests run two ways: as published, and with sizes that are offered today (without single DES, by the switch that the
# tests have for it). Each test is a process with a token of its own. What of ours fails must stand in conformance/expected, and
# what stands there must fail.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

conformance=$KM_TEST_SOURCE/tests/interop/conformance
softhsm=/usr/lib/softhsm/libsofthsm2.so
ours=$build/pkcs11/libkeymoor_pkcs11.so
# shellcheck source=SCRIPTDIR/conformance/opensc.sh
. "$conformance/opensc.sh"
# shellcheck source=SCRIPTDIR/conformance/opencryptoki.sh
. "$conformance/opencryptoki.sh"

skip() {
    echo "skipped: $1"
    exit 77
}

# apt_private ARGS...: apt-get with source packages and folders of its own; the machine's are left alone.
apt_private() {
    apt-get -q -o "Dir::Etc::SourceList=$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User= \
        -o Acquire::http::Timeout=20 "$@"
}

fetch() {
    local codename
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    mkdir -p apt/lists/partial apt/cache/archives/partial
    echo "deb-src http://deb.debian.org/debian $codename main" >apt/sources.list
    apt_private update >apt.log 2>&1 || return 1
    apt_private source --download-only --tar-only softhsm2 opensc >>apt.log 2>&1 || return 1
    tar xf softhsm2_*.orig.tar.gz && mv softhsm2-*/ softhsm2 && tar xf opensc_*.orig.tar.gz && mv OpenSC-*/ opensc
}

# build_tests WAY: the program WAY/p11test.
build_tests() {
    local way=$1 source
    mkdir -p "$way/tokens"
    cp -r softhsm2/src/lib/test "$way/src"
    for option in WITH_ECC WITH_EDDSA WITH_RAW_PSS WITH_AES_GCM HAVE_AES_KEY_WRAP HAVE_AES_KEY_WRAP_PAD HAVE_PTHREAD_H; do
        echo "#define $option 1"
    done >"$way/config.h"
    if [ "$way" = raised ]; then
        python3 "$conformance/raise_sizes.py" "$way/src" || return 1
        echo "#define WITH_FIPS 1" >>"$way/config.h"
    fi
    for source in "$way"/src/*.conf.in; do
        sed "s#@builddir@#$work/$way#" "$source" >"$way/$(basename "$source" .in)"
    done
    cp softhsm2/src/lib/common/osmutex.cpp "$conformance/log.cpp" "$way/src"
    (cd "$way/src" && printf '%s\n' ./*.cpp | nice xargs -P 2 -n 1 g++ -c -O0 -w -I.. -I. \
        -I../../softhsm2/src/lib/pkcs11 -I../../softhsm2/src/lib/common -I../../softhsm2/src/lib \
        '-DP11M=getenv("P11M")' -include stdlib.h) || return 1
    g++ -o "$way/p11test" "$way"/src/*.o -lcppunit -ldl -lpthread
}

# one WAY MODULE TEST
one() {
    rm -rf "${1:?}/tokens" && mkdir "$1/tokens"
    (cd "$1" && P11M=$2 timeout 300 ./p11test "$3" </dev/null) >one.log 2>&1
}

# run_tests WAY: which of our module's fail, in WAY.failed; and how many of SoftHSM2's do.
run_tests() {
    local way=$1 test n=0 theirs=0
    : >"$way.failed"
    stop_keymoord
    while IFS= read -r test; do
        n=$((n + 1))
        one "$way" "$softhsm" "$test" || theirs=$((theirs + 1))
        rm -rf "$work/state"
        start_keymoord
        one "$way" "$ours" "$test" || echo "$way $test" >>"$way.failed"
        stop_keymoord
    done <"$conformance/tests"
    echo "$way: of $n tests SoftHSM2 passes $((n - theirs)), ours $((n - $(wc -l <"$way.failed")))"
    start_keymoord
}

as_expected() {
    grep "^$1 " "$conformance/expected" | sed 's/ *#.*//' | LC_ALL=C sort >expected
    LC_ALL=C sort "$1.failed" | diff expected -
}

command -v g++ >/dev/null || skip "g++ is missing"
[ -e /usr/include/cppunit/TestFixture.h ] || skip "libcppunit-dev is missing"
[ -e "$softhsm" ] || skip "softhsm2 is missing"
for tool in pkcs11-tool certtool softhsm2-util; do
    command -v "$tool" >/dev/null || skip "$tool is missing"
done
fetch || skip "the sources of softhsm2 and opensc can't be had: $(tail -1 apt.log)"
printf 'key-slot = no\n' >pkcs11.conf
export KEYMOOR_PKCS11_CONF=$work/pkcs11.conf
check "OpenSC's tests are built" opensc_build
check "OpenSC's tests run over both" opensc_both
check "ours does as much" opensc_as_much
cat out.txt
if opencryptoki_fetch; then
    check "openCryptoki's tests are built" opencryptoki_build
    check "openCryptoki's tests run over both" opencryptoki_both
    check "ours passes as much" opencryptoki_as_much
    cat out.txt
else
    echo "skipped: the source of openCryptoki can't be had"
fi
for way in raised published; do
    check "the tests are built, $way" build_tests $way
    run_tests $way
    check "what fails is what is written down, $way" as_expected $way
done
finish
