"""scripts/check_names tells of functions that two sources share without knowing. Usage: check_names_test.py CXX"""

import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest

from load import load

check_names = load("check_names")
CXX = sys.argv.pop(1)
ONE = "namespace forge { namespace { int shown(int a) { return a; } } int one() { return shown(1); } }"


def check(libraries):
    """What is said, and the exit status, of libraries given as {library: {source: text}}."""
    with tempfile.TemporaryDirectory() as directory:
        for library, sources in libraries.items():
            objects = pathlib.Path(directory) / library / "CMakeFiles" / f"forge_{library}.dir"
            objects.mkdir(parents=True)
            for name, text in sources.items():
                subprocess.run([CXX, "-O0", "-xc++", "-c", "-", "-o", objects / f"{name}.cc.o"], input=text, text=True, check=True)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = check_names.main(pathlib.Path(directory))
        return out.getvalue(), status


class CheckNames(unittest.TestCase):
    def test_an_overload_in_another_unnamed_namespace_of_the_library_is_told(self):
        two = "namespace forge { namespace { long shown(long a) { return a; } } long two() { return shown(2L); } }"
        said, status = check({"store": {"one": ONE, "two": two}})
        self.assertIn("forge::shown is in one.cc, two.cc", said)
        self.assertEqual(status, 1)
        self.assertEqual(check({"store": {"one": ONE}, "cli": {"two": two}}), ("", 0))

    def test_a_function_of_the_library_with_the_name_of_an_unnamed_one_is_told(self):
        said, _ = check({"store": {"one": ONE, "two": "namespace forge { long shown(long a) { return a; } }"}})
        self.assertIn("forge::shown is in one.cc, two.cc", said)

    def test_one_function_in_two_libraries_is_told(self):
        is_name = "namespace forge { bool is_name(int) { return true; } }"
        inline = "namespace forge { inline bool is_name(int) { return false; } bool two() { return is_name(1); } }"
        said, status = check({"workflows": {"one": is_name}, "store": {"two": inline}})
        self.assertIn("forge::is_name(int) is defined in one.cc, two.cc", said)
        self.assertEqual(status, 1)

    def test_overloads_in_one_source_and_members_are_fine(self):
        both = ("namespace forge { namespace { int shown(int a) { return a; } int shown(long) { return 2; } } "
                "int f() { return shown(1) + shown(2L); } }")
        member = "namespace forge { struct Cell { int shown(int); }; int Cell::shown(int a) { return a; } }"
        self.assertEqual(check({"store": {"one": both, "two": member}}), ("", 0))

    def test_a_build_without_objects_is_no_answer(self):
        with self.assertRaises(SystemExit):
            check({})


if __name__ == "__main__":
    unittest.main()
