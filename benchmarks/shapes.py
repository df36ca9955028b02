"""Generates the folders of the load benchmark. A smaller folder is the start of a larger one.

python -m benchmarks.shapes FOLDER [--shape articles|bodies] [--files 1000]
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.corpus import TOPICS, WORDS, date, phrase

FOLDER_FILES = 500
WRITTEN = 1_700_000_000
"""The modification time of the files. The gateway reads a file again that was written shortly before the last load."""
BODY_CHARACTERS = 5_000

Shape = Callable[[int], str]
"""The text of the file with a number."""


def article(number: int) -> str:
    """A file like the article of the seeds, of 6.7 KB on average: 3 to 7 related entries, and a body of one paragraph.

    No entry occurs twice, so a program cannot reuse its work.
    """
    chance = random.Random(f"article {number}")
    related = "".join(_entry(chance, f"{number}-{place}") for place in range(chance.randint(3, 7)))
    images = _images(chance, number, "")
    return f"---\n{_fields(chance, number)}{images}\nrelated:\n{related}---\n\n{_sentence(chance, 40)}\n"


def body(number: int) -> str:
    """A file with a body of about 5 KB: sections with paragraphs, links, lists, code and tables.

    Its links lead to itself and to earlier files of its folder, which a smaller corpus has too.
    """
    chance = random.Random(f"body {number}")
    sections, length = [f"# {phrase(chance, 5)}\n"], 0
    while length < BODY_CHARACTERS:
        sections.append(_section(chance, number))
        length += len(sections[-1])
    return f"---\n{_fields(chance, number)}---\n\n" + "\n".join(sections)


SHAPES: Mapping[str, Shape] = {"articles": article, "bodies": body}


def write(folder: Path, shape: Shape, files: int) -> int:
    """Write the files. Returns the number of bytes."""
    return sum(_write(folder, number, shape(number)) for number in range(files))


def _write(folder: Path, number: int, text: str) -> int:
    file = folder / f"{number // FOLDER_FILES:03d}" / _name(number)
    file.parent.mkdir(parents=True, exist_ok=True)
    size = file.write_bytes(text.encode())
    os.utime(file, (WRITTEN, WRITTEN))
    return size


def _name(number: int) -> str:
    return f"{number:06d}.md"


def _fields(chance: random.Random, number: int) -> str:
    topics = "".join(f"  - {topic}\n" for topic in chance.sample(TOPICS, 2))
    return (
        f'category: news\ntitle: "{phrase(chance, 8).capitalize()}"\nexcerpt: "{_sentence(chance, 24)}"\n'
        f"publishedDateTime: {date(chance)}\nwebUrl: {_url(chance, number)}\ntype: article\n"
        f"quality: {chance.randint(0, 100)}\nheat: {chance.randint(-1, 3694)}\npublished: true\n\n"
        f"{_provider(chance, '')}\ntopics:\n{topics}\n"
    )


def _entry(chance: random.Random, name: str) -> str:
    slug = phrase(chance, 12).replace(" ", "-")
    host, tail = f"{chance.choice(WORDS)}.example", f"news/{name}/{slug}"
    return (
        f'  - title: "{phrase(chance, 10).capitalize()}"\n    excerpt: "{_sentence(chance, 38)}"\n'
        f'    publishedDateTime: {date(chance)}\n    webUrl: "https://www.{host}/{tail}.html"\n'
        f'    ampWebUrl: "https://www.{host}/{tail}/amp.html"\n'
        f'    cdnAmpWebUrl: "https://www-{host}.cdn.example/c/s/www.{host}/{tail}/amp.html"\n    type: article\n'
        f"{_provider(chance, '    ')}    quality: {chance.randint(0, 100)}\n{_images(chance, name, '    ')}"
    )


def _provider(chance: random.Random, indent: str) -> str:
    name = chance.choice(WORDS)
    return f"{indent}provider:\n{indent}  name: The {name.title()}\n{indent}  domain: {name}.example\n"


def _images(chance: random.Random, name: object, indent: str) -> str:
    url = f"https://static.{chance.choice(WORDS)}.example/images/{name}/resize-1200.jpg?width=1200&height=675"
    return (
        f'{indent}images:\n{indent}  - url: "{url}"\n{indent}    width: 1200\n{indent}    height: 675\n'
        f"{indent}    isCached: true\n"
    )


def _url(chance: random.Random, number: int) -> str:
    return f'"https://own.example/{number}/{phrase(chance, 6).replace(" ", "-")}/"'


def _sentence(chance: random.Random, words: int) -> str:
    """A sentence with an apostrophe, quotation marks and a comma."""
    half = words // 2
    return f"The {chance.choice(WORDS)}'s {phrase(chance, half)}, ‘{phrase(chance, 2)}’ {phrase(chance, half - 4)}."


def _section(chance: random.Random, number: int) -> str:
    rows = "".join(f"| {phrase(chance, 2)} | {chance.randint(0, 999)} | `{chance.choice(WORDS)}` |\n" for _ in range(4))
    items = "".join(f"- {phrase(chance, 4)}, **{phrase(chance, 2)}**\n" for _ in range(4))
    word, linked = chance.choice(WORDS), _name(number - chance.randint(0, number % FOLDER_FILES))
    return (
        f"## {phrase(chance, 4).capitalize()}\n\n{_sentence(chance, 40)} See [the {word}]({linked}).\n"
        f"{_sentence(chance, 30)}\n\n{items}\n### {phrase(chance, 3).capitalize()}\n\n"
        f"| name | number | code |\n|---|---|---|\n{rows}\n"
        f'```python\ndef {word}(items: list[str]) -> str:\n    return ", ".join(map(str.strip, items))\n```\n\n'
        f"{_sentence(chance, 40)} *{phrase(chance, 3)}* and <https://{word}.example/{chance.randint(1, 99)}>.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="articles")
    parser.add_argument("--files", type=int, default=1000)
    arguments = parser.parse_args()
    written = write(arguments.folder, SHAPES[arguments.shape], arguments.files)
    print(f"{arguments.files} files, {written / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
