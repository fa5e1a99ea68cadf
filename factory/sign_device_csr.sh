#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Signs a device's certificate signing request with an authority, with openssl alone.
#
#   sign_device_csr.sh -k CA_KEY.pem -c CA_CERT.pem -i DEVICE.csr.pem -o DEVICE_CERT.pem [-d DAYS] [-s NAME]
#
# -d  days the certificate is valid, 3650 by default
# -s  makes a server certificate for this host name or address instead of a device's
set -eu

usage() { sed -n '3,8s/^# \{0,1\}//p' "$0"; }
key="" cert="" csr="" out="" days=3650 server=""
while getopts k:c:i:o:d:s:h option; do
    case $option in
    k) key=$OPTARG ;;
    c) cert=$OPTARG ;;
    i) csr=$OPTARG ;;
    o) out=$OPTARG ;;
    d) days=$OPTARG ;;
    s) server=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
if [ -z "$key" ] || [ -z "$cert" ] || [ -z "$csr" ] || [ -z "$out" ]; then
    usage >&2
    exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    echo "basicConstraints = critical, CA:FALSE"
    echo "keyUsage = critical, digitalSignature, keyAgreement"
    echo "subjectKeyIdentifier = hash"
    echo "authorityKeyIdentifier = keyid"
    if [ -n "$server" ]; then
        echo "extendedKeyUsage = serverAuth"
        case $server in
        *[!0-9.]*) echo "subjectAltName = DNS:$server" ;;
        *) echo "subjectAltName = IP:$server" ;;
        esac
    else
        echo "extendedKeyUsage = clientAuth"
    fi
} >"$work/extensions"
serial=0x$(openssl rand -hex 16 | sed 's/^./4/')
openssl x509 -req -sha256 -in "$csr" -CA "$cert" -CAkey "$key" -set_serial "$serial" -days "$days" \
    -extfile "$work/extensions" -out "$work/cert.pem"
mv "$work/cert.pem" "$out"
