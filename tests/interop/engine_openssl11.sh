#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The engine's sources use no function that OpenSSL 1.1.1 has not; and where a libcrypto has no engines clrcLoadEngine
# compiles, and says so.
# Usage: engine_openssl11.sh SOURCE_DIR CC
set -eu
source=$1 cc=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Names of OpenSSL 3 that stand for older ones, as its headers tell; and those by which its new interfaces can be known.
headers="aes bio bn cmac crypto dh dsa ec engine err evp objects rand rsa ui x509"
include=$(echo '#include <openssl/opensslv.h>' | $cc -E - | sed -n 's|^# 1 "\(.*\)/openssl/opensslv.h".*|\1|p' | head -n 1)
{
    echo "#pragma GCC system_header"
    for header in $headers; do echo "#include <openssl/$header.h>"; done
    for header in $headers; do
        sed -n 's/^# *define *[A-Za-z0-9_]* *\([A-Za-z0-9]*_[A-Za-z0-9_]*_get[0-9]*_[a-z0-9_]*\)$/\1/p' "$include/openssl/$header.h"
        grep -oh '\b[A-Za-z0-9_]*\(_fetch\|_new_from_name\|_new_from_pkey\|_get_bn_param\|_get_params\|_set_params\|_new_ex\|_init_ex2\|_q_keygen\|_is_a\)\b' \
            "$include/openssl/$header.h" || true
        grep -oh '\b\(ERR_new\|ERR_set_debug\|ERR_set_error\|ERR_raise\|ERR_raise_data\|EVP_RSA_gen\|EVP_EC_gen\|EVP_Q_[a-z]*\|EVP_MAC_[a-z]*\|EVP_KDF_[a-z]*\|EVP_RAND_[a-z]*\)\b' \
            "$include/openssl/$header.h" || true
    done | sort -u | sed 's/^/#pragma GCC poison /'
} >openssl11.h
[ "$(grep -c poison openssl11.h)" -ge 50 ] || { echo "FAILED: OpenSSL's headers do not tell what is new"; exit 1; }

compile() {
    $cc -std=gnu11 -D_GNU_SOURCE -DOPENSSL_API_COMPAT=0x10101000L -DOPENSSL_SUPPRESS_DEPRECATED -DKM_ENGINE_OPENSSL_11 \
        -Wall -Wextra -Werror -include openssl11.h -I"$source" -I"$source/include" -fsyntax-only "$1"
}
for file in "$source"/interop/engine/*.c; do
    compile "$file" || { echo "FAILED: $file is for OpenSSL 3 alone"; exit 1; }
done
# It would be noticed.
printf '#include <openssl/evp.h>\nint nid(const EVP_MD *md);\nint nid(const EVP_MD *md) { return EVP_MD_get_type(md); }\n' >new.c
if compile new.c 2>/dev/null; then
    echo "FAILED: a new name is not noticed"
    exit 1
fi
sed 's/EVP_MD_get_type/EVP_MD_type/' new.c >old.c
compile old.c

cat >main.c <<'C'
#include <openssl/err.h>
#include "clrc_util.h"
int main(void)
{
    int status = clrcLoadEngine("./libclrc.so", 0xffffu, 1);
    ERR_print_errors_fp(stdout);
    return status == 0 ? 0 : 1;
}
C
$cc -Wall -Wextra -Werror -DOPENSSL_NO_ENGINE -DOPENSSL_SUPPRESS_DEPRECATED -I"$source/include" -o without main.c "$source/interop/engine/clrc_util.c" -lcrypto
./without >said.txt
grep -q 'without engines' said.txt || { echo "FAILED: it says"; cat said.txt; exit 1; }
echo "the engine's sources are good for OpenSSL 1.1.1, and clrcLoadEngine for one without engines"
