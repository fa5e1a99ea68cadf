#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Commands of the scripts, of keymoor-fleet and of a second builder on a device: obeyed once, by the right device, for the right key;
# everything else is refused with its code and changes nothing.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
cd "$dir"
pki=$KEYMOOR_DEV_DIR/pki
make_command=$source/factory/make_certificate_command.sh
make_stp=$source/factory/make_named_cert_stp.sh
builder=$source/tests/system/command_builder.py
key=$pki/oem_command_key.pem
signature=0xffff0108 replayed=0xffff0120 other_device=0xffff0181 number=0xffff0121 exists=0xffff0009

"$source/factory/make_evaluation_pki.sh" -o ignored -e ex >/dev/null 2>&1
"$source/factory/make_evaluation_pki.sh" -o strange >/dev/null 2>&1
ca=ex/clrsc_example_ca_cert.pem server=ex/clrsc_example_server_01.pem
openssl x509 -in $ca -outform DER -out ca.der
ok "device key" keymoor key export-public com.seqlabs.oem_device_pub_key --pem --out dev.pub
openssl pkey -in strange/oem_root_key.pem -pubout -out other.pub

store() { keymoor cert store list; }
last() { keymoor cert store list --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["sequence"])'; }
# command OUT SWITCH...
command_file() {
    local out=$1
    shift
    "$make_command" -k "$key" -o "$out" "$@"
}
# unchanged WHAT: since `before` was noted
unchanged() { same "$1 changes nothing" "$before" "$(store)"; }

# A number works once.
command_file add -a addAuthority -c $ca -s 5
ok "add" keymoor cert command add
same "it says so" "addAuthority is done." "$(cat out)"
same "the last number" 5 "$(last)"
ok "what it issued" keymoor cert verify $server --host server-01.example --purpose server
refused "another host" "another host" keymoor cert verify $server --host server-02.example
refused "another purpose" "not for this purpose" keymoor cert verify $server --purpose client
before=$(store)
refused "again" $replayed keymoor cert command add
command_file low -a deleteAuthority -c $ca -s 4
refused "a lower number" $replayed keymoor cert command low
command_file there -a addAuthority -c ca.der -s 6
refused "it is there" $exists keymoor cert command there
unchanged "a refusal"

# Bound to a device.
command_file mine -a deleteAuthority -c $ca -s 6 -d dev.pub
command_file others -a deleteAuthority -c $ca -s 6 -d other.pub
refused "for another device" $other_device keymoor cert command others
unchanged "another device's"
ok "for this device" keymoor cert command mine
same "the last number" 6 "$(last)"
refused "no authority any more" "no path" keymoor cert verify $server

# Another signer, and every twentieth octet of a good command changed or cut.
before=$(store)
key=strange/oem_command_key.pem command_file foreign -a addAuthority -c $ca -s 7
refused "another signer" $signature keymoor cert command foreign
command_file good -a addAuthority -c $ca -s 7
cat >spoil.py <<'END'
import subprocess, sys
good = open("good", "rb").read()
expected = ("0xffff0108", "0xffff0003", "0xffff000a", "holds")
def refused(octets, what):
    open("spoiled", "wb").write(octets)
    run = subprocess.run(["keymoor", "cert", "command", "spoiled"], stderr=subprocess.PIPE, text=True)
    if run.returncode != 1 or not any(code in run.stderr for code in expected):
        sys.exit(f"{what}: {run.returncode} {run.stderr}")
for at in range(0, len(good), 20):
    refused(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:], f"octet {at}")
    refused(good[:at], f"cut at {at}")
refused(good + b"\0", "one more")
refused(good + good, "twice")
END
ok "spoiled" python3 spoil.py
unchanged "what is spoiled"
ok "not spoiled" keymoor cert command good

# Unnumbered while allowed; a certificate that is revoked is not added again.
command_file revoke -a addRevocation -c $server
ok "revoke" keymoor cert command revoke
refused "twice" $exists keymoor cert command revoke
refused "revoked" "revoked" keymoor cert verify $server
same "an unnumbered one leaves the number" 7 "$(last)"

# Revocation lists: from the administrator, and in a command.
: >index.txt
echo 01 >crlnumber
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=30\ncrlnumber=crlnumber\nnew_certs_dir=.\n' >ca.conf
server2=ex/clrsc_example_server_02.pem
ok "the other one is good" keymoor cert verify $server2
ok "an empty list" openssl ca -config ca.conf -gencrl -keyfile ex/clrsc_example_ca_key.pem -cert $ca -out empty.crl
ok "revoked" openssl ca -config ca.conf -revoke $server2 -keyfile ex/clrsc_example_ca_key.pem -cert $ca
ok "a list" openssl ca -config ca.conf -gencrl -keyfile ex/clrsc_example_ca_key.pem -cert $ca -out list.crl
ok "the empty list" keymoor cert crl empty.crl
ok "still good" keymoor cert verify $server2
command_file list -a addCrl -c list.crl -s 8
ok "the list in a command" keymoor cert command list
refused "revoked by the list" "revoked" keymoor cert verify $server2
refused "an older list" 0xffff0110 keymoor cert crl empty.crl
ok "an unknown authority's list" openssl ca -config ca.conf -gencrl -keyfile strange/oem_root_key.pem \
    -cert strange/oem_root_cert.pem -out foreign.crl
refused "from nobody known" 0xffff01 keymoor cert crl foreign.crl
refused "a certificate" "holds no revocation list" keymoor cert crl $ca
# One almost as long as a list may be.
python3 -c 'for i in range(1700): print("R\t461121014012Z\t261126014012Z\t%032x\tunknown\t/CN=x%d" % (16 ** 31 + i, i))' >index.txt
ok "a long list" openssl ca -config ca.conf -gencrl -keyfile ex/clrsc_example_ca_key.pem -cert $ca -out long.crl
ok "is taken" keymoor cert crl long.crl
ok "the other one is good by it" keymoor cert verify $server2
ok "back to the list" openssl ca -config ca.conf -revoke $server2 -keyfile ex/clrsc_example_ca_key.pem -cert $ca
ok "a newer list" openssl ca -config ca.conf -gencrl -keyfile ex/clrsc_example_ca_key.pem -cert $ca -out list.crl
ok "it is taken" keymoor cert crl list.crl
crl=$(store | sed -n 's/^crl  *\([0-9a-f]*\) .*/\1/p')
ok "the list as a file" keymoor cert store "$crl" --out stored.crl
openssl crl -in list.crl -outform DER | cmp - stored.crl
authority=$(openssl dgst -sha256 -r ca.der | cut -d ' ' -f 1)
ok "an authority as a file" keymoor cert store "$authority" --pem --out stored.pem
openssl x509 -in $ca | cmp - stored.pem
refused "none such" 0xffff0008 keymoor cert store "${authority%??}00"
refused "no digest" "SHA-256 of an entry" keymoor cert store abc

# Provisioned certificates: the command key rotates to another kind of key, three builders make commands with it.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out new_key.pem
openssl req -new -x509 -key new_key.pem -subj "/CN=new command key" -days 100 -out new_cert.pem
ok "an STP file" "$make_stp" -k "$key" -n com.seqlabs.oem_command_cert -c new_cert.pem -s 9 -d dev.pub -o rotate.stp
ok "rotation" keymoor cert command rotate.stp
same "the public key too" "$(openssl pkey -in new_key.pem -pubout)" "$(keymoor key export-public com.seqlabs.oem_command_pub_key --pem)"
before=$(store)
command_file late -a addAuthority -c strange/emp_root_cert.pem -s 10
refused "the old key" $signature keymoor cert command late
unchanged "the old key"
openssl x509 -in strange/emp_root_cert.pem -outform DER -out strange.der
ok "the second builder" "$builder" build new_key.pem addAuthority p1 sequence=10 body=strange.der
ok "its command" keymoor cert command p1
printf 'make,operation,certificate,sequence,device_key,output\ncommand,deleteAuthority,strange.der,11,dev.pub,f1\n' >fleet.csv
ok "the fleet" keymoor-fleet --sign new_key.pem --quiet fleet.csv
ok "the fleet's command" keymoor cert command f1
key=new_key.pem
openssl genpkey -algorithm ED25519 -out ed.pem
openssl req -new -x509 -key ed.pem -subj "/CN=no command key" -days 100 -out ed_cert.pem
ok "a key of the wrong kind" "$make_stp" -k $key -n com.seqlabs.oem_command_cert -c ed_cert.pem -s 12 -o lockout.stp
refused "locked out" 0xffff0123 keymoor cert command lockout.stp
ok "another's certificate" "$make_stp" -k $key -n com.seqlabs.oem_device_cert -c new_cert.pem -s 12 -o mismatch.stp
refused "not the device's key" 0xffff0124 keymoor cert command mismatch.stp
ok "no such name" "$make_stp" -k $key -n com.example.nothing -c new_cert.pem -s 12 -o nothing.stp
refused "an unknown name" 0xffff0008 keymoor cert command nothing.stp
same "refused commands leave the number" 11 "$(last)"

# An authority may be added by anybody who has the command; a provisioned certificate is replaced by the administrator.
if [ "$(id -u)" -eq 0 ]; then
    ok "a good STP file" "$make_stp" -k $key -n com.seqlabs.oem_cloud_cert -c strange/oem_cloud_cert.pem -s 12 -o named.stp
    command_file anybody -a addAuthority -c strange/emp_root_cert.pem -s 12
    other() { setpriv --reuid=64001 --regid=64001 --clear-groups "$@"; }
    for what in "cert command named.stp" "cert list" "key list" "file list"; do
        # shellcheck disable=SC2086 # several words on purpose
        refused "kept out: $what" "may not open $KEYMOOR_SOCKET; be in its group" other keymoor $what
    done
    chmod 666 "$KEYMOOR_SOCKET"
    refused "not the administrator" 0xffff0101 other keymoor cert command named.stp
    refused "a list from him" 0xffff0101 other keymoor cert crl list.crl
    ok "a command from anybody" other keymoor cert command anybody
    command_file away -a deleteAuthority -c strange/emp_root_cert.pem -s 13
    ok "and away" other keymoor cert command away
    refused "he may verify" "no path" other keymoor cert verify new_cert.pem
fi

# From now on numbers only.
command_file only -a numbersOnly -s 22
ok "numbers only" keymoor cert command only
command_file unnumbered -a deleteAuthority -c $ca
refused "no number" $number keymoor cert command unnumbered
command_file now -a setTime -s 23 -d dev.pub -t "$(date +%s)"
ok "the time" keymoor cert command now
stop_service
start_service
same "the number outlives the service" 23 "$(last)"
refused "no number" $number keymoor cert command unnumbered
ok "the words" keymoor cert store list
grep -q "Commands without one are refused" out
done_testing
