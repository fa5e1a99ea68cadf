#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The engine inside a C program.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

create ec ec256
create rsa rsa2048
create locked ec256 "open sesame"
with_engine "$build/tests/test_engine"
exit $?
