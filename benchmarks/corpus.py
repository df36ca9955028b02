"""Generates realistic content folders: small articles with many related entries.

python -m benchmarks.corpus FOLDER [--files 5000] [--related 179] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

WORDS = """
amber basin cargo delta ember fjord glacier harbour island jetty kiln lantern meadow nectar orchard
prairie quarry river summit timber upland valley willow yarrow zephyr anchor bridge canyon dune
estuary forest garden hollow inlet juniper knoll lagoon marsh north oasis peak quartz reef shore
tundra vista wharf exchange market signal sensor solar tidal vessel wind battery circuit data
engine fibre grid hydrogen ion joule kernel laser mesh network optic pump
""".split()  # noqa: SIM905 - shorter than a list of quoted words
TOPICS = tuple(f"{first.title()} {second}" for first in WORDS[:12] for second in WORDS[60:68])
TARGETS = 4_000
FIRST_DATE = datetime(2018, 1, 1, tzinfo=UTC)


class Generator:
    """Generates the files of a folder, the same for the same seed."""

    def __init__(self, files: int, related: int, seed: int = 1, published: float = 0.1) -> None:
        self._random = random.Random(seed)
        self._files = files
        self._related = related
        self._published = published
        self._targets = [self._entry(number) for number in range(TARGETS)]

    def write(self, folder: Path) -> int:
        """Write the files. Returns the number of bytes."""
        return sum(self._write(folder, number) for number in range(self._files))

    def _write(self, folder: Path, number: int) -> int:
        file = folder / f"{number // 500:03d}" / f"{number:06d}-{self._slug(2)}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.write_text(self.article(number), encoding="utf-8")

    def article(self, number: int) -> str:
        """The text of one file. Most files have few related entries, some have very many."""
        entries = self._random.choices(self._targets, k=int((self._related + 1) * self._random.random() ** 4))
        related = ("related:\n" + "".join(entries)) if entries else ""
        topics = "".join(f"  - {topic}\n" for topic in self._random.sample(TOPICS, 3))
        return (
            f"---\ntitle: {self._phrase(7)}\nexcerpt: {self._phrase(25)}\ncategory: news\ntype: article\n"
            f"quality: {self._random.randint(0, 100)}\nheat: {self._random.randint(-1, 3694)}\n"
            f"publishedDateTime: {self._date()}\nwebUrl: {self._url(number, 'own')}\n"
            f"published: {'true' if self._random.random() < self._published else 'false'}\n"
            f"{self._provider('')}topics:\n{topics}{related}---\n\n# {self._phrase(5)}\n\n{self._phrase(120)}\n"
        )

    def _entry(self, number: int) -> str:
        lines = (
            f"title: {self._phrase(9)}\nexcerpt: {self._phrase(30)}\npublishedDateTime: {self._date()}\n"
            f"webUrl: {self._url(number, 'www')}\nampWebUrl: {self._url(number, 'amp')}\ntype: article\n"
            f"{self._provider('')}quality: {self._random.randint(0, 100)}\n"
            f"images:\n  - url: {self._url(number, 'img')}.jpg\n    width: 1200\n    height: 675\n    isCached: true\n"
        ).splitlines()
        return "\n".join(("  - " if index == 0 else "    ") + line for index, line in enumerate(lines)) + "\n"

    def _provider(self, indent: str) -> str:
        name = self._random.choice(WORDS)
        return f"{indent}provider:\n{indent}  name: The {name.title()}\n{indent}  domain: {name}.example\n"

    def _url(self, number: int, host: str) -> str:
        return f"https://{host}.site-{number % 97}.example/{number}/{self._slug(6)}"

    def _date(self) -> str:
        return date(self._random)

    def _phrase(self, length: int) -> str:
        return phrase(self._random, length)

    def _slug(self, length: int) -> str:
        return self._phrase(length).replace(" ", "-")


def date(chance: random.Random) -> str:
    moment = FIRST_DATE + timedelta(minutes=chance.randrange(4_000_000))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def phrase(chance: random.Random, length: int) -> str:
    return " ".join(chance.choices(WORDS, k=length))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--related", type=int, default=179)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    written = Generator(arguments.files, arguments.related, arguments.seed).write(arguments.folder)
    print(f"{arguments.files} files, {written / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
