"""Runs examples/api-orchestration as a user does: api_orchestration_test.py FORGECTL. What it prints must be these lines, in order,
where ports, times and the order of items may vary."""

import os
import pathlib
import re
import subprocess
import sys

RUN = pathlib.Path(__file__).resolve().parents[2] / "examples/api-orchestration/run"
WANTED = [
    r"\$ forgectl workflow run quotes.toml --id q-0",
    r"error\[E8016\]: run 'q-0' is failed",
    r"  egress: GET http://127.0.0.1:\d+/catalog: 127.0.0.1:\d+ is not allowed: name it in --allow-host .*",
    r"\$ forgectl workflow run quotes.toml --id q-2 --allow-host 127.0.0.1:\d+",
    r"q-2  completed  \"quoted by v2\"",
    r"\$ forgectl workflow run quotes.toml --id q-1 --allow-host 127.0.0.1:\d+ version=v1",
    r"q-1  completed  \"quoted by v1\"",
    r"\$ forgectl list Quote",
    *[rf"{sku} +{cents} +v1 *" for sku, cents in [("chai", 290), ("cocoa", 420), ("coffee", 380), ("matcha", 650), ("mate", 310),
                                                   ("rooibos", 270), ("tea", 250)]],
    r"error\[E8016\]: run 'q-3' is failed",
    r"  version: the shop's API has no version v3",
    r"the circuit breaker of http://127.0.0.1:\d+ is open: 3 calls failed in a row; .*",
    r"o-1  completed with warnings  .*",
    r"  \d+  failed  calls\[2\].call  .*500: GET .*",
    r"  \d+  failed  calls\[3\].call  .*breaker_open: GET .*",
    r"  \d+  failed  calls\[4\].call  .*breaker_open: GET .*",
    r"o-1  identical  .*",
    r"q-0  identical  .*",
    r"q-1  identical  .*",
    r"q-2  identical  .*",
    r"q-3  identical  .*",
    r"# The server says:",
    r"tokens given: ([4-9]|\d\d)",
    r"calls refused for their token: [1-9]\d*",
    r"calls answered 503: 1",
    r"calls of what is down: 3",
    r"# No file of the store has the secret or a token.",
]

done = subprocess.run([str(RUN)], env={**os.environ, "FORGECTL": sys.argv[1]}, text=True, capture_output=True, check=False, timeout=120)
lines = iter(done.stdout.splitlines())
for wanted in WANTED:
    if not any(re.fullmatch(wanted, line) for line in lines):
        sys.exit(f"no line is '{wanted}' where it should be, in\n{done.stdout}{done.stderr}")
if done.returncode != 0 or done.stderr:
    sys.exit(f"exit status {done.returncode}\n{done.stderr}")
