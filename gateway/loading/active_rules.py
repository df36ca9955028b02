"""Holds the rules in force, which are the last good ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from gateway.content import generator_rules, site_config
from gateway.content.generator_rules import KnownRules
from gateway.content.inheritance import InheritedRules
from gateway.content.rules_file import RulesFile
from gateway.content.site import DEFAULT_SITE, Site
from gateway.content.source import SITE_FILE, ContentFile, FolderListing, lies_in
from gateway.errors import SettingsError
from gateway.model.collections import Collections
from gateway.model.problems import Problem, Severity
from gateway.problem_format import format_sentence

SITE_GONE = "SITE_GONE"
SITE_BREAKS_DOCUMENTS = "SITE_BREAKS_DOCUMENTS"

Accepts = Callable[[Collections], Sequence[str]]
"""Returns why collections cannot be used."""


def accept_all(_collections: Collections) -> Sequence[str]:
    return ()


class SiteError(SettingsError):
    """The site's rules are invalid, and there are no earlier good rules."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(["The site's rules cannot be used.", *map(format_sentence, problems)]))
        self.problems = tuple(problems)


class SiteRules:
    """The site rules of one content folder, across changes of its location."""

    def __init__(self, accepts: Accepts = accept_all) -> None:
        """`accepts` is called for collections that differ from those in force."""
        self._last: site_config.SiteConfig | None = None
        self._accepts = accepts

    @property
    def site(self) -> Site:
        """The rules in force."""
        return self._last.site if self._last else DEFAULT_SITE

    def read(self, root: Path) -> tuple[Site | None, tuple[Problem, ...]]:
        """Read the rules. Returns the rules in force (None if unknown) and the problems of those in the folder.

        Raises SiteError if they are invalid and there are no earlier good rules.
        """
        try:
            found = site_config.read(root)
        except OSError:
            # The walk reports problems with the folder.
            return self._last.site if self._last else None, ()
        last = self._last
        if found.is_good and found.site.collections != self.site.collections:
            found = self._checked(found)
        if found.is_good and (found.is_there or last is None or not last.is_there):
            self._last = found
            return found.site, found.problems
        if last is None:
            raise SiteError(found.problems)
        return last.site, tuple(map(_stayed, found.problems if found.is_there else (*found.problems, _GONE)))

    def _checked(self, found: site_config.SiteConfig) -> site_config.SiteConfig:
        """The rules with an error for each reason why their collections cannot be used."""
        faults = self._accepts(found.site.collections)
        return found._replace(problems=(*found.problems, *map(_breaking, faults)))


REREAD_SECONDS = 0.5
"""After this time a file is read again that has lost all its rules."""


class GeneratorRules:
    """The rules for documents in the files of other generators, and the authors, in one content folder."""

    def __init__(self, max_bytes: int, pause: Callable[[float], object]) -> None:
        """`pause` waits for some seconds."""
        self._max_bytes = max_bytes
        self._pause = pause
        self._found: Mapping[str, RulesFile] = {}
        self._known: dict[str, KnownRules] = {}

    def read(self, root: Path, listing: FolderListing, site: Site) -> tuple[Site, tuple[Problem, ...]]:
        """Read all rules. Returns the site with the rules in force, and the problems of those in the folder."""
        read = self._read_all(root, listing, site)
        hidden = {path: found for path, found in self._found.items() if listing.hides(path)}
        self._found = {**hidden, **read}
        self._known = {path: known for path, known in self._known.items() if path in self._found}
        return site._replace(inherited=_inherited(self._found)), _problems(read)

    def look(
        self, root: Path, listing: FolderListing, site: Site, paths: Collection[str]
    ) -> tuple[Problem, ...] | None:
        """The problems of the rules in the listing, which contains only some paths.

        None if the rules differ from the site's, so that documents elsewhere may be affected.
        """
        read = self._read_all(root, listing, site)
        kept = {path: found for path, found in self._found.items() if listing.hides(path) or not lies_in(path, paths)}
        found = {**kept, **read}
        if found != self._found and _inherited(found).digest != site.inherited.digest:
            return None
        self._found = found
        return _problems(read)

    def misses(self, listing: FolderListing) -> bool:
        """Whether a rules file is missing. Editors and git briefly remove a file before they write it again."""
        present = listing.rules.keys() | listing.pages.keys()
        return any(not found.is_empty and path not in present for path, found in self._found.items())

    def _read_all(self, root: Path, listing: FolderListing, site: Site) -> Mapping[str, RulesFile]:
        files = {**listing.rules, **listing.pages}
        return {path: self._read(root, file, listing, site) for path, file in files.items()}

    def _read(self, root: Path, file: ContentFile, listing: FolderListing, site: Site) -> RulesFile:
        """The rules of a file, or its last good rules."""
        read = partial(generator_rules.read, max_bytes=self._max_bytes, known=self._known)
        found = read(root, file, listing.files, site)
        last = self._found.get(file.path)
        if last and not last.is_empty and found.is_empty:
            # An editor that truncates a file before it writes it must not show what its rules hide.
            self._pause(REREAD_SECONDS)
            found = read(root, file, listing.files, site)
        if found.is_good:
            return found
        if last is None or not last.is_good:
            explained = _closed if found.rules else _unknown_authors
            return found._replace(problems=tuple(map(explained, found.problems)))
        return last._replace(problems=tuple(map(_stayed, found.problems)))


def _inherited(found: Mapping[str, RulesFile]) -> InheritedRules:
    files = [found[path] for path in sorted(found, key=generator_rules.precedence)]
    return InheritedRules.of(
        (rule for file in files for rule in file.rules), [author for file in files for author in file.authors]
    )


def _problems(found: Mapping[str, RulesFile]) -> tuple[Problem, ...]:
    return tuple(problem for each in found.values() for problem in each.problems)


def _stayed(problem: Problem) -> Problem:
    return _explained(problem, "The last good rules stay in force.")


def _closed(problem: Problem) -> Problem:
    return _explained(problem, "New versions of the documents that it may hide are not served.")


def _unknown_authors(problem: Problem) -> Problem:
    return _explained(problem, "Articles show its keys as names.")


def _explained(problem: Problem, consequence: str) -> Problem:
    """The problem, with its consequence if it is an error."""
    if problem.severity is not Severity.ERROR:
        return problem
    return problem._replace(message=f"{problem.message} {consequence}")


def _breaking(fault: str) -> Problem:
    hint = "Change the document, or keep the field that it uses."
    return Problem(Severity.ERROR, SITE_BREAKS_DOCUMENTS, fault, SITE_FILE, hint=hint)


_GONE = Problem(
    Severity.ERROR,
    SITE_GONE,
    "The file is gone.",
    SITE_FILE,
    hint="Restore it. To remove all rules, leave the file empty, or restart.",
)
