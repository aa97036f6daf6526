"""scripts/tally counts the cases of GoogleTest programs and every other test once."""

import json
import pathlib
import tempfile
import unittest

from load import load

tally = load("tally")

PASSED = {"status": "RUN", "result": "COMPLETED"}
FAILED = {"status": "RUN", "result": "COMPLETED", "failures": [{"failure": "x"}]}
SKIPPED = {"status": "RUN", "result": "SKIPPED"}


def count(tests, **reports):
    """Tallies a CTest report of (name, status[, why skipped]) beside GoogleTest reports given as lists of cases."""
    with tempfile.TemporaryDirectory() as directory:
        for name, cases in reports.items():
            text = json.dumps({"testsuites": [{"testsuite": cases}]})
            (pathlib.Path(directory) / f"{name}.json").write_text(text)
        entries = "".join(f'<testcase name="{name}" status="{status}">' + "".join(f'<skipped message="{text}"/>' for text in why) +
                          "</testcase>" for name, status, *why in tests)
        (pathlib.Path(directory) / "ctest.xml").write_text(f"<testsuite>{entries}</testsuite>")
        return tally.tally([directory])


class Tally(unittest.TestCase):
    def test_counts_a_program_by_its_cases(self):
        self.assertEqual([2, 1, 1], count([("store", "fail")], store=[PASSED, PASSED, FAILED, SKIPPED]))

    def test_counts_any_other_test_once(self):
        self.assertEqual([1, 1, 0], count([("layers", "run"), ("tally", "fail")]))

    def test_counts_a_crash_without_a_report_as_a_failure(self):
        self.assertEqual([0, 1, 0], count([("store", "fail")]))

    def test_counts_a_failure_after_the_last_case(self):
        self.assertEqual([1, 1, 0], count([("store", "fail")], store=[PASSED]))

    def test_counts_a_program_that_is_not_there_as_a_failure(self):
        self.assertEqual([0, 1, 0], count([("store", "notrun", "Unable to find executable")]))

    def test_names_skipped_tests_apart(self):
        self.assertEqual([0, 0, 1], count([("disk_full", "notrun", "SKIP_RETURN_CODE=77")]))


if __name__ == "__main__":
    unittest.main()
