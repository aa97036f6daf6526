"""The process around the command line: pipes, signals and full disks, as the shell sees them. process_test.py FORGECTL."""

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
        return subprocess.Popen([FORGECTL, *arguments], cwd=self.directory.name, **streams)

    def run_forgectl(self, *arguments, **streams):
        process = self.start(*arguments, **streams)
        out, err = process.communicate(timeout=60)
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

    def test_a_reader_that_goes_away_is_no_error(self):
        process = self.start("help", "--all", "-o", "json")
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()

    def test_a_full_disk_is_reported(self):
        with open("/dev/full", "wb") as full:
            status, _, err = self.run_forgectl("stats", stdout=full)
        self.assertEqual(status, 1)
        self.assertIn(b"error[E9006]", err)


if __name__ == "__main__":
    unittest.main()
