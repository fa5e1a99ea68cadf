#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the service, a template or an instance with SIGKILL at random moments while a signed command is being obeyed.

Usage: kill_commands.py ROUNDS PKI COMMAND_BUILDER     inside `keymoor dev`, in a scratch folder

After each kill the service is started again if need be, and then: the command was obeyed or it was not, as the last sequence
says; a provisioned certificate and its public key belong together; the command again is refused as replayed when it was obeyed, and
obeyed when it was not.
"""
import json
import os
import random
import signal
import subprocess
import sys
import time

ROUNDS, PKI, BUILDER = int(sys.argv[1]), sys.argv[2], sys.argv[3]
DEVICE = os.environ["KEYMOOR_DEV_DIR"]
ROOT, COMMAND = "com.seqlabs.oem_root_cert", "com.seqlabs.oem_command_cert"
KEY_OF = {ROOT: "com.seqlabs.oem_pub_key", COMMAND: "com.seqlabs.oem_command_pub_key"}
REPLAYED, SIGNATURE = "0xffff0120", "0xffff0108"


def run(*command, may_fail=False):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0 and not may_fail:
        sys.exit(f"FAILED: {' '.join(command)}: {done.stderr}")
    return done


def children(parent):
    path = f"/proc/{parent}/task/{parent}/children"
    try:
        with open(path, encoding="ascii") as stream:
            return [int(pid) for pid in stream.read().split()]
    except OSError:
        return []


class Service:
    """The device's keymoord; the first one was started by `keymoor dev`."""

    def __init__(self):
        self.pid = int(os.environ["KEYMOOR_DEV_SERVICE_PID"])
        self.process = None

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        while os.path.exists(f"/proc/{self.pid}/exe"):
            time.sleep(0.005)
        self.start()

    def start(self):
        if os.path.exists(os.environ["KEYMOOR_SOCKET"]):
            os.unlink(os.environ["KEYMOOR_SOCKET"])
        self.process = subprocess.Popen([DEVICE + "/serve"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        while run("keymoor", "status", may_fail=True).returncode != 0:
            if self.process.poll() is not None:
                sys.exit("FAILED: the service does not start again")
            time.sleep(0.01)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()

    def strike(self):
        """Kills somebody; the service itself every third time."""
        templates = children(self.pid)
        instances = [pid for template in templates for pid in children(template)]
        if random.randrange(3) == 0 or not instances:
            self.kill()
            return "service"
        victim = random.choice(instances + templates[:1])
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            return "nobody"
        return "instance" if victim in instances else "template"


def sequence():
    return int(json.loads(run("keymoor", "cert", "store", "list", "--json").stdout)["sequence"])


def shown(name):
    return run("keymoor", "cert", "show", name, "--pem").stdout


def public_of(certificate):
    return subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=certificate, stdout=subprocess.PIPE, text=True,
                          check=True).stdout


def check_pairs():
    for certificate, key in KEY_OF.items():
        if public_of(shown(certificate)) != run("keymoor", "key", "export-public", key, "--pem").stdout:
            sys.exit(f"FAILED: {certificate} and {key} are not a pair")


def make(name):
    """A key and its certificate, an authority's, as files NAME.pem, NAME.der."""
    run("openssl", "req", "-new", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
        f"{name}.pem", "-subj", f"/CN={name}", "-days", "100", "-outform", "DER", "-out", f"{name}.der")


class Owner:
    """Who sends commands: knows which key signs, and what was obeyed."""

    def __init__(self):
        self.key = PKI + "/oem_command_key.pem"
        self.other = "commander"
        self.authority_is_there = False
        self.n_revoked = 0

    def next(self, n):
        """Operation, fields, and what to do when it was obeyed."""
        kind = n % 5
        if kind == 0:
            return "updateNamed", [f"name={ROOT}", f"body=root{n % 2}.der"], lambda: None
        if kind == 1:
            return "updateNamed", [f"name={COMMAND}", f"body={self.other}.der"], self.turn
        if kind == 2:
            make(f"revoked{n}")
            return "addRevocation", [f"body=revoked{n}.der"], lambda: None
        operation = "deleteAuthority" if self.authority_is_there else "addAuthority"
        return operation, ["body=authority.der"], self.flip

    def turn(self):
        self.key, self.other = self.other + ".pem", "commander" if self.other == "captain" else "captain"

    def flip(self):
        self.authority_is_there = not self.authority_is_there


def hand_in(name):
    return subprocess.Popen(["keymoor", "cert", "command", name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def one_round(service, owner, n, number, counts):
    operation, fields, obeyed = owner.next(n)
    run(BUILDER, "build", owner.key, operation, "command", f"sequence={number}", *fields)
    client = hand_in("command")
    time.sleep(random.uniform(0, counts["pause"]))
    counts[service.strike()] += 1
    client.communicate()
    check_pairs()
    is_done = sequence() == number
    if client.returncode == 0 and not is_done:
        sys.exit(f"FAILED: {operation} was acknowledged and is lost")
    begin = time.monotonic()
    again = run("keymoor", "cert", "command", "command", may_fail=True)
    # Kills come while a command takes, on a machine that is busy as well.
    counts["pause"] = (counts["pause"] + time.monotonic() - begin) / 2
    expected = SIGNATURE if is_done and obeyed == owner.turn else REPLAYED
    if is_done and expected not in again.stderr:
        sys.exit(f"FAILED: {operation} again: {again.stderr or 'obeyed twice'}")
    if not is_done and again.returncode != 0:
        sys.exit(f"FAILED: {operation} was not obeyed, and is refused: {again.stderr}")
    counts["done" if is_done else "not done"] += 1
    obeyed()
    check_pairs()


def main():
    counts = dict.fromkeys(("service", "template", "instance", "nobody", "done", "not done"), 0)
    counts["pause"] = 0.03
    service, owner = Service(), Owner()
    for name in ("root0", "root1", "commander", "captain", "authority"):
        make(name)
    first = sequence()
    try:
        for n in range(ROUNDS):
            one_round(service, owner, n, first + n + 1, counts)
    finally:
        service.stop()
    print(f"{ROUNDS} kills: {counts}; old or new, always a pair, nothing obeyed twice")


if __name__ == "__main__":
    main()
