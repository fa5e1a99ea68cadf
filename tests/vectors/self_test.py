#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proof that the vectors' reader would notice: for each class of algorithms a result, a verdict and
an input are corrupted, and each must come back as a failure; the readers are tried on small files.

Usage: self_test.py BUILD_DIR
"""
import copy
import os
import sys
import tempfile

import limits
import own
import parsers
import run
import suites
import wycheproof
import wycheproof_samples
from cases import Pair
from service import Driver

failures = []


def must(condition, text):
    if not condition:
        failures.append(text)


# ---- corrupted cases ----


def flipped(octets):
    return bytes([octets[0] ^ 1]) + octets[1:]


def corruptions(case):
    """Copies of a case that passes, each of which must not."""
    if isinstance(case.out, bytes) and case.out and case.expect == "ok":
        wrong = copy.copy(case)
        wrong.out = flipped(case.out)
        yield "expected output", wrong
    if isinstance(case.out, Pair) and case.expect == "ok":
        wrong = copy.copy(case)
        wrong.out = Pair(case.out.r ^ 1, case.out.s, case.out.length)
        yield "expected signature", wrong
    if case.tag and case.expect == "ok":
        wrong = copy.copy(case)
        wrong.tag = flipped(case.tag)
        yield "expected tag", wrong
    wrong = copy.copy(case)
    wrong.expect = "ok" if case.is_negative else "fail"
    yield "verdict", wrong
    changed = next(
        (
            n
            for n in ("tag", "sig", "in", "py", "info", "salt")
            if isinstance(case.fields.get(n), bytes) and case.fields[n]
        ),
        None,
    )
    if changed and case.expect == "ok" and case.op not in ("key",):
        wrong = copy.copy(case)
        wrong.fields = {**case.fields, changed: flipped(case.fields[changed])}
        yield changed, wrong


def check_class(driver, suite):
    """One positive and one negative case of the suite, unharmed and harmed."""
    chosen = {}
    for case in suite.cases():
        if (
            case.line(driver.kind)
            and not limits.limit_of(driver.kind, case)
            and case.fields.get("in", b"x")
        ):
            chosen.setdefault(case.is_negative, case)
        if len(chosen) == 2:
            break
    n = 0
    for case in chosen.values():
        if driver.ask([f"supported {case.algorithm(driver.kind)}"]) != ["ok"]:
            continue
        good = run.run(driver, [case])
        must(not good.failures, f"{suite.source}: not good to begin with: {good.failures}")
        for what, wrong in corruptions(case):
            outcome = run.run(driver, [wrong])
            n += 1
            must(
                len(outcome.failures) == 1 and case.where in outcome.failures[0],
                f"{suite.source}: {what} of {case.where} was changed and nobody noticed",
            )
    return n


def check_limits(driver):
    """A limit that does not hold is a failure, and so is a refusal that no limit explains."""
    case = next(suites.packaged()[0].cases())
    answer = driver.ask([case.line(driver.kind)])[0]
    must(
        run.judge(driver.kind, case, answer, ("a limit", limits.ANY)) is not None,
        "a limit that does not hold",
    )
    for text in (
        "refused ffff0006 clean",
        "badkey ffff0006",
        "panic ffff0006",
        "unknown",
        "malformed",
    ):
        must(run.judge(driver.kind, case, text, None) is not None, f"'{text}' passes for an answer")
        must(
            run.judge("clrc", case_that_fails(), text, None) is not None,
            f"'{text}' passes for a wrong signature",
        )
    must(
        run.judge("core", case_that_fails(), "fail ffff3072 dirty", None) is not None,
        "output of a failed call",
    )


def case_that_fails():
    return next(
        c for s in suites.packaged() if s.kind == "ecdsa" for c in s.cases() if c.expect == "fail"
    )


def check_lines(driver):
    for line in (
        "",
        "x",
        "digest",
        "nothing SHA256 in:00",
        "digest SHA256",
        "digest SHA256 in:0",
        "digest SHA256 in:0g",
        "digest SHA256 in:00 in:00",
        "digest SHA256 in:00 no:00",
        "digest SHA256 in:00 len=x",
        "digest SHA256 in:00 len=99999999999",
        "digest SHA256 in",
        "digest " + "A" * 48 + " in:00",
    ):
        must(driver.ask([line])[0] == "malformed", f"line '{line[:40]}' is taken")
    must(driver.ask(["digest NO_SUCH in:00"]) == ["unknown"], "an algorithm that does not exist")


# ---- readers ----

RESPONSE = """# comment
[L = 20]
Key = 01
[Part, Tlen = 4]

COUNT = 0
Msg = 61
MD =
COUNT = 1
Msg = 62
FAIL
"""

LABELLED = """Text before.
# Modulus:
a8 b3
c4
# Exponent:
10001

# Message:
"""

DOCUMENT = """{"algorithm": "X", "numberOfTests": %d,
 "testGroups": [{"k": 1, "tests": [{"tcId": 7, "result": "valid"}]}]}"""


def with_file(text, read):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as stream:
        stream.write(text)
        stream.flush()
        return read(stream.name)


def check_readers():
    records = with_file(
        RESPONSE,
        lambda path: list(
            parsers.response(path, lambda r: "MD" in r or "FAIL" in r, keep=("Key",))
        ),
    )
    must([line for line, _ in records] == [8, 11], f"lines of records: {records}")
    must(
        records[0][1]
        == {
            "L": "20",
            "Tlen": "4",
            "section": "Part, Tlen = 4",
            "Key": "01",
            "COUNT": "0",
            "Msg": "61",
            "MD": "",
        },
        f"first record: {records[0][1]}",
    )
    must(
        "MD" not in records[1][1] and records[1][1]["Msg"] == "62",
        "a record keeps what belongs to the one before",
    )
    must(
        with_file(LABELLED, lambda path: list(parsers.labelled(path)))
        == [(2, "Modulus", b"\xa8\xb3\xc4"), (5, "Exponent", b"\1\0\1")],
        "labelled hex",
    )
    must(
        [x[0] for x in with_file(DOCUMENT % 1, lambda path: list(parsers.wycheproof(path)))] == [7],
        "JSON",
    )
    try:
        with_file(DOCUMENT % 2, lambda path: list(parsers.wycheproof(path)))
        must(False, "a JSON file that lacks tests is taken")
    except ValueError:
        pass
    must(parsers.der_integers(bytes.fromhex("3007020101020203e8")) == [1, 1000], "DER numbers")
    for suite in suites.packaged() + own.suites():
        must(next(iter(suite.cases()), None) is not None, f"{suite.source} has no case")


def check_wycheproof(driver):
    """A right test of each type of group passes, and one that is said to be wrong is told."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in wycheproof_samples.MAKERS:
            if kind in ("EcdsaVerify", "DsaVerify"):
                continue  # DER, which the crypto library alone takes
            for result in ("valid", "invalid"):
                path = wycheproof_samples.write(folder, kind, result)
                outcome = run.run(driver, list(wycheproof.cases(path)))
                if result == "valid":
                    must(
                        outcome.positive >= 1 and not outcome.failures,
                        f"Wycheproof's {kind}: {outcome}",
                    )
                else:
                    must(
                        len(outcome.failures) == 1,
                        f"Wycheproof's {kind}: a right one passes for a wrong one",
                    )
        must(
            len(wycheproof.suites(folder)) == len(wycheproof_samples.MAKERS) - 2,
            "Wycheproof's files",
        )
        for kind in ("EcdsaVerify", "DsaVerify"):
            path = wycheproof_samples.write(folder, kind, "valid")
            must([c.only for c in wycheproof.cases(path)] == ["clrc"], f"Wycheproof's {kind}")


def main():
    build = os.path.abspath(sys.argv[1])
    check_readers()
    driver = Driver(build, "core")
    check_limits(driver)
    check_lines(driver)
    check_wycheproof(driver)
    classes = {}
    for suite in suites.packaged() + own.suites():
        classes.setdefault((suite.kind, suite.alg), suite)
    n = sum(check_class(driver, suite) for suite in classes.values())
    must(n >= 2 * len({kind for kind, _ in classes}), f"only {n} corruptions were tried")
    must(driver.stop() == 0, "the driver did not end well")
    for text in failures:
        print(f"FAILED {text}")
    print(f"self-test: {n} corruptions in {len(classes)} classes, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
