#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The provider inside a C program: threads, forks, exits and what must not come out.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

create ec ec256
create rsa rsa2048
create locked ec256 "open sesame"
status=0
with_provider "$build/tests/test_provider" || status=$?
with_provider "$build/tests/test_provider_life" || status=$?
exit "$status"
