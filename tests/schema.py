"""The executable schema, built once per process. It has no store, so tests share it."""

from __future__ import annotations

from gateway.app import executable_schema

SCHEMA = executable_schema()
