"""An import that is killed again and again. import_test.py FORGECTL [KILLS].

Whatever a kill cut off, the same command ends with each good row stored once, in order, and each bad row set aside once.
FORGE_SEED repeats a run's choices; where exactly a kill strikes is still the scheduler's.
"""

import csv
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

from changes import Changes

FORGECTL = os.path.abspath(sys.argv.pop(1))
KILLS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 50
SEED = int(os.environ.get("FORGE_SEED", random.SystemRandom().randrange(2**32)))

SCHEMA = """include "forge.fbs";
namespace bank;
table Payment (resource) { id: string (key); payer: string; cents: long (check: "cents >= 0"); note: string; }
table Pay (action: "Payment.pay", creates) { payer: string; cents: long = 0; note: string; }
"""


def rows_of(choices, count):
    """Bytes of a CSV file, the ids of its good rows, and row and offset of its bad ones."""
    text, good, bad = b"id,payer,cents,note\n", [], []
    for number in range(1, count + 1):
        kind = choices.choices(("good", "rule", "type", "fields", "quote", "again"), (90, 2, 2, 2, 2, 2))[0]
        if kind == "again" and not good:
            kind = "good"
        line = io.StringIO()
        note = choices.choice(("", "a, b", 'said "no"', "two\nlines", "ü" * choices.randrange(40)))
        row = [f"p-{number}", f"payer {number % 7}", number, note]
        if kind == "rule":
            row[2] = -number
        elif kind == "type":
            row[2] = "many"
        elif kind == "fields":
            row.append("more")
        elif kind == "again":
            row[0] = choices.choice(good)
        csv.writer(line, lineterminator=choices.choice(("\n", "\r\n"))).writerow(row)
        encoded = line.getvalue().encode()
        if kind == "quote":
            encoded = encoded.replace(b"payer", b'pa"yer', 1)
        if kind == "good":
            good.append(row[0])
        else:
            bad.append((number, len(text)))
        text += encoded
        if choices.randrange(50) == 0:
            text += b"\n"
    return text, good, bad


class Imports:
    """A store and a file that is brought into it over many deaths."""

    def __init__(self, test, directory, choices):
        self.test, self.directory, self.choices = test, directory, choices
        self.text, self.good, self.bad = rows_of(choices, 1500)
        self.batch = choices.choice((1, 7, 20, 64))
        self.piped = choices.randrange(4) == 0
        self.run("init")
        with open(self.path("bank.fbs"), "w", encoding="utf-8") as schema:
            schema.write(SCHEMA)
        self.run("schema", "add", "bank.fbs")
        with open(self.path("rows.csv"), "wb") as rows:
            rows.write(self.text)

    def path(self, name):
        return os.path.join(self.directory, name)

    def run(self, *arguments):
        done = subprocess.run([FORGECTL, *arguments], cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        self.test.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout

    def start(self):
        source = ["-", "--checkpoint", "rows"] if self.piped else ["rows.csv"]
        command = [FORGECTL, "import", *source, "--action", "Payment.pay", "--batch", str(self.batch)]
        with open(self.path("rows.csv"), "rb") as rows:
            return subprocess.Popen(
                [*command, "--on-error", "quarantine:bad.ndjson", "--progress", "none"],
                cwd=self.directory,
                stdin=rows,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

    def kill_once(self):
        """Kills the import at one of the changes that it makes; true when it had finished by itself."""
        store = self.path(".forge")
        changes = Changes([store, os.path.join(store, "data"), self.directory])
        process = self.start()
        changes.wait_for(self.choices.randint(1, 600 if self.batch < 20 else 200), process)
        changes.close()
        process.kill()
        _, err = process.communicate(timeout=120)
        self.test.assertIn(process.returncode, (0, -9), err.decode())
        return process.returncode == 0

    def finish(self):
        process = self.start()
        _, err = process.communicate(timeout=120)
        self.test.assertEqual(process.returncode, 0, err.decode())

    def stored(self):
        events = [json.loads(line) for line in self.run("log", "--type", "Payment.*", "--limit", "0", "-o", "ndjson").splitlines()]
        return [event["key"] for event in events]

    def check_beginning(self):
        """What is stored so far is a beginning of the good rows."""
        stored = self.stored()
        self.test.assertEqual(stored, self.good[: len(stored)])

    def check(self):
        self.test.assertEqual(self.stored(), self.good)
        with open(self.path("bad.ndjson"), "rb") as lines:
            aside = [json.loads(line) for line in lines]
        self.test.assertEqual([(line["row"], line["offset"]) for line in aside], self.bad)
        for line, (_, offset) in zip(aside, self.bad):
            encoded = line["text"].encode()
            self.test.assertEqual(self.text[offset : offset + len(encoded)], encoded)
        self.test.assertTrue(json.loads(self.run("verify", "-o", "json"))["ok"])


class KilledImport(unittest.TestCase):
    def test_stores_each_row_once_and_sets_each_bad_row_aside_once(self):
        choices = random.Random(SEED)
        kills = stores = 0
        with self.subTest(FORGE_SEED=SEED):
            while kills < KILLS:
                with tempfile.TemporaryDirectory() as directory:
                    imports, finished = Imports(self, directory, choices), False
                    stores += 1
                    while kills < KILLS and not finished:
                        finished = imports.kill_once()
                        kills += not finished
                        if choices.randrange(3) == 0:
                            imports.check_beginning()
                    imports.finish()
                    imports.check()
                    imports.finish()
                    imports.check()
        print(f"seed {SEED}: {kills} kills, {stores} stores", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
