"""Compares a load with ten custom fields to one without, and to the inference of the fields.

python -m benchmarks.custom_fields [--files 10000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks import shapes
from benchmarks.corpus import phrase
from benchmarks.load import Cost, measured

LOAD, CUSTOM, INFER = "a load", "a load with ten custom fields", "the inference"
RULES = """\
collections:
  recipes:
    path: "**"
    type: Recipe
    fields:
      rating: Float
      vegan: Boolean
      series: {type: String, facet: true}
      difficulty: [easy, medium, hard]
      photo: Image
      origin: Reference
      tools: [String]
      event: {start: DateTime, place: String}
      servings: Int
      made: Date
"""


def recipe(number: int) -> str:
    """An article with a key for each field of RULES."""
    chance = random.Random(f"recipe {number}")
    keys = (
        f"rating: {chance.randint(0, 50) / 10}\nvegan: {chance.choice(('true', 'false'))}\n"
        f"series: {phrase(chance, 2)}\ndifficulty: {chance.choice(('easy', 'medium', 'hard'))}\n"
        f"photo: https://pictures.example/{number}.jpg\norigin: recipe-{number // 2}\n"
        f"tools:\n  - {phrase(chance, 1)}\n  - {phrase(chance, 1)}\n"
        f"event:\n  start: 2024-05-{chance.randint(1, 28):02}T10:00:00Z\n  place: {phrase(chance, 1)}\n"
        f"servings: {chance.randint(1, 12)}\nmade: 2024-03-{chance.randint(1, 28):02}\n"
    )
    return shapes.article(number).replace("---\n", f"---\n{keys}", 1)


def compare(files: int, rounds: int) -> Mapping[str, Cost]:
    """The median costs. The runs take turns, so that other work on the machine affects them alike."""
    costs: Mapping[str, list[Cost]] = {name: [] for name in (LOAD, CUSTOM, INFER)}
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder, "content")
        content.mkdir()
        shapes.write(content, recipe, files)
        for _ in range(rounds):
            for name, found in costs.items():
                found.append(_run(name, content, Path(folder, "gateway.db")))
    return {name: Cost(*map(median, zip(*found, strict=True))) for name, found in costs.items()}


def _run(name: str, content: Path, database: Path) -> Cost:
    """Run one of the commands. Exits if it fails."""
    rules = content / "gateway.yaml"
    rules.unlink(missing_ok=True)
    if name == CUSTOM:
        rules.write_text(RULES)
    command = ("init", content, "--infer") if name == INFER else ("load", content, "--database", database)
    gateway = Path(sys.executable).with_name("gateway")
    status, cost = measured([*map(str, (gateway, *command))], subprocess.DEVNULL)
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()
    if status:
        sys.exit(f"{name} failed.")
    return cost


def told(costs: Mapping[str, Cost]) -> str:
    """A line for each run, with its ratios to the load."""
    load = costs[LOAD]
    return "\n".join(
        f"{name:32} CPU {cost.cpu:7.2f} s, {cost.cpu / load.cpu:.2f} times; "
        f"wall {cost.wall:7.2f} s, {cost.wall / load.wall:.2f} times"
        for name, cost in costs.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(told(compare(arguments.files, arguments.rounds)))


if __name__ == "__main__":
    main()
