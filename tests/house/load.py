"""load(NAME) imports scripts/NAME, a Python script without a suffix."""

import importlib.machinery
import importlib.util
import pathlib


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module
