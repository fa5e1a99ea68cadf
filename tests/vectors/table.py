#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of docs/vectors.md: which file tests which algorithm, with how many cases.

Usage: table.py --write FILE    writes the table between its marks
       table.py --check FILE    exits 1 when what stands there is not so
"""
import collections
import os
import sys

import limits
import own
import suites
from run import NOT_OFFERED

BEGIN = "<!-- table.py writes from here -->\n"
END = "<!-- to here -->\n"


class Row:
    def __init__(self):
        self.files = set()
        self.positive = self.negative = 0
        self.refused = collections.Counter()
        self.unsaid = collections.Counter()

    def add(self, suite):
        self.files.add(suite.source)
        for case in suite.cases():
            if case.is_negative:
                self.negative += 1
            else:
                self.positive += 1
            for kind in ("core", "clrc"):
                if case.line(kind) is None or case.algorithm(kind) in NOT_OFFERED[kind]:
                    self.unsaid[kind] += 1
                elif limits.limit_of(kind, case):
                    self.refused[kind] += 1

    def run(self, kind):
        """What of them this API answers."""
        text = str(self.positive + self.negative - self.refused[kind] - self.unsaid[kind])
        return text + (f" ({self.refused[kind]} refused)" if self.refused[kind] else "")

    def source(self):
        if len(self.files) == 1:
            return f"`{next(iter(self.files))}`"
        return f"`{os.path.dirname(next(iter(self.files)))}/`, {len(self.files)} files"


def rows():
    found = {}
    for suite in suites.packaged() + own.suites():
        kind = "made from" if suite.kind in ("hostile", "cbc-mac") else ""
        key = (suite.alg, kind, os.path.dirname(suite.source))
        found.setdefault(key, Row()).add(suite)
    return found


def text():
    lines = [
        "| algorithm | source | positive | negative | Core API | clrc |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (alg, kind, _), row in sorted(rows().items()):
        source = f"{kind} {row.source()}".strip()
        lines.append(
            f"| {alg} | {source} | {row.positive} | {row.negative} "
            f"| {row.run('core')} | {row.run('clrc')} |"
        )
    return "\n".join(lines) + "\n"


def differs(path):
    """Whether the file's table is another; and the file as it should be."""
    with open(path, encoding="utf-8") as stream:
        before = stream.read()
    head, rest = before.split(BEGIN)
    tail = rest.split(END)[1]
    after = head + BEGIN + text() + END + tail
    return before != after, after


def main():
    changed, after = differs(sys.argv[2])
    if sys.argv[1] == "--write":
        with open(sys.argv[2], "w", encoding="utf-8") as stream:
            stream.write(after)
        return 0
    if changed:
        print(
            f"FAILED the table of {sys.argv[2]} is not what is run: table.py --write {sys.argv[2]}"
        )
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
