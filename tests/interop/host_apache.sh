#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2317 # variables are for lib.sh, functions are called by check and refuse
# Apache with the event MPM as a TLS server whose keys are in the service, by reference files through the provider: children
# of another user, graceful restarts under load, and keymoord ended meanwhile.
[ "$(id -u)" -ne 0 ] || keymoord_options=(--socket-group www-data) # whom the server becomes
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/load.sh
. "$KM_TEST_SOURCE/tests/interop/load.sh"

server_keys
apache=$(PATH=$PATH:/usr/sbin command -v apache2)
modules_dir=$(dirname "$(find /usr/lib/apache2 -name mod_ssl.so | head -1)")
mkdir www
echo "an answer of Apache" >www/index.html

port=$(free_port)
{
    for module in mpm_event ssl authz_core dir; do
        echo "LoadModule ${module}_module $modules_dir/mod_$module.so"
    done
    cat <<CONF
ServerName localhost
ServerRoot $work
PidFile $work/apache.pid
ErrorLog $work/error.log
Listen 127.0.0.1:$port
KeepAlive Off
StartServers 2
ServerLimit 8
ThreadsPerChild 8
MaxRequestWorkers 64
DocumentRoot $work/www
DirectoryIndex index.html
SSLEngine on
SSLSessionCache none
SSLSessionTickets off
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLCertificateFile $work/ec.crt
SSLCertificateKeyFile $work/ec.ref
SSLCertificateFile $work/rsa.crt
SSLCertificateKeyFile $work/rsa.ref
CONF
    # Only root may become somebody else.
    [ "$(id -u)" -ne 0 ] || printf 'User %s\nGroup %s\n' "$server_user" "$(id -gn "$server_user")"
} >apache.conf
"${provider_env[@]}" "$apache" -f "$work/apache.conf" -D FOREGROUND >apache.txt 2>&1 &
server=$!
started "$server" "$port" || { cat apache.txt error.log; exit 1; }

get() {
    curl -sS --max-time 20 --cacert ca.crt "$@" "https://localhost:$port/" >answer.txt && grep -qx "an answer of Apache" answer.txt
}

# renewed CHILDREN: whether none of them is left and there are others.
renewed() {
    local now
    now=$(pgrep -P "$server" | sort)
    [ -n "$now" ] && [ -z "$(comm -12 <(echo "$1") <(echo "$now"))" ]
}

check "TLS 1.2, ECDSA" get --tls-max 1.2 --ciphers ECDHE-ECDSA-AES128-GCM-SHA256
check "TLS 1.2, RSA" get --tls-max 1.2 --ciphers ECDHE-RSA-AES128-GCM-SHA256
check "TLS 1.3" get --tlsv1.3
if [ "$(id -u)" -eq 0 ]; then
    check "the child is $server_user" test "$(stat -c %U "/proc/$(pgrep -P "$server" | head -1)")" = "$server_user"
fi
load_start "$port" 4
for round in 1 2 3 4 5; do
    children=$(pgrep -P "$server" | sort)
    kill -USR1 "$server"
    until_true renewed "$children"
    check "answers after graceful restart $round" load_goes_on
done
for signal in TERM KILL; do
    load_order away
    stop_keymoord $signal
    start_keymoord 3>&-
    load_order back
    check "answers after keymoord was ended by $signal" load_goes_on
done
check "no request failed or hung but for those of keymoord's restarts" load_end
tail -1 load.out
refuse "children that ended by a signal" "" grep "exit signal" error.log
stopped "$server"
finish
