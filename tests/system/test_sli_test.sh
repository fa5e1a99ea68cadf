#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The user guide's 9.4.8: sli_test against a stock mosquitto that asks for the device's certificate, and what happens when something
# is not as it should be.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/tunnel.sh
. "$(dirname "$0")/../tunnel.sh"
set -eu
device "$@"
here=$(cd "$(dirname "$0")" && pwd)
cd "$dir"
sli=$build/bin/sli_test
export TMPDIR=$dir/tmp
mkdir "$TMPDIR"

# The broker's certificate comes from the OEM cloud authority, the device's from the OEM root.
pki=$KEYMOOR_DEV_DIR/pki
printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n' >server.cnf
# server_of NAME: server.crt of that authority
server_of() {
    openssl req -new -key server.key -subj /CN=localhost | openssl x509 -req -CA "$pki/$1_cert.pem" -CAkey "$pki/$1_key.pem" \
        -CAcreateserial -extfile server.cnf -days 2 -out server.crt 2>/dev/null
}
openssl ecparam -name prime256v1 -genkey -noout -out server.key
server_of oem_cloud

port=$(free_port)
plain=$(free_port)
# configure CA: the broker's configuration, and whose devices may come
configure() {
    cat >broker.conf <<CONF
per_listener_settings true
listener $port 127.0.0.1
cafile $1
certfile $dir/server.crt
keyfile $dir/server.key
require_certificate true
use_identity_as_username true
allow_anonymous false
listener $plain 127.0.0.1
allow_anonymous true
persistence false
user $(id -un)
CONF
}
start_broker() {
    started broker "$(PATH=$PATH:/usr/sbin command -v mosquitto)" -c broker.conf -v
    broker=$started
    until_true listens "$port"
}
stop_broker() {
    kill "$broker"
    until_true has_ended "$broker"
}
configure "$pki/oem_root_cert.pem"
start_broker

keymoor cert show com.seqlabs.oem_device_cert --pem --out device.pem
name=$(openssl x509 -in device.pem -noout -subject -nameopt multiline | sed -n 's/ *commonName *= //p')
id=$(openssl x509 -in device.pem -noout -ext subjectKeyIdentifier | sed -n 's/^ *\([0-9A-F:]*\)$/\1/p' | tr -d : | tr A-F a-f)
same "the certificate's name" "Device Certificate" "$name"
device_id="$name:$id"
thing="${device_id// /_}"
first="AWS IoT SDK Version 3.0.1- [Device ID: $device_id]"

# 1: a connection
ok "-t1" "$sli" -t1 -p "$port"
same "what it prints" "$first
Connecting...
Continuing...
Disconnecting" "$(cat out)"
same "no complaint" "" "$(cat err)"
until_true said broker.err "as $device_id .*u'Device Certificate'"
until_true said broker.err "Client $device_id disconnected\.$"
ok "-t 1 is the same" "$sli" -t 1 -h localhost -p "$port"

# 2: messages, until it is stopped
topic="\$aws/things/$device_id/TestSubPub"
started two "$sli" -t2 -p "$port"
two=$started
until_true said two 'Payload - { "message" : "Publishing message on: QOS1" }'
until_true said two "Looping for subscriptions"
mosquitto_pub -p "$plain" -t "$topic" -m '{
  "message": "Hello from AWS IoT console"
}'
until_true said two 'Payload - {$'
printf 'tab\there, \033[2J \177\000.' >moves
mosquitto_pub -p "$plain" -t "$topic" -f moves
head -c 100000 /dev/zero | tr '\0' y >long
mosquitto_pub -p "$plain" -t "$topic" -f long -q 1
long_is_there() { [ "$(tr -cd y <two | wc -c)" -ge 200000 ]; }
until_true long_is_there
kill "$two"
ok "stopped, it ends well" wait "$two"
message() { printf '*****Subscribe callback\nTopic: %s%s\nPayload - %s' "$topic" "$1" "$1"; }
qos() { echo "{ \"message\" : \"Publishing message on: QOS$1\" }"; }
same "what it prints" "$first
Connecting...
Continuing...
Subscribing to TOPIC [$topic]...
$(qos 0)...
$(qos 1)...
$(message "$(qos 0)")
Looping for subscriptions...
$(message "$(qos 1)")
$(message '{
  "message": "Hello from AWS IoT console"
}')
$(message "$(printf 'tab\there, ?[2J ??.')")
$(message y)
Disconnecting" "$(tr -s y <two)"
same "no complaint" "" "$(cat two.err)"

# 3: the shadow, for which a stock broker has nobody
started peer "$here/shadow_peer.py" "$plain"
peer=$started
until_true said peer ready
ok "-t3" "$sli" -t3 -p "$port"
of() { echo "\$aws/things/$thing/shadow/update/$1"; }
same "what it prints" "$first

Shadow Connect...
Subscribing to SHADOW...
Subscribe: $(of get/accepted)
Subscribe: $(of get/rejected)
Subscribe: $(of delta)
Subscribe: $(of documents)
Subscribe: $(of accepted)
Subscribe: $(of rejected)
Sleep..
Publishing...
Shadow published 'update' successfully

Yield...
Disconnecting" "$(cat out)"
same "what the cloud gets" "$thing {\"reported\": {\"device\": \"$device_id\"}}" "$(tail -n 1 peer)"

# 4: an LED in the shadow. The first time there is none in it.
echo 1 >led
ok "-t4, and nobody types" sh -c "'$sli' -t4 -p $port -l led </dev/null"
same "what it prints" "$first
[iot_tls_init] - Host is localhost
Shadow Connect...
Setting TLS IO State to OPEN
Subscribing to SHADOW...
led_state from shadow : none
Setting _REPORTED_STATE to: ON
Current LED state is: ON
Please enter the desired state [1,0] - or x to exit:
Disconnecting" "$(cat out)"
# steps FILE: what it printed, without the dots of waiting
steps() { sed 's/^\.*\([01x]\{0,1\}\)\.*$/\1/' "$1" | sed '/^$/d'; }
prompt="Please enter the desired state [1,0] - or x to exit:"
mkfifo keys
started four sh -c "exec '$sli' -t4 -p $port -l led <keys"
four=$started
exec 7>keys
# asked N: the N-th time that it asks
asked() { [ "$(grep -cF "$prompt" four)" -ge "$1" ]; }
until_true asked 1
printf 0 >&7
until_true asked 2
same "the LED" 0 "$(cat led)"
# The cloud wishes; and it wishes for what it has.
mosquitto_pub -p "$plain" -t "\$aws/things/$thing/shadow/update" -m '{"state":{"desired":{"led_state":1}}}'
until_true asked 3
same "the LED" 1 "$(cat led)"
for nonsense in '{"state":{"desired":{"led_state":"off"}}}' '{"state":{"desired":{"led_state":2}}}' '{"state":{"desired":{"fan":1}}}'; do
    mosquitto_pub -p "$plain" -t "\$aws/things/$thing/shadow/update" -m "$nonsense"
done
for bad in '' '[' '[]' '{"state":1}' "$(printf '%05000d' 0)" '{"state":{"led_state":0},"version":-5}' '{"state":{"led_state":0}}'; do
    mosquitto_pub -p "$plain" -t "\$aws/things/$thing/shadow/update/delta" -m "$bad"
    mosquitto_pub -p "$plain" -t "\$aws/things/$thing/shadow/update/accepted" -m "$bad"
done
printf '\nq1' >&7
until_true asked 5
printf x >&7
ok "x ends it" wait "$four"
exec 7>&-
same "the LED" 1 "$(cat led)"
same "what it prints" "$first
[iot_tls_init] - Host is localhost
Shadow Connect...
Setting TLS IO State to OPEN
Subscribing to SHADOW...
led_state from shadow : 1
Current LED state is: ON
$prompt
0
Setting DESIRED state to: OFF
Setting _REPORTED_STATE to: OFF
Current LED state is: OFF
$prompt
Setting _REPORTED_STATE to: ON
Current LED state is: ON
$prompt
q
$prompt
1
Setting DESIRED state to: ON
Setting _REPORTED_STATE to: ON
Current LED state is: ON
$prompt
x
Disconnecting" "$(steps four)"
mosquitto_pub -p "$plain" -t "\$aws/things/$thing/shadow/update" -m '{"state":{"desired":{"led_state":0}}}'
ok "what was wished for meanwhile" sh -c "'$sli' -t4 -p $port -l led </dev/null"
same "is done at the start" "led_state from shadow : 0
Setting _REPORTED_STATE to: OFF
Current LED state is: OFF" "$(sed -n '/^led_state/,/^Current/p' out)"
same "the LED" 0 "$(cat led)"
ok "on a terminal" python3 "$here/sli_terminal.py" "$sli" -t4 -p "$port" -l led

# What is not as it should be
kill "$peer"
until_true has_ended "$peer"
refused "nobody answers for the shadow" "does not answer for the shadow of $thing" "$sli" -t3 -p "$port"
started peer "$here/shadow_peer.py" "$plain" refuse
until_true said peer ready
refused "an update is refused" "the cloud refuses it: too many? requests (429)" "$sli" -t3 -p "$port"
refused "no LED" "the LED nothing: No such file" "$sli" -t4 -p "$port" -l nothing
echo lamp >lamp
refused "an LED that is none" "the LED lamp does not hold a number" "$sli" -t4 -p "$port" -l lamp
refused "no test" "^Usage:" "$sli"
refused "no such test" "^Usage:" "$sli" -t 5
refused "too many words" "^Usage:" "$sli" -t1 more
ok "help" "$sli" --help
same "help goes to the standard output" "        4 - SHADOW INTEROP" "$(tail -n 1 out)"
refused "no such host" "no-such-host.invalid port $port: " "$sli" -t1 -h no-such-host.invalid -p "$port"
refused "another name of the host" "certificate is for another host" "$sli" -t1 -h 127.0.0.1 -p "$port"
refused "another port" "Connection refused" "$sli" -t1 -p "$(free_port)"
refused "no port" "localhost port nothing: " "$sli" -t1 -p nothing
refused "a port without TLS" "Connection reset\|does not speak TLS\|without close_notify" "$sli" -t1 -p "$plain"

# The broker goes away
started two "$sli" -t2 -p "$port"
two=$started
until_true said two "Looping for subscriptions"
stop_broker
status=0
wait "$two" || status=$?
same "the broker is gone" 1 $status
ok "which it says" said two.err "localhost port $port: the broker closed the connection"

# A broker of another authority, and one that does not know the device's
server_of emp_cloud
start_broker
refused "an authority that the device does not know" "no known authority issued" "$sli" -t1 -p "$port"
stop_broker
server_of oem_cloud
configure "$pki/emp_root_cert.pem"
start_broker
refused "a broker that does not know the device's authority" "the peer refused" "$sli" -t1 -p "$port"
stop_broker

# A broker that ends connections without an answer, as one does that registers the device meanwhile
configure "$pki/oem_root_cert.pem"
start_broker
drops=$(free_port)
started dropper "$here/mqtt_dropper.py" "$drops" "$port" 2 "$pki/oem_root_cert.pem"
until_true listens "$drops"
ok "the third connection is answered" "$sli" -t1 -p "$drops"
same "what it prints" "$first
Connecting...
Continuing...
Disconnecting" "$(cat out)"
same "and says" "2" "$(grep -c "closed the connection without an answer; it may be registering this device" err)"
drops=$(free_port)
started dropper "$here/mqtt_dropper.py" "$drops" "$port" 100 "$pki/oem_root_cert.pem"
until_true listens "$drops"
if "$sli" -t1 -p "$drops" >out 2>err; then echo "FAILED: never answered" >&2; exit 1; fi
same "it gives up with the fifth" "4 1" "$(grep -c "once more in" err) $(grep -c "not registered, not active, or may not connect" err)"

# A device without certificates, and none at all
stop_service
mkdir -m 700 bare
service_options=()
"$build/bin/keymoord" --state-dir bare --socket "$dir/bare.sock" --ta-dir "$build/ta" --ta-key "$build/ta-keys" \
    --root "soft:$dir/bare/root.secret" --uid-base "$((260016 + $$ % 4096 * 16))" 2>bare.log &
helpers="$helpers $!"
trap end_helpers EXIT
until_true test -S bare.sock
refused "no certificate" "com.seqlabs.oem_device_cert: .*0xffff0008" env KEYMOOR_SOCKET="$dir/bare.sock" "$sli" -t1 -p "$port"
refused "no service" "0xffff" env KEYMOOR_SOCKET="$dir/nothing.sock" "$sli" -t1 -p "$port"
same "nothing is left lying" "" "$(ls "$TMPDIR")"
done_testing
