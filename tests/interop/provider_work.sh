#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# What the provider does on request alone: by the openssl command line, and in a C program.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

create ec ec256
head -c 70000 /dev/urandom >data
tool() { with_provider openssl "$@"; }
ours=(-propquery provider=clrc)
key32=00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0
iv16=000102030405060708090a0b0c0d0e0f

# both WHAT FILE WORDS MORE: openssl with these words gives the same in FILE (- for its output) whether our
# provider is asked for between the words or not.
both() {
    local what=$1 file=$2 words=$3 more=$4
    # shellcheck disable=SC2086 # lists of words on purpose
    check "$what" tool $words "${ours[@]}" $more
    keep "$file" first
    # shellcheck disable=SC2086
    check "$what without us" openssl $words $more
    keep "$file" second
    check "$what: the same" cmp first second
}

# keep FILE|- AS: the file, or what the last command printed.
keep() {
    local from=$1
    [ "$from" = - ] && from=out.txt
    cp "$from" "$2"
}

for digest in md5 sha1 sha224 sha256 sha384 sha512 sha3-224 sha3-256 sha3-384 sha3-512 shake128 shake256; do
    both "dgst -$digest" - "dgst -$digest" data
done
for mode in cbc ctr ofb cfb ecb; do
    for bits in 128 192 256; do
        key=${key32:0:$((bits / 4))}
        both "enc -aes-$bits-$mode" enc.bin "enc -aes-$bits-$mode -K $key -iv $iv16" "-in data -out enc.bin"
        both "enc -d -aes-$bits-$mode" dec.bin "enc -d -aes-$bits-$mode -K $key -iv $iv16" "-in enc.bin -out dec.bin"
        check "enc -aes-$bits-$mode and back" cmp data dec.bin
    done
done
for mode in cbc ofb cfb; do
    both "enc -des-ede3-$mode" enc.bin "enc -des-ede3-$mode -K ${key32:0:48} -iv ${iv16:0:16}" "-in data -out enc.bin"
done
for digest in SHA1 SHA256 SHA3-512; do
    both "mac HMAC $digest" - "mac -digest $digest -macopt hexkey:$key32 -in data" HMAC
done
both "mac CMAC" - "mac -cipher AES-256-CBC -macopt hexkey:$key32 -in data" CMAC
both "kdf HKDF" - "kdf -keylen 99 -kdfopt digest:SHA256 -kdfopt hexkey:$key32 -kdfopt salt:salt -kdfopt info:info" HKDF
both "kdf PBKDF2" - "kdf -keylen 64 -kdfopt digest:SHA512 -kdfopt pass:word -kdfopt hexsalt:$key32 -kdfopt iter:2000" PBKDF2
both "kdf SSKDF" - "kdf -keylen 64 -kdfopt digest:SHA256 -kdfopt hexsecret:$key32 -kdfopt info:info" SSKDF
refuse "HKDF in halves" "as a whole" tool kdf "${ours[@]}" -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:$key32 \
    -kdfopt mode:EXPAND_ONLY -kdfopt info:info HKDF

# ---- random octets by configuration ----
sed 's/^\[openssl_init\]/&\nrandom = random_sect/' "$provider_conf" >random.cnf
printf '\n[random_sect]\nrandom = CLRC-RANDOM\n' >>random.cnf
random() { with_provider env OPENSSL_CONF="$work/random.cnf" openssl rand -hex 100000; }
check "rand" random
mv out.txt first
check "rand again" random
mv out.txt second
check "rand: as many octets as were asked for" test "$(wc -c <second)" -eq 200001
refuse "rand: the same octets" "" cmp first second
check "the C program" with_provider "$build/tests/test_provider_work"
grep KM_TEST_SEED out.txt

# ---- a stored key that never leaves ----
secret() { "$build/bin/keymoor" "$@"; }
if [ -x "$build/bin/keymoor" ]; then
    check "a reference by the command" secret key reference ec --out by-command.ref
    check "the provider reads it" tool pkey -in by-command.ref -pubout -out by-command.pub
    check "and finds that key" cmp by-command.pub <(tool pkey -in clrc:ec -pubout)
    check "a key for MACs" secret key create --type KEY_HMAC --bits 256 maker
    check "MAC with a stored key" tool mac "${ours[@]}" -digest SHA256 -macopt clrc-key:maker -in data HMAC
    mv out.txt first
    check "and again" tool mac "${ours[@]}" -digest SHA256 -macopt clrc-key:clrc:maker -in data HMAC
    mv out.txt second
    check "is the same" cmp first second
    refuse "a key that is not there" "no such key\|there is no key" tool mac "${ours[@]}" -digest SHA256 -macopt clrc-key:nobody -in data HMAC
    refuse "a key of another type" "" tool mac "${ours[@]}" -cipher AES-128-CBC -macopt clrc-key:maker -in data CMAC
fi

# ---- it is the service that works ----
check "speed with our digest, counted by the clock" with_provider timeout 120 openssl speed "${ours[@]}" -elapsed -seconds 1 -bytes 64 -evp sha256
stop_keymoord
refuse "dgst without the service" "service can't be reached" tool dgst -sha256 "${ours[@]}" data
refuse "enc without the service" "service can't be reached" tool enc -aes-128-cbc -K ${key32:0:32} -iv $iv16 "${ours[@]}" -in data -out enc.bin
refuse "mac without the service" "service can't be reached" tool mac -digest SHA256 -macopt hexkey:$key32 -in data "${ours[@]}" HMAC
refuse "rand without the service" "" random
check "nobody else is the worse for it" tool dgst -sha256 data
start_keymoord
check "dgst when it is back" tool dgst -sha256 "${ours[@]}" data
finish
