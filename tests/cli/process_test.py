"""The process around the command line: pipes, signals and full disks, as the shell sees them. process_test.py FORGECTL."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import time
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

    def shell(self, command, **options):
        """A command line of sh, in which `forgectl` is the program."""
        line = f'forgectl() {{ "{FORGECTL}" "$@"; }}; {command}'
        done = subprocess.run(["sh", "-c", line], cwd=self.directory.name, capture_output=True, timeout=60, check=False, **options)
        return done.returncode, done.stdout, done.stderr

    def test_input_that_is_closed_is_said_to_be_none(self):
        status, _, err = self.shell("forgectl do --batch <&-")
        self.assertEqual(status, 2)
        self.assertIn(b"E9005", err)
        self.assertIn(b"there is no input", err)

    def test_output_that_is_closed_is_lost_with_an_error(self):
        status, _, err = self.shell("forgectl stats <&- >&-")
        self.assertEqual(status, 1)
        self.assertIn(b"E9006", err)
        self.assertEqual(self.shell("forgectl stats <&- >&- 2>&-")[0], 1)
        self.assertEqual(self.shell("forgectl verify")[0], 0)

    def test_an_interrupted_creation_is_told_with_the_way_to_finish_it(self):
        begun = os.path.join(self.directory.name, "ki", ".forge")
        os.makedirs(begun)
        with open(os.path.join(begun, "FORGE.new"), "w", encoding="utf-8") as draft:
            draft.write("forge st")
        for data in (False, True):
            if data:
                os.mkdir(os.path.join(begun, "data"))
            for command in (("doctor",), ("do", "Note.write", "id=n-1"), ("repair", "--to", "mended")):
                _, out, err = self.run_forgectl(*command, "--store", "ki")
                self.assertIn(b"finish it: forgectl init ki", out + err, command)
        self.assertEqual(self.run_forgectl("init", "ki", "--template", "shop")[0], 0)

    def test_a_limit_on_the_size_of_files_is_a_full_disk(self):
        self.schema_of_notes()
        text = "x" * 100_000
        status, _, err = self.shell(f"ulimit -f 64; forgectl do Note.write id=n-1 text={text}")
        self.assertEqual(status, 9, err)
        self.assertIn(b"unknown", err)
        self.assertIn(b"look before it is sent again", err)
        status, _, err = self.shell(f"ulimit -f 64; forgectl do Note.write id=n-1 text={text} --idempotency-key k")
        self.assertEqual(status, 9, err)
        self.assertIn(b"retry with the same idempotency key", err)
        self.assertEqual(self.run_forgectl("do", "Note.write", "id=n-2", "text=small")[0], 0)
        self.assertEqual(self.run_forgectl("verify")[0], 0)

    def schema_of_notes(self):
        with open(os.path.join(self.directory.name, "notes.fbs"), "w", encoding="utf-8") as schema:
            schema.write('include "forge.fbs"; namespace notes; table Note (resource) { id: string (key); text: string; }'
                         'table Write (action: "Note.write", upserts) { text: string; }')
        self.assertEqual(self.run_forgectl("schema", "add", "notes.fbs")[0], 0)

    def test_a_holder_that_does_not_answer_is_waited_for_as_long_as_was_said(self):
        self.schema_of_notes()
        holder = self.start("do", "--batch", "--acks", stdin=subprocess.PIPE)
        holder.stdin.write(b'{"key":"k-1","actions":[]}\n')
        holder.stdin.flush()
        holder.stdout.readline()
        holder.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        status, _, err = self.run_forgectl("do", "Note.write", "id=n-1", "--timeout", "200ms")
        took = time.monotonic() - begun
        holder.send_signal(signal.SIGCONT)
        holder.communicate(timeout=60)
        self.assertEqual(status, 7, err)
        self.assertLess(took, 4)

    def test_an_interrupt_ends_a_batch_that_waits_for_input(self):
        process = self.start("do", "--batch", "--acks", stdin=subprocess.PIPE)
        process.stdin.write(b'{"key":"k-1","actions":[]}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        self.assertIn(b"1 transaction", process.communicate()[1])

    def test_a_worker_says_for_what_it_waits_and_what_is_left_when_it_is_interrupted(self):
        for name, body in (("nap", 'sleep = "1h"'), ("ask", 'approve = "so?"')):
            with open(os.path.join(self.directory.name, name + ".toml"), "w", encoding="utf-8") as file:
                file.write(f'workflow = "{name}"\n[step.a]\n{body}\n')
            self.assertEqual(self.run_forgectl("workflow", "run", name + ".toml", "--id", name, "--detach")[0], 0)
        for flags in ((), ("--until-idle",)):
            worker = self.start("workflow", "work", *flags)
            said = worker.stderr.readline()
            self.assertRegex(said, rb"^waiting: 2 runs not ended: 1 sleeps, 1 waits; next at \S+ \S+: nap a\n$")
            worker.send_signal(signal.SIGINT if flags else signal.SIGTERM)
            out, err = worker.communicate(timeout=60)
            self.assertEqual((worker.returncode, out, err), (130, b"stopped; 2 runs not ended: 1 sleeps, 1 waits\n", b""))
        run = self.start("workflow", "run", "ask.toml", "--id", "asks")
        self.assertEqual(run.stderr.readline(), b"waiting: a waiting for so?; answer it: forgectl workflow approve asks a --actor NAME\n")
        self.assertEqual(self.run_forgectl("workflow", "approve", "asks", "a", "--actor", "ada")[0], 0)
        self.assertEqual(run.wait(timeout=60), 0)
        run.communicate()

    def test_a_run_whose_holder_goes_is_told_so_that_nobody_starts_it_twice(self):
        with open(os.path.join(self.directory.name, "nap.toml"), "w", encoding="utf-8") as file:
            file.write('workflow = "nap"\n[step.a]\nsleep = "1h"\n')
        holder = self.start("do", "--batch", "--acks", stdin=subprocess.PIPE)
        holder.stdin.write(b'{"key":"k-1","actions":[]}\n')
        holder.stdin.flush()
        holder.stdout.readline()
        run = self.start("workflow", "run", "nap.toml", "--id", "r-1")
        waits = b"waiting: the process that holds the store carries the run out, where it is a worker\n"
        self.assertEqual(run.stderr.readline(), waits)
        holder.kill()
        holder.communicate(timeout=60)
        _, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 7, err)
        self.assertIn(b"run 'r-1' was started, and goes on once a worker carries it out", err)
        self.assertIn(b"r-1", self.run_forgectl("workflow", "runs", "--status", "running", "-o", "name")[1])

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

    def as_nobody(self, *arguments, **surroundings):
        """What another user gets, to whom the store's files may be closed."""
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        return self.run_forgectl(*arguments, **user, **surroundings)

    def close(self, mode, *paths):
        for path in paths:
            os.chmod(os.path.join(self.directory.name, path), mode)

    def test_a_store_that_may_only_be_read_answers_and_says_how_where_it_is_to_be_written(self):
        self.close(0o555, ".", ".forge", ".forge/data")
        self.assertEqual(self.as_nobody("log", "-o", "json")[:2], (0, b"[]\n"))
        self.assertEqual(self.as_nobody("bookmark", "add", "b", "--dry-run", "-o", "name")[:2], (0, b"b\n"))
        status, out, err = self.as_nobody("bookmark", "add", "b")
        self.assertEqual((status, out), (7, b""))
        for part in (b"error[E1007]", b"permission denied", b"nothing was changed", b"--read-only"):
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

    def test_settings_that_may_not_be_read_are_no_settings_of_another_user_and_else_an_error(self):
        home = os.path.join(self.directory.name, "home")
        config = os.path.join(home, "forge", "config.toml")
        os.makedirs(os.path.dirname(config))
        with open(config, "w") as file:
            file.write('[profile.default]\noutput = "json"\n')
        self.close(0o755, ".")
        surroundings = {"env": os.environ | {"XDG_CONFIG_HOME": home}}
        self.assertEqual(self.as_nobody("log", **surroundings)[1], b"[]\n")
        self.close(0o000, config)
        status, _, err = self.as_nobody("log", **surroundings)
        self.assertEqual(status, 2)
        for part in (b"error[E9007]", b"permission denied", config.encode()):
            self.assertIn(part, err)
        self.close(0o000, home)
        status, out, err = self.as_nobody("log", **surroundings)
        self.close(0o755, home)
        self.assertEqual((status, err), (0, b""))
        self.assertNotEqual(out, b"[]\n")

    def test_an_init_that_fails_leaves_nothing(self):
        self.close(0o555, ".")
        status, out, err = self.as_nobody("init", "made/below")
        self.close(0o755, ".")
        self.assertEqual((status, out), (7, b""))
        for part in (b"error[E1007]", b"permission denied", b"nothing was left behind"):
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
    def test_candidates_come_beside_a_writer_and_take_no_lock(self):
        writer = self.start("do", "--batch", "--acks", stdin=subprocess.PIPE)
        writer.stdin.write(b'{"key":"k-1","actions":[]}\n')
        writer.stdin.flush()
        writer.stdout.readline()
        status, out, err = self.run_forgectl("__complete", "forgectl bookmark remove ")
        self.assertEqual((status, out, err), (0, b"", b""))
        writer.stdin.close()
        self.assertEqual(writer.wait(timeout=60), 0)
        writer.stdout.close()
        writer.stderr.close()


SCHEMA = b"""include "forge.fbs";
table User (resource) { id: string (key); pin: string (secret); name: string; }
table AddUser (action: "User.add", creates) { pin: string; name: string; }
"""


class Shell(unittest.TestCase):
    """forgectl shell on a pseudo terminal."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.store = os.path.join(self.directory.name, "people")
        self.state = os.path.join(self.directory.name, "state")
        subprocess.run([FORGECTL, "init", self.store], check=True, capture_output=True)
        with open(os.path.join(self.store, "user.fbs"), "wb") as schema:
            schema.write(SCHEMA)
        self.forgectl("schema", "add", "user.fbs")
        self.forgectl("do", "User.add", "id=anna", "name=Anna")
        self.forgectl("do", "User.add", "id=bert", "name=Bert")
        self.children = []

    def tearDown(self):
        for process, terminal in self.children:
            if process.poll() is None:
                process.kill()
            process.wait()
            os.close(terminal)
        self.directory.cleanup()

    def forgectl(self, *arguments):
        return subprocess.run([FORGECTL, *arguments], cwd=self.store, check=True, capture_output=True).stdout

    def open(self, *arguments):
        """A shell, once it has asked for the first line."""
        terminal, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        surroundings = os.environ | {"XDG_STATE_HOME": self.state, "HOME": self.directory.name, "TERM": "xterm", "LC_ALL": "C.UTF-8"}

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        process = subprocess.Popen(
            [FORGECTL, "shell", *arguments], cwd=self.store, stdin=inner, stdout=inner, stderr=inner, env=surroundings,
            preexec_fn=own_terminal)
        os.close(inner)
        self.children.append((process, terminal))
        self.process, self.terminal = process, terminal
        self.shown = b""
        self.until(b"> ")

    def receive(self):
        """False once the shell has ended."""
        self.assertTrue(select.select([self.terminal], [], [], 60)[0], self.shown)
        try:
            self.shown += os.read(self.terminal, 65536)
        except OSError:
            return False
        return True

    def until(self, text):
        """What comes up to `text`, without what steers the terminal."""
        while True:
            plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|[\r\x07]", b"", self.shown)
            if text in plain:
                before, self.shown = plain.split(text, 1)
                return before + text
            self.assertTrue(self.receive(), b"the shell ended without " + text + b": " + plain)

    def type(self, keys):
        os.write(self.terminal, keys)

    def line(self, text, prompt=b"> "):
        """Types the rest of a line; what comes up to the next prompt. While a line is typed, its own prompt may be drawn again."""
        self.type(text + b"\n")
        return self.until(b"\n") + self.until(prompt)

    def end(self):
        """Ctrl-D, and the exit status."""
        self.type(b"\x04")
        while self.receive():
            pass
        return self.process.wait(timeout=60)

    def history(self):
        with open(os.path.join(self.state, "forge", "history"), "rb") as lines:
            return lines.read().splitlines()

    def test_lines_are_run_over_one_open_store_until_the_end_of_the_input(self):
        self.open()
        self.assertIn(b"Anna", self.line(b"get User anna", b"people@3> "))
        self.forgectl("do", "User.add", "id=xena", "name=Xena")
        self.assertIn(b"Xena", self.line(b"get User xena"))
        self.assertIn(b"error[E3004]", self.line(b"get User nobody"))
        self.assertIn(b"User.add", self.line(b"do User.add id=carl name=Carl"))
        self.assertIn(b"Carl", self.line(b"get User carl"))
        self.assertEqual(self.end(), 0)
        self.assertIn(b"carl", self.forgectl("list", "User", "-o", "name"))

    def test_an_interrupt_cancels_the_line_and_what_was_typed_of_it_before(self):
        self.open()
        self.type(b"do User.add id=lost")
        self.until(b"lost")
        self.type(b"\x03")
        self.until(b"^C")
        self.until(b"> ")
        self.line(b"do User.add --input {", b"... ")
        self.type(b"\x03")
        self.until(b"people@3> ")
        self.assertIn(b"anna", self.line(b"list User -o name"))
        self.assertEqual(self.end(), 0)
        self.assertNotIn(b"lost", self.forgectl("list", "User", "-o", "name"))

    def test_an_interrupt_ends_the_command_and_not_the_session(self):
        self.open()
        for _ in range(3):
            self.type(b"tail --from begin -o name\n")
            self.until(b"\n3\n")
            self.type(b"\x03")
            self.until(b"stopped at 3")
            self.until(b"people@3> ")
        self.assertIn(b"Anna", self.line(b"get User anna"))
        self.assertEqual(self.end(), 0)

    def test_an_end_by_signal_ends_the_session(self):
        self.open()
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=60), 130)
        self.forgectl("do", "User.add", "id=free")

    def test_json_goes_on_over_several_lines(self):
        self.open()
        self.line(b'do User.add --input {"id": "dora",', b"... ")
        self.line(b'"name": "D\xc3\xb6ra"}')
        self.assertIn("Döra".encode(), self.line(b"get User dora"))
        self.assertEqual(self.end(), 0)

    def test_tab_completes_commands_keys_and_what_is_the_shells_own(self):
        self.open()
        self.type(b"get User a\t")
        self.until(b"get User anna ")
        self.assertIn(b"Anna", self.line(b""))
        self.type(b"hist\t")
        self.until(b"history ")
        self.assertIn(b"Bert", self.line(b"User bert"))
        self.type(b"get User \t")
        self.until(b"anna  bert\n")
        self.until(b"> get User ")
        self.line(b"bert")
        self.type(b".as\t")
        self.until(b".asof ")
        self.line(b"2", b"people@2> ")
        self.assertEqual(self.line(b"list User -o name", b"people@2> ").count(b"bert"), 0)
        self.line(b".asof", b"people@3> ")
        self.assertEqual(self.end(), 0)

    def test_the_history_comes_back_in_the_next_session_without_secrets(self):
        self.open()
        self.line(b"get User anna --fields name")
        self.line(b"do User.add id=eve pin=1234")
        self.line(b" get User bert")
        self.assertEqual(self.end(), 0)
        self.assertEqual(self.history(), [b"get User anna --fields name"])
        path = os.path.join(self.state, "forge", "history")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.open()
        self.type(b"\x1b[A")
        self.until(b"get User anna --fields name")
        self.assertIn(b"Anna", self.line(b""))
        self.assertEqual(self.end(), 0)

    def test_bash_gets_keys_in_the_form_in_which_it_takes_them(self):
        self.forgectl("do", "User.add", "id=d'arc, jo", "name=Jo")
        script = self.forgectl("completion", "bash").decode() + """
            COMP_LINE=$1; COMP_POINT=${#COMP_LINE}; _forgectl; eval "printf '%s\\n' ${COMPREPLY[*]}"
        """
        surroundings = os.environ | {"PATH": os.path.dirname(FORGECTL) + ":" + os.environ["PATH"]}
        for line, words in (("get User d", ["d'arc, jo"]), ("get User ", ["anna", "bert", "d'arc, jo"]), ("do User.add id", ["id="])):
            out = subprocess.run(["bash", "-c", script, "bash", "forgectl " + line], cwd=self.store, env=surroundings,
                                 capture_output=True, check=False).stdout
            self.assertEqual(out.decode().splitlines(), words, line)

    def test_a_pinned_point_shows_in_the_prompt_and_holds_for_reads(self):
        self.open("--read-only")
        self.line(b".asof 2", b"people@2> ")
        self.assertIn(b"error[E3004]", self.line(b"get User bert", b"people@2> "))
        self.forgectl("do", "User.add", "id=fred")
        self.assertIn(b"error[E4003]", self.line(b".asof 99", b"people@2> "))
        self.line(b".asof", b"people@4> ")
        self.assertIn(b"fred", self.line(b"list User -o name", b"people@4> "))
        self.assertEqual(self.end(), 0)


if __name__ == "__main__":
    unittest.main()
