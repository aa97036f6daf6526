"""Processes that are killed while they write, and again while their store recovers, on a real disk. kill_test.py FORGECTL [ROUNDS].

A kill says nothing about missing syncs, which power cuts alone find; it takes the process where no orderly end ever comes by.
FORGE_SEED repeats a run's choices; where exactly a kill strikes is still the scheduler's.
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

from changes import Changes

FORGECTL = os.path.abspath(sys.argv.pop(1))
ROUNDS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 200
SEED = int(os.environ.get("FORGE_SEED", random.SystemRandom().randrange(2**32)))

SCHEMA = """include "forge.fbs";
namespace bank;
table Account (resource) { id: string (key); address: string (unique); note: string; cents: long (check: "cents >= 0"); }
table PutAccount (action: "Account.put", upserts) { address: string; note: string; }
table Deposit (action: "Account.deposit", updates, set: "cents = coalesce(cents, 0) + :amount") { amount: long = 0; }
table CloseAccount (action: "Account.close", destroys) {}
"""
ACK = re.compile(rb"ack (\S+) (\d+) (\d+)")


def batch_of(choices, transactions, note_bytes):
    """The lines of a batch in which none is refused: transactions of no to three actions on accounts that are known to exist."""
    living, lines = set(), []
    for number in range(transactions):
        actions = []
        for _ in range(choices.choice((0, 1, 1, 1, 2, 3))):
            account = f"account-{choices.randrange(20)}"
            kind = choices.choice(("put", "deposit", "deposit", "close")) if account in living else "put"
            arguments = {"id": account}
            if kind == "put":
                arguments |= {"address": f"street {account}", "note": choices.choice("abc") * choices.randrange(note_bytes)}
            if kind == "deposit":
                arguments["amount"] = choices.randrange(1000)
            (living.discard if kind == "close" else living.add)(account)
            actions.append({"action": f"Account.{kind}", "args": arguments})
        lines.append({"key": f"k-{number}", "actions": actions})
    return lines


class Machine:
    """A store and the batch that is brought into it over many deaths."""

    def __init__(self, test, directory, choices):
        self.test, self.directory, self.choices = test, directory, choices
        wide = choices.randrange(10) == 0  # so much that tables are flushed meanwhile
        self.lines = batch_of(choices, 400, 60_000 if wide else 400)
        self.acks = {}
        self.run("init")
        with open(os.path.join(directory, "bank.fbs"), "w", encoding="utf-8") as schema:
            schema.write(SCHEMA)
        self.run("schema", "add", "bank.fbs")
        with open(os.path.join(directory, "batch.ndjson"), "w", encoding="utf-8") as batch:
            batch.writelines(json.dumps(line) + "\n" for line in self.lines)

    def start(self, *arguments):
        return subprocess.Popen(
            [FORGECTL, *arguments],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # what readline leaves is for communicate
        )

    def run(self, *arguments):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        self.test.assertEqual(process.returncode, 0, err.decode())
        return out

    def batch(self):
        return self.start("do", "--batch", "--acks", "--input", "@batch.ndjson")

    def acknowledged(self, text):
        """Takes in the whole lines of `text`: what a kill cut off in the middle was not said."""
        for line in text.split(b"\n")[:-1]:
            key, first, last = ACK.fullmatch(line).groups()
            seqs = (int(first), int(last))
            self.test.assertEqual(self.acks.setdefault(key.decode(), seqs), seqs, "a retry was answered differently")

    def end(self, process, text=b""):
        """Kills what still runs; true when it had finished by itself."""
        process.kill()
        out, err = process.communicate(timeout=120)
        self.acknowledged(text + out)
        self.test.assertIn(process.returncode, (0, -9), err.decode())
        return process.returncode == 0

    def kill_in_batch(self):
        """Kills at a random ack among those that are still new."""
        process, text = self.batch(), b""
        for _ in range(len(self.acks) + self.choices.randint(1, 120)):
            line = process.stdout.readline()
            if not line:
                break
            text += line
        return self.end(process, text)

    def kill_in_recovery(self):
        """Kills at one of the changes that opening makes to the directory after an unclean end."""
        store = os.path.join(self.directory, ".forge")
        changes = Changes([store, os.path.join(store, "data")])
        process = self.batch()
        changes.wait_for(self.choices.randint(1, 45), process)
        changes.close()
        return self.end(process)

    def check(self):
        events = [json.loads(line) for line in self.run("log", "--limit", "0", "-o", "ndjson").splitlines()]
        self.test.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        self.check_transactions(events[1:])
        self.check_state(events[1:])
        self.test.assertTrue(json.loads(self.run("verify", "-o", "json"))["ok"])

    def check_transactions(self, events):
        """The log holds the batch's first lines, each once, whole and in order, and at least the acknowledged ones."""
        found, at = {}, 0
        while at < len(events):
            self.test.assertLess(len(found), len(self.lines))
            line = self.lines[len(found)]
            count = max(1, len(line["actions"]))
            transaction = events[at : at + count]
            self.test.assertEqual([event["idempotency_key"] for event in transaction], [line["key"]] * count)
            actions = [event["action"] for event in transaction if "action" in event]
            self.test.assertEqual(actions, [action["action"] for action in line["actions"]])
            found[line["key"]] = (transaction[0]["seq"], transaction[-1]["seq"])
            at += count
        for key, seqs in self.acks.items():
            self.test.assertEqual(found.get(key), seqs, f"{key} was acknowledged")
        self.stored = len(found)

    def check_state(self, events):
        state = {}
        for event in events:
            key = event.get("key")
            if event.get("action") == "Account.close":
                del state[key]
            elif key is not None:
                record = state.setdefault(key, {"id": key})
                record |= event.get("changes", {})
                for name in event.get("cleared", []):
                    record.pop(name, None)
        listed = {}
        for line in self.run("list", "Account", "--limit", "0", "-o", "ndjson").splitlines():
            fields = {name: value for name, value in json.loads(line).items() if not name.startswith("_") and value is not None}
            listed[fields["id"]] = fields
        self.test.assertEqual(listed, state)


class KilledProcess(unittest.TestCase):
    def test_keeps_what_it_acknowledged_once_and_its_store_opens_again(self):
        choices = random.Random(SEED)
        kills = recoveries = stores = acknowledged = 0
        with self.subTest(FORGE_SEED=SEED):
            while kills < ROUNDS:
                with tempfile.TemporaryDirectory() as directory:
                    machine, finished = Machine(self, directory, choices), False
                    stores += 1
                    while kills < ROUNDS and not finished:
                        finished = machine.kill_in_batch()
                        kills += not finished
                        for _ in range(choices.choice((0, 0, 1, 3)) if not finished else 0):
                            recoveries += not machine.kill_in_recovery()
                        machine.check()
                    acknowledged += len(machine.acks)
                    if finished:
                        self.assertEqual(len(machine.acks), len(machine.lines))
            self.assertGreater(recoveries, ROUNDS // 4)
            self.assertGreater(acknowledged, ROUNDS)
        print(f"seed {SEED}: {kills} kills in a batch, {recoveries} in recovery, {stores} stores, {acknowledged} acks", file=sys.stderr)


class KilledInit(unittest.TestCase):
    def test_is_finished_by_the_next(self):
        choices, unfinished = random.Random(SEED), 0
        with self.subTest(FORGE_SEED=SEED), tempfile.TemporaryDirectory() as directory:

            def run(*words):
                return subprocess.run([FORGECTL, *words], cwd=directory, capture_output=True, timeout=60, check=False)

            for number in range(max(10, ROUNDS // 5)):
                name = f"shop-{number}"
                process = subprocess.Popen([FORGECTL, "init", name, "--template", "shop"], cwd=directory, stdout=subprocess.DEVNULL)
                try:
                    process.wait(timeout=choices.uniform(0, 0.1))
                except subprocess.TimeoutExpired:
                    process.kill()
                process.wait(timeout=60)
                again = run("init", name, "--template", "shop")
                unfinished += again.returncode == 0
                if again.returncode != 0:
                    self.assertIn(b"already holds a store", again.stderr)
                placed = run("do", "Order.place", "id=o-1", "sku=tea", "qty=2", "--store", name)
                self.assertEqual(placed.returncode, 0, again.stderr + placed.stderr)
        print(f"seed {SEED}: {unfinished} inits were finished by the next", file=sys.stderr)


class KilledCopy(unittest.TestCase):
    """Backups, restores and rebuilds that are killed at one of the changes that they make to their directory."""

    def test_is_whole_or_nothing_and_is_done_again(self):
        choices = random.Random(SEED)
        kills = {"rebuild": 0, "restore": 0, "backup": 0}
        with self.subTest(FORGE_SEED=SEED), tempfile.TemporaryDirectory() as directory:
            machine = Machine(self, directory, choices)
            machine.run("do", "--batch", "--input", "@batch.ndjson")
            machine.run("backup", "saved")
            self.expected = machine.run("log", "--limit", "0", "-o", "ndjson")
            rounds = max(9, ROUNDS // 4)
            for number in range(10 * rounds):
                kind = tuple(kills)[number % len(kills)]
                if number < rounds or kills[kind] == 0:  # a kill can come too late
                    kills[kind] += not self.kill_once(machine, kind, f"copy-{number}")
            for kind, count in kills.items():
                self.assertGreater(count, 0, kind)
        print(f"seed {SEED}: killed {kills}", file=sys.stderr)

    def kill_once(self, machine, kind, name):
        """True when the process finished by itself."""
        path = os.path.join(machine.directory, name)
        os.mkdir(path)
        command = {"rebuild": ("rebuild", "--to", name), "restore": ("restore", "saved", "--to", name), "backup": ("backup", name)}[kind]
        changes = Changes([path])
        process = machine.start(*command)
        changes.wait_for(machine.choices.randint(1, 10), process)
        changes.close()
        process.kill()
        process.communicate(timeout=120)
        self.assertIn(process.returncode, (0, -9))
        finished = process.returncode == 0
        store = self.restored(machine, name) if kind == "backup" else name
        if not self.is_whole(machine, store):
            self.assertFalse(finished, "what was done is not there")
            machine.run(*command)
            store = self.restored(machine, name) if kind == "backup" else name
            self.assertTrue(self.is_whole(machine, store))
        return finished

    def restored(self, machine, name):
        """The name of a store restored from a backup, which is not there where no backup was finished."""
        store = f"{name}-restored"
        process = machine.start("restore", name, "--to", store)
        _, err = process.communicate(timeout=120)
        self.assertIn(process.returncode, (0, 3), err.decode())
        return store

    def is_whole(self, machine, name):
        """Whether there is a store, which then holds everything; what is none says so."""
        process = machine.start("log", "--limit", "0", "-o", "ndjson", "--store", name)
        out, err = process.communicate(timeout=120)
        if process.returncode != 0:
            self.assertRegex(err.decode(), r"E1010|E1001")
            return False
        self.assertEqual(out, self.expected)
        self.assertTrue(json.loads(machine.run("verify", "-o", "json", "--store", name))["ok"])
        return True


if __name__ == "__main__":
    unittest.main()
