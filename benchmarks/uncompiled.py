"""Runs the command `gateway` without the compiler, so that graphql-core executes all operations."""

from __future__ import annotations

from gateway import app
from gateway.commands.group import main

if __name__ == "__main__":
    vars(app)["Compiler"] = lambda *_: None
    main(prog_name="gateway")
