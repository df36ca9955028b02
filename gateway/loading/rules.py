"""The site's rules that are in force: those that were last good. It parses none, and applies none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateway.content import sitefile
from gateway.content.site import USUAL_SITE, Site
from gateway.content.source import SITE_FILE
from gateway.errors import SettingsError
from gateway.model import Problem, Severity
from gateway.problems import as_sentence

SITE_GONE = "SITE_GONE"


class SiteError(SettingsError):
    """The site's rules cannot be used."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(["The site's rules cannot be used.", *map(as_sentence, problems)]))
        self.problems = tuple(problems)


class SiteRules:
    """Follows the rules of one content folder, wherever it lies."""

    def __init__(self) -> None:
        self._last: sitefile.Read | None = None

    @property
    def site(self) -> Site:
        """The rules that were last in force."""
        return self._last.site if self._last else USUAL_SITE

    def read(self, root: Path) -> tuple[Site | None, tuple[Problem, ...]]:
        """The rules in force, None where none can be known, and what is wrong with those in the folder.

        Raises SiteError where they are wrong and none were good before.
        """
        try:
            found = sitefile.read(root)
        except OSError:
            # What is wrong with the folder is for the walk to say.
            return self._last.site if self._last else None, ()
        last = self._last
        if found.is_good and (found.is_there or last is None or not last.is_there):
            self._last = found
            return found.site, found.problems
        if last is None:
            raise SiteError(found.problems)
        return last.site, tuple(map(_stayed, found.problems if found.is_there else (*found.problems, _GONE)))


def _stayed(problem: Problem) -> Problem:
    return problem._replace(message=f"{problem.message} The rules that were last good stay in force.")


_GONE = Problem(
    Severity.ERROR,
    SITE_GONE,
    "The file is gone.",
    SITE_FILE,
    hint="Put it back; to do without rules, leave it empty or start anew.",
)
