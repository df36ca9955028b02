"""The change log: per view and article, when it was first shown, added, changed and removed. Also, per provider,
topic and author, when it last changed. `schema.sql` describes the tables.

Delta sync and subscriptions read it, and tokens are positions in it. A removed article leaves a tombstone for the
retention time. A view has rows only for articles that it has shown.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.errors import BadUserInput
from gateway.model.records import ArticleChange, ChangePage, ChangeType, Generation
from gateway.store.cursor import ColumnType, decode, encode
from gateway.store.sql_files import named, split
from gateway.store.sql_fragment import NamedSql, Steps

_SQL = named("change_log.sql")
WRITE = split(_SQL["write"])
WRITE_ALL = split(_SQL["write_all"])
REMEMBER = split(_SQL["remember"])
MARK = split(_SQL["mark"])
MOVED = _SQL["moved"]
PRUNE = split(_SQL["prune"])
PRUNED_THROUGH = _SQL["pruned_through"]
CHANGES = _SQL["changes"]
CHANGE_COUNTS = _SQL["change_counts"]
CHANGED_IDS = _SQL["changed_ids"]


class ChangeCursor(NamedTuple):
    """A position in the log of one view, before the row (`changed`, `id`)."""

    base: int
    """The counter of the client's last complete state. Articles added later are new to the client."""
    since: int
    """The counter at the start of this read. Tombstones after it must not be pruned."""
    changed: int
    id: str = ""

    @classmethod
    def start(cls, generation: Generation) -> ChangeCursor:
        """The cursor of a client without data."""
        return cls(0, generation.counter, 0)

    @classmethod
    def end(cls, generation: Generation) -> ChangeCursor:
        """The cursor of an up-to-date client."""
        return cls(generation.counter, generation.counter, generation.counter + 1)

    @classmethod
    def read(cls, token: str, generation: Generation, view: int) -> ChangeCursor | None:
        """None for a token of another database or view, or of a later counter. Raises BadUserInput."""
        epoch, of, base, since, changed, id_ = decode(token, "changes", _KINDS, called="token")
        if epoch != generation.epoch or of != view:
            return None
        assert isinstance(base, int) and isinstance(since, int) and isinstance(changed, int) and isinstance(id_, str)  # noqa: S101, PT018 - as decoded
        return cls(base, since, changed, id_) if since <= generation.counter else None

    @classmethod
    def promised(cls, token: str) -> tuple[str, int, int] | None:
        """The epoch, the view and the counter that the client has seen. None for a malformed token."""
        try:
            epoch, of, _, since, *_ = decode(token, "changes", _KINDS, called="token")
        except BadUserInput:
            return None
        assert isinstance(epoch, str) and isinstance(of, int) and isinstance(since, int)  # noqa: S101, PT018 - as decoded
        return epoch, of, since

    def token(self, generation: Generation, view: int) -> str:
        return encode("changes", (generation.epoch, view, *self))

    @property
    def told(self) -> int:
        """The client may hold articles that were added up to this counter."""
        return max(self.base, self.changed) if self.id else self.base

    def change(self, added: int, removed: int) -> ChangeType:
        if removed:
            return ChangeType.REMOVED
        return ChangeType.ADDED if added > self.base else ChangeType.UPDATED


def page(generation: Generation, view: int, token: str | None, first: int) -> Steps[ChangePage]:
    """At most `first` changes since a token. Raises BadUserInput for a malformed one."""
    place = None if token is None else ChangeCursor.read(token, generation, view)
    if place:
        [(pruned_through,)] = yield NamedSql(PRUNED_THROUGH, {"view": view})
        place = place if place.since >= pruned_through else None
    at = place or ChangeCursor.start(generation)
    rows = yield NamedSql(CHANGES, {"view": view, **at._asdict(), "told": at.told, "limit": first + 1})
    has_more = len(rows) > first
    changes = tuple(ArticleChange(at.change(added, removed), id_) for id_, added, _, removed in rows[:first])
    after = ChangeCursor.end(generation)
    if has_more:
        after = at._replace(changed=rows[first - 1][2], id=rows[first - 1][0]) if first else at
    return ChangePage(changes, after.token(generation, view), has_more, place is None)


_KINDS = (ColumnType(str), ColumnType(int), ColumnType(int), ColumnType(int), ColumnType(int), ColumnType(str))
