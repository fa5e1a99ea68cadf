#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the evaluation authorities of a device's owner and of the fleet service, with openssl alone.
#
#   make_evaluation_pki.sh -o DIR [-e DIR]
#
# DIR gets, for each of oem_root, oem_cloud, oem_payload, oem_command, emp_root and emp_cloud, a
# NAME_key.pem (EC P-256) and a self-signed NAME_cert.pem, and demo/ with what the TLS demonstrations need: server-prov.key
# and .crt, issued by oem_root (ca-prov.crt); server-ext and client-ext, issued by an authority from outside (ca-ext.crt).
# With -e another one gets what clrsc_example is tried with: an authority (clrsc_example_ca_key.pem, _ca_cert.pem), two
# certificates that it issued (clrsc_example_server_01.pem, _02.pem) and the command key (clrsc_example_command_key.pem).
# A directory that holds them already is left alone.
# Keys made here are for trying things out: they lie in files and protect nothing.
set -eu

usage() { sed -n '3,14s/^# \{0,1\}//p' "$0"; }
out="" example=""
while getopts o:e:h option; do
    case $option in
    o) out=$OPTARG ;;
    e) example=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
[ -n "$out" ] || { usage >&2; exit 2; }

umask 077
mkdir -p "$out"

# ec_key FILE
ec_key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve -out "$1"
}

# authority NAME SUBJECT [DIR]
authority() {
    dir=${3:-$out}
    [ ! -s "$dir/$1_cert.pem" ] || return 0
    ec_key "$dir/$1_key.pem.new"
    cat >"$dir/$1.conf" <<CONF
[req]
distinguished_name = name
x509_extensions = authority
prompt = no
[name]
O = Keymoor Evaluation
CN = $2
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
CONF
    openssl req -new -x509 -sha256 -days 7300 -config "$dir/$1.conf" -key "$dir/$1_key.pem.new" \
        -out "$dir/$1_cert.pem.new"
    rm -f "$dir/$1.conf"
    mv "$dir/$1_key.pem.new" "$dir/$1_key.pem"
    mv "$dir/$1_cert.pem.new" "$dir/$1_cert.pem"
}

authority oem_root "Evaluation OEM Root"
authority oem_cloud "Evaluation Cloud Root"
authority oem_payload "Evaluation OEM Payload"
authority oem_command "Evaluation OEM Command"
authority emp_root "Evaluation Fleet Root"
authority emp_cloud "Evaluation Fleet Cloud"

# demo_leaf NAME CA_KEY CA_CERT USE: a server for localhost, or a client
demo_leaf() {
    [ ! -s "$demo/$1.crt" ] || return 0
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve \
        -out "$demo/$1.key"
    cat >"$demo/$1.conf" <<CONF
[req]
distinguished_name = name
prompt = no
[name]
O = Keymoor Evaluation
CN = Demo $1
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = $4
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
CONF
    openssl req -new -sha256 -config "$demo/$1.conf" -key "$demo/$1.key" -out "$demo/$1.csr"
    openssl x509 -req -sha256 -days 3650 -in "$demo/$1.csr" -CAkey "$2" -CA "$3" -set_serial "0x$(openssl rand -hex 8)" \
        -extfile "$demo/$1.conf" -extensions leaf -out "$demo/$1.crt.new" 2>"$demo/log" || { cat "$demo/log" >&2; exit 1; }
    rm -f "$demo/$1.conf" "$demo/$1.csr" "$demo/log"
    mv "$demo/$1.crt.new" "$demo/$1.crt"
}

demo=$out/demo
mkdir -p "$demo"
authority demo_ext "Evaluation External Authority"
cp "$out/oem_root_cert.pem" "$demo/ca-prov.crt"
cp "$out/demo_ext_cert.pem" "$demo/ca-ext.crt"
demo_leaf server-prov "$out/oem_root_key.pem" "$out/oem_root_cert.pem" serverAuth
demo_leaf server-ext "$out/demo_ext_key.pem" "$out/demo_ext_cert.pem" serverAuth
demo_leaf client-ext "$out/demo_ext_key.pem" "$out/demo_ext_cert.pem" clientAuth

[ -n "$example" ] || exit 0

# server NUMBER: a certificate of the example's authority; its key is not kept, since nobody serves with it.
server() {
    name=clrsc_example_server_$1
    [ ! -s "$example/$name.pem" ] || return 0
    ec_key "$example/$name.key"
    cat >"$example/$name.conf" <<CONF
[req]
distinguished_name = name
prompt = no
[name]
O = Keymoor Evaluation
CN = server-$1.example
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:server-$1.example
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CONF
    openssl req -new -sha256 -config "$example/$name.conf" -key "$example/$name.key" -out "$example/$name.csr"
    openssl x509 -req -sha256 -days 7300 -in "$example/$name.csr" -CA "$example/clrsc_example_ca_cert.pem" \
        -CAkey "$example/clrsc_example_ca_key.pem" -set_serial "0x$(openssl rand -hex 16 | sed 's/^./4/')" \
        -extfile "$example/$name.conf" -extensions server -out "$example/$name.pem.new"
    rm -f "$example/$name.conf" "$example/$name.key" "$example/$name.csr"
    mv "$example/$name.pem.new" "$example/$name.pem"
}

mkdir -p "$example"
authority clrsc_example_ca "Example CA" "$example"
server 01
server 02
[ -s "$example/clrsc_example_command_key.pem" ] || cp "$out/oem_command_key.pem" "$example/clrsc_example_command_key.pem"
