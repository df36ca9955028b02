"""GraphiQL's files: their digests, and their paths in the npm package, on the CDN and in the assets folder.

It needs only the standard library, because the build of the wheel imports it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path, PurePosixPath
from typing import NamedTuple

CDN = "https://unpkg.com"
FOLDER = Path(__file__).parent / "assets"
"""The folder of the files. They are part of the wheel, but not of the repository."""


class Asset(NamedTuple):
    """One file of a package from npm."""

    package: str
    version: str
    path: str
    """The path in the package."""
    integrity: str
    """The digest in the format of Subresource Integrity."""

    @property
    def name(self) -> str:
        """The path in the folder. It contains the version, so that files of other releases do not match."""
        return f"{PurePosixPath(self.package).name}-{self.version}/{PurePosixPath(self.path).name}"

    @property
    def url(self) -> str:
        """The URL on the CDN."""
        return f"{CDN}/{self.package}@{self.version}/{self.path}"

    def is_in(self, folder: Path) -> bool:
        file = folder / self.name
        return file.is_file() and self.is_whole(file.read_bytes())

    def is_whole(self, content: bytes) -> bool:
        """Whether the content matches the digest."""
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
"""In the order of execution."""
LICENCES = (
    Asset("react", "18.3.1", "LICENSE", "sha384-dIN5gxuW3odCH42AKpxql36fRQlrVsjCi4EJgGC2Ty8Ihkcq9cdrChEZpKhSAfks"),
    Asset("graphiql", "4.1.2", "LICENSE", "sha384-9JPX1agGTIUB7wtQt2kO3PUO7clmCJp+9e50VMjw1yd8briI77AZnMDBz5VcerBH"),
)
"""The licence texts, which must accompany the files."""
ASSETS = (*STYLES, *SCRIPTS, *LICENCES)


def are_in(folder: Path) -> bool:
    """Whether a folder has every file with the right digest. Truncated or changed files are not served."""
    return all(asset.is_in(folder) for asset in ASSETS)
