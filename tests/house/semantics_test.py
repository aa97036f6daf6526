"""Every test that docs/semantics.md names is there, and every row of its tables names one: semantics_test.py SOURCE_DIRECTORY."""

import pathlib
import re
import sys

TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)
NAME = re.compile(r"`(\w+\.\w+)`")


def wrong(page, tests):
    """What does not hold, a line each."""
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| Sentence |")]
    found = [] if rows else ["the page has no sentences"]
    for row in rows:
        sentence, named = (cell.strip() for cell in row.strip("|").rsplit("|", 1))
        names = NAME.findall(named)
        if not names:
            found.append(f"no test: {sentence}")
        found += [f"there is no test {name}: {sentence}" for name in names if name not in tests]
    return found


def main(source):
    tests = {f"{suite}.{name}" for file in (source / "tests").rglob("*_test.cc") for suite, name in TEST.findall(file.read_text())}
    assert wrong("| A. | `No.Such` |", tests) == ["there is no test No.Such: A."]
    assert wrong("| A. |  |", tests) == ["no test: A."]
    assert wrong("", tests) == ["the page has no sentences"]
    found = wrong((source / "docs/semantics.md").read_text(), tests)
    print("\n".join(found))
    return 1 if found else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
