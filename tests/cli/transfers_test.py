"""The ledger of examples/ledger in a process that is killed, again and again, while 32 threads transfer at random. transfers_test.py
FORGECTL PROGRAM.

Money is neither made nor lost: the accounts add up, each to what its transfers come to, none is past its limit, every acknowledged
transfer is there once, and what was refused is not. The program itself looks at every refusal's reason, and adds up beside its
writers. FORGE_SEED repeats a run's choices; where exactly a kill strikes is still the scheduler's.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from collections import Counter

FORGECTL, PROGRAM = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
SEED = int(os.environ.get("FORGE_SEED", random.SystemRandom().randrange(2**32)))
KILLS = int(os.environ.get("FORGE_KILLS", 8))
PAID_IN, ACCOUNTS = 1000, 12
FOUNDED = 1 + 3 * ACCOUNTS  # events before the first transfer


class Bank:
    def __init__(self, test, directory):
        self.test, self.directory = test, directory
        self.stored, self.refused = {}, Counter()
        self.refused_keys = set()

    def live(self, life, answers, seed):
        """Kills the program at one of its answers; what it had printed by then was said."""
        process = subprocess.Popen([PROGRAM, self.directory, str(life), str(seed)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        lines = [process.stdout.readline() for _ in range(answers)]
        process.kill()
        rest, _ = process.communicate(timeout=120)
        for line in b"".join([*lines, rest]).decode().split("\n")[:-1]:
            self.take(line)
        self.test.assertEqual(process.returncode, -9)

    def take(self, line):
        kind, key, *words = line.split(" ")
        self.test.assertIn(kind, ("stored", "refused"), line)
        if kind == "refused":
            self.refused[words[0]] += 1
            self.refused_keys.add(key)
        else:
            debited, credited, cents = words
            self.stored[key] = (debited, credited, int(cents))

    def ask(self, *arguments):
        process = subprocess.run([FORGECTL, *arguments, "--store", self.directory], capture_output=True, timeout=120)
        self.test.assertEqual(process.returncode, 0, process.stderr.decode())
        return [json.loads(line) for line in process.stdout.splitlines()]

    def audit(self):
        balances = Counter()
        transfers = {one["id"]: (one["debited"], one["credited"], one["cents"]) for one in self.list("Transfer")}
        for debited, credited, cents in transfers.values():
            balances[debited] -= cents
            balances[credited] += cents
        accounts = self.list("Account")
        self.test.assertEqual(sum(account["balance_cents"] for account in accounts), ACCOUNTS * PAID_IN)
        for account in accounts:
            self.test.assertEqual(account["balance_cents"], PAID_IN + balances[account["id"]], account)
            self.test.assertGreaterEqual(account["balance_cents"], -account["limit_cents"], account)
        for key, transfer in self.stored.items():
            self.test.assertEqual(transfers.get(key), transfer, f"{key} was acknowledged")
        self.test.assertFalse(self.refused_keys & transfers.keys(), "was refused, and is there")
        self.test.assertEqual(self.events(), FOUNDED + 3 * len(transfers))
        self.unsaid = len(transfers) - len(self.stored)
        self.test.assertTrue(self.ask("verify", "-o", "json")[0]["ok"])

    def list(self, resource):
        return self.ask("list", resource, "--limit", "0", "-o", "ndjson")

    def events(self):
        return self.ask("stats", "-o", "json")[0]["events"]


class KilledBank(unittest.TestCase):
    def test_neither_makes_nor_loses_money(self):
        choices = random.Random(SEED)
        with self.subTest(FORGE_SEED=SEED), tempfile.TemporaryDirectory() as directory:
            bank = Bank(self, os.path.join(directory, "store"))
            for life in range(KILLS):
                bank.live(life, choices.randint(1, 400), choices.randrange(2**32))
                bank.audit()
            self.assertGreater(len(bank.stored), KILLS)
            self.assertGreater(len(bank.refused), 1, "every kind of refusal")
        print(
            f"seed {SEED}: {KILLS} kills, {len(bank.stored)} transfers, {sum(bank.refused.values())} refused, "
            f"{bank.unsaid} stored and not said",
            file=sys.stderr,
        )


if __name__ == "__main__":
    unittest.main()
