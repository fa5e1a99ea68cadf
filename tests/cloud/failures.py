# SPDX-License-Identifier: Apache-2.0
"""Programs whose memory, files or disk fail when a test says so (tests/doubles/failing.c)."""
import errno
import mmap
import os
import struct

MEMORY, WRITES, READS = 1, 2, 4
ALL = 1 << 62


class Failures:
    """The plan of a program that was started with self.environment."""

    form = struct.Struct("=IiQQQ")

    def __init__(self, build, folder):
        self.path = os.path.join(folder, "failures")
        with open(self.path, "wb") as stream:
            stream.write(bytes(self.form.size))
        with open(self.path, "r+b") as stream:
            self.plan = mmap.mmap(stream.fileno(), self.form.size)
        # Where the program has a sanitizer in it, that has to begin before all others (tests/sanitizer/first.c), and finds itself behind ours.
        first = os.path.join(build, "tests", "sanitizer_first.so")
        preload = [os.path.join(build, "tests", "failing.so"), *([first] if os.path.exists(first) else [])]
        self.environment = {"LD_PRELOAD": ":".join(preload), "KM_TEST_FAILURES": self.path,
                            "ASAN_OPTIONS": "verify_asan_link_order=0:allocator_may_return_null=1"}

    def begin(self, kinds, at, n_fail=1, native=errno.EIO):
        """From now on the at-th call of these kinds fails, and n_fail - 1 after it."""
        self.end()
        self.plan[4:] = self.form.pack(kinds, native, at, n_fail, 0)[4:]
        self.plan[:4] = struct.pack("=I", kinds)

    def end(self):
        """Nothing fails any more; how many calls were counted."""
        self.plan[:4] = bytes(4)
        return self.form.unpack(self.plan[:])[4]

    def each(self, kinds, stride, attempt, **more):
        """Calls attempt with another call failing each time, until it needs no more. How often one did."""
        at, n_whole, n_struck = 1, 0, 0
        while n_whole < 2:
            self.begin(kinds, at, **more)
            attempt()
            n_whole, n_struck = (n_whole + 1, n_struck) if self.end() < at else (0, n_struck + 1)
            at += stride
        return n_struck
