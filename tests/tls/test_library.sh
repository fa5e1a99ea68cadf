#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The TLS library on a device of its own.
set -u
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
ok "the library" "$build/tests/test_clrtls"
done_testing
