"""The JSON Schema of a domain, held against what Forge prints and takes. json_schema_test.py FORGECTL."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

from jsonschema import Draft202012Validator

FORGECTL = os.path.abspath(sys.argv.pop(1))

SCHEMA = """include "forge.fbs";
namespace all;
enum Size : byte { Small, Large }
table Part { name: string (required); size: Size; inner: [Part]; pin: string (secret); }
/// What one of everything looks like.
table Thing (resource) {
  id: string (key, length: "1..20");
  flag: bool; tiny: byte; small: ushort; whole: int = 7 (min: 1, max: 100); wide: long = null; huge: ulong; ratio: double;
  text: string (length: "2..5"); size: Size; sizes: [Size]; bytes: [ubyte]; numbers: [int] (length: "..3"); part: Part; parts: [Part];
  old: string (deprecated); pin: string (secret); must: string (required);
}
table Make (action: "Thing.make", creates) {
  flag: bool; tiny: byte; small: ushort; whole: int = 7 (min: 1, max: 100); wide: long = null; huge: ulong; ratio: double;
  text: string (length: "2..5"); size: Size; sizes: [Size]; bytes: [ubyte]; numbers: [int] (length: "..3"); part: Part; parts: [Part];
  old: string (deprecated); pin: string (secret); must: string (required);
}
table Change (action: "Thing.change", updates) { text: string; wide: long = null; flag: bool = null; }
table Drop (action: "Thing.drop", destroys) {}
table Find (action: "Thing.find", reads, where: "whole >= :at_least") { at_least: int = 1; }
table Pair (resource, key: "left, right") { left: string; right: long; note: string; }
table AddPair (action: "Pair.add", creates) { note: string; }
"""

FULL = {
    "id": "t-1",
    "flag": True,
    "tiny": -128,
    "small": 65535,
    "whole": 100,
    "wide": "-9223372036854775807",
    "huge": 9007199254740992,
    "ratio": 0.5,
    "text": "äöü",
    "size": "Large",
    "sizes": ["Small", "Large"],
    "bytes": "AAEC",
    "numbers": [1, 2, 3],
    "part": {"name": "a", "size": "Large", "inner": [{"name": "b", "pin": "1"}]},
    "parts": [],
    "pin": "1234",
    "must": "x",
}

# Of Thing.make: what differs from FULL, and whether that is a value of the right form. Absent is given as ....
MAKES = [
    ({}, True),
    ({"id": ...}, False),
    ({"must": ...}, False),
    ({"must": None}, False),
    ({"wide": None, "text": None, "part": None}, True),
    ({"flag": 1}, False),
    ({"tiny": 128}, False),
    ({"small": -1}, False),
    ({"whole": 0}, False),
    ({"whole": 101}, False),
    ({"whole": "7"}, False),
    ({"wide": 5}, True),
    ({"ratio": "much"}, False),
    ({"ratio": 3}, True),
    ({"text": "x"}, False),
    ({"text": "xxxxxx"}, False),
    ({"text": 5}, False),
    ({"size": "Huge"}, False),
    ({"sizes": ["Huge"]}, False),
    ({"sizes": "Small"}, False),
    ({"numbers": [1, 2, 3, 4]}, False),
    ({"numbers": [1.5]}, False),
    ({"part": {"size": "Large"}}, False),
    ({"part": {"name": "a", "more": 1}}, False),
    ({"old": "x"}, False),
    ({"more": 1}, False),
    ({"id": "x" * 21}, False),
]


class JsonSchema(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        with open(os.path.join(self.place.name, "all.fbs"), "w", encoding="utf-8") as schema:
            schema.write(SCHEMA)
        self.run_ok("init")
        self.run_ok("schema", "add", "all.fbs")
        self.document = json.loads(self.run_ok("schema", "gen", "jsonschema"))

    def run_one(self, *arguments):
        return subprocess.run(
            [FORGECTL, *arguments], cwd=self.place.name, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        )

    def run_ok(self, *arguments):
        done = self.run_one(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout

    def errors(self, definition, value):
        schema = {"$ref": "#/$defs/" + definition.replace("/", "~1"), "$defs": self.document["$defs"]}
        return [error.message for error in Draft202012Validator(schema).iter_errors(value)]

    def test_is_a_schema(self):
        Draft202012Validator.check_schema(self.document)
        self.assertEqual(self.document["$schema"], Draft202012Validator.META_SCHEMA["$id"])
        self.assertEqual(
            sorted(self.document["$defs"]),
            ["action/Pair.add", "action/Thing.change", "action/Thing.drop", "action/Thing.find", "action/Thing.make",
             "event/Pair._undo_create", "event/Pair._undo_destroy", "event/Pair._undo_update", "event/Pair.add",
             "event/Thing._undo_create", "event/Thing._undo_destroy", "event/Thing._undo_update", "event/Thing.change",
             "event/Thing.drop", "event/Thing.make", "input/Part", "record/Pair", "record/Thing", "type/Part"],
        )

    def test_takes_the_arguments_that_forge_takes_and_no_others(self):
        for difference, is_good in MAKES:
            arguments = {name: value for name, value in (FULL | difference).items() if value is not ...}
            errors = self.errors("action/Thing.make", arguments)
            done = self.run_one("do", "Thing.make", "--dry-run", "--input", json.dumps(arguments))
            self.assertEqual(not errors, is_good, f"{difference}: {errors}")
            self.assertEqual(done.returncode == 0, is_good, f"{difference}: {done.stderr.decode()}")

    def test_takes_every_record_and_event_that_forge_prints(self):
        self.run_ok("do", "Thing.make", "--input", json.dumps(FULL), "--actor", "me", "--idempotency-key", "k", "--reason", "so")
        self.run_ok("do", "Thing.make", "id=t-2", "must=x")
        self.run_ok("do", "Thing.change", "id=t-1", "text:=null", "wide=9007199254740993", "flag=false")
        self.run_ok("do", "Thing.drop", "id=t-2")
        self.run_ok("do", "Pair.add", "left=a", "right=9223372036854775807")
        self.run_ok("undo", "5")
        self.run_ok("undo", "4")
        for resource, key in (("Thing", "t-1"), ("Pair", "a,9223372036854775807")):
            self.assertEqual(self.errors(f"record/{resource}", json.loads(self.run_ok("get", resource, key, "-o", "json"))), [])
        events = [json.loads(line) for line in self.run_ok("log", "-o", "ndjson").splitlines()][1:]  # behind the schema
        self.assertEqual(len(events), 7)
        for event in events:
            self.assertEqual(self.errors(f"event/{event['action']}", event), [], event)
        without = {name: value for name, value in events[5].items() if name != "undoes"}
        self.assertNotEqual(self.errors("event/Thing._undo_destroy", without), [])
        record = json.loads(self.run_ok("get", "Thing", "t-1", "-o", "json"))
        for change in ({"size": "Huge"}, {"whole": 0}, {"pin": "1234"}, {"must": None}, {"_version": 0}, {"more": 1}):
            self.assertNotEqual(self.errors("record/Thing", record | change), [], change)
        for change in ({"action": "Thing.make"}, {"cleared": ["more"]}, {"changes": {"more": 1}}, {"seq": "1"}):
            self.assertNotEqual(self.errors("event/Thing.drop", events[3] | change), [], change)


if __name__ == "__main__":
    unittest.main()
