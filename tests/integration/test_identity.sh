#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whom a trusted application acts for when it opens a session to another one, and who is an administrator.
# shellcheck disable=SC2119 # start takes options where it needs them
set -eu
# shellcheck source=tests/integration/keymoord.sh
. "$(dirname "$0")/keymoord.sh"

exe=$(sha256sum "$build/tests/ta_call" | cut -d ' ' -f 1)
me="$(id -u) $(id -g)"
nobody="f0000000 4294967295 4294967295 user -"

start
call 00000000 "$hostile" 36t
same "a client of its own" "00000000 4 0 00000000 $me admin $exe" "$line"
call 00000000 "$hostile" 37t
same "a TA speaks for its only client" "00000000 4 0 f0000000 $me admin $exe" "$line"
audited "\"uid\":$(id -u).*\"ta\":\"$hostile\",\"via\":\"$hostile\"" || fail "the audit does not name client and calling TA"
call 00000000 "$hostile" 38t
same "not for the client of its client" "00000000 4 0 $nobody" "$line"
call 00000000 "$shared" 37t
same "an instance that several may share speaks for nobody" "00000000 4 0 $nobody" "$line"
audited "\"event\":\"session-opened\",\"ta\":\"$hostile\",\"via\":\"$shared\"" || fail "the audit does not name a TA that opens for itself"
stop

# What TAs open for a user counts as the user's.
start --max-sessions-per-uid 1
call ffff000d "$hostile" 37t
stop
start --max-sessions-per-uid 2
call 00000000 "$hostile" 37t
stop

refuses "a group that is not there" "--admin-group: there is no group 'no-such-group'" --admin-group no-such-group
if [ "$(id -u)" -eq 0 ]; then
    chmod 0711 "$dir"
    # as GROUPS: who a client of uid 64002 in these groups is.
    as() {
        line=$(setpriv --reuid=64002 --regid=64002 --groups="$1" "$build/tests/ta_call" "$hostile" 36t | tail -n 1)
        line=$(echo "$line" | cut -d ' ' -f 7)
    }
    if setpriv --reuid=64002 --regid=64002 --clear-groups test -x "$build/tests/ta_call"; then
        start --admin-group 64010 --socket-mode 0666
        as 64011,64010
        same "a member of the group" admin "$line"
        as 64011
        same "somebody else" user "$line"
        stop
        start --socket-mode 0666
        as 64010
        same "a member when no group is named" user "$line"
        stop
    fi
fi
done_testing
