#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2317 # variables are for lib.sh, functions are called by check and refuse
# PostgreSQL as a TLS server whose key is in the service, in a reference file as ssl_key_file; it makes a process for each
# connection, which signs with the key that the first process opened. psql with certificates whose keys are in the service,
# by reference file through the provider and, as sslkey=clrc:NAME, through the engine. (Only its clients take engines.)
[ "$(id -u)" -ne 0 ] || keymoord_options=(--socket-group postgres) # PostgreSQL is never root
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

bin=$(dirname "$(find /usr/lib/postgresql -name initdb 2>/dev/null | sort | tail -n 1)")
as=()
[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=postgres --regid=postgres --init-groups)
test_ca
mkdir -m 777 db
# The server's key belongs to who runs the server: PostgreSQL is never root.
for key in server dev devrsa; do
    owner=()
    kind=ec256
    [ $key != server ] || owner=("${as[@]}")
    [ $key != devrsa ] || kind=rsa2048
    "${owner[@]}" "$door_tool" create $key $kind || exit 1
    reference clrc:$key $key.ref
    name=$key
    [ $key != server ] || name=localhost
    "${owner[@]}" "${provider_env[@]}" openssl req -new -key clrc:$key -subj "/CN=$name" >$key.csr || exit 1
    issue $key.csr $key.crt
done
chmod 600 ./*.ref
[ "$(id -u)" -ne 0 ] || chown postgres server.ref

check "a database" "${as[@]}" "$bin/initdb" -D "$work/db/data" -U keeper -A trust --no-sync
printf 'local all all trust\nhostssl all all 127.0.0.1/32 cert map=devices\n' | "${as[@]}" tee db/data/pg_hba.conf >/dev/null
printf 'devices /^dev keeper\n' | "${as[@]}" tee db/data/pg_ident.conf >/dev/null
port=$(free_port)
"${as[@]}" "${provider_env[@]}" "$bin/postgres" -D "$work/db/data" -k "$work/db" -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off \
    -c ssl=on -c "ssl_ca_file=$work/ca.crt" -c "ssl_cert_file=$work/server.crt" -c "ssl_key_file=$work/server.ref" >postgres.txt 2>&1 &
server=$!
started "$server" "$port" || { cat postgres.txt; exit 1; }

# ask DOOR CERT KEY: what the server says of the connection.
ask() {
    local environment=("${provider_env[@]}")
    [ "$1" = provider ] || environment=("${engine_env[@]}")
    "${environment[@]}" PGCONNECT_TIMEOUT=20 psql -X -q -At "host=localhost hostaddr=127.0.0.1 port=$port user=keeper dbname=postgres sslmode=verify-full \
sslrootcert=ca.crt sslcert=$2.crt sslkey=$3${limit:+ ssl_max_protocol_version=$limit}" \
        -c "select version || ' ' || client_dn from pg_stat_ssl where pid = pg_backend_pid()" >answer.txt
}
asks() {
    local expected=$1
    shift
    ask "$@" && grep -qx "$expected" answer.txt
}

all_ways() {
    for limit in TLSv1.2 ""; do
        for key in dev devrsa; do
            check "$1: $key by provider ${limit:-TLSv1.3}" asks "${limit:-TLSv1.3} /CN=$key" provider $key $key.ref
            check "$1: $key by engine ${limit:-TLSv1.3}" asks "${limit:-TLSv1.3} /CN=$key" engine $key clrc:$key
        done
    done
    limit=""
}
all_ways "as started"
kill -HUP "$server"
until_true grep -q "reloading configuration" postgres.txt
all_ways "after a reload"
refuse "a certificate and a key of another" "" ask provider dev server.ref
for signal in TERM KILL; do
    stop_keymoord $signal
    refuse "no service after $signal" "" ask provider dev dev.ref
    # With a key of its own the client comes as far as the server's signature.
    refuse "no service after $signal, server alone" "" psql -X -At "host=localhost port=$port user=keeper sslmode=verify-full sslrootcert=ca.crt"
    check "the server lives" kill -0 "$server"
    start_keymoord
    all_ways "after keymoord was ended by $signal"
done
check "the server says why" grep -q "could not accept SSL connection: the trusted service can't be reached" postgres.txt
stopped "$server"
finish
