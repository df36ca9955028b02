"""Writes one run of changes into the tables. The caller owns the transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from gateway.model.changes import (
    Change,
    Deleted,
    Encoded,
    FileVersion,
    Loaded,
    NotDocument,
    Quarantined,
    Restricted,
    Unchanged,
)
from gateway.model.documents import Restriction, Status, status_at
from gateway.model.problems import Problem
from gateway.store import change_log, name_counts
from gateway.store.document_rows import ArticleRows, decode, encode
from gateway.store.fulltext_index import INSERT_WORDS, REINDEX, REMOVE_WORDS, STALE, numbers
from gateway.store.protocol import Applied, ChangeSet
from gateway.store.rows import UNREAD, Row, micros, problem, problem_row, restriction, restriction_row
from gateway.store.sql_fragment import keys
from gateway.store.tables import (
    CLEAR,
    DERIVE_BACKLINKS,
    DERIVE_NAMES,
    FORGET,
    KEYED_VIEW,
    PREVIEW_VIEW,
    PUBLIC_VIEW,
    SETTLE,
    TOUCH,
    VIEWS,
)

STEP = 500
"""Rows per statement: small enough that cancellation and shutdown wait only briefly."""

STORED = """
SELECT path, key, sha256, digest, reachable, modified_at, read_at,
  EXISTS (SELECT 1 FROM restricted WHERE restricted.article = article.key)
FROM article WHERE path IN (SELECT value FROM json_each(?))
"""
VISIBILITY = """
SELECT article.path, article.reachable, article.published, article.unlisted, article.public_from, article.public_until,
  restricted.published, restricted.unlisted, restricted.public_from, restricted.public_until
FROM article LEFT JOIN restricted ON restricted.article = article.key
WHERE article.path IN (SELECT value FROM json_each(?))
"""
SET_VISIBILITY = """
UPDATE article SET published = ?2, unlisted = ?3, public_from = ?4, public_until = ?5, status = ?6, reachable = ?7,
  public = ?7 AND NOT ?3
WHERE path = ?1
"""
FREE = (
    "DELETE FROM restricted WHERE article IN (SELECT key FROM article WHERE path IN (SELECT value FROM json_each(?)))"
)
RESTRICT = "INSERT INTO restricted SELECT key, ?, ?, ?, ? FROM article WHERE path = ?"
DUE = """
SELECT path, published, public_from, public_until FROM article
WHERE published AND public_from > ?1 AND public_from <= ?2
UNION
SELECT path, published, public_from, public_until FROM article
WHERE published AND public_until > ?1 AND public_until <= ?2
"""
SET_STATUS = "UPDATE article SET status = ?1, reachable = ?2, public = ?2 AND NOT unlisted WHERE path = ?3"
COPY_STATUS = tuple(
    f"UPDATE {table} SET {column} = article.{column} FROM article"  # noqa: S608
    f" WHERE article.key = {table}.article AND article.path IN (SELECT value FROM json_each(?))"
    for table, column in (("article_url", "reachable"), ("article_topic", "public"), ("related", "public"))
)
REMOVE = "DELETE FROM article WHERE path IN (SELECT value FROM json_each(?))"
_OF_ARTICLE = "FROM article WHERE path = ?"
INSERT_TEXT = f"INSERT INTO article_text SELECT key, ?, ?, ?, ? {_OF_ARTICLE}"
INSERT_URL = f"INSERT INTO article_url SELECT key, ?, published_at, path, reachable {_OF_ARTICLE}"
INSERT_TOPIC = f"INSERT INTO article_topic SELECT key, ?, ?, ?, published_at, path, public {_OF_ARTICLE}"
INSERT_ENTRY = "INSERT OR IGNORE INTO entry VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_RELATED = f"""
INSERT INTO related
SELECT NULL, ?, key, ?, (SELECT key FROM entry WHERE digest = ?), ?, ?, published_at, path, public {_OF_ARTICLE}
"""  # noqa: S608
INSERT_FILE = "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)"
DELETE_FILE = "DELETE FROM file WHERE path IN (SELECT value FROM json_each(?))"
PROBLEMS = """
SELECT about, severity, code, message, path, line, "column", hint FROM problem
WHERE scope = ? AND about IN (SELECT value FROM json_each(?)) ORDER BY rowid
"""
DELETE_PROBLEMS = "DELETE FROM problem WHERE scope = ? AND about IN (SELECT value FROM json_each(?))"
INSERT_PROBLEM = "INSERT INTO problem VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
GENERATION = "SELECT counter_all, counter_public, as_of FROM generation"
NEXT_ALL = "UPDATE generation SET counter_all = counter_all + 1, as_of = ?, loaded_all = ?"
NEXT_PUBLIC = "UPDATE generation SET counter_public = counter_public + 1, loaded_public = ?"
DELETE_MEMORY = "DELETE FROM memory"
INSERT_MEMORY = "INSERT INTO memory VALUES (?, ?)"


class Transaction(Protocol):
    """An open transaction of a database."""

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]: ...

    async def each(self, statements: Sequence[str], parameters: Sequence[object] | Mapping[str, object] = ()) -> None:
        """Runs statements that return nothing."""
        ...

    async def many(self, sql: str, rows: Sequence[Sequence[object] | Mapping[str, object]]) -> None: ...


class _Stored(NamedTuple):
    """An article before the run."""

    path: str
    key: int
    sha256: str
    digest: bytes
    reachable: int
    modified_at: int
    read_at: int
    is_restricted: int


class ChangeWriter:
    """Writes one ChangeSet into the tables."""

    def __init__(self, transaction: Transaction, changes: ChangeSet) -> None:
        self._database = transaction
        self._changes = changes
        self._as_of = micros(changes.as_of)
        self._added = self._updated = self._removed = 0
        self._turned = set[str]()
        """Files whose articles were shown or hidden only by the passage of time, or by rules outside them."""
        self._all = self._public = False

    async def write(self) -> Applied:
        [(counter, counter_public, as_of)] = await self._database.rows(GENERATION)
        if counter == 0:
            self._all = self._public = True
        else:
            await self._pass_time(*sorted((as_of, self._as_of)))
        async for changes in self._changes.changes:
            await self._take([change for change in changes if not isinstance(change, Restricted)])
            await self._restrict({change.path: change for change in changes if isinstance(change, Restricted)})
        if self._changes.problems is not None:
            await self._problems("run", {"": self._changes.problems})
        if self._changes.memory is not None:
            await self._database.rows(DELETE_MEMORY)
            await self._database.many(INSERT_MEMORY, list(self._changes.memory.items()))
        if self._all:
            await self._derive()
            await self._write_journal({PREVIEW_VIEW: counter + 1, PUBLIC_VIEW: counter_public + 1})
            await self._database.each((CLEAR, change_log.FORGET_NAMES))
            await self._database.rows(NEXT_ALL, (self._as_of, self._as_of))
        if self._public:
            await self._database.rows(NEXT_PUBLIC, (self._as_of,))
        return Applied(self._all, self._added, self._updated + len(self._turned), self._removed)

    async def _pass_time(self, earlier: int, later: int) -> None:
        """Shows articles that became due. If the clock was set back, hides those that are not due yet."""
        rows = await self._database.rows(DUE, (earlier, later))
        due = [path for path, *_ in rows]
        if due:
            await self._before(due)
            moved = [(path, status_at(self._as_of, flag, start, end)) for path, flag, start, end in rows]
            await self._many(SET_STATUS, [(it, it is Status.PUBLISHED, path) for path, it in moved])
            await self._database.each(COPY_STATUS, (keys(due),))
            await self._after(due)
            self._turned.update(due)
            self._all = self._public = True

    async def _restrict(self, changes: Mapping[str, Restricted]) -> None:
        """Narrows the visibility of articles, or widens it again as far as their last good versions allow."""
        new: dict[str, Restriction] = {}
        free: dict[str, Restriction] = {}
        reachable = False
        for path, was_reachable, *row in await self._database.rows(VISIBILITY, (keys(list(changes)),)):
            now = restriction(row[:4])
            own = now if row[4] is None else restriction(row[4:])
            found = (own if changes[path].lifts else now).narrowed(changes[path].restriction)
            if found != now:
                new[path], free[path] = found, own
                reachable |= was_reachable or found.status(self._changes.as_of) is Status.PUBLISHED
        if not new:
            return
        paths = list(new)
        await self._before(paths)
        await self._many(SET_VISIBILITY, [(path, *self._columns_of(found)) for path, found in new.items()])
        await self._database.rows(FREE, (keys(paths),))
        restricted = [path for path in paths if new[path] != free[path]]
        await self._many(RESTRICT, [(*restriction_row(free[path]), path) for path in restricted])
        await self._database.each(COPY_STATUS, (keys(paths),))
        await self._after(paths)
        self._turned.update(paths)
        self._all = True
        self._public = self._public or reachable

    def _columns_of(self, visibility: Restriction) -> Row:
        status = visibility.status(self._changes.as_of)
        return *restriction_row(visibility), status, status is Status.PUBLISHED

    async def _take(self, changes: Sequence[Change]) -> None:
        loaded = [change for change in changes if isinstance(change, Loaded)]
        gone = [_path(change) for change in changes if _takes_away(change)]
        paths = [*map(_path, loaded), *gone]
        stored = {row[0]: _Stored(*row) for row in await self._database.rows(STORED, (keys(paths),))}
        made = {_path(change): await self._made(change, stored.get(_path(change))) for change in loaded}
        fresh = {path: rows for path, rows in made.items() if rows}
        await self._replace(fresh, stored, [path for path in gone if path in stored])
        await self._remember(changes)
        await self._problems("file", {_path(change): _problems(change) for change in changes if not _silent(change)})

    async def _made(self, change: Loaded, before: _Stored | None) -> ArticleRows | None:
        """None if the article is unchanged."""
        await asyncio.sleep(0)  # yield to the event loop, so that queries are served during a load
        document, version = change.document, change.version
        encoded = document if isinstance(document, Encoded) else encode(document)
        is_same = before and (before.sha256, before.digest) == (version.sha256, encoded.digest)
        if before and is_same and not before.is_restricted:
            return None
        rows = decode(encoded)
        article = {**rows.article, "digest": encoded.digest, **self._standing(rows.article)}
        return rows._replace(article={**article, **self._of_file(version, before)})

    def _standing(self, article: Mapping[str, Any]) -> Mapping[str, object]:
        """The columns with the article's current visibility."""
        found = status_at(self._as_of, article["published"], article["public_from"], article["public_until"])
        reachable = found is Status.PUBLISHED
        return {"status": found, "reachable": reachable, "public": reachable and not article["unlisted"]}

    def _of_file(self, version: FileVersion, before: _Stored | None) -> Mapping[str, object]:
        """The columns from the file. The times are those of the first read of its bytes, and do not change when it is
        decoded again."""
        times = {"modified_at": version.mtime_ns // 1000, "read_at": self._as_of}
        if before and before.sha256 == version.sha256:
            times = {"modified_at": before.modified_at, "read_at": before.read_at}
        return {"sha256": version.sha256, "bytes": version.size, **times}

    async def _replace(
        self, fresh: Mapping[str, ArticleRows], stored: Mapping[str, _Stored], gone: Sequence[str]
    ) -> None:
        paths = [*fresh, *gone]
        if not paths:
            return
        await self._before(paths)
        await self._unindex([stored[path].key for path in paths if path in stored])
        await self._database.rows(REMOVE, (keys(paths),))
        await self._insert([rows.article for rows in fresh.values()])
        await self._insert_parts(fresh.values())
        await self._after(paths)
        self._count(fresh, stored, gone)

    def _count(self, fresh: Mapping[str, ArticleRows], stored: Mapping[str, _Stored], gone: Sequence[str]) -> None:
        updated = sum(path in stored for path in fresh)
        self._turned.difference_update(fresh, gone)
        self._updated += updated
        self._added += len(fresh) - updated
        self._removed += len(gone)
        self._all = True
        self._public = (
            self._public
            or any(rows.article["reachable"] for rows in fresh.values())
            or any(stored[path].reachable for path in (*fresh, *gone) if path in stored)
        )

    async def _insert(self, articles: Sequence[Mapping[str, object]]) -> None:
        if articles:
            columns = list(articles[0])
            places = ", ".join(f":{column}" for column in columns)
            await self._many(f"INSERT INTO article ({', '.join(columns)}) VALUES ({places})", articles)  # noqa: S608

    async def _insert_parts(self, articles: Iterable[ArticleRows]) -> None:
        every = list(articles)
        await self._many(INSERT_TEXT, [rows.text for rows in every])
        await self._many(INSERT_WORDS, [rows.words for rows in every])
        await self._many(INSERT_URL, [row for rows in every for row in rows.urls])
        await self._many(INSERT_TOPIC, [row for rows in every for row in rows.topics])
        await self._many(INSERT_ENTRY, [row for rows in every for row in rows.entries])
        await self._many(INSERT_RELATED, [row for rows in every for row in rows.related])

    async def _many(self, sql: str, rows: Sequence[Sequence[object] | Mapping[str, object]]) -> None:
        for start in range(0, len(rows), STEP):
            await self._database.many(sql, rows[start : start + STEP])

    async def _before(self, paths: Sequence[str]) -> None:
        """Records what depends on the articles before they change."""
        await self._touch(paths, -1)

    async def _after(self, paths: Sequence[str]) -> None:
        """Records what depends on the articles after they change."""
        await self._touch(paths, 1)
        await self._database.each(name_counts.COUNT)

    async def _touch(self, paths: Sequence[str], sign: int) -> None:
        await self._database.rows(TOUCH, (keys(paths),))
        await self._database.rows(name_counts.RECORD_NAMES, {"paths": keys(paths), "sign": sign})

    async def _remember(self, changes: Sequence[Change]) -> None:
        """Stores the version of each file. An unreadable file gets no version, so that the next run parses it: with the
        old version, unchanged bytes would be skipped and the problem would remain."""
        deleted = [change.path for change in changes if isinstance(change, Deleted)]
        await self._database.rows(DELETE_FILE, (keys(deleted),))
        kept = [change for change in changes if not isinstance(change, Deleted)]
        await self._many(INSERT_FILE, [change.version or UNREAD._replace(path=_path(change)) for change in kept])

    async def _problems(self, scope: str, found: Mapping[str, Sequence[Problem]]) -> None:
        """Replaces the problems of some files, or those of the run as a whole."""
        before: dict[str, list[Problem]] = {}
        for about, *row in await self._database.rows(PROBLEMS, (scope, keys(list(found)))):
            before.setdefault(about, []).append(problem(row))
        changed = [about for about, problems in found.items() if list(problems) != before.get(about, [])]
        if changed:
            self._all = True
            await self._database.rows(DELETE_PROBLEMS, (scope, keys(changed)))
            rows = [(scope, about, *problem_row(value)) for about in changed for value in found[about]]
            await self._many(INSERT_PROBLEM, rows)

    async def _unindex(self, articles: Sequence[int]) -> None:
        await self._database.each(
            [statement for view in VIEWS for statement in REMOVE_WORDS[view]], (numbers(articles),)
        )

    async def _index(self) -> None:
        for view in VIEWS:
            stale = [key for (key,) in await self._database.rows(STALE, {"view": view})]
            for start in range(0, len(stale), STEP):
                await self._database.each(REINDEX[view], (numbers(stale[start : start + STEP]),))

    async def _derive(self) -> None:
        await self._database.each((*change_log.REMEMBER, *FORGET, name_counts.FORGET))
        for view in VIEWS:
            await self._database.each(DERIVE_BACKLINKS, {"view": view})
        for view in (*VIEWS, KEYED_VIEW):
            await self._database.each(DERIVE_NAMES, {"view": view})
        await self._index()
        await self._database.each(SETTLE)

    async def _write_journal(self, counters: Mapping[int, int]) -> None:
        """Records the changes of each view under its next counter."""
        for view, counter in counters.items():
            about = {"view": view, "counter": counter, "at": self._as_of}
            await self._database.each((*change_log.WRITE, *change_log.MARK), about)
        [(moved,)] = await self._database.rows(change_log.MOVED, {"counter": counters[PUBLIC_VIEW]})
        self._public = self._public or bool(moved)
        await self._database.each(change_log.PRUNE, {"before": micros(self._changes.as_of - self._changes.retention)})


def _path(change: Change) -> str:
    return change.path if isinstance(change, Deleted | Quarantined) else change.version.path


def _takes_away(change: Change) -> bool:
    return change.unpublish if isinstance(change, Quarantined) else isinstance(change, Deleted | NotDocument)


def _problems(change: Change) -> Sequence[Problem]:
    return () if isinstance(change, Deleted | Unchanged) else change.problems


def _silent(change: Change) -> bool:
    """Whether the change leaves the file's problems as they are."""
    return isinstance(change, Unchanged)
