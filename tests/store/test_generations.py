"""Generations: what makes one, what each visibility is told of it, and what a run leaves when it does not end well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Generator, Sequence
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
from gateway.store.protocol import ARTICLE_BY_PATH, ARTICLES, WHOLE, Applied, ChangeSet, FileState, Store
from tests.store.conftest import Open
from tests.store.documents import NOW, apply, day, document, entry, loaded, provider, topics, version

PUBLIC, PREVIEW = Visibility.PUBLIC, Visibility.PREVIEW
HOUR = timedelta(hours=1)
BROKEN = Problem(Severity.ERROR, "SYNTAX", "It is broken.", "a", 3, 7, "Mend it.")
ODD = Problem(Severity.WARNING, "ODD", "It is odd.", "a")


async def generation(store: Store, visibility: Visibility = PREVIEW) -> Generation:
    async with store.snapshot(visibility) as snapshot:
        return await snapshot.generation()


async def counters(store: Store) -> tuple[int, int]:
    """Of everything, and of the public."""
    return (await generation(store, PREVIEW)).counter, (await generation(store, PUBLIC)).counter


async def statuses(store: Store, visibility: Visibility, *paths: str) -> dict[str, Status]:
    async with store.snapshot(visibility) as snapshot:
        return {path: article.status for path, article in (await snapshot.find(ARTICLE_BY_PATH, paths)).items()}


async def problems(store: Store, severity: Severity | None = None, first: int | None = None) -> list[Problem]:
    async with store.snapshot(PREVIEW) as snapshot:
        return list(await snapshot.problems(severity, first))


async def title(store: Store, path: str) -> str | None:
    async with store.snapshot(PREVIEW) as snapshot:
        found = await snapshot.find(ARTICLE_BY_PATH, [path])
        return found[path].title if path in found else None


# The first generation.


async def test_nothing_is_ready_before_the_first_run(store: Store) -> None:
    """An empty database has no generation to answer from, and knows no file."""
    assert not await store.ready()
    for visibility in Visibility:
        with pytest.raises(NotReady):
            await generation(store, visibility)
    assert (await store.files(), await store.memory()) == ({}, {})


async def test_an_empty_first_run_makes_a_generation(store: Store) -> None:
    """A folder without documents is served as what it is; a second such run changes nothing."""
    assert await apply(store) == Applied(True, 0, 0, 0)
    assert await store.ready()
    assert await counters(store) == (1, 1)
    assert await apply(store) == Applied(False, 0, 0, 0)
    assert await counters(store) == (1, 1)


# Counters.


async def test_a_generation_names_its_content(new_store: Open) -> None:
    """The revision is the database's epoch, of which no two are equal, with the caller's counter."""
    one, other = await new_store(), await new_store()
    await apply(one)
    await apply(other)
    first = await generation(one)
    assert first.revision == f"{first.epoch}-1"
    assert (await generation(one, PUBLIC)).epoch == first.epoch
    assert (await generation(other)).epoch != first.epoch
    await apply(one, document("a"))
    assert await generation(one) == first._replace(counter=2)


async def test_each_visibility_has_its_own_counter_and_time(store: Store) -> None:
    """A change among drafts shows in a preview alone: the public's counter, time and revision stay."""
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
async def test_counters_move_where_something_visible_changed(
    store: Store, before: Change, after: Change, moved: tuple[int, int]
) -> None:
    """And nowhere else: not for equal content, and not in public for what is hidden before and after."""
    await apply(store, before, document("public", topics=topics("t")))
    applied = await apply(store, after)
    assert applied.changed == bool(moved[0])
    assert await counters(store) == (1 + moved[0], 1 + moved[1])


async def test_equal_bytes_keep_the_time_of_their_first_reading(store: Store) -> None:
    """A file that was only touched makes no generation; one that another decoder reads keeps its times."""
    one = document("a")
    await apply(store, loaded(one, mtime=1000))
    stamped = loaded(one, mtime=2000)
    assert not (await apply(store, stamped, as_of=NOW + HOUR)).changed
    assert (await store.files())["a"] == FileState(stamped.version, Status.PUBLISHED, NOW, stamped.version.sha256)
    redecoded = Loaded(stamped.version, one._replace(title="decoded otherwise"))
    assert (await apply(store, redecoded, as_of=NOW + 2 * HOUR)).changed
    assert (await store.files())["a"].read_date_time == NOW
    async with store.snapshot(PUBLIC) as snapshot:
        found = (await snapshot.find(ARTICLE_BY_PATH, ["a"]))["a"]
    assert (found.title, found.source.modified_date_time.timestamp()) == ("decoded otherwise", 1000)
    await apply(store, Loaded(version("a", "other bytes", 3000), one), as_of=NOW + 3 * HOUR)
    assert (await store.files())["a"].read_date_time == NOW + 3 * HOUR


async def test_a_run_counts_each_article_once(store: Store) -> None:
    """Added, updated and removed are told apart, and an article that is due and changed is one update."""
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


async def test_time_publishes_what_is_due(store: Store) -> None:
    """A scheduled article is hidden until a run as of its date, which needs no change to show it and move counters."""
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
        assert await snapshot.statistics() == (2, 0, 1, 1)


async def test_a_clock_set_back_hides_again(store: Store) -> None:
    """Status is what the generation's time makes it, whichever way that moved."""
    await apply(store, document("soon", published_date_time=NOW + HOUR), as_of=NOW + 2 * HOUR)
    assert await statuses(store, PUBLIC, "soon") == {"soon": Status.PUBLISHED}
    assert await apply(store, as_of=NOW) == Applied(True, 0, 1, 0)
    assert await statuses(store, PUBLIC, "soon") == {}
    assert await counters(store) == (2, 2)
    assert (await generation(store)).as_of == NOW
    await apply(store, as_of=NOW + HOUR)
    assert await statuses(store, PUBLIC, "soon") == {"soon": Status.PUBLISHED}


# What a run leaves.


async def failing(*changes: Change) -> AsyncIterator[Sequence[Change]]:
    yield changes
    raise ZeroDivisionError


async def test_a_run_that_raises_leaves_the_generation(store: Store) -> None:
    """Nothing of it stays: no article, no file, no problem, no memory; and the next run works."""
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


async def test_a_cancelled_run_leaves_the_generation(store: Store) -> None:
    """As one that raises, however far it had come; the store is neither locked nor held up."""
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
    """Cancels a run where it waits for the so-manieth time; whether it ever did."""
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


async def test_a_run_is_whole_wherever_it_is_cancelled(store: Store) -> None:
    """Either all of it is there or nothing, whatever it waits for; and the counter tells which."""
    await apply(store, document("0", topics=topics("t")))
    last, commits = "0", 1
    for waits in count():
        new = str(waits + 1)
        ended = not await cancelled(apply(store, document(new, topics=topics("t")), Deleted(last)), waits)
        assert (await generation(store)).counter in {commits, commits + 1}
        if (await generation(store)).counter > commits:
            last, commits = new, commits + 1
        async with store.snapshot(PUBLIC) as snapshot:
            page = (await snapshot.pages(ARTICLES, [WHOLE], (), Window()))[WHOLE]
            assert [edge.node.path for edge in page.edges] == [last]
            assert await snapshot.statistics() == (1, 0, 0, 1)
        if ended:
            assert last == new
            break


async def test_runs_take_turns(store: Store) -> None:
    """Of several runs at once each is one generation."""
    await asyncio.gather(*(apply(store, document(f"{n}")) for n in range(5)))
    assert await counters(store) == (5, 5)
    async with store.snapshot(PUBLIC) as snapshot:
        assert await snapshot.counts(ARTICLES, [WHOLE]) == {WHOLE: 5}


# Files.


async def test_an_unchanged_file_has_its_stamp_renewed(store: Store) -> None:
    """So that the next run need not read it again; its problems stay."""
    await apply(store, loaded(document("a"), ODD, mtime=1000))
    stamp = version("a", repr(document("a")), 2000)
    assert await apply(store, Unchanged(stamp), as_of=NOW + HOUR) == Applied(False, 0, 0, 0)
    assert (await store.files())["a"] == FileState(stamp, Status.PUBLISHED, NOW, stamp.sha256)
    assert await problems(store) == [ODD]


async def test_files_are_found_by_their_bytes(store: Store) -> None:
    """All that have them, with what is known of each, served or not."""
    same = version("a", "same")
    broken = Quarantined("b", (BROKEN,), same._replace(path="b"))
    await apply(store, Loaded(same, document("a")), broken, loaded(document("c")))
    assert await store.copies([same.sha256, "other"]) == {
        "a": FileState(same, Status.PUBLISHED, NOW, same.sha256),
        "b": FileState(same._replace(path="b"), None, None, None),
    }
    assert await store.copies([]) == {}


@pytest.mark.parametrize("read", [version("a", "broken", 2000), None])
async def test_a_broken_file_keeps_its_last_good_version(store: Store, read: FileVersion | None) -> None:
    """It is served as before, and the store knows since when; where its bytes were not read it is known by no version,
    and so is read again."""
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
async def test_a_broken_file_without_a_good_version_is_known(store: Store, read: FileVersion | None) -> None:
    """No article comes of it; where not even its bytes were read, its stamp equals no file's."""
    await apply(store, Quarantined("a", (BROKEN,), read))
    state = (await store.files())["a"]
    assert (state.status, state.read_date_time) == (None, None)
    assert state.version == read if read else state.version.size < 0
    assert await title(store, "a") is None
    await apply(store, Deleted("a"))
    assert (await store.files(), await problems(store)) == ({}, [])


async def test_a_file_that_is_no_document_any_more_loses_its_article(store: Store) -> None:
    """The file stays known, and its problem is told."""
    await apply(store, document("a", related=(entry("x"),)))
    plain = version("a", "plain")
    assert await apply(store, NotDocument(plain, (ODD,))) == Applied(True, 0, 0, 1)
    assert await title(store, "a") is None
    assert await store.files() == {"a": FileState(plain, None, None, None)}
    assert await problems(store) == [ODD]


# Problems and memory.


async def test_problems_and_memory_of_a_run_replace_those_before(store: Store) -> None:
    """Those of files stay until their file is seen again; a change of problems is a generation, one of memory none."""
    await apply(store, loaded(document("a"), ODD), problems=(BROKEN._replace(path="."),), memory={"x": "1", "y": "2"})
    assert await problems(store) == [BROKEN._replace(path="."), ODD]
    assert await store.memory() == {"x": "1", "y": "2"}
    assert not (await apply(store, problems=(BROKEN._replace(path="."),), memory={"x": "3"})).changed
    assert await store.memory() == {"x": "3"}
    assert (await apply(store)).changed
    assert await problems(store) == [ODD]
    assert await store.memory() == {}
    assert await counters(store) == (2, 1)


async def test_problems_go_by_severity_then_place(store: Store) -> None:
    """They can be asked for by severity, and so many at a time; the public is told none."""
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


async def test_a_large_run_is_one_generation(store: Store) -> None:
    """Many batches, and more rows than one statement writes, are one commit."""
    related = tuple(entry(f"t{n}", f"https://example.org/{n}", provider("P")) for n in range(150))
    await apply(store, *(document(f"{n:03}", related=related, published_date_time=day(1)) for n in range(20)))
    assert await counters(store) == (1, 1)
    async with store.snapshot(PUBLIC) as snapshot:
        ids = [article_id(f"{n:03}") for n in range(20)]
        found = await snapshot.related_of(ids, None)
        assert [len(found[id_]) for id_ in ids] == [150] * 20
        assert [len(entries) for entries in (await snapshot.related_of(ids, 3)).values()] == [3] * 20


async def test_entries_that_normalise_alike_are_two(store: Store) -> None:
    """Two spellings of one Unicode title are occurrences of one identity, and break no run."""
    await apply(store, document("a", related=(entry("\u00e9"), entry("e\u0301"), entry("\u00e9"))))
    async with store.snapshot(PUBLIC) as snapshot:
        found = (await snapshot.related_of([article_id("a")], None))[article_id("a")]
    assert [one.id.rpartition("-")[2] for one in found] == ["0", "1", "2"]
    assert len({one.id for one in found}) == 3


@pytest.mark.parametrize("time", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
async def test_times_at_the_ends_of_the_calendar_are_kept(store: Store, time: datetime) -> None:
    """To the microsecond."""
    await apply(store, document("a", published_date_time=time, updated_date_time=time))
    async with store.snapshot(PREVIEW) as snapshot:
        found = (await snapshot.find(ARTICLE_BY_PATH, ["a"]))["a"]
    assert (found.published_date_time, found.updated_date_time) == (time, time)


async def test_keys_that_the_public_cannot_read(store: Store) -> None:
    """Those of all articles, drafts too, with how many have each, the most frequent first; the public learns none."""
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
