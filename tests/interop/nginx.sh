# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# nginx as a TLS server on the loopback. Sourced by scenarios and benchmarks.

# nginx_conf PORT WORKERS USER CERT KEY [CERT KEY]...: a configuration on standard output. The server answers with its protocol and
# process, resumes no session and closes after each request. nginx empties the environment of its workers but for what `env`
# names: where keymoord's socket is not the default one they would not find it. Its logs go to the prefix (-p).
nginx_conf() {
    local port=$1 workers=$2 user=$3
    shift 3
    cat <<CONF
daemon off;
worker_processes $workers;
pid nginx.pid;
error_log error.log info;
env KEYMOOR_SOCKET;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    keepalive_timeout 0;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache off;
    ssl_session_tickets off;
    server {
        listen 127.0.0.1:$port ssl backlog=512;
CONF
    while [ $# -ge 2 ]; do
        echo "        ssl_certificate $1;"
        echo "        ssl_certificate_key $2;"
        shift 2
    done
    cat <<'CONF'
        return 200 "$ssl_protocol $ssl_cipher of $pid\n";
    }
}
CONF
    # Only root may become somebody else, and is told so otherwise.
    [ "$(id -u)" -ne 0 ] || echo "user $user;"
}
