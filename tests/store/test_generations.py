"""Generations: which changes create one, what each visibility sees, and failed runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Generator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import coroutine
from typing import Any

import pytest

from gateway.content.identity import article_id
from gateway.errors import NotReady
from gateway.model.changes import Change, Deleted, FileVersion, Loaded, NotDocument, Quarantined, Unchanged
from gateway.model.documents import Status
from gateway.model.lists import Window
from gateway.model.problems import Problem, Severity
from gateway.model.records import Generation, Visibility
from gateway.store.protocol import Applied, ChangeSet, ContentStore, FileState, read_one
from gateway.store.reads import ARTICLE_BY_PATH, ARTICLES, WHOLE, CountOf, PageOf, RelatedOf, StatisticsOf
from tests.store.conftest import Open
from tests.store.documents import NOW, apply, day, document, entry, loaded, provider, topics, version
from tests.store.reading import ask, look_up

PUBLIC, PREVIEW = Visibility.PUBLIC, Visibility.PREVIEW
HOUR = timedelta(hours=1)
BROKEN = Problem(Severity.ERROR, "SYNTAX", "It is broken.", "a", 3, 7, "Mend it.")
ODD = Problem(Severity.WARNING, "ODD", "It is odd.", "a")


async def generation(store: ContentStore, visibility: Visibility = PREVIEW) -> Generation:
    async with store.snapshot(visibility) as snapshot:
        return await snapshot.generation()


async def counters(store: ContentStore) -> tuple[int, int]:
    """The full counter, and the public one."""
    return (await generation(store, PREVIEW)).counter, (await generation(store, PUBLIC)).counter


async def statuses(store: ContentStore, visibility: Visibility, *paths: str) -> dict[str, Status]:
    async with store.snapshot(visibility) as snapshot:
        return {path: article.status for path, article in (await look_up(snapshot, ARTICLE_BY_PATH, paths)).items()}


async def problems(store: ContentStore, severity: Severity | None = None, first: int | None = None) -> list[Problem]:
    async with store.snapshot(PREVIEW) as snapshot:
        return list(await snapshot.problems(severity, first))


async def title(store: ContentStore, path: str) -> str | None:
    async with store.snapshot(PREVIEW) as snapshot:
        found = await look_up(snapshot, ARTICLE_BY_PATH, [path])
        return found[path].title if path in found else None


# The first generation.


async def test_empty_database_has_no_generation(store: ContentStore) -> None:
    """It knows no file."""
    assert not await store.ready()
    for visibility in Visibility:
        with pytest.raises(NotReady):
            await generation(store, visibility)
    assert (await store.files(), await store.memory()) == ({}, {})


async def test_empty_first_run_creates_a_generation(store: ContentStore) -> None:
    """A folder without documents is served. A second such run changes nothing."""
    assert await apply(store) == Applied(True, 0, 0, 0)
    assert await store.ready()
    assert await counters(store) == (1, 1)
    assert await apply(store) == Applied(False, 0, 0, 0)
    assert await counters(store) == (1, 1)


# Counters.


async def test_revision(new_store: Open) -> None:
    """The revision is the database's unique epoch with the caller's counter."""
    one, other = await new_store(), await new_store()
    await apply(one)
    await apply(other)
    first = await generation(one)
    assert first.revision == f"{first.epoch}-1"
    assert (await generation(one, PUBLIC)).epoch == first.epoch
    assert (await generation(other)).epoch != first.epoch
    await apply(one, document("a"))
    assert await generation(one) == first._replace(counter=2)


async def test_counters_and_times_per_visibility(store: ContentStore) -> None:
    """A change of drafts affects only previews: the public counter, time and revision stay."""
    await apply(store, document("a"), document("draft", published=False), as_of=NOW)
    before = await generation(store, PUBLIC)
    await apply(store, document("draft", published=False, title="new"), as_of=NOW + HOUR)
    assert await counters(store) == (2, 1)
    shown = await generation(store, PUBLIC)
    assert (shown.revision, shown.loaded_date_time) == (before.revision, NOW)
    assert (await generation(store)).loaded_date_time == (await generation(store)).as_of == NOW + HOUR
    await apply(store, document("a", title="new"), as_of=NOW + 2 * HOUR)
    assert await counters(store) == (3, 2)
    assert (await generation(store, PUBLIC)).loaded_date_time == NOW + 2 * HOUR


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        (document("x"), document("x", body="new"), (1, 1)),
        (document("x"), document("x", published=False), (1, 1)),
        (document("x", published=False), document("x"), (1, 1)),
        (document("x"), Deleted("x"), (1, 1)),
        (document("x"), NotDocument(version("x", "plain"), ()), (1, 1)),
        (document("x"), document("x"), (0, 0)),
        (document("x"), Unchanged(version("x", "whatever")), (0, 0)),
        (document("x"), Quarantined("x", ()), (0, 0)),
        (document("x"), Quarantined("x", (BROKEN,)), (1, 0)),
        (document("x"), loaded(document("x"), ODD), (1, 0)),
        (document("x", published=False), Deleted("x"), (1, 0)),
        (document("x", published_date_time=NOW + HOUR), document("x", published_date_time=NOW + 2 * HOUR), (1, 0)),
        (document("x", published=False), document("x", published=False, slug="public", topics=topics("t")), (1, 0)),
    ],
)
async def test_counters_count_visible_changes(
    store: ContentStore, before: Change, after: Change, moved: tuple[int, int]
) -> None:
    """They stay for equal content, and the public one for hidden content."""
    await apply(store, before, document("public", topics=topics("t")))
    applied = await apply(store, after)
    assert applied.changed == bool(moved[0])
    assert await counters(store) == (1 + moved[0], 1 + moved[1])


async def test_equal_bytes_keep_their_time(store: ContentStore) -> None:
    """A touched file creates no generation. A file that another decoder reads keeps its times."""
    one = document("a")
    await apply(store, loaded(one, mtime=1000))
    stamped = loaded(one, mtime=2000)
    assert not (await apply(store, stamped, as_of=NOW + HOUR)).changed
    assert (await store.files())["a"] == FileState(stamped.version, Status.PUBLISHED, NOW, stamped.version.sha256)
    redecoded = Loaded(stamped.version, replace(one, title="decoded otherwise"))
    assert (await apply(store, redecoded, as_of=NOW + 2 * HOUR)).changed
    assert (await store.files())["a"].read_date_time == NOW
    async with store.snapshot(PUBLIC) as snapshot:
        found = (await look_up(snapshot, ARTICLE_BY_PATH, ["a"]))["a"]
    assert (found.title, found.source.modified_date_time.timestamp()) == ("decoded otherwise", 1000)
    await apply(store, Loaded(version("a", "other bytes", 3000), one), as_of=NOW + 3 * HOUR)
    assert (await store.files())["a"].read_date_time == NOW + 3 * HOUR


async def test_run_counts_each_article_once(store: ContentStore) -> None:
    """As added, updated or removed. An article that is due and changed is one update."""
    soon = {"published_date_time": NOW + HOUR}
    await apply(store, document("a"), document("b"), document("same"), *(document(f"due{n}", **soon) for n in range(3)))
    applied = await apply(
        store,
        document("a", title="new"),
        Deleted("b"),
        Deleted("unknown"),
        document("c"),
        document("same"),
        document("due1", title="new", **soon),
        Deleted("due2"),
        as_of=NOW + HOUR,
    )
    assert applied == Applied(True, added=1, updated=3, removed=2)


# Time.


async def test_due_articles_are_published(store: ContentStore) -> None:
    """A scheduled article is hidden until a run as of its date, which needs no further change."""
    await apply(
        store,
        document("soon", published_date_time=NOW + HOUR, topics=topics("t"), provider=provider("P")),
        document("later", published_date_time=NOW + 2 * HOUR),
        document("draft", published=False, published_date_time=NOW + HOUR),
        document("now", published_date_time=NOW),
    )
    everything = ("soon", "later", "draft", "now")
    assert await statuses(store, PUBLIC, *everything) == {"now": Status.PUBLISHED}
    assert await statuses(store, PREVIEW, *everything) == {
        "soon": Status.SCHEDULED,
        "later": Status.SCHEDULED,
        "draft": Status.DRAFT,
        "now": Status.PUBLISHED,
    }
    assert await apply(store, as_of=NOW + HOUR - timedelta(microseconds=1)) == Applied(False, 0, 0, 0)
    assert await apply(store, as_of=NOW + HOUR) == Applied(True, 0, 1, 0)
    assert await counters(store) == (2, 2)
    assert await statuses(store, PUBLIC, *everything) == {"now": Status.PUBLISHED, "soon": Status.PUBLISHED}
    async with store.snapshot(PUBLIC) as snapshot:
        assert await read_one(snapshot, StatisticsOf()) == (2, 0, 1, 1, 0)


async def test_clock_set_back_hides_again(store: ContentStore) -> None:
    """The generation's time decides the status, in both directions."""
    await apply(store, document("soon", published_date_time=NOW + HOUR), as_of=NOW + 2 * HOUR)
    assert await statuses(store, PUBLIC, "soon") == {"soon": Status.PUBLISHED}
    assert await apply(store, as_of=NOW) == Applied(True, 0, 1, 0)
    assert await statuses(store, PUBLIC, "soon") == {}
    assert await counters(store) == (2, 2)
    assert (await generation(store)).as_of == NOW
    await apply(store, as_of=NOW + HOUR)
    assert await statuses(store, PUBLIC, "soon") == {"soon": Status.PUBLISHED}


# Failed runs.


async def failing(*changes: Change) -> AsyncIterator[Sequence[Change]]:
    yield changes
    raise ZeroDivisionError


async def test_failed_run_is_rolled_back(store: ContentStore) -> None:
    """No article, file, problem or stored value remains, and the next run works."""
    await apply(store, document("a"), memory={"run": "1"})
    before, files = await generation(store), await store.files()
    changes = failing(Deleted("a"), loaded(document("b")), Quarantined("c", (BROKEN,)))
    with pytest.raises(ZeroDivisionError):
        await store.apply(ChangeSet(NOW + HOUR, changes, (ODD,), {"run": "2"}))
    assert await generation(store) == before
    assert (await title(store, "a"), await title(store, "b")) == ("a", None)
    assert (await store.files(), await store.memory()) == (files, {"run": "1"})
    assert await problems(store) == []
    assert (await apply(store, document("b"))).changed


async def test_cancelled_run_is_rolled_back(store: ContentStore) -> None:
    """At any point. The store is neither locked nor blocked."""
    await apply(store, document("a"))
    before = await generation(store)
    written = asyncio.Event()

    async def stuck() -> AsyncIterator[Sequence[Change]]:
        yield [Deleted("a"), loaded(document("b"))]
        written.set()
        await asyncio.Event().wait()

    run = asyncio.create_task(store.apply(ChangeSet(NOW, stuck())))
    await written.wait()
    assert (await title(store, "a"), await title(store, "b")) == ("a", None)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert await generation(store) == before
    assert (await title(store, "a"), await title(store, "b")) == ("a", None)
    await apply(store, document("b"))
    assert await title(store, "b") == "b"


@coroutine
def cancelled(run: Coroutine[Any, Any, Applied], waits: int) -> Generator[Any, Any, bool]:
    """Cancels a run at its nth wait. Returns whether it was reached."""
    try:
        for _ in range(waits):
            yield run.send(None)
        run.send(None)
        yield run.throw(asyncio.CancelledError())
        while True:
            yield run.send(None)
    except StopIteration:
        return False
    except asyncio.CancelledError:
        return True


@pytest.mark.parametrize("each_database", ["sqlite"], indirect=True)
async def test_cancelled_run_is_atomic(store: ContentStore) -> None:
    """Either everything or nothing is stored, and the counter shows which."""
    await apply(store, document("0", topics=topics("t")))
    last, commits = "0", 1
    for waits in count():
        new = str(waits + 1)
        ended = not await cancelled(apply(store, document(new, topics=topics("t")), Deleted(last)), waits)
        assert (await generation(store)).counter in {commits, commits + 1}
        if (await generation(store)).counter > commits:
            last, commits = new, commits + 1
        async with store.snapshot(PUBLIC) as snapshot:
            page = await read_one(snapshot, PageOf(ARTICLES, (), Window()))
            assert [edge.node.path for edge in page.edges] == [last]
            assert await read_one(snapshot, StatisticsOf()) == (1, 0, 0, 1, 0)
        if ended:
            assert last == new
            break


async def test_concurrent_runs_are_serialised(store: ContentStore) -> None:
    """Each is one generation."""
    await asyncio.gather(*(apply(store, document(f"{n}")) for n in range(5)))
    assert await counters(store) == (5, 5)
    async with store.snapshot(PUBLIC) as snapshot:
        assert await ask(snapshot, CountOf(ARTICLES), [WHOLE]) == {WHOLE: 5}


# Files.


async def test_stamp_of_an_unchanged_file_is_updated(store: ContentStore) -> None:
    """The next run need not read it. Its problems stay."""
    await apply(store, loaded(document("a"), ODD, mtime=1000))
    stamp = version("a", repr(document("a")), 2000)
    assert await apply(store, Unchanged(stamp), as_of=NOW + HOUR) == Applied(False, 0, 0, 0)
    assert (await store.files())["a"] == FileState(stamp, Status.PUBLISHED, NOW, stamp.sha256)
    assert await problems(store) == [ODD]


async def test_files_are_found_by_digest_and_inode(store: ContentStore) -> None:
    """All files with one of them, with their stored state, served or not."""
    same = version("a", "same")
    broken = Quarantined("b", (BROKEN,), same._replace(path="b"))
    moved = version("c", "other")._replace(inode=2)
    await apply(store, Loaded(same, document("a")), broken, Loaded(moved, document("c")))
    assert await store.copies([same.sha256, "unknown"]) == {
        "a": FileState(same, Status.PUBLISHED, NOW, same.sha256),
        "b": FileState(same._replace(path="b"), None, None, None),
    }
    assert await store.copies([], [moved.inode]) == {"c": FileState(moved, Status.PUBLISHED, NOW, moved.sha256)}
    assert await store.copies([]) == {}


@pytest.mark.parametrize("read", [version("a", "broken", 2000), None])
async def test_broken_file_keeps_its_last_good_version(store: ContentStore, read: FileVersion | None) -> None:
    """The store has its time. If the bytes were not read, the file has no known version and is read again."""
    good = loaded(document("a", published=False), ODD, mtime=1000)
    await apply(store, good)
    await apply(store, Quarantined("a", (BROKEN,), read), as_of=NOW + HOUR)
    assert await title(store, "a") == "a"
    assert await problems(store) == [BROKEN]
    state = (await store.files())["a"]
    assert (state.status, state.read_date_time) == (Status.DRAFT, NOW)
    assert state.version == read if read else state.version.size < 0
    await apply(store, loaded(document("a", title="mended")))
    assert (await title(store, "a"), await problems(store)) == ("mended", [])


@pytest.mark.parametrize("read", [version("a", "broken"), None])
async def test_broken_file_without_a_good_version(store: ContentStore, read: FileVersion | None) -> None:
    """It gives no article. If its bytes were not read, its stamp equals no file's."""
    await apply(store, Quarantined("a", (BROKEN,), read))
    state = (await store.files())["a"]
    assert (state.status, state.read_date_time) == (None, None)
    assert state.version == read if read else state.version.size < 0
    assert await title(store, "a") is None
    await apply(store, Deleted("a"))
    assert (await store.files(), await problems(store)) == ({}, [])


async def test_file_that_stops_being_a_document(store: ContentStore) -> None:
    """Its article is removed. The file stays known, with its problem."""
    await apply(store, document("a", related=(entry("x"),)))
    plain = version("a", "plain")
    assert await apply(store, NotDocument(plain, (ODD,))) == Applied(True, 0, 0, 1)
    assert await title(store, "a") is None
    assert await store.files() == {"a": FileState(plain, None, None, None)}
    assert await problems(store) == [ODD]


# Problems and stored values.


async def test_problems_and_values_of_a_run_are_replaced(store: ContentStore) -> None:
    """Problems of files stay until the files are read again. Changed problems create a generation; changed values do
    not."""
    await apply(store, loaded(document("a"), ODD), problems=(BROKEN._replace(path="."),), memory={"x": "1", "y": "2"})
    assert await problems(store) == [BROKEN._replace(path="."), ODD]
    assert await store.memory() == {"x": "1", "y": "2"}
    assert not (await apply(store, problems=(BROKEN._replace(path="."),), memory={"x": "3"})).changed
    assert await store.memory() == {"x": "3"}
    assert (await apply(store)).changed
    assert await problems(store) == [ODD]
    assert await store.memory() == {}
    assert await counters(store) == (2, 1)


async def test_order_of_problems(store: ContentStore) -> None:
    """By severity and position. They can be filtered by severity and limited. The public gets none."""
    every = [
        Problem(severity, "CODE", "It is so.", path, line, 1)
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
        for path in ("a", "b")
        for line in (None, 1, 10)
    ]
    await apply(store, Quarantined("b", tuple(one for one in reversed(every) if one.path == "b")))
    await apply(store, Quarantined("a", tuple(one for one in every if one.path == "a")))
    assert await problems(store) == every
    assert await problems(store, Severity.WARNING) == every[6:12]
    assert await problems(store, first=7) == every[:7]
    assert await problems(store, Severity.INFO, 0) == []
    async with store.snapshot(PUBLIC) as snapshot:
        assert list(await snapshot.problems(None, None)) == []


# Records.


async def test_large_run_is_one_generation(store: ContentStore) -> None:
    """Many batches, with more rows than one statement writes, are one commit."""
    related = tuple(entry(f"t{n}", f"https://example.org/{n}", provider("P")) for n in range(150))
    await apply(store, *(document(f"{n:03}", related=related, published_date_time=day(1)) for n in range(20)))
    assert await counters(store) == (1, 1)
    async with store.snapshot(PUBLIC) as snapshot:
        ids = [article_id(f"{n:03}") for n in range(20)]
        found = await ask(snapshot, RelatedOf(None), ids)
        assert [len(found[id_]) for id_ in ids] == [150] * 20
        assert [len(entries) for entries in (await ask(snapshot, RelatedOf(3), ids)).values()] == [3] * 20


async def test_entries_with_equal_identity(store: ContentStore) -> None:
    """Two spellings of a Unicode title are two entries with one identity."""
    await apply(store, document("a", related=(entry("\u00e9"), entry("e\u0301"), entry("\u00e9"))))
    async with store.snapshot(PUBLIC) as snapshot:
        found = (await ask(snapshot, RelatedOf(None), [article_id("a")]))[article_id("a")]
    assert [one.id.rpartition("-")[2] for one in found] == ["0", "1", "2"]
    assert len({one.id for one in found}) == 3


@pytest.mark.parametrize("time", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
async def test_calendar_limits(store: ContentStore, time: datetime) -> None:
    """They are exact to the microsecond."""
    await apply(store, document("a", published_date_time=time, updated_date_time=time))
    async with store.snapshot(PREVIEW) as snapshot:
        found = (await look_up(snapshot, ARTICLE_BY_PATH, ["a"]))["a"]
    assert (found.published_date_time, found.updated_date_time) == (time, time)


async def test_private_front_matter_keys(store: ContentStore) -> None:
    """Of all articles, drafts included, with counts, the most frequent first. The public gets none."""
    held = {"a": b'{"layout": 1, "b.c": {"d": 1}}', "b": b'{"layout": [1], "shown": 1}', "c": b"{}"}
    await apply(
        store,
        *(
            document(path, front_matter=held[path], exposed=b'{"shown": 1}' if path == "b" else b"{}", published=False)
            for path in held
        ),
    )
    for visibility, expected in ((PREVIEW, [("layout", 2), ("b.c", 1)]), (PUBLIC, [])):
        async with store.snapshot(visibility) as snapshot:
            assert list((await snapshot.unexposed_keys()).items()) == expected
