#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Peers that do what they should not: each is met with a result of its own, and nobody else is disturbed.
set -u
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$dir" || exit 1

root_key=$pki/oem_root_key.pem root=$pki/oem_root_cert.pem
me=(--key "$device_key" --cert "$device_cert")
here=$source/tests/tls

# Somebody else, in an instance of his own, from the beginning to the end.
port=$(free_port)
"$here/echo_server.py" "$port" "$demo/server-prov.crt" "$demo/server-prov.key" "$root" >bystander.log 2>&1 &
bystander_server=$!
peers=$bystander_server
listening
peers=""
"$tool" "${me[@]}" --wait-for "$dir/finish" --send "still here" connect localhost "$port" >bystander.out 2>&1 &
bystander=$!

# ---- certificates ----

# bad WHAT RESULT CERT KEY [CHAIN]: a server that shows this
bad() {
    port=$(free_port)
    peer openssl s_server -accept "127.0.0.1:$port" -cert "$3" -key "$4" ${5:+-cert_chain "$5"} -rev
    fails "$1" "failed $2:" "$tool" "${me[@]}" --non-blocking connect localhost "$port"
}

ec="-algorithm EC -pkeyopt ec_paramgen_curve:P-256"
bad "unknown authority" CERT_UNTRUSTED "$demo/server-ext.crt" "$demo/server-ext.key"
grep -q '^alert 48' out || { cat out >&2; exit 1; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout self.key -out self.crt -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>/dev/null
bad "self-signed" CERT_UNTRUSTED self.crt self.key
leaf other "$root_key" "$root" "$ec" 'subjectAltName=DNS:other.example\nextendedKeyUsage=serverAuth'
bad "another name" CERT_NAME other.crt other.key
leaf purpose "$root_key" "$root" "$ec" 'subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth'
bad "another purpose" CERT_PURPOSE purpose.crt purpose.key
leaf weak "$root_key" "$root" "-algorithm RSA -pkeyopt rsa_keygen_bits:1024" "$san"
port=$(free_port)
peer openssl s_server -cipher DEFAULT:@SECLEVEL=0 -accept "127.0.0.1:$port" -cert weak.crt -key weak.key -rev
fails "a key too weak" 'failed (CERT_INVALID|NO_COMMON|PROTOCOL|ALERT):' "$tool" "${me[@]}" connect localhost "$port"
leaf issuer "$root_key" "$root" "$ec" "$san"
leaf issued "$dir/issuer.key" "$dir/issuer.crt" "$ec" "$san"
bad "issued by what is no authority" '(CERT_PURPOSE|CERT_UNTRUSTED|CERT_INVALID)' issued.crt issued.key issuer.crt

# dated NAME START END: a certificate valid from then to then
dated() {
    leaf "$1" "$root_key" "$root" "$ec" "$san"
    mkdir -p ca && : >ca/index && echo 01 >ca/serial
    printf '[ca]\ndefault_ca=c\n[c]\ndatabase=ca/index\nserial=ca/serial\nnew_certs_dir=ca\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n' >ca.conf
    openssl ca -batch -notext -config ca.conf -cert "$root" -keyfile "$root_key" -in "$1.csr" -out "$1.crt" -startdate "$2" \
        -enddate "$3" -extfile "$1.ext" 2>ca.log || { cat ca.log >&2; exit 1; }
}
dated expired 20200101000000Z 20210101000000Z
bad "expired" CERT_EXPIRED expired.crt expired.key
grep -q '^alert 45' out || { cat out >&2; exit 1; }
dated later 20500101000000Z 20510101000000Z
bad "not yet valid" CERT_NOT_YET_VALID later.crt later.key
leaf signed "$root_key" "$root" "$ec" "$san"
openssl x509 -in signed.crt -outform DER | python3 -c '
import sys
der = bytearray(sys.stdin.buffer.read()); der[-3] ^= 1; sys.stdout.buffer.write(der)' | openssl x509 -inform DER -out forged.crt
bad "badly signed" CERT_INVALID forged.crt signed.key

leaf revoked "$root_key" "$root" "$ec" "$san"
cp "$pki/oem_command_key.pem" clrsc_command_signing_key.pem
port=$(free_port)
peer openssl s_server -accept "127.0.0.1:$port" -cert revoked.crt -key revoked.key -CAfile "$root" -Verify 1 -rev
says "not revoked yet" '^got olleh' "$tool" "${me[@]}" --send hello connect localhost "$port"
ok "it is revoked" "$build/bin/clrsc_example" r revoked.crt
bad "revoked" CERT_REVOKED revoked.crt revoked.key
grep -q '^alert 44' out || { cat out >&2; exit 1; }

# ---- what is no TLS, or not as it should be: we are the client ----

# served BEHAVIOUR VERSION
served() {
    port=$(free_port)
    peer "$here/hostile.py" serve "$port" "$1" "$2" "$demo/server-prov.crt" "$demo/server-prov.key" "$root"
}
# met BEHAVIOUR RESULT [VERSION]: what becomes of it, with and without blocking
met() {
    served "$1" "${3:-1.3}"
    fails "server: $1" "failed $2:" "$tool" "${me[@]}" --timeout "${timeout:-60000}" --send hello connect localhost "$port"
    fails "server: $1, without blocking" "failed $2:" "$tool" "${me[@]}" --non-blocking --send hello connect localhost "$port"
}

for version in 1.2 1.3; do
    served good $version
    says "good, $version" '^got hello' "$tool" "${me[@]}" --send hello connect localhost "$port"
    served drip $version
    says "octet by octet, $version" '^got hello' "$tool" "${me[@]}" --send hello connect localhost "$port"
    met truncate TRUNCATED $version
    met half-record TRUNCATED $version
    met bad-mac PROTOCOL $version
    met oversized-data PROTOCOL $version
    met plain-data PROTOCOL $version
    # Each message of the handshake is the last one that comes.
    for n in 0 1 2 3 4; do
        served stop:$n $version
        fails "stop after $n records, $version" 'failed TRUNCATED:' "$tool" "${me[@]}" --send hello connect localhost "$port"
    done
    for at in 0 1 2 3; do
        for where in 0 3 5 40 77; do
            served flip:$at:$where $version
            fails "record $at changed at $where, $version" \
                'failed (PROTOCOL|NO_COMMON|ALERT|TRUNCATED|CERT_[A-Z_]*|IO):' "$tool" "${me[@]}" --send hello connect localhost "$port"
        done
    done
done
for behaviour in http garbage zeros oversized bad-record-version bad-record-type wrong-message data-first long-message \
    hello-requests warnings empty-records long-certificate bad-alert; do
    met $behaviour PROTOCOL
done
met close '(TRUNCATED|IO)'
for behaviour in ssl3 tls1.0 tls1.5; do met $behaviour '(NO_COMMON|PROTOCOL)'; done
met empty-record '(PROTOCOL|TRUNCATED)'
met fatal-alert ALERT
grep -q '^alert 40' out || { cat out >&2; exit 1; }
met close-notify '(CLOSED|PROTOCOL|TRUNCATED)'
for behaviour in silence slow-drip; do
    served $behaviour 1.3
    fails "server: $behaviour" 'failed TIMEOUT:' "$tool" "${me[@]}" --timeout 1000 --send hello connect localhost "$port"
done
fails "nobody listens" 'failed REFUSED:' "$tool" "${me[@]}" connect localhost "$(free_port)"
fails "no such host" 'failed UNRESOLVED:' "$tool" "${me[@]}" connect nowhere.invalid 443

# A renegotiation is not entered; the connection goes on.
port=$(free_port)
mkfifo orders
exec 7<>orders
end_peers
openssl s_server -accept "127.0.0.1:$port" -cert "$demo/server-prov.crt" -key "$demo/server-prov.key" -tls1_2 -CAfile "$root" \
    <&7 >peer.log 2>&1 &
peers=$!
listening
timeout 120 "$tool" "${me[@]}" --max 1.2 --send hello connect localhost "$port" >renegotiation.out 2>&1 &
renegotiating=$!
await peer.log "^hello"
echo R >&7
await peer.log "^SSL_do_handshake" # it takes R only when nothing comes along with it
echo "answer" >&7
wait $renegotiating
ok "renegotiation is refused" grep -Eq '^got answer|failed (ALERT|TRUNCATED|CLOSED):' renegotiation.out

# ---- we are the server ----

own_server "${me[@]}" --verify optional
# sent BEHAVIOUR RESULT [VERSION]: a client that does this, and what the server says of it
sent() {
    : >server.log
    "$here/hostile.py" client "$port" "$1" "${3:-1.3}" >client.log 2>&1
    await server.log '^failed'
    ok "client: $1" grep -Eq "^failed $2:" server.log
}
for version in 1.2 1.3; do
    sent good CLOSED $version
    sent truncate TRUNCATED $version
    sent half-record TRUNCATED $version
    sent bad-mac PROTOCOL $version
    sent plain-data PROTOCOL $version
    sent stop:0 TRUNCATED $version
    sent stop:1 TRUNCATED $version
    sent flip:0:30 '(PROTOCOL|NO_COMMON|ALERT|TRUNCATED)' $version
    sent flip:1:3 '(PROTOCOL|ALERT|TRUNCATED)' $version
done
for behaviour in http-request garbage zeros oversized bad-record-version bad-record-type wrong-message data-first long-message bad-alert; do
    sent $behaviour PROTOCOL
done
for behaviour in warnings empty-records; do sent $behaviour PROTOCOL; done
sent hello-requests PROTOCOL
sent close '(TRUNCATED|IO)'
sent fatal-alert '(ALERT|PROTOCOL)'
own_server "${me[@]}" --verify optional --timeout 1500
sent silence TIMEOUT
sent slow-drip TIMEOUT
own_server "${me[@]}" --verify required
sent good CERT_MISSING 1.2
sent good CERT_MISSING 1.3

# ---- and everybody else ----

: >finish
wait $bystander
kill $bystander_server
same "the bystander's connection" "got still here" "$(grep '^got' bystander.out)"
ok "no instance was lost" sh -c "! grep -Ei 'killed|panic|died|denied' $KEYMOOR_DEV_DIR/keymoord.log"
ok "the service is up" keymoor status
done_testing
