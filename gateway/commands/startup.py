"""The common start of the commands: reads the settings, checks the folder, configures logging."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from gateway.content.source import require_folder
from gateway.settings import Mode, Settings
from gateway.settings_sources import read

logger = logging.getLogger("gateway")


def settings_of(content: Path, flags: Mapping[str, object], mode: Mode = Mode.SERVE) -> Settings:
    """Read the settings, check that the folder exists, and configure logging."""
    settings = read(mode, content, flags)
    require_folder(content)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # Only for this logger, because libraries log query strings and database values.
    logger.setLevel(settings.log_level.upper())
    return settings
