"""The changes of one run on their way to the store, and the account that is kept of them. It stores nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

from gateway.errors import GatewayError
from gateway.loading.losses import Kept
from gateway.loading.survey import Survey
from gateway.model import (
    Change,
    Deleted,
    Given,
    Hiding,
    Loaded,
    NotDocument,
    Problem,
    SetAside,
    Severity,
    Status,
    Unchanged,
)
from gateway.store.protocol import FileState

Progress = Callable[[int, int], None]
"""Called with the number of files done and of all to be done."""


class StrictError(GatewayError):
    """Nothing was loaded, since there are errors."""

    exit_code = 1

    def __init__(self, problems: Sequence[Problem]) -> None:
        """`problems` are all errors of the folder, and what else the run met."""
        super().__init__()
        self.problems = tuple(problems)


class TooMuchLost(Exception):
    """A run would take away what has to stay."""

    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept


class Stream:
    """The changes of one run on their way to the store, and the account that is kept of them."""

    def __init__(self, survey: Survey, kept: Kept, *, serving: bool, progress: Progress | None) -> None:
        """The files of what is `kept` are left alone."""
        self._survey = survey
        self._kept = kept
        self._serving = serving
        self._progress = progress
        self._losses: list[Change] = [Deleted(path) for path in survey.gone if path not in kept.paths]
        self._loaded = 0
        self.tasks = [task for task in survey.tasks if task.file.path not in kept.paths]
        self.problems = [*survey.problems, *kept.problems]
        self.parsed = 0
        self.given: Counter[Given] = Counter()
        self.hidden: dict[str, tuple[Hiding, ...]] = {}
        """What hides the articles that were parsed, of those that the public does not see or list."""

    async def run(self, parsed: AsyncIterator[Sequence[Change]]) -> AsyncGenerator[Sequence[Change], None]:
        """Raises TooMuchLost and StrictError, when all else has been taken."""
        done = 0
        async for changes in parsed:
            yield [change for change in map(self._account, changes) if not self._loses(change)]
            done += len(changes)
            if self._progress:
                self._progress(done, len(self.tasks))
        self._check_losses()
        if self._survey.strict and any(problem.severity is Severity.ERROR for problem in self.problems):
            raise StrictError(self.problems)
        yield self._losses

    def _loses(self, change: Change) -> bool:
        """Whether an article would go; then the change waits for the end."""
        loses = isinstance(change, Deleted | NotDocument) and self._survey.serves(_path(change))
        if loses:
            self._losses.append(change)
        return loses

    def _check_losses(self) -> None:
        paths = frozenset(path for path in map(_path, self._losses) if self._survey.serves(path))
        if paths and (kept := self._survey.judge(paths | self._kept.paths, self._loaded)):
            raise TooMuchLost(kept)

    def _account(self, change: Change) -> Change:
        if isinstance(change, SetAside):
            change = self._say_what_is_served(self._withdraw(change))
        if isinstance(change, Loaded):
            self.given.update(change.given)
            if holding := tuple(hiding for hiding in change.hidings if hiding.holds(self._survey.started)):
                self.hidden[change.version.path] = holding
        if not isinstance(change, Deleted | Unchanged):
            self.problems.extend(change.problems)
            self.parsed += change.version is not None
        self._loaded += isinstance(change, Loaded)
        return change

    def _withdraw(self, change: SetAside) -> SetAside:
        """Where the file is hidden by what lies outside of it, a last good version that is not hidden must not stay."""
        state = self._survey.known.get(change.path)
        shown = state is not None and state.status not in {None, Status.DRAFT}
        return change._replace(withdrawn=shown and self._survey.site.conceals(change.path))

    def _say_what_is_served(self, change: SetAside) -> SetAside:
        if not self._serving:
            return change
        served = _served(None if change.withdrawn else self._survey.known.get(change.path))
        if change.path in self._survey.memory.lost:
            served += " Its last good version could not be carried over from the database of an earlier release."
        problems = tuple(
            problem._replace(message=f"{problem.message} {served}") if problem.severity is Severity.ERROR else problem
            for problem in change.problems
        )
        return change._replace(problems=problems)


_SHOWN = {
    Status.PUBLISHED: "published",
    Status.DRAFT: "a draft",
    Status.SCHEDULED: "scheduled",
    Status.EXPIRED: "expired",
}


def _served(state: FileState | None) -> str:
    """What is served in place of a broken file."""
    if state is None or state.status is None or state.read_date_time is None:
        return "It is not served."
    return (
        f"It is still served as {_SHOWN[state.status]}, from the version of {state.read_date_time:%Y-%m-%dT%H:%M:%SZ}."
    )


def _path(change: Change) -> str:
    return change.path if isinstance(change, Deleted | SetAside) else change.version.path
