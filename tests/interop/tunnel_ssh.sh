#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ssh with the tunnel as its ProxyCommand, to an sshd behind a server's tunnel: nobody reaches the sshd without the device's key.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/tunnel.sh
. "$(dirname "$0")/../tunnel.sh"
set -eu
device "$@"
cd "$dir"

sshd=$(PATH=$PATH:/usr/sbin command -v sshd)
# Where it locks itself up as root; Debian's unit makes it.
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f host_key
ssh-keygen -q -t ed25519 -N '' -f user_key
cp user_key.pub authorized_keys
printf 'localhost %s\n' "$(cut -d ' ' -f 1,2 host_key.pub)" >known_hosts
port=$(free_port)
cat >sshd.conf <<CONF
ListenAddress 127.0.0.1:$port
HostKey $dir/host_key
AuthorizedKeysFile $dir/authorized_keys
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
CONF
started sshd "$sshd" -D -e -f sshd.conf
until_true listens "$port"
server ssh_tunnel "127.0.0.1:$port"
through="keymoor tunnel - localhost:$port --cert $own"
remote() {
    ssh -F none -i user_key -o IdentitiesOnly=yes -o UserKnownHostsFile=known_hosts -o HostKeyAlias=localhost \
        -o StrictHostKeyChecking=yes -o BatchMode=yes -o ProxyCommand="$through" localhost "$@"
}
same "a command and its exit status" "there
7" "$(remote 'echo there; exit 7' || echo $?)"
head -c 3000000 /dev/urandom >blob
remote cat <blob >got
ok "3 MB there and back" cmp blob got
through="keymoor tunnel - localhost:$port --cert com.seqlabs.oem_root_cert --key com.seqlabs.oem_device_key"
refused "with a key that does not go with its certificate" "can't run\|onnection closed" remote true
done_testing
