# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scenarios of the PKCS#11 module share: the module, how its tokens introduce themselves, and words for the
# tools. Sourced in the place of lib.sh, which it sources.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

module=$build/pkcs11/libkeymoor_pkcs11.so
printf '%s\n' 'manufacturer = Infineon' 'model = SLB9670' 'serial = 0000000000000000' 'label = soft root' \
    'hardware-version = 1.16' 'firmware-version = 7.40' 'hardware-slot = yes' >pkcs11.conf
export KEYMOOR_PKCS11_CONF=$work/pkcs11.conf

# A sanitizer watches the module inside programs that have faults and leaks of their own: none of these ends the
# program, and no_reports looks for those that are the module's. Debian's programs keep no frame pointers: only the slow way of unwinding
# names who allocated and freed for them.
loaded=(env)
if [ -n "${KM_TEST_PRELOAD:-}" ]; then
    mkdir reports
    options="halt_on_error=0:exitcode=0:symbolize=0:log_path=$work/reports/report:fast_unwind_on_malloc=0"
    loaded+=("LD_PRELOAD=$KM_TEST_PRELOAD" "ASAN_OPTIONS=$options" "TSAN_OPTIONS=$options" "LSAN_OPTIONS=exitcode=0")
fi
no_reports() { ! grep -l libkeymoor_pkcs11 reports/* 2>/dev/null; }

tool() { "${loaded[@]}" pkcs11-tool --module "$module" "$@"; }
token() { tool --token-label greengrass "$@"; }
mine() { token --login --pin 1234 "$@"; }
gnutls() { GNUTLS_PIN=1234 "${loaded[@]}" p11tool --provider "$module" "$@"; }

# make_token: the token that a kit's manual speaks of, with its PINs.
make_token() {
    check "make a token" tool --init-token --slot-index 1 --label greengrass --so-pin 12345678
    check "set its user PIN" token --init-pin --so-pin 12345678 --pin 1234
}

# says TEXT COMMAND...: the command's output has a line with that pattern.
says() {
    local text=$1
    shift
    "$@" 2>&1 | tee said.txt | grep -q -- "$text" || { cat said.txt; return 1; }
}

# prints FILE COMMAND...: the command prints what the file has, blanks and empty lines apart.
prints() {
    local expected=$1
    shift
    "$@" 2>/dev/null >said.txt || return 1
    diff -wB "$expected" said.txt
}

# tls_server CERT KEY-OPTION...: an `openssl s_server` that demands a certificate of ca.crt's and shows it in its answer; sets port and server.
tls_server() {
    port=$(free_port)
    "${loaded[@]}" openssl s_server -accept "127.0.0.1:$port" -cert "$1" "${@:2}" -CAfile ca.crt -Verify 2 -verify_return_error \
        -www >server.txt 2>&1 &
    server=$!
    started "$server" "$port" || { cat server.txt; exit 1; }
}

# shows_client NAME COMMAND...: the command is given a request and prints the server's answer, in which that client's name stands. Its own
# word that the handshake is done says nothing about its certificate in TLS 1.3.
shows_client() {
    printf 'GET / HTTP/1.0\r\n\r\n' | "${loaded[@]}" timeout 120 "${@:2}" >answer.txt 2>&1
    if ! grep -q "Client certificate" answer.txt || ! grep -q "CN *= *$1" answer.txt; then
        cat answer.txt
        return 1
    fi
}

# done_with_module: after the last check.
done_with_module() {
    [ -z "${KM_TEST_PRELOAD:-}" ] || check "no fault of the module's" no_reports
    finish
}
