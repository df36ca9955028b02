"""Writes the oracle's answers to the queries of the suite: python -m tests.queries.expected"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.queries.corpus import corpus
from tests.queries.oracle import Oracle

SUITE = Path(__file__).parent / "suite"
QUERIES = sorted(SUITE.glob("*.graphql"))
CORPUS = corpus(60, seed=7)


def expected() -> Iterator[tuple[Path, str]]:
    """For each query, the file of its answers with and without drafts, and the content of that file."""
    oracles = {"public": Oracle(CORPUS, preview=False), "preview": Oracle(CORPUS, preview=True)}
    for file in QUERIES:
        answers = {name: oracle.answer(file.read_text()) for name, oracle in oracles.items()}
        yield file.with_suffix(".json"), json.dumps(answers, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    for file, text in expected():
        file.write_text(text)


if __name__ == "__main__":
    main()
