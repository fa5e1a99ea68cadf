#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What docs/cloud.md tells a newcomer to type, from the first start to a device that registers itself, as it stands there.
# Usage: test_first_steps.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"
trap 'end_cloud; rm -rf "$dir"' EXIT
cd "$dir"
export HOME=$dir AWS_PAGER="" AWS_EC2_METADATA_DISABLED=true AWS_DEFAULT_OUTPUT=text AWS_CONFIG_FILE=/dev/null

# The only thing that is not as printed: ports of the test's own.
mkdir bin
cat >bin/keymoor-cloud <<END
#!/bin/sh
[ "\$1" = up ] && exec "$build/bin/keymoor-cloud" "\$@" --port 0 --http-port 0
exec "$build/bin/keymoor-cloud" "\$@"
END
ln -s /usr/bin/aws bin/aws
chmod +x bin/keymoor-cloud
export PATH=$dir/bin:$build/bin:$PATH
cp "$source"/examples/AWS/just_in_time/* .
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=My devices" -keyout deviceCA.key -out deviceCA.pem 2>/dev/null

# The first block of each of these sections.
python3 - "$source/docs/cloud.md" >steps.sh <<'END'
import re
import sys
page = open(sys.argv[1], encoding="utf-8").read()
print("set -e\nshopt -s expand_aliases")
for title in ("## First start", "### Registering a CA", "### A policy", "### Just-in-time registration"):
    print(re.search(r"\n" + title + r"\n.*?\n```\n(.*?)```", page, re.S).group(1))
END
same "commands found" 4 "$(grep -c 'keymoor-cloud up\|register-ca-certificate\|create-policy\|create-topic-rule' steps.sh)"
ok "the commands of the page" bash steps.sh

openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=lamp 7" -keyout lamp.key -out lamp.csr 2>/dev/null
openssl x509 -req -in lamp.csr -CA deviceCA.pem -CAkey deviceCA.key -CAcreateserial -days 30 -out lamp.pem 2>/dev/null
broker=$(cat "$cloud/run/broker")
# shellcheck disable=SC2016 # a topic, not a variable
publish() {
    mosquitto_pub --cafile "$cloud/server_ca.pem" --cert lamp.pem --key lamp.key -h "${broker%:*}" -p "${broker#*:}" -q 1 -i lamp-7 \
        -t '$aws/things/lamp-7/hello' -m Hello
}
refused "the first connect" "connection was lost" publish
until_true publish
done_testing
