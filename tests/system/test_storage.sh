#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Encrypted files: the printed commands, what is on disk, other users, restarts, and `keymoor file`.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
cd "$dir"
state=$KEYMOOR_DEV_DIR/state
warning="others can read a password on the command line"

# says WHAT STATUS LINE COMMAND...: the exit status and all of standard output.
says() {
    local what=$1 status=$2 line=$3 got=0
    shift 3
    "$@" >said 2>complained || got=$?
    same "$what: status" "$status" "$got"
    same "$what" "$line" "$(cat said)"
}

# ---- as printed ----
says "write with a password" 0 "Secret written to: myfilename" storage_example w myfilename "This is a secret" mypassword
ok "there is a warning" grep -q "$warning" complained
says "write without" 0 "Secret written to: myfilename2" storage_example w myfilename2 "This is a new secret"
ok "and no warning" test ! -s complained
says "overwrite without the password" 1 "Could not open myfilename: 0xffff0102" storage_example w myfilename "This is a secret"
says "read" 0 "Secret retrieved: This is a secret" storage_example r myfilename mypassword
says "read with a wrong one" 1 "Could not open myfilename: 0xffff0102" storage_example r myfilename wrong
says "read without" 1 "Could not open myfilename: 0xffff0102" storage_example r myfilename
says "read the other" 0 "Secret retrieved: This is a new secret" storage_example r myfilename2
says "overwrite with it" 0 "Secret written to: myfilename" storage_example w myfilename "Another secret" mypassword

# ---- other ways to tell a password ----
printf 'mypassword\nnot this line\n' >pw
says "from a file" 0 "Secret retrieved: Another secret" storage_example -f pw r myfilename
ok "without a warning" test ! -s complained
says "from standard input" 0 "Secret retrieved: Another secret" sh -c 'storage_example -f - r myfilename <pw'
ok "asked for on the terminal" sh -c "'$source/tests/typed.py' 'Password: ' mypassword storage_example -a r myfilename >typed"
ok "the secret comes" grep -q "Secret retrieved: Another secret" typed
ok "the password does not show" sh -c "! grep -q mypassword typed"
says "no such file" 1 "Could not open nothing: 0xffff0008" storage_example r nothing
refused "a command line that is none" "Usage:" storage_example x y
refused "a file that is none" "no-such-file" storage_example -f no-such-file r myfilename

# ---- any length, and what is on disk ----
head -c 5000000 /dev/urandom >big
says "a long one" 0 "Secret written to: big" sh -c 'storage_example w big - <big'
ok "it comes back" sh -c 'keymoor file get big | cmp - big'
for text in myfilename myfilename2 "This is a new secret" "Another secret" mypassword; do
    same "'$text' is not on disk" "" "$(grep -rlaF -- "$text" "$state" || true)"
done
head -c 64 big >piece
ok "nor a piece of the long one" python3 - "$state" <<'SCAN'
import os, sys
piece = open("piece", "rb").read()
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        assert piece not in open(os.path.join(folder, name), "rb").read(), name
SCAN

# ---- the command ----
ok "list" sh -c "keymoor file list >listed"
ok "what it tells" grep -q "^myfilename  *14 octets, password" listed
same "as JSON" "['big', 'myfilename', 'myfilename2']" \
    "$(keymoor file list --json | python3 -c 'import json,sys; print(sorted(f["name"] for f in json.load(sys.stdin)))')"
printf 'one password\n' >pw1
ok "put" keymoor file put mine --in big --password-file pw1
refused "get without a password" 0xffff0102 keymoor file get mine --out stolen
[ ! -e stolen ] || { echo "FAILED: a refusal left a file" >&2; exit 1; }
ok "get" keymoor file get mine --out back --password-file pw1
ok "the same" cmp back big
ok "put from standard input" sh -c 'echo short | keymoor file put short'
same "get to standard output" short "$(keymoor file get short)"
refused "both from standard input" "can't be both" keymoor file put x --password-file -
refused "delete without the password" 0xffff0102 keymoor file delete mine --password-file pw
ok "delete" keymoor file delete mine --password-file pw1
refused "gone" 0xffff0008 keymoor file get mine
refused "no uid" "not a uid" keymoor file purge me
ok "nothing about contents in the audit trail" sh -c "! grep -q secret '$KEYMOOR_DEV_DIR/audit.log'"
ok "a wrong password is in it" grep -q "storage password" "$KEYMOOR_DEV_DIR/audit.log"

# ---- another user ----
if [ "$(id -u)" = 0 ] && setpriv --reuid 54321 --regid 54321 --clear-groups "$build/bin/storage_example" r x 2>/dev/null | grep -q "Could not"; then
    chmod 666 "$KEYMOOR_SOCKET"
    as_other() { setpriv --reuid 54321 --regid 54321 --clear-groups "$@"; }
    says "the same name" 1 "Could not open short: 0xffff0008" as_other storage_example r short
    says "is another file" 0 "Secret written to: short" as_other storage_example w short theirs
    says "for each" 0 "Secret retrieved: theirs" as_other storage_example r short
    same "ours is as it was" short "$(keymoor file get short)"
    same "theirs are listed for them alone" "['short']" \
        "$(as_other keymoor file list --json | python3 -c 'import json,sys; print([f["name"] for f in json.load(sys.stdin)])')"
    refused "purging is not for them" 0xffff0101 as_other keymoor file purge 0
    ok "it is for the administrator" keymoor file purge 54321
    says "nothing is left" 1 "Could not open short: 0xffff0008" as_other storage_example r short
    same "ours is still as it was" short "$(keymoor file get short)"
fi

# ---- restarts, and an older copy of a file in a newer store ----
stop_service
cp -R "$state" older
start_service
ok "there after a restart" keymoor file get short
ok "and changed" sh -c 'echo newer | keymoor file put short'
stop_service
store=ta/5840ee82-131e-4259-bb1f-2a9286da48a8/data.mdb
# The older pages in the place of the newer ones, but for the two that say which is which.
head -c 8192 "$state/$store" >mixed
tail -c +8193 "older/$store" >>mixed
cat mixed >"$state/$store"
start_service
refused "an older copy is noticed" "0xffff" keymoor file get short
done_testing
