"""Each rule of scripts/check_layers finds what it is there for, and nothing in sources that keep it."""

import pathlib
import tempfile
import unittest

from load import load

check_layers = load("check_layers")


def findings(**files):
    """Findings in a tree that holds `files`, named with "__" for "/" and ending in _h or _cc."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in files.items():
            stem, suffix = name.replace("__", "/").rsplit("_", 1)
            path = root / f"{stem}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check_layers.check(root)


HEADER = "#pragma once\n"


class CheckLayers(unittest.TestCase):
    def test_accepts_includes_downwards_and_of_the_own_folder(self):
        self.assertEqual([], findings(
            events__include__forge__events__a_h=HEADER + "#include <string_view>\n",
            store__include__forge__store__b_h=HEADER + '#include "forge/events/a.h"\n',
            store__b_cc='#include "forge/store/b.h"\n#include "inner.h"\n#include <rocksdb/db.h>\nint x = fsync(1);\n'))

    def test_refuses_an_include_of_a_folder_above(self):
        found = findings(
            store__include__forge__store__b_h=HEADER,
            events__a_cc='\n#include "forge/store/b.h"\n')
        self.assertEqual(['events/a.cc:2: include "forge/store/b.h" goes up from events to store'], found)

    def test_refuses_a_path_out_of_the_folder_and_a_header_that_is_not_there(self):
        found = findings(events__a_cc='#include "../store/b.h"\n', tests__b_cc='#include "forge/none.h"\n')
        self.assertEqual(2, len(found), found)

    def test_confines_libraries_output_and_sync_to_their_folders(self):
        for line in ("#include <rocksdb/db.h>", '#include "CLI/CLI.hpp"', "#include <boost/beast.hpp>", "#include <histedit.h>",
                     "void f() { std::cout << 1; }", 'void f() { std::printf("x"); }', "int f() { return fdatasync(1); }"):
            self.assertEqual(1, len(findings(projections__a_cc=line + "\n")), line)
            self.assertEqual([], findings(projections__a_cc="// " + line + "\n"), line)

    def test_does_not_take_text_or_similar_names_for_a_use(self):
        self.assertEqual([], findings(events__a_cc='auto t = "stdout"; auto n = snprintf(t, 1, "x"); // fsync(1)\n'))

    def test_refuses_third_parties_in_a_public_header(self):
        for line in ("#include <boost/json.hpp>", "#include <sqlite3.h>", "namespace rocksdb { class DB; }", "struct sqlite3;",
                     "boost::asio::io_context& context();", '#include "inner.h"'):
            self.assertEqual(1, len(findings(events__include__forge__events__a_h=HEADER + line + "\n")), line)

    def test_accepts_the_forward_declarations_of_flatbuffers(self):
        self.assertEqual([], findings(events__include__forge__events__a_h=HEADER + "namespace reflection {\nstruct Field;\n}\n"))

    def test_wants_pragma_once_in_a_public_header(self):
        self.assertEqual(1, len(findings(events__include__forge__events__a_h="struct A {};\n")))


if __name__ == "__main__":
    unittest.main()
