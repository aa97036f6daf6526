"""Builds and runs every code block of README.md and docs/ against an installed copy of Forge.

Usage: consumer_test.py BUILD_DIRECTORY CXX CMAKE

A block's info string says what is done with it:
    fbs FILE, cpp FILE, cmake FILE, toml FILE, csv FILE   the block is that file
    fbs                              a piece of a schema, fields or tables, which `forgectl schema check` takes
    checkout                         shell commands for a checkout of Forge: they are run there, for this build; of scripts only that
                                     they are there, since this runs inside of one
    console                          lines after "$ " are commands; the lines below are what they print, where there are any
    rule                             a condition that `forgectl list Order --where` takes
    text                             not code: a form, or an output in part
The blocks of a document share one directory, its commands one shell. A document with a rule has a schema, which a store is made of.
All code stands in fences: an indented block, which nothing would execute, is an error.
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.M | re.S)
INDENTED = re.compile(r"(?<=\n\n) {4}\S.*")


def run(command, **options):
    done = subprocess.run(command, text=True, capture_output=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"failed with status {done.returncode}: {command}\n{done.stdout}{done.stderr}")
    return done.stdout


class Document:
    def __init__(self, path, directory, installed, cxx, build):
        self.path, self.directory, self.build = path, directory, build
        self.environment = {**os.environ, "PATH": f"{installed}/bin:{os.environ['PATH']}", "NO_COLOR": "1", "CXX": cxx,
                            "CMAKE_GENERATOR": "Ninja", "CMAKE_PREFIX_PATH": str(installed), "CXXFLAGS": "-Wall -Wextra -Werror"}
        self.environment.pop("FORGE_STORE", None)
        self.steps = []  # a command, and what it must print or None

    def fail(self, what):
        sys.exit(f"{self.path.relative_to(ROOT)}: {what}")

    def execute(self):
        rules = []
        page = self.path.read_text(encoding="utf-8")
        if stray := INDENTED.search(FENCE.sub("", page)):
            self.fail(f"a code block is indented and not fenced: nothing executes it: {stray.group()}")
        for info, text in FENCE.findall(page):
            kind, _, name = info.partition(" ")
            if kind in ("fbs", "cpp", "cmake", "toml", "csv") and name:
                target = self.directory / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            elif kind == "console":
                self.add_commands(text)
            elif kind == "rule":
                rules.append(text)
            elif kind == "fbs":
                self.check_piece(text)
            elif kind == "checkout":
                self.check_commands(text)
            elif kind != "text":
                self.fail(f"a code block is marked '{info}': nothing executes it")
        for text in rules:
            self.add_rules(text)
        if self.steps:
            self.run_steps()

    def add_commands(self, text):
        for line in text.splitlines(keepends=True):
            if line.startswith("$ "):
                self.steps.append([line[2:].rstrip(), None])
            elif self.steps:
                self.steps[-1][1] = (self.steps[-1][1] or "") + line
            else:
                self.fail("a console block begins with an output")

    def check_piece(self, text):
        is_fields = not re.search(r"^(table|enum) ", text, re.M)
        tables = f"table Piece (resource) {{ piece_key: string (key);\n{text}}}\n" if is_fields else text
        piece = self.directory / "piece.fbs"
        piece.write_text('include "forge.fbs";\n' + tables, encoding="utf-8")
        run(["forgectl", "schema", "check", str(piece)], cwd=self.directory, env=self.environment)
        piece.unlink()

    def check_commands(self, text):
        for script in re.findall(r"^scripts/\S+", text, re.M):
            if not os.access(ROOT / script, os.X_OK):
                self.fail(f"there is no {script} to run")
        commands = re.sub(r"^scripts/.*\n", "", text, flags=re.M).replace('"$PWD/build/release', f'"{self.build}')
        commands = commands.replace("build/release", str(self.build))
        home = self.directory / "home"
        home.mkdir(exist_ok=True)
        run(["bash", "-e", "-c", commands], cwd=ROOT, env={**self.environment, "HOME": str(home)})

    def add_rules(self, text):
        schema = next(path.name for path in self.directory.glob("*.fbs"))
        self.steps.append([f"test -e .forge || {{ forgectl init && forgectl schema add {schema}; }}", None])
        for rule in text.splitlines():
            self.steps.append([f"forgectl list Order --where {shlex.quote(rule)}", None])

    def run_steps(self):
        mark = "--- end of command\n"
        script = "set -e\n" + "".join(f"{command}\necho '{mark[:-1]}'\n" for command, _ in self.steps)
        outputs = run(["bash", "-c", script], cwd=self.directory, env=self.environment).split(mark)
        for (command, expected), output in zip(self.steps, outputs):
            if expected is not None and output != expected:
                self.fail(f"'{command}' printed\n{output}instead of\n{expected}")
        print(f"{self.path.name}: {len(self.steps)} commands")


def check_pkg_config(installed, cxx, directory):
    environment = {**os.environ, "PKG_CONFIG_PATH": next(str(path.parent) for path in installed.rglob("forge.pc"))}
    flags = run(["pkg-config", "--cflags", "--libs", "forge"], env=environment).split()
    source = directory / "pkg.cc"
    source.write_text('#include <forge/testing.h>\nint main() { return forge::Store::open(":memory:").ok() ? 0 : 1; }\n')
    run([cxx, "-std=c++20", str(source), "-o", str(directory / "pkg"), *flags])
    run([str(directory / "pkg")])


# What the interface is written in, which a program includes anyhow.
STANDARD = ["chrono", "functional", "map", "memory", "string", "variant", "vector"]
HEADER_TIMES_MAX = 3.0


def processor_time(command):
    begun = os.times().children_user
    run(command)
    return os.times().children_user - begun


# That the umbrella stays light: against the standard headers on the same machine, in the same minute, since seconds say nothing.
# The least of five is what the compiler needs when nothing disturbs it. 1 s on a machine that takes 0.33 s for the others.
def check_header_time(installed, cxx, directory):
    alone, standard = directory / "forge_alone.cc", directory / "standard.cc"
    alone.write_text("#include <forge/forge.h>\n")
    standard.write_text("".join(f"#include <{name}>\n" for name in STANDARD))
    command = [cxx, "-std=c++20", "-fsyntax-only", f"-I{installed}/include"]
    rounds = [(processor_time([*command, str(alone)]), processor_time([*command, str(standard)])) for _ in range(5)]
    times = min(forge for forge, _ in rounds) / min(other for _, other in rounds)
    print(f"forge/forge.h alone: {times:.1f} times the processor time of the standard headers")
    if times > HEADER_TIMES_MAX:
        sys.exit(f"forge/forge.h takes {times:.1f} times the processor time of the standard headers; the limit is {HEADER_TIMES_MAX}")


def main():
    build, cxx, cmake = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        installed = scratch / "installed"
        run([cmake, "--install", build, "--prefix", str(installed)])
        check_header_time(installed, cxx, scratch)
        check_pkg_config(installed, cxx, scratch)
        for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
            directory = scratch / path.stem
            directory.mkdir()
            Document(path, directory, installed, cxx, pathlib.Path(build).resolve()).execute()


main()
