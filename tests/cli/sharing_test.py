"""Several processes on one store at once, each killed at random: two batches, an embedding program and a tail. Then what another
user gets, and what forgectl does beside a worker. sharing_test.py FORGECTL PROGRAM.

Who comes first holds the store, the others go through that one; when it is killed, they end with a status that says so, or go on with
the next holder. FORGE_SEED repeats a run's choices; where exactly a kill strikes is still the scheduler's.
"""

import json
import os
import random
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import unittest

FORGECTL, PROGRAM = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
SEED = int(os.environ.get("FORGE_SEED", random.SystemRandom().randrange(2**32)))
KILLS = int(os.environ.get("FORGE_KILLS", 40))
LINES = 4000

ACK = re.compile(rb"ack (\S+) (\d+) (\d+)")
UNKNOWN_OUTCOME, KILLED = 9, -signal.SIGKILL


class Part:
    """One of the processes, started again whenever it has ended before its work was done."""

    def __init__(self, test, name, command, passing):
        self.test, self.name, self.command, self.passing = test, name, command, passing
        self.process, self.rest, self.done, self.kills, self.ends = None, b"", False, 0, 0

    def start(self):
        self.rest = b""
        self.process = subprocess.Popen(
            self.command(), cwd=self.test.directory.name, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.test.errors
        )
        os.set_blocking(self.process.stdout.fileno(), False)

    def take(self):
        """The whole lines that it has printed; nothing at its end."""
        piece = self.process.stdout.read()
        if piece == b"":
            return None
        *lines, self.rest = (self.rest + (piece or b"")).split(b"\n")
        return lines

    def kill(self):
        self.process.kill()

    def end(self):
        self.process.stdout.close()
        status = self.process.wait(timeout=60)
        self.kills += status == KILLED
        self.ends += status in self.passing
        self.done = status == 0
        self.test.assertIn(status, (0, KILLED, *self.passing), self.name + ": " + self.test.told())


class Sharing(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.errors = open(os.path.join(self.directory.name, "errors"), "wb")
        self.run_forgectl("init")

    def tearDown(self):
        self.errors.close()
        self.directory.cleanup()

    def told(self):
        with open(os.path.join(self.directory.name, "errors"), encoding="utf-8") as errors:
            return errors.read()[-2000:]

    def start(self, *arguments, **streams):
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        return subprocess.Popen([FORGECTL, *arguments], cwd=self.directory.name, bufsize=0, **streams)

    def run_forgectl(self, *arguments, expect=0, **options):
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, expect, err.decode())
        return out, err

    def batch(self, prefix):
        path = os.path.join(self.directory.name, prefix + ".ndjson")
        with open(path, "w", encoding="utf-8") as lines:
            lines.writelines('{"key":"%s-%d","actions":[]}\n' % (prefix, number) for number in range(LINES))
        return Part(
            self,
            prefix,
            lambda: [FORGECTL, "do", "--batch", "--acks", "--quiet", "--input", f"@{prefix}.ndjson"],
            (UNKNOWN_OUTCOME,),
        )

    def test_everybody_may_be_killed_and_what_was_acknowledged_is_there_once(self):
        choices = random.Random(SEED)
        acks, seen = {}, []
        writers = [self.batch("a"), self.batch("b")]
        program_at = [0]
        program = Part(self, "program", lambda: [PROGRAM, ".", str(program_at[0]), str(LINES - 1)], (3,))
        tail = Part(self, "tail", lambda: [FORGECTL, "tail", "--from", str(len(seen) + 1), "-o", "name"], ())
        parts = [*writers, program, tail]
        selector = selectors.DefaultSelector()

        def begin(part):
            part.start()
            selector.register(part.process.stdout, selectors.EVENT_READ, part)

        def take(part, lines):
            for line in lines:
                if part is tail:
                    seen.append(int(line))
                    continue
                key, first, last = ACK.fullmatch(line).groups()
                seqs = (int(first), int(last))
                self.assertEqual(acks.setdefault(key, seqs), seqs, "a retry was answered differently")
                if part is program:
                    program_at[0] = int(key.split(b"-")[1]) + 1

        def is_over():
            return all(part.done for part in (*writers, program))

        for part in parts:
            begin(part)
        kills, until_kill = 0, choices.randrange(1, 400)
        while not is_over():
            for key, _ in selector.select(timeout=60):
                part = key.data
                lines = part.take()
                if lines is None:
                    selector.unregister(part.process.stdout)
                    part.end()
                    if not part.done or part is tail:
                        begin(part)
                    continue
                take(part, lines)
                until_kill -= len(lines)
            if until_kill <= 0 and kills < KILLS:
                living = [part for part in parts if not part.done]
                choices.choice(living).kill()
                kills += 1
                until_kill = choices.randrange(1, 400)
        events = [json.loads(line) for line in self.run_forgectl("log", "--limit", "0", "-o", "ndjson")[0].splitlines()]
        while len(seen) < len(events):
            if selector.select(timeout=60) == []:
                break
            lines = tail.take()
            self.assertIsNotNone(lines, self.told())
            take(tail, lines)
        tail.process.send_signal(signal.SIGINT)
        tail.process.stdout.close()
        self.assertEqual(tail.process.wait(timeout=60), 130)
        selector.close()

        self.assertEqual(seen, list(range(1, len(events) + 1)), "the tail has gaps or repeats")
        keys = [event["idempotency_key"].encode() for event in events if "idempotency_key" in event]
        self.assertEqual(len(keys), len(set(keys)), "something is stored twice")
        by_key = {event["idempotency_key"].encode(): (event["seq"], event["seq"]) for event in events if "idempotency_key" in event}
        self.assertEqual(acks, by_key)
        self.assertEqual(len(acks), 3 * LINES)
        self.assertTrue(json.loads(self.run_forgectl("verify", "-o", "json")[0])["ok"])
        print(
            f"seed {SEED}: {kills} kills, " + ", ".join(f"{part.name} {part.kills} killed {part.ends} passed" for part in parts),
            file=sys.stderr,
        )
        self.assertGreater(kills, KILLS // 2)

    def worker(self, group):
        """A tail with a group, which holds the store by the time this returns."""
        with open(os.path.join(self.directory.name, "one.ndjson"), "w", encoding="utf-8") as lines:
            lines.write('{"key":"one","actions":[]}\n')
        self.run_forgectl("do", "--batch", "--input", "@one.ndjson")
        worker = self.start("tail", "--group", group, "--from", "begin", "-o", "name")
        self.assertEqual(worker.stdout.readline(), b"1\n")
        return worker

    def end(self, process):
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)

    def test_commands_work_beside_a_worker_that_holds_the_store(self):
        worker = self.worker("mailer")
        self.assertEqual(self.run_forgectl("bookmark", "add", "here", "-o", "name")[0], b"here\n")
        self.assertEqual(worker.stdout.readline(), b"2\n")
        second = self.start("tail", "--group", "mailer", "-o", "name")
        other = self.start("tail", "--from", "2", "-n", "2", "-o", "name")
        self.run_forgectl("do", "--batch", "--input", "@one.ndjson")  # replayed
        self.assertEqual(self.run_forgectl("bookmark", "remove", "here", "-o", "name")[0], b"here\n")
        self.assertEqual(other.communicate(timeout=60)[0], b"2\n3\n")
        _, err = self.run_forgectl("bookmark", "remove", "here", expect=3)
        self.assertIn(b"error[E3008]", err)
        self.end(second)
        self.end(worker)
        self.assertFalse(os.path.exists(os.path.join(self.directory.name, ".forge", "SOCKET")))

    def test_two_shells_work_side_by_side_and_one_goes_on_when_the_other_is_killed(self):
        shells = [self.start("shell", "-o", "name", stdin=subprocess.PIPE) for _ in range(2)]

        def tell(shell, line, answers=1):
            shell.stdin.write(line + b"\n")
            return [shell.stdout.readline() for _ in range(answers)]

        self.assertEqual(tell(shells[0], b"bookmark add a"), [b"a\n"])
        self.assertEqual(tell(shells[1], b"bookmark add b"), [b"b\n"])
        for shell in shells:
            self.assertEqual(tell(shell, b"bookmark list", 2), [b"a\n", b"b\n"])
        shells[0].kill()
        shells[0].communicate(timeout=60)
        self.assertEqual(tell(shells[1], b"bookmark add c"), [b"c\n"])
        self.assertEqual(tell(shells[1], b"bookmark list", 3), [b"a\n", b"b\n", b"c\n"])
        _, err = shells[1].communicate(timeout=60)
        self.assertEqual(shells[1].returncode, 0, err.decode())

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_another_user_may_not_act_through_the_holder_unless_the_directory_lets_them(self):
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        os.chmod(self.directory.name, 0o755)
        worker = self.worker("first")
        _, err = self.run_forgectl("bookmark", "add", "here", expect=4, **nobody)
        for part in (b"error[E7010]", b"nothing was changed"):
            self.assertIn(part, err)
        self.end(worker)
        os.chown(os.path.join(self.directory.name, ".forge"), 0, 65534)
        os.chmod(os.path.join(self.directory.name, ".forge"), 0o775)
        worker = self.worker("second")
        self.assertEqual(self.run_forgectl("do", "--batch", "--input", "@one.ndjson", "--acks", **nobody)[0], b"ack one 1 1\n")
        self.end(worker)


if __name__ == "__main__":
    unittest.main()
