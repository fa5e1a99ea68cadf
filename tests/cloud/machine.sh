# Sourced after lib.sh: machines with a Debian of their own under systemd, as containers of systemd-nspawn: what `make install` gives is in
# them, and they share a network, in which the test is one more machine. Sets $dir. Where that can't be had the test is skipped (77).
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # some come from lib.sh, some are for the tests

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
without() {
    echo "skipped: $*" >&2
    exit 77
}
[ "$(id -u)" -eq 0 ] || without "machines need root"
for tool in mmdebstrap systemd-nspawn nsenter ip aws; do
    command -v "$tool" >/dev/null || without "$tool is not installed (scripts/install-deps test-full)"
done
dir=$(mktemp -d /var/tmp/keymoor-machines.XXXXXX)
chmod 755 "$dir"
net=km$$
machines=""
n_machines=1
# shellcheck disable=SC2317 # called by the trap
end_machines() {
    local rc=$? machine
    set +e
    end_helpers
    for machine in $machines; do
        [ $rc -eq 0 ] || [ $rc -eq 77 ] || inside "$machine" journalctl --no-pager --boot --lines=30 >&2 || true
        end_machine "$machine"
        ip netns del "$net-$machine" 2>/dev/null || true
        umount "$dir/$machine/root" 2>/dev/null || true
    done
    ip netns del "$net" 2>/dev/null || true
    rm -rf --one-file-system "$dir"
}
trap end_machines EXIT

# make_image BUILD_DIR [PACKAGES...]: what all machines begin with: a small Debian like this machine's, with what the programs need where they run.
make_image() {
    local build=$1 codename packages
    shift
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    packages="systemd systemd-sysv dbus sudo mosquitto-clients $("$source/scripts/install-deps" --print run) $*"
    mmdebstrap --variant=minbase --include="${packages// /,}" "$codename" "$dir/image" >"$dir/image.log" 2>&1 || {
        tail -n 5 "$dir/image.log" >&2
        without "no Debian could be installed"
    }
    ok "install" env DESTDIR="$dir/stage" cmake --install "$build"
    cp -a --no-preserve=ownership "$dir/stage/." "$dir/image"
    ip netns add "$net"
    ip -n "$net" link add bridge type bridge
    ip -n "$net" address add 192.0.2.1/24 dev bridge
    ip -n "$net" link set lo up
    ip -n "$net" link set bridge up
    echo "127.0.0.1 localhost" >"$dir/hosts"
}

# machine NAME NAMES...: one with a copy of the image, under these names in all hosts files; not started yet. $address is its own.
machine() {
    local name=$1
    n_machines=$((n_machines + 1))
    address=192.0.2.$n_machines
    machines="$machines $name"
    mkdir "$dir/$name" "$dir/$name/root" "$dir/$name/upper" "$dir/$name/work"
    mount -t overlay overlay -o "lowerdir=$dir/image,upperdir=$dir/$name/upper,workdir=$dir/$name/work" "$dir/$name/root" ||
        without "no overlay can be mounted"
    ip netns add "$net-$name"
    ip -n "$net" link add "to$n_machines" type veth peer name net0 netns "$net-$name"
    ip -n "$net" link set "to$n_machines" master bridge up
    ip -n "$net-$name" link set lo up
    ip -n "$net-$name" address add "$address/24" dev net0
    ip -n "$net-$name" link set net0 up
    echo "$address $*" >>"$dir/hosts"
}

# Where no service manager runs each machine gets control groups of its own all the same: else all would share theirs.
nspawn_options="--quiet --register=no --resolv-conf=off --link-journal=no --capability=CAP_NET_ADMIN"
[ -d /run/systemd/system ] || nspawn_options="$nspawn_options --keep-unit"
group_roots() { awk '$3 == "cgroup2" || ($3 == "cgroup" && $4 ~ /name=systemd/) { print $2 }' /proc/mounts; }
into_group() {
    local at
    [ ! -d /run/systemd/system ] || return 0
    for at in $(group_roots); do mkdir "$at/$1" && echo "$BASHPID" >"$at/$1/cgroup.procs"; done
}
end_group() {
    local at
    for at in $(group_roots); do [ ! -d "$at/$1" ] || find "$at/$1" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
}

# boot NAME: until its units have started.
boot() {
    local name=$1
    cp "$dir/hosts" "$dir/$name/root/etc/hosts"
    echo "$name" >"$dir/$name/root/etc/hostname"
    (
        into_group "$net-$name"
        # shellcheck disable=SC2086 # options
        exec systemd-nspawn $nspawn_options --directory="$dir/$name/root" --machine="$net-$name" \
            --network-namespace-path="/run/netns/$net-$name" --boot
    ) </dev/null >>"$dir/$name/console" 2>&1 &
    echo $! >"$dir/$name/pid"
    until inside "$name" systemctl is-system-running --wait >"$dir/$name/state" 2>&1 || grep -q degraded "$dir/$name/state"; do
        if has_ended "$(cat "$dir/$name/pid")"; then
            tail -n 5 "$dir/$name/console" >&2
            without "systemd-nspawn can't start a machine here"
        fi
        sleep 0.1
    done
}
leader() {
    local pid
    pid=$(cat "$dir/$1/pid")
    cut -d' ' -f1 "/proc/$pid/task/$pid/children" 2>/dev/null || true
}
# end_machine NAME: as if its power failed.
end_machine() {
    local leader pid
    [ -f "$dir/$1/pid" ] || return 0
    leader=$(leader "$1")
    pid=$(cat "$dir/$1/pid")
    [ -z "$leader" ] || kill -KILL "$leader" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    rm "$dir/$1/pid"
    rmdir "/run/systemd/nspawn/propagate/$net-$1" 2>/dev/null || true
    end_group "$net-$1"
}
# reboot_machine NAME
reboot_machine() {
    inside "$1" systemctl reboot
    until has_ended "$(cat "$dir/$1/pid")"; do sleep 0.1; done
    end_machine "$1"
    boot "$1"
}

# inside NAME COMMAND...: as root on that machine.
inside() {
    local leader
    leader=$(leader "$1")
    [ -n "$leader" ] || return 1
    shift
    nsenter --target="$leader" --mount --uts --ipc --net --pid --cgroup --root --wd env -i HOME=/root LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
# outside COMMAND...: on this machine, in the network of the others and with their names.
outside() {
    # shellcheck disable=SC2016 # the inner shell's own
    nsenter --net="/run/netns/$net" unshare --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$dir/hosts" "$@"
}

# blocks HEADING: the commands below that heading of docs/cloud.md, up to the next one.
blocks() {
    awk -v heading="$1" '/^```/ { inside = !inside; next }
        inside { if (found) print; next }
        /^#+ / { text = $0; sub(/^#+ /, "", text); found = text == heading }' "$source/docs/cloud.md"
}
# do_blocks MACHINE HEADING: does them there.
do_blocks() {
    local commands
    commands=$(blocks "$2")
    [ -n "$commands" ] || { echo "FAILED: docs/cloud.md has nothing below '$2'" >&2; exit 1; }
    inside "$1" bash -e -c "$commands"
}
# is MACHINE STATE UNIT...
is() {
    local machine=$1 state=$2 unit
    shift 2
    for unit in "$@"; do [ "$(inside "$machine" systemctl is-active "$unit")" = "$state" ] || return 1; done
}

# become_operator MACHINE: with the access key in $dir/out and the server's CA of that machine.
become_operator() {
    eval "export $(tr '\n' ' ' <"$dir/out")"
    cp "$dir/$1/root/etc/keymoor/cloud/server_ca.pem" "$dir"
    export AWS_DEFAULT_REGION=eu-central-1 AWS_CA_BUNDLE=$dir/server_ca.pem AWS_PAGER="" AWS_MAX_ATTEMPTS=1 AWS_EC2_METADATA_DISABLED=true
    export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null dir net
    export -f aws outside zip
    mkdir "$dir/operator"
    cd "$dir/operator" || exit 1
}
# aws ARGUMENTS...: at $at, which is cloud.example when it is not set.
aws() { outside /usr/bin/aws --endpoint-url "https://${at:-cloud.example}:8443" "$@"; }
zip() { python3 -m zipfile -c "$@"; }

# register_ca: a CA whose devices register by themselves, with policy, function and rule, as the page says.
register_ca() {
    local part
    cp "$source"/examples/AWS/just_in_time/* .
    sed -i "s/REGION/eu-central-1/; s/ACCOUNT/123456789012/" policy.json
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/O=Test/CN=Device CA" \
        -addext basicConstraints=critical,CA:TRUE -keyout deviceCA.key -out deviceCA.pem 2>/dev/null
    for part in "Registering a CA" "A policy" "Just-in-time registration"; do ok "$part" bash -e -c "$(blocks "$part")"; done
}
has_status() { [ "$(aws iot list-certificates --query 'certificates[0].status' --output text)" = "$1" ]; }
