#!/usr/bin/env python3
"""Compares what forgectl says of a repository's history with what git said (oracle.json; README.md explains it).

check.py ORACLE          checks every tree and every history; exit status 1 and the differences when any differs
check.py ORACLE --pick   prints a path with a long history and the key of a transaction about half-way through it
"""
import hashlib
import json
import subprocess
import sys


def forgectl(*arguments):
    done = subprocess.run(["forgectl", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"forgectl {' '.join(arguments)}: exit status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def tree_difference(tree):
    """What git calls a tree: one line `mode blob path` a file, sorted bytewise."""
    files = forgectl("list", "File", "--as-of", "key:" + tree["key"], "--fields", "mode,blob,path", "--limit", "0", "-o", "json")
    lines = sorted(f"{file['mode']} {file['blob']} {file['path']}\n".encode() for file in files)
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    if (len(lines), digest) == (tree["files"], tree["sha256"]):
        return None
    return f"tree after {tree['key']}: {len(lines)} files, {digest}; git: {tree['files']} files, {tree['sha256']}"


def blobs(events):
    """Every event of a path as [transaction, what, blob]; a blob that an event leaves alone is the one before it."""
    blob = None
    for event in events:
        blob = event["changes"].get("blob", blob)
        what = event["action"].split(".")[1]
        yield [event["idempotency_key"], what, "0" * 40 if what == "delete" else blob]


def history_difference(history):
    found = list(blobs(forgectl("history", "File", history["path"], "--limit", "0", "-o", "json")))
    if found == history["changes"]:
        return None
    return f"history of {history['path']}: {len(found)} events; git: {len(history['changes'])}"


def pick(oracle):
    longest = max(oracle["histories"], key=lambda history: len(history["changes"]))
    changes = longest["changes"]
    alive = [key for key, what, _ in changes if what != "delete"]
    print(longest["path"], alive[len(alive) // 2])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        oracle = json.load(file)
    if "--pick" in sys.argv:
        return pick(oracle)
    differences = [tree_difference(tree) for tree in oracle["trees"]]
    differences += [history_difference(history) for history in oracle["histories"]]
    differences = [difference for difference in differences if difference]
    for difference in differences:
        print("DIFFERS", difference)
    trees, histories = len(oracle["trees"]), len(oracle["histories"])
    if differences:
        sys.exit(f"{len(differences)} of {trees + histories} answers differ from git's")
    print(f"{trees} of {trees} trees and {histories} of {histories} histories are equal to git's")


main()
