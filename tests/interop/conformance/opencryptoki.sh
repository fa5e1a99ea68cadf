# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # softhsm, ours, conformance, work: pkcs11_conformance.sh, which sources this
# openCryptoki's test programs, of release 3.23: published vectors, life of objects and sessions, forks, PINs. They take a library by
# $PKCSLIB; opencryptoki.c stands in front of each module, the same for both, for what they take as given of their own.
opencryptoki_source=http://deb.debian.org/debian/pool/main/o/opencryptoki/opencryptoki_3.23.0%2bdfsg.orig.tar.xz

# Left out: what is IBM's own (dilithium, kyber, attribute-bound keys, re-encryption, events) or SSL 3's; v3.0's lists, for which
# opencryptoki.c stands in; programs that only measure, or want to be watched.
opencryptoki_programs="crypto/aes_func crypto/des3_func crypto/dh_func crypto/digest_func crypto/dsa_func crypto/ec_func crypto/rsa_func
    crypto/rsaupdate_func pkcs11/attribute pkcs11/copyobjects pkcs11/destroyobjects pkcs11/findobjects pkcs11/generate_keypair
    pkcs11/getobjectsize pkcs11/sess_opstate pkcs11/sess_mgmt pkcs11/gen_purpose misc_tests/fork misc_tests/obj_mgmt
    misc_tests/obj_mgmt_lock misc_tests/dual_functions"

opencryptoki_fetch() {
    curl -sfL --max-time 120 -o opencryptoki.tar.xz "$opencryptoki_source" &&
        tar xf opencryptoki.tar.xz && mv opencryptoki-*/ opencryptoki
}

opencryptoki_build() {
    local program source=opencryptoki
    local options=(-w -O0 -D_GNU_SOURCE -D_THREAD_SAFE -DDEV -Iopencryptoki-build "-I$source/usr/include" "-I$source/usr/lib/common"
        "-I$source/usr/lib/api" "-I$source/testcases/include" "-I$source/testcases/common" "-I$source/testcases/crypto")
    mkdir opencryptoki-build
    : >opencryptoki-build/mechtable-gen.h # made by its build; only names are in it
    gcc -c "${options[@]}" "$conformance/opencryptoki_names.c" -o opencryptoki-build/names.o || return 1
    for program in $opencryptoki_programs; do
        # Each has common.c in itself.
        gcc "${options[@]}" "$source/testcases/$program.c" opencryptoki-build/names.o -o "opencryptoki-build/${program#*/}" \
            -lcrypto -ldl -lpthread || return 1
    done
    # shellcheck disable=SC2046 # several options
    gcc -shared -fPIC -O1 -Wall $(pkg-config --cflags nss) -o opencryptoki-build/between.so "$conformance/opencryptoki.c" -ldl
}

# opencryptoki_run MODULE SLOT NAME: in NAME.counts, a program and how many of its assertions passed.
opencryptoki_run() {
    local program name
    local -x PKCSLIB=$work/opencryptoki-build/between.so CONFORMANCE_MODULE=$1
    local -x PKCS11_USER_PIN=12345678 PKCS11_SO_PIN=87654321
    for program in $opencryptoki_programs; do
        name=${program#*/}
        timeout 900 "opencryptoki-build/$name" -slot "$2" -nostop </dev/null >"$3.$name" 2>&1
        echo "$name $(sed -n 's/^Total=.* Passed=\([0-9]*\),.*/\1/p' "$3.$name" | tail -1)"
    done >"$3.counts"
}

opencryptoki_both() {
    local slot
    mkdir opencryptoki-tokens
    echo "directories.tokendir = $work/opencryptoki-tokens" >opencryptoki.conf
    local -x SOFTHSM2_CONF=$work/opencryptoki.conf
    softhsm2-util --init-token --free --label opencryptoki --so-pin 87654321 --pin 12345678 >/dev/null || return 1
    slot=$(softhsm2-util --show-slots | sed -n '0,/^Slot /s/^Slot //p')
    opencryptoki_run "$softhsm" "$slot" softhsm
    stop_keymoord
    rm -rf "$work/state"
    start_keymoord
    pkcs11-tool --module "$ours" --init-token --slot-index 0 --label opencryptoki --so-pin 87654321 >/dev/null &&
        pkcs11-tool --module "$ours" --token-label opencryptoki --init-pin --so-pin 87654321 --pin 12345678 >/dev/null || return 1
    slot=$(pkcs11-tool --module "$ours" -L | sed -n 's/^Slot .*(0x\([0-9a-f]*\)).*/\1/p' | head -1)
    opencryptoki_run "$ours" $((16#$slot)) ours
}

# opencryptoki_as_much: in each program but those that are written down, and in all.
opencryptoki_as_much() {
    paste -d' ' softhsm.counts ours.counts | cut -d' ' -f1,2,4 | awk '
        NR == FNR { less[$1] = 1; next }
        {
            print "  " $1 ": " $2 + 0 " and " $3 + 0
            theirs += $2
            ours += $3
            if ($3 + 0 < $2 + 0 && !($1 in less)) {
                print "  fewer than SoftHSM2"
                bad = 1
            }
        }
        END {
            print "openCryptoki'\''s tests: with SoftHSM2 " theirs + 0 " assertions hold, with ours " ours + 0
            exit bad || theirs < 2000 || ours < theirs
        }' "$conformance/opencryptoki_less" -
}
