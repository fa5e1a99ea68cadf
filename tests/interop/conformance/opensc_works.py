#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What worked, from the tables that OpenSC's p11test prints.

Usage: opensc_works.py SAID WORKS RESULTS

WORKS: a line for each test, mechanism, its parameters and column (signed, deciphered, ...) with a mark for at least one key. Keys are
not told apart: which of them may do what is the token's own affair. RESULTS: a line for each test, and how it ended.
"""
import re
import sys

CELL = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]")


def marked(test, row):
    """A row is "  [ NAME ] [ a parameter ] ... [ [./] ] [      ]"."""
    name, *cells = (cell.strip() for cell in CELL.findall(row))
    parameters = [cell for cell in cells if re.fullmatch(r"-?\w+", cell)]
    for i, cell in enumerate(cells):
        if "./" in cell:
            yield " ".join([test, name, *parameters, f"column{i}"])


def main():
    test, in_table = "", False
    works, results = set(), []
    with open(sys.argv[1], encoding="utf-8", errors="replace") as said:
        for line in said:
            if start := re.match(r"\[ RUN +\] (\w+)", line):
                test, in_table = start.group(1), False
            elif end := re.match(r"\[ +(OK|FAILED|SKIPPED) +\] (\w+)$", line):
                if not any(r.startswith(end.group(2) + " ") for r in results):
                    results.append(f"{end.group(2)} {end.group(1)}")
            elif re.match(r"\[[0-9A-F]{2} *\] \[", line):
                in_table = True
            elif in_table and re.match(r" +\[ \w+ +\] ", line):
                works.update(marked(test, line))
    with open(sys.argv[2], "w", encoding="ascii") as out:
        out.writelines(f"{line}\n" for line in sorted(works))
    with open(sys.argv[3], "w", encoding="ascii") as out:
        out.writelines(f"{line}\n" for line in results)


if __name__ == "__main__":
    main()
