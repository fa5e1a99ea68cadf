# Sourced after lib.sh: what `make install` gives, below $dir/root, and clouds made of its examples and started as its units say.
# Sets $dir; as root everything but the functions' runner is a user of its own, and the runner has the unit's rights alone.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # some come from lib.sh, some are for the tests

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$(mktemp -d)
chmod 755 "$dir"
trap 'end_helpers; rm -rf "$dir"' EXIT
root=$dir/root
user=$(id -u)
group=$(id -g)
as_cloud=()
if [ "$user" -eq 0 ]; then
    user=64990 group=64990
    as_cloud=(setpriv "--reuid=$user" "--regid=$group" --clear-groups)
fi

# install_cloud BUILD_DIR
install_cloud() {
    ok "install" env DESTDIR="$root" cmake --install "$1"
    usr=$root$(sed -n 's/^CMAKE_INSTALL_PREFIX:[A-Z]*=//p' "$1/CMakeCache.txt")
    units=$usr/lib/systemd/system
}

# A server's CA and certificate, as docs/cloud.md makes them; for the names localhost and those of the loopback.
make_server_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Cloud" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout "$dir/server_ca.key" -out "$dir/server_ca.pem" 2>/dev/null
    printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$dir/server.ext"
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout "$dir/server.key" \
        -out "$dir/server.csr" 2>/dev/null
    openssl x509 -req -in "$dir/server.csr" -CA "$dir/server_ca.pem" -CAkey "$dir/server_ca.key" -CAcreateserial -days 30 -sha256 \
        -extfile "$dir/server.ext" -out "$dir/server.pem" 2>/dev/null
}

# here MACHINE: sed's commands that turn the system's places, names and ports into those of one of the test's machines.
here() {
    local at=$dir/$1
    printf '%s\n' "s,$dir,$dir,g" "s,/etc/keymoor/cloud,$at/etc,g" "s,/var/lib/keymoor-cloud,$at/state,g" "s,/run/keymoor-cloud,$at/run,g" \
        "s,\([ =]\)${usr#"$root"}/\(bin\|lib\),\1$usr/\2,g" "s,^listener 8883,listener $(cat "$at/broker.port") 127.0.0.1,g" "s,[a-z.]*cloud.example:8883,localhost:$(cat "$at/broker.port"),g" \
        "s,[a-z.]*cloud.example:8443,localhost:$(cat "$at/api.port"),g" "s,--listen 0.0.0.0 --port 8443,--listen 127.0.0.1 --port $(cat "$at/api.port"),g" \
        "s,--device-port 8444,--device-port $(cat "$at/device.port"),g" \
        "s,--socket-group keymoor-cloud,--socket-group $group,g" \
        /^plugin_opt_read_timeout_ms/d 's/^plugin_opt_account.*/&\nplugin_opt_read_timeout_ms 10000/'
}

# place MACHINE EXAMPLE: its folders, with the example's files as the system's administrator would put them there.
place() {
    local at=$dir/$1 file
    mkdir "$at" "$at/etc" "$at/log"
    mkdir -m 700 "$at/state"
    mkdir -m 750 "$at/run"
    free_port >"$at/broker.port"
    free_port >"$at/api.port"
    free_port >"$at/device.port"
    cp "$dir"/server.pem "$dir"/server.key "$dir"/server_ca.pem "$at/etc"
    for file in "$usr/share/doc/keymoor/examples/cloud/$2"/*; do sed "$(here "$1")" "$file" >"$at/etc/$(basename "$file")"; done
    chmod 640 "$at/etc/server.key"
    [ "$user" -eq "$(id -u)" ] || chown -R "$user:$group" "$at/state" "$at/run" "$at/etc"
}

# rights UNIT: what a process of that unit is allowed, as words before its command.
rights() {
    [ "$(id -u)" -eq 0 ] || return 0
    local caps
    caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$1" | tr ' A-Z' ',a-z' | sed 's/cap_/+/g')
    printf '%s ' setpriv --no-new-privs "--bounding-set=-all${caps:+,$caps}"
    ! grep -q '^User=' "$1" || printf '%s ' "--reuid=$user" "--regid=$group" --clear-groups "--inh-caps=-all"
}

# unit MACHINE NAME [INSTANCE]: what that unit starts, beside the test; $started is its process.
unit() {
    local at=$dir/$1 file="$units/$2.service" made="$dir/$1/$2.service"
    sed "$(here "$1"); s/%i/${3:-}/g; s/\${[A-Z]*}/\"&\"/g" "$file" >"$made"
    # The service manager's reading of an environment file and of a command line, as far as ours go.
    # shellcheck disable=SC2016 # the inner shell's own
    started "$at/log/$2" env -i PATH="$PATH" bash -c 'set -a
        for file in $(sed -n "s/^EnvironmentFile=//p" "$0"); do . "$file"; done
        eval "$(sed -n "s/^Environment=//p" "$0")"
        set +a
        eval "exec $1 $(sed -n "s/^ExecStart=//p" "$0")"' "$made" "$(rights "$file")"
}
# up LOG COMMAND...: waits for that of the process just started, or its end, which is a failure.
there() { "$@" || has_ended "$started"; }
up() {
    until_true there "${@:2}"
    "${@:2}" && return
    echo "FAILED: it does not start:" >&2
    cat "$1" "$1.err" >&2
    exit 1
}
says() { grep -q -- "$2" "$1" "$1.err"; }

# start_machine MACHINE: its control plane, broker and rules, in the order of the units.
start_machine() {
    local at=$dir/$1
    unit "$1" keymoor-cloud-control
    echo "$started" >"$at/control.pid"
    up "$at/log/keymoor-cloud-control" listens "$(cat "$at/api.port")"
    unit "$1" keymoor-cloud-broker@ 1
    echo "$started" >"$at/broker.pid"
    up "$at/log/keymoor-cloud-broker@" listens "$(cat "$at/broker.port")"
    unit "$1" keymoor-cloud-rules
    echo "$started" >"$at/rules.pid"
    up "$at/log/keymoor-cloud-rules" says "$at/log/keymoor-cloud-rules" 'ready'
    ln -sf keymoor-cloud-rules.err "$at/log/rules.log"
}

# stop_machine MACHINE
stop_machine() {
    local name pid
    for name in rules broker control; do
        pid=$(cat "$dir/$1/$name.pid")
        kill "$pid"
        until has_ended "$pid"; do sleep 0.01; done
    done
}

# use MACHINE: whose endpoint aws and the words of the walks speak to.
use() {
    cloud=$dir/$1
    endpoint=https://localhost:$(cat "$cloud/api.port")
    port=$(cat "$cloud/broker.port")
}
operator() {
    "${as_cloud[@]}" env HOME=/nonexistent PGSERVICEFILE="$dir/cloud/etc/pg_service.conf" "$usr/bin/keymoor-cloud" "$@"
}
# access_key [OPTIONS...]: an operator's, for aws.
access_key() {
    eval "export $(operator key create operator "$@" | tr '\n' ' ')"
    account=123456789012
    region=eu-central-1
    export AWS_DEFAULT_REGION=$region AWS_CA_BUNDLE=$dir/server_ca.pem AWS_PAGER="" AWS_MAX_ATTEMPTS=1 AWS_EC2_METADATA_DISABLED=true
    export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
}

# device_ca: a CA whose devices register by themselves, with policy, function and rule.
device_ca() {
    local id code
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/O=Test/CN=Device CA" \
        -addext basicConstraints=critical,CA:TRUE -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
    code=$(aws iot get-registration-code --query registrationCode --output text)
    verification "$dir/ca.pem" "$dir/ca.key" "$code" "$dir/verification.pem"
    ok "the CA registers" aws iot register-ca-certificate --ca-certificate "file://$dir/ca.pem" \
        --verification-certificate "file://$dir/verification.pem" --set-as-active --allow-auto-registration
    id=$(openssl x509 -in "$dir/ca.pem" -outform DER | sha256sum | cut -d' ' -f1)
    registration_function "$id" plant/line
}

# make_device NAME: key and certificate of one of the CA's devices.
make_device() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=Test/CN=$1" -keyout "$dir/$1.key" -out "$dir/$1.csr" 2>/dev/null
    openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 30 -sha256 -out "$dir/$1.crt" 2>/dev/null
    cat "$dir/$1.crt" "$dir/ca.pem" >"$dir/$1.pem"
}
# publish NAME: that device says something at the cloud in use.
publish() {
    mosquitto_pub --cafile "$dir/server_ca.pem" --cert "$dir/$1.pem" --key "$dir/$1.key" -h localhost -p "$port" -i "$1" -q 1 -t plant/line -m hello
}
# post NAME: it says the same over HTTPS.
post() {
    curl -sSf --cacert "$dir/server_ca.pem" --cert "$dir/$1.pem" --key "$dir/$1.key" -d hello \
        "https://localhost:$(cat "$cloud/device.port")/topics/plant/line?qos=1"
}
# too_long NAME: a message longer than any may be ends that device's connection; it is not taken and lost.
too_long() {
    head -c 131073 /dev/zero >"$dir/long"
    refused "a message that is too long" "connection was lost" mosquitto_pub --cafile "$dir/server_ca.pem" --cert "$dir/$1.pem" \
        --key "$dir/$1.key" -h localhost -p "$port" -i "$1" -q 1 -t plant/line -f "$dir/long"
}
