"""What the commands do before their work: read the settings, check the folder, begin to log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from gateway.content.source import require_folder
from gateway.settings import Mode, Settings, read

logger = logging.getLogger("gateway")


def settings_of(content: Path, flags: Mapping[str, object], mode: Mode = Mode.SERVE) -> Settings:
    """What the flags, the environment and a file set for a folder, which has to be there; and logging begins."""
    settings = read(mode, content, flags)
    require_folder(content)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # Libraries log more than is theirs to log: query strings, and what is written to the database.
    logger.setLevel(settings.log_level.upper())
    return settings
