#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Damaged, rolled back and full stores under the whole service: a specific error, nothing lost, service up.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mounted=""
if [ "${KEYMOOR_TEST_INSIDE:-}" != 1 ] && [ "$(id -u)" -eq 0 ]; then
    KEYMOOR_DEV_STATE_DIR=$(mktemp -d)
    mount -t tmpfs -o size=4m,mode=700 none "$KEYMOOR_DEV_STATE_DIR" && mounted=$KEYMOOR_DEV_STATE_DIR
    export KEYMOOR_DEV_STATE_DIR
    trap 'umount "$mounted"; rmdir "$mounted"' EXIT
    KEYMOOR_TEST_INSIDE=1 "$1/bin/keymoor" dev "$0" "$@"
    exit
fi
device "$@"
state=${KEYMOOR_DEV_STATE_DIR:-$KEYMOOR_DEV_DIR/state}

ok "a key from before" keymoor key create before
if [ -n "${KEYMOOR_DEV_STATE_DIR:-}" ]; then
    # Fill the disk to the last octet, then try to write.
    dd if=/dev/zero of="$state/fill" bs=4k 2>/dev/null || true
    status=0
    for i in $(seq 200); do
        keymoor key create "full-$i" >"$dir/out" 2>"$dir/err" || { status=1; break; }
    done
    same "the disk is full" 1 "$status"
    cp "$dir/err" "$dir/full"
    ok "and that is what it says" grep 0xffff0007 "$dir/full"
    ok "the service lives" keymoor status
    ok "what was there is there" keymoor key show before
    rm "$state/fill"
    ok "with room again it writes again" keymoor key create after
fi

crypto=$(find "$state" -iname data.mdb -path '*138a1951*')
[ -n "$crypto" ] || { echo "FAILED: no store of the crypto application below $state" >&2; exit 1; }

# An older copy of one page of objects put back is a rollback of some of them.
stop_service
cp "$crypto" "$dir/whole"
start_service
ok "restarted" keymoor key show before
ok "delete" keymoor key delete before
stop_service
cp "$crypto" "$dir/newer"

# Every page flipped in the middle: refused or harmless, never wrong and never the service's end.
pages=$(($(stat -c %s "$dir/newer") / 4096))
refusals=0
for page in $(seq 0 $(((pages + 11) / 12)) $((pages - 1))); do
    cp "$dir/newer" "$crypto"
    printf '\252\125\252\125\252\125\252\125' | dd of="$crypto" bs=1 seek=$((page * 4096 + 2048)) conv=notrunc 2>/dev/null
    start_service
    keymoor key list >"$dir/list" 2>"$dir/said" || refusals=$((refusals + 1))
    [ ! -s "$dir/said" ] || ok "page $page: the store's own error" grep 0xffff000e "$dir/said"
    ok "page $page: the service lives" keymoor status
    ok "page $page: other applications work" keymoor cert list
    stop_service
done
[ "$refusals" -gt 0 ] || { echo "FAILED: no flipped page was noticed" >&2; exit 1; }
cp "$dir/newer" "$crypto"
start_service
ok "whole again" keymoor key list
refused "the deleted key stays deleted" 0xffff0008 keymoor key show before
done_testing
