"""Writes one run of changes into the tables. The caller owns the transaction.

All functions run in the thread of the writing connection, one call for each batch of changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import orjson

from gateway.content.source import folder_of
from gateway.model.changes import Change, Deleted, Encoded, Loaded, NotDocument, Quarantined, Restricted, Unchanged
from gateway.model.collections import NO_COLLECTIONS, Collections, FieldType
from gateway.model.documents import Status, status_at
from gateway.model.instants import micros
from gateway.model.problems import Problem
from gateway.store import change_log
from gateway.store.article_row import (
    AT,
    EncodedArticle,
    IndexedText,
    NameUse,
    Parts,
    decode,
    encode_article,
    parts_of,
    plain,
    text_of,
    url_key,
)
from gateway.store.custom_indexes import PREFIX, statements
from gateway.store.protocol import Applied
from gateway.store.rows import UNREAD, Row, problem, problem_row, restriction, restriction_row
from gateway.store.sql_fragment import keys
from gateway.store.sqlite import last_good
from gateway.store.sqlite.driver import Database
from gateway.store.sqlite.link_check import check_links
from gateway.store.sqlite.unique_check import UniqueCheck
from gateway.store.sqlite.write_sql import (
    CLEAR,
    COUNT_ARTICLES,
    COUNT_NAMES,
    DECLARE,
    DECLARED,
    DELETE_FILE,
    DELETE_FOLDER,
    DELETE_MEMORY,
    DELETE_PROBLEMS,
    DERIVE_BACKLINKS,
    DERIVE_NAMES,
    DERIVE_REFERENCES,
    DUE,
    FORGET,
    GENERATION,
    INDEX,
    INSERT_ARTICLE,
    INSERT_ASSET,
    INSERT_AUTHOR,
    INSERT_FILE,
    INSERT_ITEM,
    INSERT_LINK,
    INSERT_MEMORY,
    INSERT_MENTION,
    INSERT_PROBLEM,
    INSERT_REFERENCE,
    INSERT_TOPIC,
    INSERT_URL,
    LAST_KEY,
    MISNAMED,
    NEXT_ALL,
    NEXT_PUBLIC,
    PRESENT_INDEXES,
    PROBLEMS,
    REFERENCE_TARGET,
    REMOVE,
    SETTLE,
    SHOWN_WORDS,
    SIGN_FOLDER,
    STORED,
    TOUCH,
    TOUCH_ALL,
    TOUCH_REFERENCES,
    UNINDEX,
)
from gateway.store.tables import KEYED_VIEW, PREVIEW_VIEW, PUBLIC_VIEW, SAME_SLUG, TOPIC_SPELLING, VIEWS

_FOR_REMOVAL = frozenset({"article_path", "mention_article", "backlink_source", "problem_about"})
"""The indexes that find the old rows of a changed article."""

_CODES = {"same_slug": SAME_SLUG, "topic_spelling": TOPIC_SPELLING}

STEP = 500
"""The number of changes that are written in one call."""
FEW = 20
"""The number of changed articles up to which the end of a run is one call."""
LARGE = 1000
"""The number of files from which a run is large, if that is also half of the articles."""
CACHE_KIB = 32 * 1024
"""The page cache of the writing connection. It holds the pages that a large run changes."""
SORTING_KIB = 4 * 1024
"""The page cache while indexes are created on tables that do not fit into the cache anyway."""
UNCACHED = 20_000
"""The number of files from which their articles do not fit into the cache."""


class _Article(NamedTuple):
    """An article's row, before or after a run."""

    key: int
    status: str
    reachable: int
    public: int
    sha256: str
    bytes: int
    modified_at: int
    read_at: int
    unrestricted: str | None
    values: tuple[Any, ...]

    @classmethod
    def of(cls, row: Row) -> _Article:
        return cls._make((*row[:9], tuple(row[9:])))

    @property
    def row(self) -> Row:
        return (*self[:9], *self.values)

    @property
    def visibility(self) -> Row:
        return self.values[AT["published"] : AT["public_until"] + 1]

    @property
    def place(self) -> tuple[int | None, str]:
        """The publication date and the path, which order lists."""
        return self.values[AT["published_date_time"]], self.values[AT["path"]]


class ChangeWriter:
    """Writes one ChangeSet into the tables: `begin`, `take` for each batch, and then the steps of `finish` in order."""

    def __init__(self, as_of: datetime, expected: int) -> None:
        """`expected` is the number of files of the run."""
        self._as_of = micros(as_of)
        self._expected = expected
        self._added = self._updated = self._removed = 0
        self._revealed = set[str]()
        """Files whose articles were shown or hidden only by the passage of time, or by rules outside them."""
        self._all = self._public = False
        self._names: dict[NameUse, list[int]] = {}
        """The change of each count of `naming`."""
        self._spellings: dict[tuple[str, str, str], int] = {}
        """The change of the uses of each topic, by its key, its spelling and the path. Zeros are left out."""
        self._first = self._next = 0
        """The first key of the run's articles, and the next one."""
        self._is_first = False
        """Whether the database was empty before the run: nothing is looked up in it, and all articles are touched."""
        self._counters: Mapping[int, int] = {}
        self._missing: dict[str, str] = {}
        """The statements of the indexes to create at the end, by name."""
        self._redeclared = frozenset[str]()
        """The collections that are declared in another way than before the run."""
        self._collections = NO_COLLECTIONS
        """Those of the run."""
        self._unique = UniqueCheck(NO_COLLECTIONS, is_whole=False)

    def begin(self, db: Database, signatures: Mapping[str, bytes | None], collections: Collections | None) -> None:
        """`signatures` and `collections` are those of a ChangeSet."""
        [(counter, counter_public, as_of)] = db.execute(GENERATION)
        [(last,)] = db.execute(LAST_KEY)
        self._first = self._next = last + 1
        self._counters = {PREVIEW_VIEW: counter + 1, PUBLIC_VIEW: counter_public + 1}
        self._all = self._public = self._is_first = counter == 0
        db.executemany(SIGN_FOLDER, [each for each in signatures.items() if each[1]])
        db.executemany(DELETE_FOLDER, [(path,) for path, signature in signatures.items() if not signature])
        self._declare(db, collections)
        if counter:
            self._pass_time(db, *sorted((as_of, self._as_of)))
        if self._expected >= LARGE:  # counting reads an index
            [(articles,)] = db.execute(COUNT_ARTICLES)
            if is_large(self._expected, articles):
                self._drop_indexes(db, articles)

    def take(self, db: Database, batch: Sequence[Change | Restricted]) -> None:
        """Write a batch."""
        self._load(db, [change for change in batch if not isinstance(change, Restricted)])
        self._restrict(db, {change.path: change for change in batch if isinstance(change, Restricted)})

    def _load(self, db: Database, changes: Sequence[Change]) -> None:
        loaded = [change for change in changes if isinstance(change, Loaded)]
        gone = [_path(change) for change in changes if _takes_away(change)]
        broken = [change.path for change in changes if isinstance(change, Quarantined) and not change.unpublish]
        stored = self._stored(db, [*(change.version.path for change in loaded), *gone, *broken])
        fresh = [article for change in loaded if (article := self._made(change, stored.get(change.version.path)))]
        self._replace(db, [stored[path] for path in gone if path in stored], fresh, stored)
        self._remember(db, changes, [stored[path] for path in broken if path in stored])
        parsed = [change for change in changes if not isinstance(change, Unchanged)]
        self._problems(db, "file", {_path(change): _problems(change) for change in parsed})

    def finish(
        self, problems: Sequence[Problem] | None, memory: Mapping[str, str] | None, retention: timedelta
    ) -> Iterator[Callable[[Database], object]]:
        """The steps that end the run."""
        if problems is not None:
            yield lambda db: self._problems(db, "run", {"": problems})
        if memory is not None:
            yield lambda db: self._store_memory(db, memory)
        yield from (partial(self._create_index, statement) for statement in self._missing.values())
        if self._all:
            yield self._prepare
            for view in VIEWS:
                yield partial(_each, statements=(*DERIVE_BACKLINKS, *DERIVE_REFERENCES), parameters={"view": view})
            for view in (*VIEWS, KEYED_VIEW):
                yield partial(_each, statements=DERIVE_NAMES, parameters={"view": view})
            yield self._reindex_misnamed
            yield partial(_each, statements=SETTLE, parameters=_CODES)
            yield self._unique.report
            yield check_links
            yield lambda db: self._log_changes(db, self._as_of - retention // timedelta(microseconds=1))
            yield partial(_each, statements=CLEAR)
            yield lambda db: db.execute(NEXT_ALL, (self._as_of, self._as_of))
        yield self._count_public

    @property
    def is_small(self) -> bool:
        """Whether a call in the driver's thread takes longer than most steps of `finish`."""
        return self._added + self._updated + self._removed + len(self._revealed) <= FEW

    @property
    def applied(self) -> Applied:
        return Applied(self._all, self._added, self._updated + len(self._revealed), self._removed)

    def _drop_indexes(self, db: Database, articles: int) -> None:
        """Sorting the rows of an index once is cheaper than inserting each."""
        needed = _FOR_REMOVAL if articles else frozenset[str]()
        dropped = [(name, statement) for name, statement in db.execute(PRESENT_INDEXES) if name not in needed]
        for name, statement in dropped:
            self._missing[name] = statement
            db.execute(f"DROP INDEX {name}")

    def _create_index(self, statement: str, db: Database) -> None:
        """Creates a dropped index. The cache also limits the memory in which SQLite sorts, which adds to it."""
        with _cache(db, SORTING_KIB if self._expected >= UNCACHED else CACHE_KIB):
            db.execute(statement)

    def _declare(self, db: Database, collections: Collections | None) -> None:
        """Another declaration is another generation in each view, because it changes the schema."""
        [(digest, text)] = db.execute(DECLARED)
        before = Collections.load(text)
        self._collections = before if collections is None else collections
        is_new = digest != self._collections.digest
        self._unique = UniqueCheck(self._collections, is_whole=is_new or self._is_first)
        if collections is None or not is_new:
            return
        db.execute(DECLARE, (collections.digest, collections.dump()))
        db.execute(TOUCH_REFERENCES)
        self._all = self._public = True
        self._redeclared = frozenset(each.name for each in before if collections.of(each.name) != each)
        wanted = statements(collections)
        present = {name for name, _ in db.execute(PRESENT_INDEXES) if name.startswith(PREFIX)}
        for name in present.difference(wanted):
            db.execute(f"DROP INDEX {name}")
        self._missing |= {name: statement for name, statement in wanted.items() if name not in present}

    def _pass_time(self, db: Database, earlier: int, later: int) -> None:
        """Shows articles that became due. If the clock was set back, hides those that are not due yet."""
        stored = self._stored(db, [path for (path,) in db.execute(DUE, (earlier, later))])
        if stored:
            self._replace(db, [], [self._now(article) for article in stored.values()], stored)
            self._updated -= len(stored)
            self._revealed.update(stored)
            self._all = self._public = True

    def _restrict(self, db: Database, changes: Mapping[str, Restricted]) -> None:
        """Narrows the visibility of articles, or widens it again as far as their last good versions allow. An article
        leaves its collection if that is declared in another way than when its file was decoded."""
        stored, fresh = self._stored(db, list(changes)), []
        for path, article in stored.items():
            now = restriction(article.visibility)
            own = restriction(orjson.loads(article.unrestricted)) if article.unrestricted else now
            found = (own if changes[path].lifts else now).narrowed(changes[path].restriction)
            leaves = article.values[AT["collection"]] in self._redeclared
            if found != now or leaves:
                at, values = AT["published"], plain(article.values) if leaves else article.values
                values = (*values[:at], *restriction_row(found), *values[at + 4 :])
                kept = None if found == own else orjson.dumps(restriction_row(own)).decode()
                fresh.append(self._now(article._replace(values=values, unrestricted=kept)))
        self._replace(db, [], fresh, stored)
        self._revealed.update(article.values[AT["path"]] for article, _ in fresh)
        self._updated -= len(fresh)

    def _stored(self, db: Database, paths: Sequence[str]) -> dict[str, _Article]:
        if self._is_first:
            return {}
        articles = map(_Article.of, db.execute(STORED, (keys(paths),)))
        return {article.values[AT["path"]]: article for article in articles}

    def _made(self, change: Loaded, before: _Article | None) -> tuple[_Article, EncodedArticle] | None:
        """The new row. None if the article is unchanged."""
        version = change.version
        document = change.document
        encoded = decode(document) if isinstance(document, Encoded) else encode_article(document)
        times = (version.mtime_ns // 1000, self._as_of)
        if before and before.sha256 == version.sha256:
            # The same bytes, decoded again. The times are those of the first read of the bytes.
            if before.unrestricted is None and _differ_only_in_slug(before.values, encoded.values):
                return None
            times = (before.modified_at, before.read_at)
        return self._row(encoded.values, (version.sha256, version.size, *times, None)), encoded

    def _now(self, article: _Article) -> tuple[_Article, EncodedArticle]:
        """The article with its status at the time of the run."""
        values = article.values
        name = values[AT["provider_name"]] or ""
        encoded = EncodedArticle(values, parts_of(values), text_of(values, name))
        return self._row(values, article[4:9]), encoded

    def _row(self, values: tuple[Any, ...], of_file: Row) -> _Article:
        """The row with its status at the time of the run. `of_file` has the values of _OF_FILE."""
        published, unlisted, public_from, public_until = values[AT["published"] : AT["public_until"] + 1]
        found = status_at(self._as_of, published, public_from, public_until)
        reachable = int(found is Status.PUBLISHED)
        self._next += 1
        slug = AT["slug"]
        values = (*values[:slug], values[AT["wanted_slug"]], *values[slug + 1 :])
        public = int(reachable and not unlisted)
        return _Article._make((self._next - 1, found, reachable, public, *of_file, values))

    def _replace(
        self,
        db: Database,
        gone: Sequence[_Article],
        fresh: Sequence[tuple[_Article, EncodedArticle]],
        stored: Mapping[str, _Article],
    ) -> None:
        if not (gone or fresh):
            return
        updated = [stored[article.values[AT["path"]]] for article, _ in fresh if article.values[AT["path"]] in stored]
        self._remove(db, [*gone, *updated])
        self._insert(db, fresh)
        self._revealed.difference_update(article.values[AT["path"]] for article in (*gone, *updated))
        self._removed += len(gone)
        self._updated += len(updated)
        self._added += len(fresh) - len(updated)
        self._all = True
        self._public |= any(article.reachable for article in (*gone, *updated, *(article for article, _ in fresh)))

    def _remove(self, db: Database, articles: Sequence[_Article]) -> None:
        self._unique.note(article.values for article in articles)
        old = [(article, parts_of(article.values)) for article in articles]
        self._touch(db, old)
        for article, parts in old:
            self._count_names(article, parts, -1)
            db.execute(UNINDEX[article.public], (article.key, *self._indexed_text(db, article)))
        db.executemany(REMOVE, [(article.key,) for article in articles])

    def _indexed_text(self, db: Database, article: _Article) -> IndexedText:
        """The words of an article in the full-text index.

        An article that was shown or hidden at the beginning of this run is still indexed with its own name of the
        provider, all others with the shown one.
        """
        text = text_of(article.values, article.values[AT["provider_name"]] or "")
        if article.key >= self._first:
            return text
        shown = db.execute(SHOWN_WORDS, (article.public, article.values[AT["provider"]])).fetchone()
        return text._replace(provider=shown[0]) if shown else text

    def _insert(self, db: Database, articles: Sequence[tuple[_Article, EncodedArticle]]) -> None:
        self._unique.note(article.values for article, _ in articles)
        db.executemany(INSERT_ARTICLE, [article.row for article, _ in articles])
        urls, topics, authors, mentions, links, assets, items, references = [], [], [], [], [], [], [], []
        texts: dict[int, list[Row]] = {view: [] for view in VIEWS}
        for article, encoded in articles:
            key, public, place, parts = article.key, article.public, article.place, encoded.parts
            urls += [(key, *url, *place, article.reachable) for url in parts.urls]
            topics += [(key, at, topic, *place, public) for at, topic in enumerate(parts.topics)]
            authors += [(key, at, *author, *place, public) for at, author in enumerate(parts.authors)]
            mentions += [(key, *mention, *place, public) for mention in parts.mentions]
            links += [(key, *link) for link in parts.links]
            assets += [(key, *asset, article.reachable) for asset in parts.assets]
            items += [(key, *item, *place, public) for item in parts.items]
            references += [(key, *reference) for reference in parts.references]
            texts[public].append((key, *encoded.text))
            self._count_names(article, parts, 1)
        db.executemany(INSERT_URL, urls)
        db.executemany(INSERT_TOPIC, topics)
        db.executemany(INSERT_AUTHOR, authors)
        db.executemany(INSERT_MENTION, mentions)
        db.executemany(INSERT_LINK, links)
        db.executemany(INSERT_ASSET, assets)
        db.executemany(INSERT_ITEM, items)
        db.executemany(INSERT_REFERENCE, references)
        for view, rows in texts.items():
            db.executemany(INDEX[view], rows)
        self._touch(db, ((article, encoded.parts) for article, encoded in articles))

    def _count_names(self, article: _Article, parts: Parts, sign: int) -> None:
        """Counts the names that an article uses, with the sign -1 before it goes and 1 after it comes."""
        for name in parts.names:
            counts = self._names.get(name)
            if counts is None:
                counts = self._names[name] = [0, 0, 0]
            counts[0] += sign
            counts[1] += sign * article.public
            counts[2] += sign * article.reachable
        if self._is_first:
            return
        for kind, key, spelled, *_ in parts.names:
            if kind == "topic":
                use = (key, spelled, article.values[AT["path"]])
                self._spellings[use] = self._spellings.get(use, 0) + sign
                if not self._spellings[use]:
                    del self._spellings[use]

    def _touch(self, db: Database, articles: Iterable[tuple[_Article, Parts]]) -> None:
        """Records what depends on the articles."""
        if not self._is_first:
            db.executemany(TOUCH, [row for article, parts in articles for row in _touched(article, parts)])

    def _remember(self, db: Database, changes: Sequence[Change], broken: Sequence[_Article]) -> None:
        """Stores the version of each file, and the last good versions of those that broke. Voids the signatures of
        their folders.

        An unreadable file gets no version, so that the next run parses it: with the old version, unchanged bytes would
        be skipped and the problem would remain.
        """
        deleted = [(change.path,) for change in changes if isinstance(change, Deleted)]
        db.executemany(DELETE_FILE, deleted)
        kept = [change for change in changes if not isinstance(change, Deleted)]
        db.executemany(INSERT_FILE, [change.version or UNREAD._replace(path=_path(change)) for change in kept])
        db.executemany(SIGN_FOLDER, [(folder, None) for folder in {folder_of(_path(change)) for change in changes}])
        if not self._is_first:  # links may lead to files that are not articles
            taken = [_path(change) for change in changes if _takes_away(change)]
            db.executemany(TOUCH, [("url", url_key(path)) for path in taken])
        # An unchanged file may be one that is still broken.
        sound = [(_path(change),) for change in changes if isinstance(change, Loaded) or _takes_away(change)]
        db.executemany(last_good.FORGET, sound)
        db.executemany(
            last_good.KEEP,
            [(each.values[AT["path"]], *each[4:8], last_good.record_of(each.values)) for each in broken],
        )

    def _problems(self, db: Database, scope: str, found: Mapping[str, Sequence[Problem]]) -> None:
        """Replaces the problems of some files, or those of the run as a whole."""
        before: dict[str, list[Problem]] = {}
        if not self._is_first:
            for about, *row in db.execute(PROBLEMS, (scope, keys(list(found)))):
                before.setdefault(about, []).append(problem(row))
        changed = [about for about, problems in found.items() if list(problems) != before.get(about, [])]
        if changed:
            self._all = True
            db.executemany(DELETE_PROBLEMS, [(scope, about) for about in changed])
            rows = [(scope, about, *problem_row(value)) for about in changed for value in found[about]]
            db.executemany(INSERT_PROBLEM, rows)

    def _store_memory(self, db: Database, memory: Mapping[str, str]) -> None:
        db.execute(DELETE_MEMORY)
        db.executemany(INSERT_MEMORY, memory.items())

    def _prepare(self, db: Database) -> None:
        """Counts the names, and deletes what is derived again."""
        changed = [(*name, *counts) for name, counts in self._names.items() if any(counts)]
        self._names.clear()
        db.executemany(TOUCH, [row[:2] for row in changed])
        db.executemany(TOUCH, [("topic", key) for key, *_ in self._spellings])
        if self._is_first:
            _each(db, TOUCH_ALL)
        db.executemany(COUNT_NAMES, changed)
        references = (leaf for each in self._collections for leaf in each.leaves if leaf.type is FieldType.REFERENCE)
        db.executemany(REFERENCE_TARGET, [(field.number, field.target) for field in references])
        _each(db, (*change_log.REMEMBER, *FORGET))

    def _reindex_misnamed(self, db: Database) -> None:
        """Indexes again the articles that are indexed with another name of their provider than the shown one."""
        for before, after, key, public, *values in db.execute(MISNAMED, {"first": self._first}).fetchall():
            text = text_of(values, "")
            db.execute(UNINDEX[public], (key, *text._replace(provider=before)))
            db.execute(INDEX[public], (key, *text._replace(provider=after)))

    def _log_changes(self, db: Database, before: int) -> None:
        """Records the changes of each view under its next counter."""
        statements = change_log.WRITE_ALL if self._is_first else (*change_log.WRITE, *change_log.MARK)
        for view, counter in self._counters.items():
            _each(db, statements, {"view": view, "counter": counter, "at": self._as_of})
        [(moved,)] = db.execute(change_log.MOVED, {"counter": self._counters[PUBLIC_VIEW]})
        self._public |= bool(moved)
        _each(db, change_log.PRUNE, {"before": before})

    def _count_public(self, db: Database) -> None:
        if self._public:
            db.execute(NEXT_PUBLIC, (self._as_of,))


def is_large(files: int, articles: int) -> bool:
    """Whether a run over this number of files is large for a store with this number of articles."""
    return files >= LARGE and files >= articles / 2


def split(changes: Sequence[Change | Restricted]) -> Iterator[Sequence[Change | Restricted]]:
    """A batch in parts, so that cancellation and shutdown wait only briefly."""
    for start in range(0, len(changes), STEP):
        yield changes[start : start + STEP]


@contextmanager
def _cache(db: Database, kibibytes: int) -> Iterator[None]:
    """Limits the page cache for a while."""
    db.execute(f"PRAGMA cache_size = -{kibibytes}")
    try:
        yield
    finally:
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def _touched(article: _Article, parts: Parts) -> Iterator[tuple[str, object]]:
    """The kinds and keys of what depends on an article."""
    values = article.values
    yield "slug", values[AT["wanted_slug"]]
    yield "source", article.key
    yield "target", article.key
    yield "id", values[AT["id"]]
    for url, _ in parts.urls:
        yield "url", url
    for _, provider, pictured in parts.mentions:
        if pictured:
            yield "provider", provider
    for author, pictured in parts.authors:
        if pictured:
            yield "author", author
    if values[AT["provider_images"]] != "[]":
        yield "provider", values[AT["provider"]]
    if article.reachable > article.public:
        yield "unlisted", values[AT["id"]]


def _each(db: Database, statements: Iterable[str], parameters: Mapping[str, object] | None = None) -> None:
    for statement in statements:
        db.execute(statement, parameters or {}).close()


def _differ_only_in_slug(before: Row, after: Row) -> bool:
    """Whether two versions of an article are equal, except for the slug that the store gives it."""
    at = AT["slug"]
    return before[:at] == after[:at] and before[at + 1 :] == after[at + 1 :]


def _path(change: Change) -> str:
    return change.path if isinstance(change, Deleted | Quarantined) else change.version.path


def _takes_away(change: Change) -> bool:
    return change.unpublish if isinstance(change, Quarantined) else isinstance(change, Deleted | NotDocument)


def _problems(change: Change) -> Sequence[Problem]:
    return () if isinstance(change, Deleted | Unchanged) else change.problems
