#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Signed commands that are killed at any moment: kill_commands.py says what holds afterwards.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
cd "$dir"
ok "kills" "$source/tests/system/kill_commands.py" 30 "$KEYMOOR_DEV_DIR/pki" "$source/tests/system/command_builder.py"
cat out
done_testing
