"""The process around the command line: pipes, signals and full disks, as the shell sees them. process_test.py FORGECTL."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

FORGECTL = os.path.abspath(sys.argv.pop(1))


class Process(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.run_forgectl("init")

    def tearDown(self):
        self.directory.cleanup()

    def start(self, *arguments, **streams):
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        # Unbuffered: what readline leaves is for communicate.
        return subprocess.Popen([FORGECTL, *arguments], cwd=self.directory.name, bufsize=0, **streams)

    def run_forgectl(self, *arguments, input=None, **streams):
        if input is not None:
            streams["stdin"] = subprocess.PIPE
        process = self.start(*arguments, **streams)
        out, err = process.communicate(input, timeout=60)
        return process.returncode, out, err

    def test_an_ack_is_there_while_the_input_is_still_open_and_survives_a_kill(self):
        process = self.start("do", "--batch", "--acks", stdin=subprocess.PIPE)
        process.stdin.write(b'{"key":"k-1","actions":[]}\n')
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"ack k-1 1 1\n")
        process.kill()
        process.communicate()
        self.assertEqual(self.run_forgectl("log", "--idempotency-key", "k-1", "-o", "name")[1], b"1\n")

    def test_an_interrupt_ends_a_batch_that_waits_for_input(self):
        process = self.start("do", "--batch", "--acks", stdin=subprocess.PIPE)
        process.stdin.write(b'{"key":"k-1","actions":[]}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        self.assertIn(b"1 transaction", process.communicate()[1])

    def test_tail_follows_a_writer_of_another_process_without_gap_or_repeat_until_it_is_interrupted(self):
        writer = self.start("do", "--batch", "--acks", stdin=subprocess.PIPE)

        def write(first, last):
            for number in range(first, last + 1):
                writer.stdin.write(b'{"key":"k-%d","actions":[]}\n' % number)
            writer.stdin.flush()
            for _ in range(first, last + 1):
                writer.stdout.readline()

        write(1, 10)
        tail = self.start("tail", "--from", "3", "-o", "name")
        seen = [int(tail.stdout.readline()) for _ in range(8)]
        for first in range(11, 211, 50):
            write(first, first + 49)
            seen += [int(tail.stdout.readline()) for _ in range(50)]
        self.assertEqual(seen, list(range(3, 211)))
        tail.send_signal(signal.SIGINT)
        out, err = tail.communicate(timeout=60)
        self.assertEqual((tail.returncode, out), (130, b""))
        self.assertEqual(err, b"stopped at 210; continue with --from 211\n")
        writer.stdin.close()
        writer.wait(timeout=60)
        writer.stdout.close()
        writer.stderr.close()

    def test_what_a_group_acknowledged_does_not_come_again_after_a_kill(self):
        lines = b"".join(b'{"key":"k-%d","actions":[]}\n' % number for number in range(1, 301))
        self.run_forgectl("do", "--batch", input=lines)
        acknowledged = 0
        for _ in range(6):
            tail = self.start("tail", "--group", "g", "--from", "begin", "-o", "name")
            seen = [int(tail.stdout.readline()) for _ in range(20)]
            tail.kill()
            rest = tail.communicate()[0].split()
            seen += [int(seq) for seq in rest]
            # Each event is acknowledged before the next is printed: only the last one may come again.
            self.assertGreater(seen[0], acknowledged)
            self.assertLessEqual(seen[0], acknowledged + 2)
            self.assertEqual(seen, list(range(seen[0], seen[0] + len(seen))))
            acknowledged = seen[-2]
            status, out, _ = self.run_forgectl("subscription", "show", "g", "-o", "csv")
            self.assertEqual(status, 0)
            self.assertIn(int(out.splitlines()[1].split(b",")[1]), (seen[-2], seen[-1]))

    def test_a_command_that_is_run_for_each_event_gets_it_once_over_interrupts(self):
        self.run_forgectl("do", "--batch", input=b"".join(b'{"key":"k-%d","actions":[]}\n' % n for n in range(1, 41)))
        for _ in range(3):
            tail = self.start("tail", "--group", "g", "--from", "begin", "--exec", "cat >> done; echo .")
            for _ in range(10):
                tail.stdout.readline()
            tail.send_signal(signal.SIGINT)
            self.assertEqual(tail.wait(timeout=60), 130)
            self.assertIn(b"the same command goes on from there", tail.communicate()[1])
        self.run_forgectl("tail", "--group", "g", "--once", "--exec", "cat >> done")
        with open(os.path.join(self.directory.name, "done")) as lines:
            self.assertEqual([json.loads(line)["seq"] for line in lines], list(range(1, 41)))

    def test_a_reader_that_goes_away_is_no_error(self):
        process = self.start("help", "--all", "-o", "json")
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()

    def as_nobody(self, *arguments):
        """What another user gets, to whom the store's files may be closed."""
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        return self.run_forgectl(*arguments, **user)

    def close(self, mode, *paths):
        for path in paths:
            os.chmod(os.path.join(self.directory.name, path), mode)

    def test_a_store_that_may_only_be_read_answers_and_says_how_where_it_is_to_be_written(self):
        self.close(0o555, ".", ".forge", ".forge/data")
        self.assertEqual(self.as_nobody("log", "-o", "json")[:2], (0, b"[]\n"))
        self.assertEqual(self.as_nobody("bookmark", "add", "b", "--dry-run", "-o", "name")[:2], (0, b"b\n"))
        status, out, err = self.as_nobody("bookmark", "add", "b")
        self.assertEqual((status, out), (7, b""))
        for part in (b"error[E1007]", b"Permission denied", b"nothing was changed", b"--read-only"):
            self.assertIn(part, err)
        self.close(0o755, ".", ".forge", ".forge/data")

    def test_a_store_that_may_not_even_be_read_is_not_taken_for_a_missing_or_a_damaged_one(self):
        self.close(0o755, ".")
        for path in (".forge", ".forge/data"):
            self.close(0o000, path)
            status, out, err = self.as_nobody("log")
            self.close(0o755, path)
            self.assertEqual((status, out), (7, b""), err)
            self.assertIn(b"error[E1007]", err)
            self.assertIn(b"permission denied", err)

    def test_an_init_that_fails_leaves_nothing(self):
        self.close(0o555, ".")
        status, out, err = self.as_nobody("init", "made/below")
        self.close(0o755, ".")
        self.assertEqual((status, out), (7, b""))
        for part in (b"error[E1007]", b"Permission denied", b"nothing was left behind"):
            self.assertIn(part, err)
        self.assertFalse(os.path.exists(os.path.join(self.directory.name, "made")))

    def test_an_answer_that_is_lost_says_that_the_action_is_not(self):
        with open("/dev/full", "wb") as full:
            status, _, err = self.run_forgectl("bookmark", "add", "b", "-o", "json", stdout=full)
        self.assertEqual(status, 1)
        self.assertIn("what was asked for is done", json.loads(err)["state"])
        self.assertEqual(self.run_forgectl("bookmark", "list", "-o", "name")[1], b"b\n")

    def test_a_full_disk_is_reported(self):
        with open("/dev/full", "wb") as full:
            status, _, err = self.run_forgectl("stats", stdout=full)
        self.assertEqual(status, 1)
        self.assertIn(b"error[E9006]", err)


if __name__ == "__main__":
    unittest.main()
