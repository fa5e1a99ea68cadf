# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # softhsm, ours, conformance: pkcs11_conformance.sh, which sources this
# OpenSC's p11test: signs, deciphers, agrees and wraps with whatever keys a token has, by each mechanism that the token says it has, and
# checks with libcrypto. Both tokens get the same keys by the same commands.

opensc_build() {
    local source
    mkdir opensc-build
    # What its configure would find: nothing of it matters to the tests.
    printf '#define %s\n' 'ENABLE_OPENSSL 1' 'HAVE_UNISTD_H 1' 'PACKAGE_VERSION "Debian"' >opensc-build/config.h
    for source in opensc/src/tests/p11test/*.c; do
        gcc -c -O0 -w -Iopensc-build -Iopensc/src "$source" -o "opensc-build/$(basename "$source" .c).o" || return 1
    done
    gcc -o opensc-build/p11test opensc-build/*.o -lcmocka -lcrypto -ldl
}

token_tool() { pkcs11-tool --module "$1" --token-label conformance --login --pin 123456 "${@:2}" >>tool.log 2>&1; }

# opensc_pair MODULE TYPE ID USAGE...: a pair.
opensc_pair() { token_tool "$1" --keypairgen --key-type "$2" --id "$3" --label "key $3" "${@:4}"; }
# opensc_certificate MODULE ID: for the pair with that id.
opensc_certificate() {
    local of="pkcs11:token=conformance;id=%$2"
    printf 'cn = conformance\nexpiration_days = 2\n' >template
    GNUTLS_PIN=123456 certtool --generate-self-signed --template template --provider "$1" --load-privkey "$of;type=private" \
        --load-pubkey "$of;type=public" --outder --outfile certificate >>tool.log 2>&1 &&
        token_tool "$1" --write-object certificate --type cert --id "$2" --label "key $2"
}
opensc_secret() { token_tool "$1" --keygen --key-type "$2" --id "$3" --label "key $3" "${@:4}"; }

# opensc_keys MODULE: extractable ones, so that there is something to wrap, and one to wrap what is sensitive.
opensc_keys() {
    opensc_pair "$1" rsa:2048 01 --extractable --usage-sign --usage-decrypt --usage-wrap &&
        opensc_pair "$1" rsa:3072 02 --extractable --usage-sign --usage-decrypt --usage-wrap &&
        opensc_pair "$1" EC:secp256r1 03 --extractable --usage-sign --usage-derive &&
        opensc_pair "$1" EC:secp521r1 04 --extractable --usage-sign --usage-derive &&
        opensc_pair "$1" EC:edwards25519 05 --extractable --usage-sign &&
        opensc_certificate "$1" 01 && opensc_certificate "$1" 02 &&
        opensc_certificate "$1" 03 && opensc_certificate "$1" 04 &&
        opensc_secret "$1" aes:16 07 --extractable --usage-decrypt --usage-sign &&
        opensc_secret "$1" aes:32 08 --extractable --usage-decrypt --usage-sign &&
        opensc_secret "$1" aes:16 09 --extractable --usage-wrap &&
        opensc_secret "$1" aes:32 0A --sensitive --usage-wrap
}

# opensc_token MODULE
opensc_token() {
    if [ "$1" = "$softhsm" ]; then
        softhsm2-util --init-token --free --label conformance --so-pin 12345678 --pin 123456 >>tool.log 2>&1
    else
        pkcs11-tool --module "$1" --init-token --slot-index 0 --label conformance --so-pin 12345678 >>tool.log 2>&1 &&
            pkcs11-tool --module "$1" --token-label conformance --init-pin --so-pin 12345678 --pin 123456 >>tool.log 2>&1
    fi
}

# opensc_run MODULE NAME: what works, in NAME.works; NAME.results: each test and how it ended.
opensc_run() {
    : >tool.log
    if ! opensc_token "$1" || ! opensc_keys "$1"; then
        cat tool.log
        return 1
    fi
    timeout 300 opensc-build/p11test -m "$1" -p 123456 </dev/null >"$2.said" 2>"$2.log"
    python3 -B "$conformance/opensc_works.py" "$2.said" "$2.works" "$2.results"
}

opensc_both() {
    mkdir softhsm-tokens
    echo "directories.tokendir = $work/softhsm-tokens" >softhsm2.conf
    SOFTHSM2_CONF=$work/softhsm2.conf opensc_run "$softhsm" softhsm && opensc_run "$ours" ours
}

# opensc_as_much: all that works with SoftHSM2 but what is written down, and more in all; and no test fails that passes there.
opensc_as_much() {
    local theirs
    theirs=$(wc -l <softhsm.works)
    echo "OpenSC's p11test: with SoftHSM2 $theirs things work, with ours $(wc -l <ours.works)"
    paste -d' ' softhsm.results ours.results | sed 's/^/  /'
    sed 's/ *#.*//' "$conformance/opensc_less" | LC_ALL=C sort >less
    if LC_ALL=C comm -23 softhsm.works ours.works | LC_ALL=C comm -23 - less | grep .; then
        echo "these do not work with ours"
        return 1
    fi
    [ "$theirs" -gt 40 ] && [ "$(wc -l <ours.works)" -ge "$theirs" ] &&
        ! paste -d' ' softhsm.results ours.results | grep -q ' OK .* FAILED'
}
