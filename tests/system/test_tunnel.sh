#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two tunnels face to face, of a client and of a server, in one device: what goes through, who may use them, what they
# do when something breaks, and how they end.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/tunnel.sh
. "$(dirname "$0")/../tunnel.sh"
set -eu
device "$@"
peer=$(cd "$(dirname "$0")" && pwd)/tunnel_peer.py
cd "$dir"

# stopped PID: ends it and waits.
stopped() {
    kill "$1"
    wait "$1" || true
}
# plain NAME VERB: a plain end at NAME.sock.
plain() {
    started "$1" "$peer" "$2" "$dir/$1.sock"
    until_true test -S "$1.sock"
}

# ---- what goes through ----
plain both serve
server both_tunnel "$dir/both.sock"
server_tunnel=$tunnel
server_port=$port
client c "$server_port"
client_tunnel=$tunnel
for octets in 0 1 16384 16385 65536 65537 5000000; do
    ok "$octets octets there and back" "$peer" echo "$dir/c.in" $octets
done
fds() { find "/proc/$client_tunnel/fd" | wc -l; }
before=$(fds)
ok "1000 quick connections" "$peer" many "$dir/c.in" 1000
until_true sh -c "[ \$(find /proc/$client_tunnel/fd | wc -l) -le $before ]"
ok "100 at once, while one moves all it can" sh -c "'$peer' echo '$dir/c.in' 50000000 & '$peer' hold '$dir/c.in' 100 && wait \$!"
ok "what nobody reads stops the sender" "$peer" stall "$dir/c.in" 100000000
until_true said c.err "0 octets out, 0 in, .* closed"
until_true said c.err "5000000 octets out, 5000000 in, .* closed"
ok "the line names the user" said c.err "connection 1 from uid $(id -u) pid"
ok "the server's line, too, whom it knows" said both_tunnel.err "from 127.0.0.1 port [0-9]* (uid [0-9]*) (Device Certificate): .* closed"
stopped "$client_tunnel"
ok "its socket is gone" test ! -e c.in

# An instance has at most 1024 connections. A sanitizer's memory would not do for so many.
if ! grep -q __asan_init "$build/bin/keymoor-tunnel" && [ "$(ulimit -Hn)" -ge 4096 ]; then
    server crowd_tunnel "$dir/both.sock" --max-connections 1200
    client crowd "$port" --max-connections 1200
    ok "1100 at once, more than one instance has" bash -c "ulimit -n 4096; '$peer' hold '$dir/crowd.in' 1100"
fi

# Standard input and output, as ssh uses it; from a file, from a pipe.
head -c 300000 /dev/urandom >blob
ok "a file through standard input" sh -c "keymoor tunnel - localhost:$server_port --cert $own <blob >got && cmp blob got"
ok "a pipe through standard input" sh -c "cat blob | keymoor tunnel - localhost:$server_port --cert $own | cmp blob"
refused "nobody there" "can't connect to localhost port 1: Connection refused" keymoor tunnel - localhost:1 --cert $own
refused "no such name" "has no address" keymoor tunnel - no-such-host.invalid:1 --cert $own
refused "the wrong name" "another host" keymoor tunnel - "localhost:$server_port" --cert $own --server-name other.example
refused "the wrong authority" "authority" keymoor tunnel - "localhost:$server_port" --cert $own --ca com.seqlabs.oem_root_cert
refused "a certificate that is not there" "can't run" keymoor tunnel - "localhost:$server_port" --cert no_cert
refused "a wrong command line" "--cert is needed" keymoor tunnel - "localhost:$server_port"
refused "another address" "no loopback address" keymoor tunnel 0.0.0.0:0 "localhost:$server_port" --cert $own
refused "a place that is taken" "is not a socket" keymoor tunnel ./blob "localhost:$server_port" --cert $own

# A loopback port.
started tcp keymoor tunnel 127.0.0.1:0 "localhost:$server_port" --cert $own
until_true said tcp.err "listening on"
ok "through a loopback port" "$peer" echo "$(port_of tcp.err)" 1000000
ok "whose user is known" said tcp.err "(uid $(id -u))"

# The socket of a service manager, without one.
if command -v systemd-socket-activate >/dev/null; then
    started activated systemd-socket-activate -E KEYMOOR_SOCKET -E PATH -l "$dir/activated.in" \
        keymoor tunnel systemd "localhost:$server_port" --cert $own
    until_true test -S activated.in
    ok "socket activation" "$peer" echo "$dir/activated.in" 100000
    started wrong systemd-socket-activate -E KEYMOOR_SOCKET -E PATH --datagram -l "$dir/wrong.in" \
        keymoor tunnel systemd "localhost:$server_port" --cert $own
    until_true test -S wrong.in
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", sys.argv[1])' "$dir/wrong.in"
    until_true said wrong.err "has to pass one listening socket"
fi
refused "no service manager" "systemd passed no socket" keymoor tunnel systemd "localhost:$server_port" --cert $own

# ---- who may ----
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=64002 --regid=64002 --clear-groups test -r "$peer"; then
    chmod 711 "$dir" "$KEYMOOR_DEV_DIR"
    as() {
        local groups=$1
        shift
        setpriv --reuid=64002 --regid=64002 --groups="$groups" "$peer" "$@"
    }
    ok "another user's TCP connection is cut" as 64002 ended "$(port_of tcp.err)"
    until_true said tcp.err "(uid 64002).* may not use this tunnel"
    client u "$server_port" --allow-uid 64002
    ok "a user who was allowed" as 64002 echo "$dir/u.in" 1000
    client g "$server_port" --allow-gid 64005
    ok "a member of a group that was allowed" as 64004,64005 echo "$dir/g.in" 1000
    ok "a user who was not" as 64004 ended "$dir/g.in"
    until_true said g.err "uid 64002 .* may not use this tunnel"
    client none "$server_port"
    ok "nobody was allowed: the socket does not let him in" as 64002 ended "$dir/none.in"
fi

# ---- the certificate of the client ----
pki=$KEYMOOR_DEV_DIR/pki
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.crt -subj /CN=other -days 2 2>/dev/null
s_client() {
    printf 'echo me\n' | timeout 120 openssl s_client -connect "localhost:$1" -CAfile "$pki/emp_root_cert.pem" -verify_return_error \
        -quiet -no_ign_eof "${@:2}"
}
refused "a client without a certificate" "alert" s_client "$server_port" -tls1_2
until_true said both_tunnel.err "shows no certificate"
refused "a client with somebody's certificate" "alert" s_client "$server_port" -tls1_2 -cert other.crt -key other.key
until_true said both_tunnel.err "authority"
server optional "$dir/both.sock" --verify optional
ok "one without where it is optional" s_client "$port" -tls1_3
refused "a bad one where it is optional" "alert" s_client "$port" -tls1_2 -cert other.crt -key other.key

# ---- what the service is told ----
plain told proxied
server told_tunnel "$dir/told.sock" --proxy-protocol --alpn mqtt --alpn http/1.1
client told_c "$port" --alpn http/1.1
ok "with a header in front" "$peer" echo "$dir/told_c.in" 100000
until_true said told " alpn=http/1.1 ssl=7 verify=0 version=TLSv1.3 cn=Device Certificate cipher=TLS_"
ok "addresses, too" grep -qE "^127.0.0.1:[0-9]+ 127.0.0.1:$port " told
server anonymous "$dir/told.sock" --proxy-protocol --verify none
ok "a client without a certificate" s_client "$port" -tls1_2
until_true said told "ssl=1 verify=1 version=TLSv1.2 cipher="
ok "and no name" sh -c "! grep 'verify=1' told | grep -q cn="

# ---- limits ----
client few "$server_port" --max-connections 3
ok "more than there is room for wait" "$peer" crowd "$dir/few.in" 8
for i in 1 2 3; do
    started in$i "$peer" stay "$dir/few.in"
    until_true said in$i in
    [ $i -gt 1 ] || first=$started
done
started waiter "$peer" stay "$dir/few.in"
stopped "$first"
until_true said waiter in

client idle "$server_port" --idle-timeout 1
ok "a silent one is ended" "$peer" stay "$dir/idle.in"
until_true said idle.err "silent for too long"
started idle_tcp keymoor tunnel 127.0.0.1:0 "localhost:$server_port" --cert $own --idle-timeout 1
until_true said idle_tcp.err "listening on"
ok "which is no end of what the peer had to say" "$peer" drink "$(port_of idle_tcp.err)"
same "it was broken off" reset "$(cat out)"
mkfifo quiet
exec 8<>quiet
refused "nor is it on standard output" "silent for too long" keymoor tunnel - "localhost:$server_port" --cert $own --idle-timeout 1 <quiet
exec 8>&-
deaf_port=$(free_port)
started deaf "$peer" deaf "$deaf_port"
until_true listens "$deaf_port"
client hasty "$deaf_port" --connect-timeout 1
ok "a server that says nothing" "$peer" drink "$dir/hasty.in"
until_true said hasty.err "took too long: shaking hands"
started silent keymoor tunnel --server 127.0.0.1:0 "$dir/both.sock" --cert $servers --connect-timeout 1
until_true said silent.err "listening on"
ok "a client that says nothing" "$peer" drink "$(port_of silent.err)"
until_true said silent.err "took too long: shaking hands"

# Few descriptors: those who find none wait and are not lost. None at all, against what was counted on: it serves on later.
started short bash -c "ulimit -n 60; exec keymoor tunnel 'unix:$dir/short.in' 'localhost:$server_port' --cert $own"
short=$started
until_true test -S short.in
ok "it says so" said short.err "60 descriptors allow 14 connections at once"
ok "more connections than descriptors" "$peer" crowd "$dir/short.in" 50
prlimit --pid "$short" --nofile=6:60
started turned_away "$peer" many "$dir/short.in" 1
until_true said short.err "Too many open files"
prlimit --pid "$short" --nofile=60:60
ok "it serves on" "$peer" many "$dir/short.in" 20

# ---- breaking ----
plain pour pour
server pour_tunnel "$dir/pour.sock"
# flows NAME PORT: the server's data come through a tunnel of a client at a loopback port, to which an end by error can be told.
flows() {
    started "$1" keymoor tunnel 127.0.0.1:0 "localhost:$2" --cert $own
    tunnel=$started
    until_true said "$1.err" "listening on"
    started "$1.how" "$peer" drink "$(port_of "$1.err")"
    until_true said "$1.how" reading
}
pour=$tunnel
flows cut "$port"
kill -KILL "$pour"
until_true said cut.how reset
until_true said cut.err "octets out, [0-9]* in"
ok "the tunnel goes on when its peer was killed" kill -0 "$tunnel"

# service_processes: of the trusted applications: templates, and the instances below them.
service_processes() {
    local template
    # shellcheck disable=SC2013 # words are meant
    for template in $(cat "/proc/$service/task/$service/children"); do
        cat "/proc/$template/task/$template/children"
    done
}
# serves NAME: connections through the tunnel get answers (again): one may still have met what is gone.
serves() { "$peer" echo "$dir/$1.in" 100000; }
# All instances, those of both ends among them.
server pour_again "$dir/pour.sock"
client lost "$server_port"
lost=$tunnel
ok "before" serves lost
flows died "$port"
for pid in $(service_processes); do kill -KILL "$pid"; done
until_true said died.how "reset"
until_true said died.err "octets out"
until_true serves lost
ok "the tunnel goes on when its instance was killed" kill -0 "$lost"

# The whole service: while it is away connections are refused.
flows away "$port"
kill -KILL "$service"
until_true said away.how "reset"
until_true test ! -e "/proc/$service/exe"
rm -f "$KEYMOOR_SOCKET"
ok "without a service" "$peer" ended "$dir/lost.in"
until_true said lost.err "no TLS connection"
start_service
until_true serves lost
ok "the tunnel goes on when the service was killed" kill -0 "$lost"
stopped "$lost"

# ---- a new instance on demand ----
client fresh "$server_port"
fresh=$tunnel
instances() { grep -c '"event":"session-opened".*"ta":"a37f954e-303f-6d5d-b816-85157929ada2"' "$KEYMOOR_DEV_DIR/audit.log"; }
renewed() { serves fresh && [ "$(instances)" -gt "$before" ]; }
ok "before HUP" serves fresh
before=$(instances)
ok "the same instance" serves fresh
same "instances" "$before" "$(instances)"
kill -HUP "$fresh"
until_true renewed

# ---- ending ----
client last "$server_port" --drain 60
last=$tunnel
started last_in "$peer" stay "$dir/last.in"
until_true said last_in in
kill "$last"
until_true said last.err "may finish within"
ok "no new connections" "$peer" ended "$dir/last.in"
ok "the open one goes on" kill -0 "$last"
kill "$last"
status=0
wait "$last" || status=$?
same "a second TERM ends it" 0 "$status"
until_true said last.err "the tunnel was stopped"
client drained "$server_port"
drained=$tunnel
started drained_in "$peer" stay "$dir/drained.in"
drained_in=$started
until_true said drained_in in
kill "$drained"
until_true said drained.err "may finish within"
stopped "$drained_in"
status=0
wait "$drained" || status=$?
same "one TERM, and the last connection closes" 0 "$status"
until_true said drained.err ": closed"
stopped "$server_tunnel"
ok "nothing that went through stands in a log" sh -c "! grep -q 'echo me' ./*.err"
done_testing
