"""Workers that are killed while they carry out runs, on a real disk. workflow_kill_test.py FORGECTL [ROUNDS].

Every effect in the store must be there exactly once, and every run must end. FORGE_SEED repeats a run's choices; where exactly a kill
strikes is still the scheduler's.
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

RUNS, ITEMS = 12, 6

SCHEMA = """include "forge.fbs";
namespace shop;
table Stock (resource) { sku: string (key); left: long; }
table Fill (action: "Stock.fill", upserts, event: "Stock.filled") { left: long = 0; }
table Take (action: "Stock.take", updates, event: "Stock.taken", set: "left = left - 1") {}
table Give (action: "Stock.give", updates, event: "Stock.given", set: "left = left + 1") {}
"""

# Takes one of each of so many, and gives all back where it is asked to fail.
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
[step.stop]
fail = "as asked"
where = "${input.fails}"
after = ["each"]
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


class WorkflowKill(unittest.TestCase):
    def forgectl(self, *arguments, exit_status=0):
        done = subprocess.run([FORGECTL, *arguments], cwd=self.directory, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, exit_status, f"{arguments} (FORGE_SEED={SEED}): {done.stderr}")
        return done.stdout

    def kill_a_worker(self, choices):
        """Kills at one of the changes that a worker makes to the directory."""
        store = os.path.join(self.directory, ".forge")
        changes = Changes([store, os.path.join(store, "data")])
        worker = subprocess.Popen([FORGECTL, "workflow", "work", "--until-idle"], cwd=self.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        changes.wait_for(choices.randint(1, 200), worker)
        changes.close()
        worker.kill()
        worker.wait()

    def test_effects_are_there_once(self):
        choices = random.Random(SEED)
        kills = 0
        while kills < ROUNDS:
            with tempfile.TemporaryDirectory() as self.directory:
                kills += self.live(choices, ROUNDS - kills)

    def live(self, choices, kills_max):
        """A store from its first run to the end of the last. Returns how many workers were killed meanwhile."""
        for name, text in (("shop.fbs", SCHEMA), ("take.toml", WORKFLOW), ("buy.toml", PARENT)):
            with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.forgectl("init")
        self.forgectl("schema", "add", "shop.fbs")
        items = [f"s-{i}" for i in range(ITEMS)]
        for item in items:
            self.forgectl("do", "Stock.fill", f"sku={item}", "left=1000")
        self.forgectl("workflow", "add", "take.toml")
        self.forgectl("workflow", "add", "buy.toml")
        failing = 0
        for i in range(RUNS):
            fails = choices.random() < 0.3
            failing += fails
            given = json.dumps({"fails": fails, "items": items})
            self.forgectl("workflow", "run", choices.choice(["take", "buy"]), "--id", f"r-{i}", "--input", given, "--detach")
        kills = 0
        while kills < kills_max and json.loads(self.forgectl("workflow", "runs", "--status", "running", "-o", "json")):
            self.kill_a_worker(choices)
            kills += 1
        self.forgectl("workflow", "work", "--until-idle")
        runs = json.loads(self.forgectl("workflow", "runs", "-o", "json", "--limit", "0"))
        states = [run["status"] for run in runs if "/" not in run["id"]]
        self.assertEqual(states.count("compensated"), failing)
        self.assertEqual(states.count("completed"), RUNS - failing)
        ended = {run["id"]: run["status"] for run in runs}
        for child in (run for run in runs if "/" in run["id"]):
            self.assertEqual(child["status"], ended[child["id"].split("/")[0]], f"{child['id']} (FORGE_SEED={SEED})")
        for stock in json.loads(self.forgectl("list", "Stock", "-o", "json")):
            self.assertEqual(stock["left"], 1000 - (RUNS - failing), f"FORGE_SEED={SEED}")
        self.forgectl("verify")
        return max(kills, 1)


if __name__ == "__main__":
    print(f"FORGE_SEED={SEED}, {ROUNDS} rounds")
    unittest.main()
