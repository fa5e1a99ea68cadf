#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The private key of the device is not in a client's memory and nowhere readable on disk.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
KEYMOOR_DEV_TA_DIR=$1/ta-test
export KEYMOOR_DEV_TA_DIR
device "$@"
ok "search for the scalar" "$build/tests/find_scalar" com.seqlabs.oem_device_key "$KEYMOOR_DEV_DIR/state" "$KEYMOOR_DEV_DIR"
same "the search was not blind" 1 "$(grep -c '^control: the same search finds' "$dir/out")"
done_testing
