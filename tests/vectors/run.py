#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs published test vectors through Keymoor's two cryptographic APIs.

Usage: run.py BUILD_DIR [--api core,tee,clrc] [--full] [--only REGEX] [--wycheproof DIR]

core  the Internal Core API, the runtime in the driver's process
tee   the Internal Core API in a trusted application of a running keymoord
clrc  the crypto library on a running keymoord

Without --full, at most SAMPLE cases a file are taken, the same ones in each run. A case that fails
is printed with the file and line (or tcId) that it stands at.
"""
import argparse
import collections
import os
import re
import sys
import time

import limits
import own
import suites
import wycheproof
from cases import Pair
from service import Driver, Service

SAMPLE = {"core": 150, "tee": 40, "clrc": 150}
SHOWN = 40
# Of the files' algorithms, those that an API does not have. DSA goes with SHA-1, -224 and -256.
NO_DSA = {"DSA_SHA384", "DSA_SHA512"}
CORE_ALONE = {
    "SM3",
    "SM4_ECB_NOPAD",
    "SM4_CBC_NOPAD",
    "SM4_CTR",
    "AES_CBC_MAC_NOPAD",
    "DES3_CBC_MAC_NOPAD",
}
NOT_OFFERED = {"core": NO_DSA, "tee": NO_DSA, "clrc": NO_DSA | CORE_ALONE}

Outcome = collections.namedtuple("Outcome", "positive negative refused unsaid failures reasons")


def fields_of(answer):
    return dict(word.split(":", 1) for word in answer.split() if ":" in word)


def judge(kind, case, answer, limit):
    """None when the answer is right, else a sentence."""
    word = answer.split()[0]
    if limit is not None:
        text, words = limit
        return None if word in words else f"{text} should be refused, but: {answer[:80]}"
    if answer.endswith(" dirty"):
        return f"output of a failed call: {answer}"
    if case.expect == "nok":
        # The Core API knows no other answer than a panic to some wrong lengths.
        may = ("fail", "badkey", "refused") + (() if kind == "clrc" else ("panic",))
        return None if word in may else f"taken: {answer[:80]}"
    if case.expect == "other":
        # Implicit rejection: some message, or a refusal of a wrong length; never this one.
        return (
            None
            if word in ("ok", "refused", "badkey")
            and fields_of(answer).get("out") != case.out.hex()
            else f"taken: {answer[:80]}"
        )
    if case.expect in ("fail", "badkey"):
        return None if word == case.expect else f"{case.expect} expected, but: {answer[:80]}"
    if word != "ok":
        return f"{case.expect} expected, but: {answer[:80]}"
    got = fields_of(answer)
    for name, wanted in (("out", case.out), ("tag", case.tag)):
        if isinstance(wanted, Pair):
            wanted = wanted.octets(kind)
        if wanted is not None and (got.get(name) == wanted.hex()) != (case.expect == "ok"):
            what = "expected" if case.expect == "ok" else "not expected"
            return f"{name} is {got.get(name, '')[:80]}, {wanted.hex()[:80]} {what}"
    return None


def run(driver, cases):
    """Asks for all cases and judges the answers."""
    said = [(case, case.line(driver.kind)) for case in cases]
    asked = [(case, line) for case, line in said if line is not None]
    answers = driver.ask([line for _, line in asked])
    positive = negative = refused = 0
    failures, reasons = [], collections.Counter()
    for (case, line), answer in zip(asked, answers):
        limit = limits.limit_of(driver.kind, case)
        wrong = judge(driver.kind, case, answer, limit)
        if wrong:
            failures.append(
                f"{driver.kind} {case.where}: {case.op} {case.algorithm(driver.kind)}: {wrong}"
            )
        elif limit:
            refused += 1
            reasons[limit[0]] += 1
        elif case.is_negative:
            negative += 1
        else:
            positive += 1
    return Outcome(positive, negative, refused, len(said) - len(asked), failures, reasons)


def sample(cases, most):
    """At most so many positive and so many negative ones, spread evenly, the same each time."""
    taken = []
    for wanted in (False, True):
        some = [case for case in cases if case.is_negative == wanted]
        step = max(1, -(-len(some) // most))
        taken += some[::step]
    return taken


def only_offered(driver, cases, unknown):
    """Drops what is no algorithm here; its name is noted in unknown."""
    names = sorted({case.algorithm(driver.kind) for case in cases})
    offered = {
        name
        for name, answer in zip(names, driver.ask([f"supported {n}" for n in names]))
        if answer == "ok"
    }
    unknown.update(set(names) - offered)
    return [case for case in cases if case.algorithm(driver.kind) in offered]


class Totals:
    def __init__(self):
        self.rows = {}
        self.failures = []
        self.reasons = collections.defaultdict(collections.Counter)
        self.unknown = collections.defaultdict(set)

    def add(self, suite, kind, outcome):
        self.rows.setdefault((suite.kind, suite.alg, suite.source), {})[kind] = outcome
        self.failures += outcome.failures
        self.reasons[kind].update(outcome.reasons)


def run_kind(build, kind, chosen, full, totals):
    service = Service(build) if kind != "core" else None
    try:
        driver = Driver(build, kind, service)
        for suite in chosen:
            cases = only_offered(driver, list(suite.cases()), totals.unknown[kind])
            if not full and suite.kind != "hostile":
                cases = sample(cases, SAMPLE[kind])
            totals.add(suite, kind, run(driver, cases))
        missing = totals.unknown[kind] - NOT_OFFERED[kind]
        if missing:
            totals.failures.append(f"{kind}: not offered: {' '.join(sorted(missing))}")
        if driver.stop() != 0:
            totals.failures.append(f"{kind}: the driver did not end well")
    finally:
        if service:
            service.stop()


def print_totals(totals, kinds):
    for kind in kinds:
        rows = [r[kind] for r in totals.rows.values() if kind in r]
        print(
            f"{kind}: {sum(r.positive for r in rows)} positive, "
            f"{sum(r.negative for r in rows)} negative, "
            f"{sum(r.refused for r in rows)} refused as documented, "
            f"{sum(r.unsaid for r in rows)} that this API can't be asked"
        )
        for text, n in sorted(totals.reasons[kind].items()):
            print(f"    {n} refused: {text}")
        if totals.unknown[kind]:
            print(f"    no such algorithm: {' '.join(sorted(totals.unknown[kind]))}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("build")
    parser.add_argument("--api", default="core,tee,clrc")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="", metavar="REGEX", help="sources or algorithms to take")
    parser.add_argument(
        "--wycheproof", metavar="DIR", help="run the JSON files of a checkout of Wycheproof instead"
    )
    args = parser.parse_args()
    all_suites = (
        wycheproof.suites(args.wycheproof) if args.wycheproof else suites.packaged() + own.suites()
    )
    chosen = [s for s in all_suites if re.search(args.only, f"{s.alg} {s.source}")]
    totals = Totals()
    for kind in args.api.split(","):
        begun = time.monotonic()
        run_kind(os.path.abspath(args.build), kind, chosen, args.full, totals)
        print(f"{kind}: {time.monotonic() - begun:.1f} s", flush=True)
    print_totals(totals, args.api.split(","))
    for line in totals.failures[:SHOWN]:
        print(f"FAILED {line}")
    if len(totals.failures) > SHOWN:
        print(f"... and {len(totals.failures) - SHOWN} more")
    print(f"{len(totals.failures)} failures")
    return 1 if totals.failures else 0


if __name__ == "__main__":
    sys.exit(main())
