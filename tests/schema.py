"""The executable schema, built once in a process. It holds nothing of a store, so tests share it."""

from __future__ import annotations

from gateway.app import executable_schema

SCHEMA = executable_schema()
