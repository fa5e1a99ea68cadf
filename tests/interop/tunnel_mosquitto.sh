#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mosquitto_pub and mosquitto_sub as they are, through a tunnel to a mosquitto that demands clients' certificates.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/tunnel.sh
. "$(dirname "$0")/../tunnel.sh"
set -eu
device "$@"
cd "$dir"

real_server
port=$(free_port)
cat >broker.conf <<CONF
listener $port 127.0.0.1
cafile $dir/ca.crt
certfile $dir/server.crt
keyfile $dir/server.key
require_certificate true
use_identity_as_username true
allow_anonymous false
persistence false
user $(id -un)
CONF
started broker "$(PATH=$PATH:/usr/sbin command -v mosquitto)" -c broker.conf -v
until_true listens "$port"
client mqtt "$port"
started sub mosquitto_sub --unix "$dir/mqtt.in" -t 'door/#' -C 2
until_true said broker.err "SUBSCRIBE"
ok "publish" mosquitto_pub --unix "$dir/mqtt.in" -t door/7 -m "open" -q 1
head -c 200000 /dev/zero | tr '\0' x >large
ok "publish a large message" mosquitto_pub --unix "$dir/mqtt.in" -t door/8 -f large -q 2
until_true grep -q xxx sub
same "what the subscriber got" "open $(wc -c <large)" "$(head -n 1 sub) $(tail -n 1 sub | tr -d '\n' | wc -c)"
ok "the broker knows the device by its certificate" said broker.err "u'Device Certificate'"
refused "without the tunnel" "rror" mosquitto_pub -h localhost -p "$port" --cafile ca.crt -t door/7 -m open
done_testing
