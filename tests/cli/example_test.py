"""Runs an example as a user does: example_test.py FORGECTL NAME. What it prints must be these lines, in order, among others; and each
of its runs, replayed, must be identical."""

import os
import pathlib
import re
import subprocess
import sys

IDENTICAL = r"  identical  \d+ facts? of \d+ steps?"
WANTED = {
    "create-user": [
        r'u-1  completed  "created ada@example.org"',
        r'u-2  completed  "ada@example.org is taken by Ada"',
        r"u-3  exit status 8",
        r"u-1  create-user  completed",
        r"  \d+  completed  create  hops left 5  event \d+",
        *[rf"u-{run}" + IDENTICAL for run in (1, 2, 3)],
    ],
    "transfer": [
        r"t-1  completed.*",
        r"t-2  exit status 8",
        r"t-2  transfer  compensated",
        r"ada  700( .*)?",
        r"bob  300( .*)?",
        r"eve  0( .*)?",
        *[rf"t-{run}" + IDENTICAL for run in (1, 2)],
    ],
    "checkout": [
        r"checkout:o-1  checkout  completed  .*",
        r"checkout:o-2  checkout  compensated  .*'covered'.*",
        r"checkout:o-3  checkout  running",
        r"checkout:o-2  checkout  compensated",
        r"  \d+  completed  reserve  .*",
        r"  \d+  compensated  charge  .*",
        r"  \d+  undone  reserve  .*",
        r"o-1  .*Shipped.*",
        r"o-2  .*Refused.*",
        r"o-3  .*Shipped.*",
        r"tea  4( .*)?",
        r"empty  100",
        r"gold   38800",
        *[rf"checkout:o-{run}" + IDENTICAL for run in (1, 2, 3)],
    ],
    "etl": [
        r'e-1  completed with warnings  "2000 rows, 20 of them bad; 1980 written"',
        r"l-1  2000  20",
        r"1980",
        r'\{"row":51,.*',
        "e-1" + IDENTICAL,
    ],
    "async": [
        r'a-1  completed  "prices, stock and reviews are there"',
        r"# \d+ ms for sources of 200, 150 and 300 ms",
        "a-1" + IDENTICAL,
    ],
}

forgectl, name = sys.argv[1:]
run = pathlib.Path(__file__).resolve().parents[2] / "examples" / name / "run"
environment = {**os.environ, "FORGECTL": forgectl, "ROWS": "2000"}
done = subprocess.run([str(run)], env=environment, text=True, capture_output=True, check=False, timeout=300)
lines = (line.rstrip() for line in done.stdout.splitlines())
for wanted in WANTED[name]:
    if not any(re.fullmatch(wanted, line) for line in lines):
        sys.exit(f"no line is '{wanted}' where it should be, in\n{done.stdout}{done.stderr}")
if done.returncode != 0 or done.stderr:
    sys.exit(f"exit status {done.returncode}\n{done.stderr}")
