"""Workers that are killed while they carry out runs, on a real disk. workflow_kill_test.py FORGECTL [ROUNDS].

Every effect in the store must be there exactly once, every program must have been called at least once and with one key for all
attempts of its hop, and every run must end. FORGE_SEED repeats a run's choices; where exactly a kill strikes is still the scheduler's.

What a round costs is the processes that it starts. So a store is made by one script, a round is one worker, which says by its own end
that nothing is left to do, and what became of everything is asked for by one script again.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

from changes import Changes

FORGECTL = os.path.abspath(sys.argv.pop(1))
ROUNDS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 200
SEED = int(os.environ.get("FORGE_SEED", random.SystemRandom().randrange(2**32)))

RUNS, ITEMS = 96, 6
CHANGES = 90  # of the directory, after which a worker is killed at the latest

SCHEMA = """include "forge.fbs";
namespace shop;
table Stock (resource) { sku: string (key); left: long; }
table Fill (action: "Stock.fill", upserts, event: "Stock.filled") { left: long = 0; }
table Take (action: "Stock.take", updates, event: "Stock.taken", set: "left = left - 1") {}
table Give (action: "Stock.give", updates, event: "Stock.given", set: "left = left + 1") {}
"""

# Takes one of each of so many and tells somebody outside, and takes all of it back where it is asked to fail.
WORKFLOW = """workflow = "take"
ttl_hops = 20
[input]
fails = "bool"
items = "list"
[step.each]
over = "${input.items}"
[step.each.step.take]
action = "Stock.take"
args = { sku = "${item}" }
undo = "Stock.give"
[step.tell]
exec = "tell"
args = { taken = true }
undo = { exec = "tell" }
after = ["each"]
[step.stop]
fail = "as asked"
where = "${input.fails}"
after = ["tell"]
[step.done]
template = "done"
after = ["stop"]
"""

# The same as a step of another workflow, which fails after it where it is asked to.
PARENT = """workflow = "buy"
ttl_hops = 22
[input]
fails = "bool"
items = "list"
[step.take]
workflow = "take"
args = { fails = false, items = "${input.items}" }
[step.stop]
fail = "as asked"
where = "${input.fails}"
after = ["take"]
[step.done]
template = "${take}"
after = ["stop"]
"""

# What is outside of the store notes who called: a line is one write, so none is torn.
PROGRAMS = """[program.tell]
command = ["/bin/sh", "-c", 'echo "$FORGE_IDEMPOTENCY_KEY $FORGE_RUN $FORGE_STEP" >> calls']
directory = "."
"""


class WorkflowKill(unittest.TestCase):
    def forgectl(self, *arguments, script=""):
        done = subprocess.run(
            [FORGECTL, *arguments], cwd=self.directory, input=script, capture_output=True, text=True, timeout=300, check=False
        )
        self.assertEqual(done.returncode, 0, f"{arguments} (FORGE_SEED={SEED}): {done.stderr}")
        return done.stdout

    def worker(self):
        return subprocess.Popen(
            [FORGECTL, "workflow", "work", "--until-idle", "--programs", "programs.toml"],
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def kill_a_worker(self, choices, failing):
        """Kills at one of the changes that a worker makes to the directory. False where it had finished by itself."""
        store = os.path.join(self.directory, ".forge")
        changes = Changes([store, os.path.join(store, "data")])
        worker = self.worker()
        changes.wait_for(choices.randint(1, CHANGES), worker)
        changes.close()
        worker.kill()
        _, error = worker.communicate(timeout=300)
        self.assertIn(worker.returncode, (*self.finished(failing), -9), f"FORGE_SEED={SEED}: {error.decode()}")
        return worker.returncode == -9

    def finished(self, failing):
        """The exit statuses of a worker that has finished: 8 where a run ended under it otherwise than completed."""
        return (0, 8) if failing else (0,)

    def test_effects_are_there_once(self):
        choices = random.Random(SEED)
        kills = stores = calls = again = 0
        while kills < ROUNDS:
            with tempfile.TemporaryDirectory() as self.directory:
                stores += 1
                failing = self.make_store(choices)
                while kills < ROUNDS and self.kill_a_worker(choices, failing):
                    kills += 1
                finished = self.worker()
                _, error = finished.communicate(timeout=300)
                self.assertIn(finished.returncode, self.finished(failing), f"FORGE_SEED={SEED}: {error.decode()}")
                self.check(failing)
                made, repeated = self.check_calls()
                calls, again = calls + made, again + repeated
        print(f"{kills} kills, {stores} stores, {calls} calls of programs, {again} of them again", file=sys.stderr)

    def make_store(self, choices):
        """Runs that wait for a worker. Returns those that are to fail."""
        for name, text in (("shop.fbs", SCHEMA), ("take.toml", WORKFLOW), ("buy.toml", PARENT), ("programs.toml", PROGRAMS)):
            with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
                file.write(text)
        items = [f"s-{i}" for i in range(ITEMS)]
        script = ["schema add shop.fbs"]
        script += [f"do Stock.fill sku={item} left=1000" for item in items]
        script += ["workflow add take.toml", "workflow add buy.toml"]
        failing = set()
        for i in range(RUNS):
            if choices.random() < 0.3:
                failing.add(f"r-{i}")
            given = json.dumps({"fails": f"r-{i}" in failing, "items": items})
            script.append(f"workflow run {choices.choice(['take', 'buy'])} --id r-{i} --input '{given}' --detach")
        self.forgectl("init")
        self.forgectl("shell", script="\n".join(script) + "\n")
        return failing

    def check(self, failing):
        script = "workflow runs -o ndjson --limit 0\nlist Stock -o ndjson\nverify -o json\n"
        answers = [json.loads(line) for line in self.forgectl("shell", script=script).splitlines() if line.startswith("{")]
        runs = {answer["id"]: answer["status"] for answer in answers if "workflow" in answer}
        self.assertEqual({run for run in runs if "/" not in run}, {f"r-{i}" for i in range(RUNS)}, f"FORGE_SEED={SEED}")
        for run, status in runs.items():
            expected = "compensated" if run.split("/")[0] in failing else "completed"
            self.assertEqual(status, expected, f"{run} (FORGE_SEED={SEED})")
        stocks = [answer["left"] for answer in answers if "left" in answer]
        self.assertEqual(stocks, [1000 - (RUNS - len(failing))] * ITEMS, f"FORGE_SEED={SEED}")
        self.failing, self.runs = failing, runs
        self.assertTrue(any(answer.get("ok") for answer in answers), f"verify (FORGE_SEED={SEED})")

    def check_calls(self):
        """Each hop has one key, and no two have the same. Returns how many calls there were, and how many were repeated."""
        hops = {}
        with open(os.path.join(self.directory, "calls"), encoding="utf-8") as calls:
            lines = calls.read().splitlines()
        for line in lines:
            key, run, step = line.split(" ")
            self.assertEqual(step, "tell")
            self.assertEqual(hops.setdefault(key, run), run, f"one key for two hops (FORGE_SEED={SEED})")
        told = [run for run in self.runs if any(run == hop for hop in hops.values())]
        for run in told:
            keys = {key for key, hop in hops.items() if hop == run}
            self.assertEqual(len(keys), 2 if run.split("/")[0] in self.failing else 1, f"{run} (FORGE_SEED={SEED})")
        self.assertEqual(len(told), RUNS, f"a program was not called (FORGE_SEED={SEED})")
        return len(lines), len(lines) - len(hops)


if __name__ == "__main__":
    print(f"FORGE_SEED={SEED}, {ROUNDS} rounds")
    unittest.main()
