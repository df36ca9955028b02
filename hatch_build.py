"""The step of the build that is our own: puts GraphiQL's files and the documentation into the wheel.

It checks nothing itself, and does nothing for an editable install, for which there is `make explorer`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))  # the package is not installed while it is built

from gateway.cli import check_python
from gateway.errors import PackagesError
from gateway.explorer.assets import ASSETS, FOLDER, are_in
from gateway.explorer.fetch_assets import bring

check_python()  # pip would name a dependency that has no version for an older Python, before it looks at ours

REQUIRE = "GATEWAY_REQUIRE_EXPLORER"
"""The variable that makes a wheel without GraphiQL a failure."""


class ExplorerHook(BuildHookInterface[Any]):
    """Puts the files into a wheel."""

    _aside: TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        documentation = Path(self.root) / "docs"
        if documentation.is_dir():
            build_data["force_include"][str(documentation)] = "gateway/explorer/docs"
        try:
            folder = FOLDER if are_in(FOLDER) else self._brought()
        except PackagesError as error:
            if os.environ.get(REQUIRE):
                raise
            self.app.display_warning(f"{error.message} The wheel is built without GraphiQL.")
            return
        for asset in ASSETS:
            build_data["force_include"][str(folder / asset.name)] = f"gateway/explorer/assets/{asset.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's
        if self._aside:
            self._aside.cleanup()

    def _brought(self) -> Path:
        self._aside = TemporaryDirectory()
        bring(Path(self._aside.name))
        return Path(self._aside.name)
