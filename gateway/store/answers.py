"""The answers of reads: for each type of read, the steps that return the value of each parent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import orjson

from gateway.content import snippets
from gateway.errors import RequestError
from gateway.model.collections import CustomField, FieldType
from gateway.model.instants import instant
from gateway.model.lists import BEST_FIRST, Group, Grouping, Order, Page, SearchField, Window
from gateway.model.navigation import Folder, NavigationItem
from gateway.model.records import (
    Adjacent,
    Article,
    Author,
    ChangePage,
    Link,
    LinkAddresses,
    Provider,
    Related,
    Similar,
    Snippet,
    Statistics,
    Text,
    Topic,
    Visibility,
)
from gateway.store import change_log, facet_sql, links, search_sql, similar_sql
from gateway.store.custom_sources import lookup_source
from gateway.store.dialect import DAY, SQLITE, Dialect
from gateway.store.entities import COUNTED, Entities
from gateway.store.entities import LOOKUPS as ENTITY_LOOKUPS
from gateway.store.list_query import ListQuery, find, within
from gateway.store.protocol import Asked
from gateway.store.reads import (
    ARTICLES,
    AUTHOR_BY_KEY,
    FOLDER_BY_PATH,
    FOLDER_OF_FILE,
    PROVIDER_BY_KEY,
    TOPIC_BY_KEY,
    WHOLE,
    AdjacentIn,
    AuthorsOf,
    BreadcrumbsOf,
    ChangesOf,
    CountOf,
    Find,
    FoldersIn,
    GroupsOf,
    GroupValue,
    HistogramOf,
    LinkAddressesOf,
    LinksOf,
    Listing,
    Lookup,
    NavigationOf,
    PageOf,
    Precedes,
    RangesOf,
    Read,
    ReferencesOf,
    RefersTo,
    RelatedOf,
    ScoreOf,
    SecuredOf,
    SimilarTo,
    SnippetsOf,
    StatisticsOf,
    SuggestionOf,
    TextOf,
    TopicsOf,
    TranslationsOf,
)
from gateway.store.rows import (
    ARTICLE,
    AUTHOR,
    PROVIDER,
    TOPIC,
    Record,
    Row,
    generation,
    related,
    related_items,
    text_record,
)
from gateway.store.search_sql import Ranked
from gateway.store.sql_fragment import Sql, Steps, keys, reachable, view, visible
from gateway.store.suggestions import Suggestion
from gateway.store.tree import COLUMNS as PAGE
from gateway.store.tree import Tree, TreeCache

T = TypeVar("T")
K = TypeVar("K")
Parents = Sequence[str]

OF_ARTICLES = "SELECT parent.key, {columns} FROM json_each(?) AS parent CROSS JOIN article ON article.id = parent.value"
"""The start of each query for articles by id. `reachable` must follow."""
HIDDEN = "(SELECT count(*) FROM article WHERE status IN ('DRAFT', 'SCHEDULED', 'EXPIRED'))"
NO_TEXT = Text("", "", {}, "", ())
NO_ADDRESSES = LinkAddresses({}, frozenset())


class State(NamedTuple):
    """What the reads of a snapshot depend on."""

    visibility: Visibility
    generation: Row
    entities: Entities | None = None
    """The providers, topics and authors in memory, if they are held."""
    dialect: Dialect = SQLITE
    trees: TreeCache | None = None
    """The trees of this visibility, if they are kept."""


def known(state: State, read: Read[Any], parents: Parents) -> Mapping[str, Any] | None:
    """The answer of a read that needs no query. None for the others."""
    match read:
        case Find(lookup) if state.entities is not None and lookup in ENTITY_LOOKUPS:
            return state.entities.find(lookup, parents)
        case CountOf(listing) if state.entities is not None and listing in COUNTED:
            return state.entities.counts(listing, parents)
        case Precedes(_, _, Window(cursor=None, offset=0)):
            return dict.fromkeys(parents, False)
    return None if parents else {}


def uses_entities(read: Read[Any]) -> bool:
    """Whether entities in memory shorten the answer."""
    match read:
        case Find(lookup):
            return lookup in ENTITY_LOOKUPS
        case CountOf(listing):
            return listing in COUNTED
    return isinstance(read, TopicsOf | AuthorsOf)


def answer(state: State, read: Read[Any], parents: Parents) -> Steps[Mapping[str, Any]]:
    """The value of each parent. Raises RequestError."""
    found = known(state, read, parents)
    return (yield from _ANSWERS[type(read)](state, read, parents)) if found is None else found


def answers(state: State, asked: Sequence[Asked]) -> Steps[list[Mapping[str, Any] | RequestError]]:
    """The answer of each read, or its error."""
    found: list[Mapping[str, Any] | RequestError] = []
    for read, parents in asked:
        try:
            found.append((yield from answer(state, read, parents)))
        except RequestError as error:
            found.append(error)
    return found


def _find(state: State, read: Find[T], parents: Parents) -> Steps[Mapping[str, T | None]]:
    if read.lookup in _FOLDERS:
        tree = yield from _tree(state)
        return {parent: _FOLDERS[read.lookup](tree, parent) for parent in parents}
    found = lookup_source(read.lookup)
    rows = yield find(found, parents, state.visibility, dialect=state.dialect)
    made = ((parents[at], found.record.make(row)) for at, *row in reversed(rows))
    return {**dict.fromkeys(parents), **{key: record for key, record in made if record is not None}}


def _pages(state: State, read: PageOf[T], parents: Parents) -> Steps[Mapping[str, Page[T]]]:
    ordered = _ordered(state, read.listing, read.order)
    rows = _grouped((at, row) for at, *row in (yield ordered.page(parents, read.window)))
    return {parent: _page(ordered, rows.get(at, []), read.window) for at, parent in enumerate(parents)}


def _precedes(state: State, read: Precedes, parents: Parents) -> Steps[Mapping[str, bool]]:
    ordered = _ordered(state, read.listing, read.order)
    found = {at for (at,) in (yield ordered.has_rows_before(parents, read.window))}
    return {parent: at in found for at, parent in enumerate(parents)}


def _counts(state: State, read: CountOf, parents: Parents) -> Steps[Mapping[str, int]]:
    rows = yield _listed(state, read.listing).count(parents)
    return {parents[at]: count for at, count in rows}


def _adjacent(state: State, read: AdjacentIn, parents: Parents) -> Steps[Mapping[str, Adjacent]]:
    found = dict.fromkeys(parents, Adjacent())
    for at, side, *row, _ in (
        yield ListQuery(read.listing, read.order, state.visibility, state.dialect).adjacent(parents)
    ):
        found[parents[at]] = found[parents[at]]._replace(**{side: ARTICLE.make(row)})
    return found


def _groups(state: State, read: GroupsOf, parents: Parents) -> Steps[Mapping[str, Sequence[Group[GroupValue]]]]:
    query = facet_sql.largest_records(read.largest, state.visibility) if read.listing == ARTICLES else None
    rows = yield query or facet_sql.top_groups(_listed(state, read.listing), parents, read.largest)
    make = _made_by(read.largest.by)
    return _of(parents, ((at, Group(make(row), count)) for at, count, *row, _ in rows))


def _histogram(state: State, read: HistogramOf, parents: Parents) -> Steps[Mapping[str, Sequence[Group[datetime]]]]:
    rows = yield facet_sql.histogram(_listed(state, read.listing), parents, read.interval, state.dialect, read.field)
    return _of(parents, ((at, Group(instant(start * DAY), count)) for at, start, count in rows))


def _ranges(state: State, read: RangesOf, parents: Parents) -> Steps[Mapping[str, Sequence[int]]]:
    counts = {parent: [0] * (len(read.bounds) + 1) for parent in parents}
    listed = _listed(state, read.listing)
    for at, reached, count in (yield facet_sql.ranges(listed, parents, read.bounds, read.field)):
        counts[parents[at]][reached] = count
    return counts


def _topics(state: State, _read: TopicsOf, parents: Parents) -> Steps[Mapping[str, Sequence[Topic]]]:
    return (yield from _named(state, TOPIC, TOPIC_BY_KEY, parents))


def _authors(state: State, _read: AuthorsOf, parents: Parents) -> Steps[Mapping[str, Sequence[Author]]]:
    return (yield from _named(state, AUTHOR, AUTHOR_BY_KEY, parents))


def _named(state: State, record: Record[T], by_key: Lookup[T], parents: Parents) -> Steps[Mapping[str, Sequence[T]]]:
    """The records that a list of each article names."""
    kind = record.table
    join = f"JOIN article_{kind} AS listed ON listed.article = article.key"
    rows = yield _of_articles(state, f"listed.{kind}", parents, join, "ORDER BY parent.key, listed.position")
    found = yield from answer(state, Find(by_key), list({key for _, key in rows}))
    return _of(parents, ((at, found[key]) for at, key in rows if found[key]))


def _references(state: State, read: ReferencesOf, parents: Parents) -> Steps[Mapping[str, Sequence[str]]]:
    join = (
        f"JOIN reference AS listed ON listed.source = article.key AND listed.view = {view(state.visibility)}"
        f" AND listed.field = {read.field.number} JOIN article AS target ON target.key = listed.target"
    )
    rows = yield _of_articles(state, "target.id", parents, join, "ORDER BY parent.key, listed.position")
    return _of(parents, ((at, id_) for at, id_ in rows))


def _related(state: State, read: RelatedOf, parents: Parents) -> Steps[Mapping[str, Sequence[Related]]]:
    entries: dict[str, Sequence[Related]] = dict.fromkeys(parents, ())
    for at, found in (yield _of_articles(state, "article.related", parents)):
        id_ = parents[at]
        entries[id_] = [related(id_, *item) for item in enumerate(related_items(found)[: read.first])]
    return entries


def _texts(state: State, _read: TextOf, parents: Parents) -> Steps[Mapping[str, Text]]:
    column = "exposed" if state.visibility is Visibility.PUBLIC else "front_matter"
    columns = [f"article.{each}" for each in ("id", "body", column, "text", "headings", "lead", "body_rules")]
    columns += ["substr(article.destinations, 1, 2)", "article.addresses"]  # a long list is not needed
    rows = yield _of_articles(state, ", ".join(columns), parents)
    return {**dict.fromkeys(parents, NO_TEXT), **{parents[at]: text_record(row) for at, *row in rows}}


def _refers(state: State, _read: RefersTo, parents: Parents) -> Steps[Mapping[str, bool]]:
    seen = reachable("asset", state.visibility)
    text = (
        "SELECT parent.key FROM json_each(?) AS parent WHERE EXISTS"  # noqa: S608
        f" (SELECT 1 FROM asset WHERE asset.path = parent.value AND asset.digest IS NOT NULL AND {seen})"
    )
    rows = yield Sql(text, (keys(parents),))
    return {**dict.fromkeys(parents, False), **{parents[at]: True for (at,) in rows}}


def _links(state: State, read: LinksOf, parents: Parents) -> Steps[Mapping[str, Sequence[Link]]]:
    found = yield from _sources(state, parents)
    sources = {parent: source.first(read.first) for parent, source in found.items()}
    return {**dict.fromkeys(parents, ()), **(yield from links.resolved(sources, state.visibility, state.dialect))}


def _link_addresses(state: State, _read: LinkAddressesOf, parents: Parents) -> Steps[Mapping[str, LinkAddresses]]:
    found = yield from _sources(state, parents)
    sources = {parent: source.in_site() for parent, source in found.items()}
    resolved = yield from links.resolved(sources, state.visibility, state.dialect)
    return {**dict.fromkeys(parents, NO_ADDRESSES), **{id_: links.addresses(each) for id_, each in resolved.items()}}


def _sources(state: State, parents: Parents) -> Steps[Mapping[str, links.Source]]:
    """The articles with links."""
    rows = yield _of_articles(state, "article.url, article.destinations, article.addresses", parents)
    return {parents[at]: links.Source.of(*row) for at, *row in rows}


def _secured(state: State, _read: SecuredOf, parents: Parents) -> Steps[Mapping[str, str | None]]:
    rows = yield _of_articles(state, "article.secured", parents)
    return {**dict.fromkeys(parents), **{parents[at]: secured for at, secured in rows}}


def _scores(state: State, read: ScoreOf, parents: Parents) -> Steps[Mapping[str, float]]:
    rows = yield search_sql.scores(read.search, parents, state.visibility, state.dialect)
    return {**dict.fromkeys(parents, 0.0), **{id_: score for id_, score in rows}}  # noqa: C416 - a row is not a pair


def _similar(state: State, read: SimilarTo, parents: Parents) -> Steps[Mapping[str, Sequence[Similar]]]:
    full_text = state.dialect.full_text
    rows = yield similar_sql.subjects(parents, state.visibility)
    ids, subjects = [row[0] for row in rows], [similar_sql.Subject.of(row[1:]) for row in rows]
    words = {word for subject in subjects for word in subject.words}
    held = {word: count for word, count in (yield similar_sql.holders(words, state.visibility, full_text))}  # noqa: C416
    found = yield similar_sql.neighbours(subjects, held, read.first, state.visibility, full_text)
    listed = _grouped((ids[at], Similar(ARTICLE.make(row), row[-1])) for at, *row in found)
    return {**dict.fromkeys(parents, ()), **listed}


def _snippets(state: State, read: SnippetsOf, parents: Parents) -> Steps[Mapping[str, Sequence[Snippet]]]:
    """Reads one article after another, because a text can be long: a caller that is gone ends the steps."""
    found: dict[str, Sequence[Snippet]] = {}
    for parent in parents:
        texts = yield from _searched_texts(state, read.search.fields, parent)
        extracts = ((field, snippets.extract(text, read.search.hits, read.length)) for field, text in texts.items())
        found[parent] = [Snippet(field, *extract) for field, extract in extracts if extract]
    return found


def _searched_texts(state: State, fields: Collection[SearchField], id_: str) -> Steps[Mapping[SearchField, str]]:
    """Some texts of an article, the one with the highest weight first."""
    body = "coalesce(article.text, article.body)" if SearchField.BODY in fields else "NULL"
    columns = f"article.title, article.excerpt, article.provider, {body}, article.custom_words"
    rows = yield _of_articles(state, columns, [id_])
    found: dict[SearchField, str | None] = {}
    for _, title, excerpt, key, text, custom in rows:
        topics = (yield from answer(state, TopicsOf(), [id_]))[id_] if SearchField.TOPICS in fields else ()
        provider = (yield from answer(state, Find(PROVIDER_BY_KEY), [key]))[key] if key else None
        authors = (yield from answer(state, AuthorsOf(), [id_]))[id_] if SearchField.AUTHORS in fields else ()
        found = {
            SearchField.TITLE: title,
            SearchField.TOPICS: ", ".join(topic.name for topic in topics),
            SearchField.EXCERPT: excerpt,
            SearchField.FIELDS: "\n".join(filter(None, reversed(orjson.loads(custom or "[]")))),
            SearchField.PROVIDER: provider and provider.name,
            SearchField.AUTHORS: ", ".join(author.name for author in authors),
            SearchField.BODY: text,
        }
    return {field: text for field, text in found.items() if field in fields and text}


def _suggestions(state: State, read: SuggestionOf, parents: Parents) -> Steps[Mapping[str, str | None]]:
    return dict.fromkeys(parents, (yield from _suggestion(state, read.listing)))


def _suggestion(state: State, listing: Listing[Article]) -> Steps[str | None]:
    if listing.search is None or (yield from answer(state, CountOf(listing), [WHOLE]))[WHOLE]:
        return None
    spelling = Suggestion(listing.search, state.visibility)
    slips = spelling.slips([at for (at,) in (yield spelling.known())])
    corrected = spelling.corrected(slips, (yield spelling.candidates(slips))) if slips else None
    if corrected is None:
        return None
    meant = CountOf(listing.matching(replace(listing.search, text=corrected)))
    return corrected if (yield from answer(state, meant, [WHOLE]))[WHOLE] else None


def _changes(state: State, read: ChangesOf, parents: Parents) -> Steps[Mapping[str, ChangePage]]:
    current = generation(state.generation, state.visibility)
    page = yield from change_log.page(current, view(state.visibility), read.token, read.first)
    return dict.fromkeys(parents, page)


def _translations(state: State, _read: TranslationsOf, parents: Parents) -> Steps[Mapping[str, Sequence[Article]]]:
    text = (
        f"SELECT parent.key, {ARTICLE.columns} FROM json_each(?) AS parent"  # noqa: S608
        " CROSS JOIN article AS original ON original.id = parent.value"
        " CROSS JOIN article ON article.translation = original.translation AND article.key <> original.key"
        f" WHERE {reachable('original', state.visibility)} AND {visible('article', state.visibility)}"
    )
    found = [(at, ARTICLE.make(row)) for at, *row in (yield Sql(text, (keys(parents),)))]
    return _of(parents, sorted(found, key=lambda each: (each[1].locale or "", each[1].path)))


_FOLDERS: Mapping[Lookup[Any], Callable[[Tree, str], Any]] = {
    FOLDER_BY_PATH: Tree.folder,
    FOLDER_OF_FILE: Tree.folder_of,
}


def _tree(state: State, locale: str | None = None) -> Steps[Tree]:
    cache = state.trees or TreeCache(state.visibility)
    trees = cache.of(state.generation)
    if trees is None:
        rows = yield Sql(f"SELECT {PAGE} FROM article WHERE {visible('article', state.visibility)}")  # noqa: S608
        trees = cache.hold(state.generation, rows)
    return trees.of(locale)


def _navigation(state: State, read: NavigationOf, parents: Parents) -> Steps[Mapping[str, Sequence[NavigationItem]]]:
    tree = yield from _tree(state, read.locale)
    return dict.fromkeys(parents, tree.items(read.under, read.depth))


def _breadcrumbs(state: State, _read: BreadcrumbsOf, parents: Parents) -> Steps[Mapping[str, Sequence[Folder]]]:
    tree = yield from _tree(state)
    return {parent: tree.breadcrumbs(parent) for parent in parents}


def _folders(state: State, _read: FoldersIn, parents: Parents) -> Steps[Mapping[str, Sequence[Folder]]]:
    tree = yield from _tree(state)
    return {parent: tree.folders_in(parent) for parent in parents}


def _statistics(state: State, _read: StatisticsOf, parents: Parents) -> Steps[Mapping[str, Statistics]]:
    seen = view(state.visibility)
    hidden = "0" if state.visibility is Visibility.PUBLIC else HIDDEN
    text = (
        f"SELECT (SELECT count(*) FROM article WHERE {visible('article', state.visibility)}), {hidden},"  # noqa: S608
        " (SELECT count(*) FROM provider WHERE view = ?), (SELECT count(*) FROM topic WHERE view = ?),"
        " (SELECT count(*) FROM author WHERE view = ?)"
    )
    [row] = yield Sql(text, (seen, seen, seen))
    return dict.fromkeys(parents, Statistics(*row))


_ANSWERS: Mapping[type[Read[Any]], Callable[[State, Any, Parents], Steps[Mapping[str, Any]]]] = {
    Find: _find,
    PageOf: _pages,
    Precedes: _precedes,
    CountOf: _counts,
    GroupsOf: _groups,
    HistogramOf: _histogram,
    RangesOf: _ranges,
    AdjacentIn: _adjacent,
    TopicsOf: _topics,
    AuthorsOf: _authors,
    ReferencesOf: _references,
    RelatedOf: _related,
    TextOf: _texts,
    RefersTo: _refers,
    LinksOf: _links,
    LinkAddressesOf: _link_addresses,
    SecuredOf: _secured,
    ScoreOf: _scores,
    SimilarTo: _similar,
    SnippetsOf: _snippets,
    SuggestionOf: _suggestions,
    ChangesOf: _changes,
    TranslationsOf: _translations,
    NavigationOf: _navigation,
    BreadcrumbsOf: _breadcrumbs,
    FoldersIn: _folders,
    StatisticsOf: _statistics,
}


def _listed(state: State, listing: Listing[Any]) -> ListQuery:
    return ListQuery(listing, (), state.visibility, state.dialect)


def _ordered(state: State, listing: Listing[Any], order: Order) -> ListQuery | Ranked:
    if order == BEST_FIRST:
        return Ranked(listing, state.visibility, generation(state.generation, state.visibility).revision, state.dialect)
    return ListQuery(listing, order, state.visibility, state.dialect)


def _of_articles(state: State, columns: str, article_ids: Parents, joins: str = "", rest: str = "") -> Sql:
    """Rows of an article's index and the columns."""
    start = OF_ARTICLES.format(columns=columns)
    return Sql(f"{start} {joins} WHERE {reachable('article', state.visibility)} {rest}", (keys(article_ids),))


def _page(ordered: ListQuery | Ranked, rows: list[list[Any]], window: Window) -> Page[Any]:
    ordered.sort(rows)
    shown, has_more = within(window, rows)
    return Page(tuple(map(ordered.edge, shown)), has_more)


def _made_by(by: Grouping | CustomField) -> Callable[[Row], Any]:
    if isinstance(by, Grouping):
        return _GROUPED[by]
    return ARTICLE.make if by.type is FieldType.REFERENCE else _value


def _value(row: Row) -> Any:
    return row[0]


_GROUPED: Mapping[Grouping, Callable[[Row], Topic | Author | Provider | str]] = {
    Grouping.TOPIC: TOPIC.make,
    Grouping.AUTHOR: AUTHOR.make,
    Grouping.PROVIDER: PROVIDER.make,
    Grouping.CATEGORY: _value,
    Grouping.TYPE: _value,
    Grouping.COLLECTION: _value,
}
"""The record of a row."""


def _of(parents: Parents, pairs: Iterable[tuple[int, T]]) -> dict[str, list[T]]:
    """The values of each parent, by its index."""
    found = _grouped(pairs)
    return {parent: found.get(at, []) for at, parent in enumerate(parents)}


def _grouped(pairs: Iterable[tuple[K, T]]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups
