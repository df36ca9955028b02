"""Loads a folder with python-frontmatter, sqlite-utils and full-text search.

python load.py CONTENT DATABASE
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frontmatter
import sqlite_utils


def rows(content: Path) -> Iterator[dict[str, Any]]:
    for file in content.rglob("*.md"):
        post = frontmatter.load(file)
        yield {"path": str(file.relative_to(content)), **post.metadata, "body": post.content}


table = sqlite_utils.Database(sys.argv[2])["articles"]
table.insert_all(rows(Path(sys.argv[1])), pk="path", alter=True)
table.enable_fts(["title", "excerpt", "body"])
print(table.count, "articles")
