#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A proxy on one port that connects as its clients: docs/cloud.md, "Everything on port 443". In networks of its own, so as root alone.

Usage: test_port_443_address.py BUILD_DIR
"""
import json
import os
import re
import shutil
import subprocess
import sys

from broker_rig import Rig, run, until

HERE, THERE = "10.99.0.1", "10.99.0.2"


def network_of(pid):
    """Another network that only a cable leads to; gives the process that holds it."""
    holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
    until(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != os.readlink(f"/proc/{pid}/ns/net"), "a network")
    return holder


def settings(source):
    """The two lines of the documentation, as they stand there."""
    with open(os.path.join(source, "docs", "cloud.md"), encoding="utf-8") as page:
        text = page.read()
    return re.findall(r"^ip (?:rule|route) add .*$", text, re.MULTILINE)


def main():
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if os.geteuid() != 0:
        return 77
    if len(sys.argv) == 2:
        os.execvp("unshare", ["unshare", "-n", sys.executable, os.path.abspath(__file__), sys.argv[1], "inside"])
    rig = Rig(sys.argv[1], source)
    client_network, proxy = network_of("self"), None
    try:
        for command in ("link set lo up", f"link add outside type veth peer name inside netns {client_network.pid}",
                        f"addr add {HERE}/24 dev outside", "link set outside up"):
            run("ip", *command.split())
        for command in (f"addr add {THERE}/24 dev inside", "link set inside up"):
            run("nsenter", "-t", str(client_network.pid), "-n", "ip", *command.split())
        broker = rig.broker()
        lines = settings(source)
        assert len(lines) == 2, lines
        for line in lines:
            run(*line.replace("8884", str(broker.port)).split())
        conf = os.path.join(rig.folder, "haproxy.cfg")
        with open(os.path.join(source, "packaging/cloud/one-machine/haproxy.cfg"), encoding="utf-8") as example, \
                open(conf, "w", encoding="utf-8") as out:
            text = re.sub(r"^ *(user|group|chroot) .*\n", "", example.read(), flags=re.MULTILINE).replace("maxconn 20000", "maxconn 100")
            text = text.replace("    server broker-1 127.0.0.1:8883",
                                f"    source 0.0.0.0 usesrc clientip\n    server broker-1 127.0.0.1:{broker.port}")
            assert "usesrc" in text
            out.write(text)
        proxy = subprocess.Popen([shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin"), "-db", "-f", conf])
        until(lambda: b":443 " in run("ss", "-ltn"), "the proxy listens")
        ca = rig.ca("ca")
        rig.registry("policy", "there", json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iot:*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": THERE}}}]}))
        device = rig.device("dev-1", ca, policies=("there",))
        run("nsenter", "-t", str(client_network.pid), "-n", "mosquitto_pub", "--cafile", rig.server_ca.pem, "--cert", device.chain, "--key",
            device.key, "--insecure", "-h", HERE, "-p", "443", "--tls-alpn", "x-amzn-mqtt-ca", "-i", "dev-1", "-q", "1", "-t", "a", "-m", "x")
    finally:
        client_network.kill()
        client_network.wait()
        if proxy is not None:
            proxy.terminate()
            proxy.wait()
        rig.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
