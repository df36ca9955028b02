"""Invariants of the code's structure. Each has a test that a violation is found."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "gateway"

# Packages and modules of the top level, front to back. Each imports only from itself and from those above it.
LAYERS = (
    "gateway",
    "gateway.errors",
    "gateway.frames",
    "gateway.model",
    "gateway.filters",
    "gateway.byte_cache",
    "gateway.cache_tags",
    "gateway.content",
    "gateway.search",
    "gateway.limits",
    "gateway.access",
    "gateway.option_types",
    "gateway.settings",
    "gateway.settings_file",
    "gateway.settings_sources",
    "gateway.problem_format",
    "gateway.store",
    "gateway.loading",
    "gateway.stores",
    "gateway.graph",
    "gateway.execution",
    "gateway.web",
    "gateway.explorer",
    "gateway.app",
    "gateway.signals",
    "gateway.commands",
    "gateway.cli",
)
DRIVERS = {"aiosqlite": "gateway.store.sqlite", "sqlite3": "gateway.store.sqlite", "asyncpg": "gateway.store.postgres"}
WEB_AND_DATABASES = {"aiosqlite", "sqlite3", "asyncpg", "starlette", "strawberry", "graphql", "uvicorn"}
STORE_INTERFACE = {"gateway.store.protocol", "gateway.store.reads"}
CLOCKS = {"now", "utcnow", "today"}
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
CONTAINERS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict"}
SQL = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ")

Check = Callable[[str, ast.Module], Iterator[str]]


@cache
def modules() -> Mapping[str, ast.Module]:
    """The parsed sources of the package by module name."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = ("gateway", *file.relative_to(PACKAGE).with_suffix("").parts)
        name = ".".join(part for part in parts if part != "__init__")
        found[name] = ast.parse(file.read_text())
    return found


def imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Every module that is imported; `from package import module` counts as the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield node, whole if whole in modules() else node.module


def layer(module: str) -> str:
    """The package or top-level module that a module belongs to."""
    return ".".join(module.split(".")[:2])


def find_cycle(graph: Mapping[str, Iterable[str]]) -> Sequence[str]:
    """The modules of one import cycle. Empty if there is no cycle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle: Sequence[str] = error.args[1]
        return cycle
    return ()


def imports_point_back(module: str, tree: ast.Module) -> Iterator[str]:
    """A module belongs to a layer, and imports only from its own layer and from earlier ones."""
    if layer(module) not in LAYERS:
        yield f"{module} does not belong to a layer"
        return
    for node, name in imports(tree):
        if name.partition(".")[0] == "gateway" and not (
            name in modules() and LAYERS.index(layer(name)) <= LAYERS.index(layer(module))
        ):
            yield f"{module}:{node.lineno} imports {name}"


def no_import_hides(module: str, tree: ast.Module) -> Iterator[str]:
    """Imports are neither inside functions nor under TYPE_CHECKING."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (f"{module}:{node.lineno} imports in a function" for node, _ in imports(function))
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "TYPE_CHECKING")
    yield from (f"{module}:{node.lineno} uses TYPE_CHECKING" for node in names)


def leaves_import_only_the_standard_library(module: str, tree: ast.Module) -> Iterator[str]:
    """`errors` and `model` may be imported by every module, so they import none."""
    if layer(module) in {"gateway.errors", "gateway.model"}:
        for node, name in imports(tree):
            if name.partition(".")[0] not in sys.stdlib_module_names and layer(name) != layer(module):
                yield f"{module}:{node.lineno} imports {name}"


def content_is_independent_of_web_and_database(module: str, tree: ast.Module) -> Iterator[str]:
    if module.startswith("gateway.content"):
        for node, name in imports(tree):
            if name.partition(".")[0] in WEB_AND_DATABASES:
                yield f"{module}:{node.lineno} imports {name}"


def each_driver_has_one_home(module: str, tree: ast.Module) -> Iterator[str]:
    """Only one module or package of the store names a database's driver."""
    for node, name in imports(tree):
        home = DRIVERS.get(name.partition(".")[0], module)
        if not f"{module}.".startswith(f"{home}."):
            yield f"{module}:{node.lineno} imports {name}"


def one_module_chooses_the_store(module: str, tree: ast.Module) -> Iterator[str]:
    """Only one module names the kind of store. Others use its interface."""
    if module != "gateway.stores" and not module.startswith("gateway.store."):
        for node, name in imports(tree):
            if name.startswith("gateway.store.") and name not in STORE_INTERFACE:
                yield f"{module}:{node.lineno} imports {name}"


def only_ingest_writes(module: str, tree: ast.Module) -> Iterator[str]:
    """Only the ingest calls `Store.apply`, so that resolvers cannot write."""
    if module != "gateway.loading.ingest":
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "apply":
                yield f"{module}:{node.lineno} applies changes"


def sql_stays_in_the_store(module: str, tree: ast.Module) -> Iterator[str]:
    if not module.startswith("gateway.store"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lstrip().startswith(SQL):
                yield f"{module}:{node.lineno} holds SQL"


def static_sql_is_in_sql_files(module: str, tree: ast.Module) -> Iterator[str]:
    """A constant of a module holds SQL only if the SQL is composed."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            composed = [part for node in ast.walk(statement) if isinstance(node, ast.JoinedStr) for part in node.values]
            for node in ast.walk(statement):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in composed:
                    sql = node.value.lstrip()
                    if sql.startswith(SQL) and "{" not in sql:
                        yield f"{module}:{node.lineno} holds static SQL"


def the_environment_is_read_with_the_settings(module: str, tree: ast.Module) -> Iterator[str]:
    if module != "gateway.settings_sources":
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}:
                yield f"{module}:{node.lineno} reads the environment"
            elif isinstance(node, ast.ImportFrom) and node.module == "os":
                yield f"{module}:{node.lineno} hides what it takes from os"


def the_clock_is_a_parameter(module: str, tree: ast.Module) -> Iterator[str]:
    """A clock may be the default of a parameter. It is called by name only where a folder is opened or a link is
    made."""
    if module not in {"gateway.loading.pipeline", "gateway.commands.preview_link"}:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = node.func
                asks_time = isinstance(called.value, ast.Name) and called.value.id == "time"
                if called.attr in CLOCKS or (asks_time and called.attr.startswith("time")):
                    yield f"{module}:{node.lineno} asks the clock"
            elif isinstance(node, ast.ImportFrom) and node.module == "time":
                yield f"{module}:{node.lineno} hides what it takes from time"


def modules_have_no_state(module: str, tree: ast.Module) -> Iterator[str]:
    """No module has a name that is reassigned or mutated at run time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"{module}:{node.lineno} rebinds a global"
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and is_mutable(statement.value):
            for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                if isinstance(target, ast.Name) and not target.id.isupper() and target.id != "__all__":
                    yield f"{module}:{statement.lineno} holds a mutable {target.id}"


def is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        called = value.func.value if isinstance(value.func, ast.Subscript) else value.func
        return isinstance(called, ast.Name) and called.id in CONTAINERS
    return isinstance(value, MUTABLE)


VIOLATIONS: list[tuple[Check, str, str]] = [
    (imports_point_back, "gateway.model.records", "from gateway.content import source"),
    (imports_point_back, "gateway.model.records", "import gateway.cli"),
    (imports_point_back, "gateway.nowhere", ""),
    (no_import_hides, "gateway.cli", "def f():\n    import json"),
    (no_import_hides, "gateway.cli", "class C:\n    async def f(self):\n        from json import loads"),
    (no_import_hides, "gateway.cli", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import json"),
    (leaves_import_only_the_standard_library, "gateway.errors", "import orjson"),
    (leaves_import_only_the_standard_library, "gateway.model.records", "import orjson"),
    (leaves_import_only_the_standard_library, "gateway.model.records", "from gateway import errors"),
    (content_is_independent_of_web_and_database, "gateway.content.text", "import sqlite3"),
    (content_is_independent_of_web_and_database, "gateway.content.text", "from starlette.types import Scope"),
    (each_driver_has_one_home, "gateway.store.list_query", "import aiosqlite"),
    (each_driver_has_one_home, "gateway.store.sqlite.store", "import asyncpg"),
    (each_driver_has_one_home, "gateway.store.postgres_urls", "import asyncpg"),
    (one_module_chooses_the_store, "gateway.loading.pipeline", "from gateway.store.sqlite.store import SqliteStore"),
    (one_module_chooses_the_store, "gateway.commands.check", "from gateway.store import sqlite"),
    (only_ingest_writes, "gateway.graph.types", "async def f(store):\n    await store.apply(changes)"),
    (sql_stays_in_the_store, "gateway.cli", "x = 'SELECT 1'"),
    (sql_stays_in_the_store, "gateway.cli", "x = f'  DELETE FROM {table}'"),
    (static_sql_is_in_sql_files, "gateway.store.sqlite.writer", "X = 'SELECT 1'"),
    (static_sql_is_in_sql_files, "gateway.store.sqlite.writer", "X = ('DELETE FROM file', '  DELETE FROM link')"),
    (the_environment_is_read_with_the_settings, "gateway.cli", "import os\nos.environ['A']"),
    (the_environment_is_read_with_the_settings, "gateway.cli", "from os import environ"),
    (the_clock_is_a_parameter, "gateway.problem_format", "import time\ntime.time()"),
    (the_clock_is_a_parameter, "gateway.problem_format", "from time import time\ntime()"),
    (the_clock_is_a_parameter, "gateway.problem_format", "import datetime\ndatetime.datetime.now()"),
    (modules_have_no_state, "gateway.problem_format", "cache = {}"),
    (modules_have_no_state, "gateway.problem_format", "cache: dict[str, str] = {}"),
    (modules_have_no_state, "gateway.problem_format", "cache = dict[str, str]()"),
    (modules_have_no_state, "gateway.problem_format", "count = 0\ndef f():\n    global count"),
]
CHECKS = list(dict.fromkeys(check for check, _, _ in VIOLATIONS))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_code_satisfies_the_invariant(check: Check) -> None:
    """Checked for every module of the package."""
    assert [fault for module, tree in modules().items() for fault in check(module, tree)] == []


@pytest.mark.parametrize(("check", "module", "code"), VIOLATIONS)
def test_violation_is_found(check: Check, module: str, code: str) -> None:
    """A snippet that violates the invariant is found."""
    assert list(check(module, ast.parse(code)))


def test_no_import_cycles() -> None:
    """Within a package modules may be in any order without a cycle."""
    assert find_cycle({module: [name for _, name in imports(tree)] for module, tree in modules().items()}) == ()


def test_cycles_are_found() -> None:
    """Cycles of any length are found. A shared import is not a cycle."""
    assert find_cycle({"a": ["b", "c"], "b": ["c"]}) == ()
    assert set(find_cycle({"a": ["b"], "b": ["c"], "c": ["a"]})) == {"a", "b", "c"}


def test_layers_are_complete() -> None:
    """Each layer is listed once and has a module."""
    assert sorted(LAYERS) == sorted({layer(module) for module in modules()})
