#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""find_secret.py PID KEYLOG: how many of a key log's secrets stand in the memory of a process, as octets or as hexadecimal digits."""
import sys

pid, keylog = sys.argv[1:]
secrets = [bytes.fromhex(line.split()[2]) for line in open(keylog)
           if line.startswith(("CLIENT_RANDOM", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET"))]
if not secrets:
    sys.exit("the key log is empty")
forms = [form for secret in secrets for form in (secret, secret.hex().encode(), secret.hex().upper().encode())]
found, n_octets = set(), 0
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
    for line in maps:
        area, rights = line.split()[:2]
        start, end = (int(word, 16) for word in area.split("-"))
        if rights[0] != "r" or "[v" in line:
            continue
        try:
            memory.seek(start)
            octets = memory.read(end - start)
        except OSError:
            continue
        n_octets += len(octets)
        found.update(i // 3 for i, form in enumerate(forms) if form in octets)
print(f"{len(found)} of {len(secrets)} found in {n_octets} octets")
