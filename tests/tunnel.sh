# Sourced after lib.sh by the scenarios of tunnels. The device's second certificate is that of a server called localhost.
# shellcheck shell=bash disable=SC2034,SC2154
export KEYMOOR_DEV_SERVER=localhost
own=com.seqlabs.oem_device_cert
servers=com.seqlabs.emp_device_cert

# said FILE PATTERN
said() { grep -q -- "$2" "$1"; }
# port_of LOG: where a tunnel said that it listens.
port_of() { sed -n 's/.*listening on .* port \([0-9]*\)$/\1/p' "$1"; }
# server NAME PLACE WORD...: a server's tunnel in front of PLACE; its log is NAME.err. Sets port and tunnel.
server() {
    local name=$1 to=$2
    shift 2
    started "$name" keymoor tunnel --server 127.0.0.1:0 "$to" --cert $servers "$@"
    tunnel=$started
    until_true said "$name.err" "listening on"
    port=$(port_of "$name.err")
}
# client NAME PORT WORD...: a client's tunnel at NAME.in. Sets tunnel.
client() {
    local name=$1 to=$2
    shift 2
    started "$name" keymoor tunnel "unix:$dir/$name.in" "localhost:$to" --cert $own "$@"
    tunnel=$started
    until_true test -S "$name.in"
}
# real_server: server.key, server.crt and ca.crt for a server that is not ours, which trusts the device's authority.
real_server() {
    cp "$KEYMOOR_DEV_DIR/pki/oem_root_cert.pem" ca.crt
    printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n' >server.cnf
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -subj /CN=localhost 2>/dev/null |
        openssl x509 -req -CA ca.crt -CAkey "$KEYMOOR_DEV_DIR/pki/oem_root_key.pem" -CAcreateserial -extfile server.cnf \
            -days 2 -out server.crt 2>/dev/null
}
