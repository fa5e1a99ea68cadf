#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The installed example for one port: HAProxy in front of a machine's broker, HTTPS for devices and API, by what clients say in TLS.
# Usage: test_port_443.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/cloud/setup.sh
. "$(dirname "$0")/setup.sh"
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"
trap 'end_helpers; rm -rf "$dir"' EXIT
install_cloud "$1"
make_server_certificate
place cloud one-machine
state=$dir/cloud/state
ok "account" operator account create 123456789012 --name Example --dir "$state"
access_key --dir "$state"
start_machine cloud

front=$(free_port)
# Root alone may become somebody else, and have more descriptors than the machine of a test has.
sed -i "/^ *\(user\|group\|chroot\) /d; s/maxconn 20000/maxconn 500/; s/bind :443/bind 127.0.0.1:$front/; s/127.0.0.1:8883/127.0.0.1:$(cat "$dir/cloud/broker.port")/
    s/127.0.0.1:8444/127.0.0.1:$(cat "$dir/cloud/device.port")/; s/127.0.0.1:8443/127.0.0.1:$(cat "$dir/cloud/api.port")/" "$dir/cloud/etc/haproxy.cfg"
haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy)
started "$dir/haproxy" "$haproxy" -db -f "$dir/cloud/etc/haproxy.cfg"
up "$dir/haproxy" listens "$front"

# ---- no word of ours in TLS: the API ----
use cloud
endpoint=https://localhost:$front
ok "the API" aws sts get-caller-identity
ok "the console" curl -sSf --cacert "$dir/server_ca.pem" -o /dev/null "$endpoint/console/"
ok "MQTT over WebSockets" /usr/bin/python3 - "$front" "$dir/server_ca.pem" <<'PYTHON'
import os, sys, threading
from botocore import auth, awsrequest, credentials
import paho.mqtt.client
port, ca = sys.argv[1:]
request = awsrequest.AWSRequest("GET", f"https://localhost:{port}/mqtt")
key = credentials.Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
auth.SigV4QueryAuth(key, "iotdevicegateway", os.environ["AWS_DEFAULT_REGION"], expires=900).add_auth(request)
client, came = paho.mqtt.client.Client("dashboard", transport="websockets"), threading.Event()
client.ws_set_options(path="/mqtt?" + request.prepare().url.split("?", 1)[1])
client.tls_set(ca)
client.on_connect = lambda *_: client.subscribe("line", 1)
client.on_subscribe = lambda *_: client.publish("line", "hello", 1)
client.on_message = lambda *_: came.set()
client.connect("localhost", int(port))
client.loop_start()
sys.exit(0 if came.wait(60) else "no message came")
PYTHON
device_ca
make_device lamp
make_device heater

# publish_443 DEVICE: over MQTT.
publish_443() {
    mosquitto_pub --cafile "$dir/server_ca.pem" --cert "$dir/$1.pem" --key "$dir/$1.key" -h localhost -p "$front" \
        --tls-alpn x-amzn-mqtt-ca -i "$1" -q 1 -t plant/line -m hello
}
# post_443 DEVICE [WORD]: over HTTPS; the status.
post_443() {
    python3 - "$front" "$dir" "$1" "${2:-x-amzn-http-ca}" <<'PYTHON'
import http.client, ssl, sys
port, folder, device, word = sys.argv[1:]
context = ssl.create_default_context(cafile=folder + "/server_ca.pem")
context.load_cert_chain(f"{folder}/{device}.pem", f"{folder}/{device}.key")
context.set_alpn_protocols([word])
connection = http.client.HTTPSConnection("localhost", int(port), context=context, timeout=60)
connection.request("POST", "/topics/plant/line?qos=1", b"hello")
print(connection.getresponse().status)
PYTHON
}

# ---- MQTT, from the first contact on ----
refused "the first connect" "connection was lost" publish_443 lamp
until_true has_status "$dir/lamp.crt" ACTIVE
ok "the second" publish_443 lamp
ok "the broker saw the certificate" operator events --dir "$state"
id=$(openssl x509 -in "$dir/lamp.crt" -outform DER | sha256sum | cut -c1-16)
recorded() { operator events --dir "$state" | grep -q "Connect .*$1"; }
until_true recorded "$id"
ok "and the proxy's address" grep -qE "client lamp .*$id.* from 127.0.0.1" <(operator events --dir "$state")
refused "without a certificate" "" mosquitto_pub --cafile "$dir/server_ca.pem" -h localhost -p "$front" --tls-alpn x-amzn-mqtt-ca \
    -i nobody -t plant/line -m hello

# ---- HTTPS for devices ----
same "the first request" 403 "$(post_443 heater)"
until_true has_status "$dir/heater.crt" ACTIVE
same "the second" 200 "$(post_443 heater)"
same "another word leads to the API, where no certificate counts" 403 "$(post_443 heater http/1.1)"

# ---- what is no TLS ----
: >"$dir/nothing"
printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' | timeout 60 python3 -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(sys.stdin.buffer.read())
try: sys.stdout.buffer.write(s.recv(100))
except ConnectionResetError: pass' "$front" >"$dir/nothing"
same "plain HTTP gets no answer" "" "$(cat "$dir/nothing")"
stop_machine cloud
done_testing
