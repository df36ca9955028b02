"""GraphiQL's files: what each must be, and where a package, the CDN and this folder have it. It brings none of them.

It needs the standard library alone, since the wheel is built with it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path, PurePosixPath
from typing import NamedTuple

CDN = "https://unpkg.com"
FOLDER = Path(__file__).parent / "assets"
"""Where the files are put. They are part of a wheel, and of no commit."""


class Asset(NamedTuple):
    """One file of a package from npm."""

    package: str
    version: str
    path: str
    """Where the package has it."""
    integrity: str
    """What it must be, as browsers are told it."""

    @property
    def name(self) -> str:
        """Its path in the folder. The version is part of it, so that no file of another release is taken for it."""
        return f"{PurePosixPath(self.package).name}-{self.version}/{PurePosixPath(self.path).name}"

    @property
    def url(self) -> str:
        """Where the CDN has it."""
        return f"{CDN}/{self.package}@{self.version}/{self.path}"

    def is_in(self, folder: Path) -> bool:
        file = folder / self.name
        return file.is_file() and self.is_whole(file.read_bytes())

    def is_whole(self, content: bytes) -> bool:
        """Whether this is the file, to the byte."""
        return self.integrity == f"sha384-{b64encode(hashlib.sha384(content).digest()).decode()}"


STYLES = (
    Asset(
        "graphiql",
        "4.1.2",
        "graphiql.min.css",
        "sha384-1el1QShFBnnXTx9x/Cprg82hZWKt0ry29OAYIXt05swbi0KcZDFoj0CWguMpopJr",
    ),
    Asset(
        "@graphiql/plugin-explorer",
        "4.0.6",
        "dist/style.css",
        "sha384-XffIsImDMwexX8UM/Bg3tss0MZOeQmZcnHzk0avUrw9ff0IQ2g9j7QLA6m2lz5D0",
    ),
)
SCRIPTS = (
    Asset(
        "react",
        "18.3.1",
        "umd/react.production.min.js",
        "sha384-DGyLxAyjq0f9SPpVevD6IgztCFlnMF6oW/XQGmfe+IsZ8TqEiDrcHkMLKI6fiB/Z",
    ),
    Asset(
        "react-dom",
        "18.3.1",
        "umd/react-dom.production.min.js",
        "sha384-gTGxhz21lVGYNMcdJOyq01Edg0jhn/c22nsx0kyqP0TxaV5WVdsSH1fSDUf5YJj1",
    ),
    Asset(
        "graphiql",
        "4.1.2",
        "graphiql.min.js",
        "sha384-9XdHu7ajgGJziD4J1zNBKQ842Q/+zZfDv+ib1eMhZWBH6hPAs806x+Jbcf0yNO6B",
    ),
    Asset(
        "@graphiql/plugin-explorer",
        "4.0.6",
        "dist/index.umd.js",
        "sha384-gXYG2RCFRuAiKUaKTbKxOVlvr0U9z0D/V/l5jdvRSH46vQ+9cpkG2d3ByiggUYvD",
    ),
)
"""In the order in which the page runs them."""
LICENCES = (
    Asset("react", "18.3.1", "LICENSE", "sha384-dIN5gxuW3odCH42AKpxql36fRQlrVsjCi4EJgGC2Ty8Ihkcq9cdrChEZpKhSAfks"),
    Asset("graphiql", "4.1.2", "LICENSE", "sha384-9JPX1agGTIUB7wtQt2kO3PUO7clmCJp+9e50VMjw1yd8briI77AZnMDBz5VcerBH"),
)
"""What has to go with the files wherever they go."""
ASSETS = (*STYLES, *SCRIPTS, *LICENCES)


def are_in(folder: Path) -> bool:
    """Whether a folder has every file, each as it must be: one that is cut short or changed is never shown."""
    return all(asset.is_in(folder) for asset in ASSETS)
