"""Dataloaders: each batches the keys of one level of an operation into one snapshot call.

They live as long as the operation. The snapshot applies visibility.
"""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from strawberry.dataloader import DataLoader

from gateway import cache_tags
from gateway.errors import LimitExceeded, RequestError
from gateway.model.lists import Group, Interval, Largest, Order, Page, Window
from gateway.model.records import Adjacent, Article, Provider, Related, Similar, Statistics, Text, Topic
from gateway.search import Search
from gateway.store.protocol import (
    ARTICLE_BY_ID,
    ARTICLE_BY_LOCALIZED_SLUG,
    ARTICLE_BY_PATH,
    ARTICLE_BY_SLUG,
    ARTICLE_BY_URL,
    ARTICLES_OF_PROVIDER,
    ARTICLES_OF_TOPIC,
    PROVIDER_BY_ID,
    PROVIDER_BY_KEY,
    PROVIDER_BY_SLUG,
    PROVIDERS,
    RELATED_BY_ID,
    TOPIC_BY_ID,
    TOPIC_BY_KEY,
    TOPIC_BY_SLUG,
    TOPICS,
    Listing,
    Lookup,
    Snapshot,
)

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")
Q = TypeVar("Q")


class ReadBudget:
    """Counts the records that an operation returns, including repeats in lists, and collects the cache tags that the
    response depends on."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._given = 0
        self.tags = set[str]()
        self.exceeded: LimitExceeded | None = None
        self.stop: Callable[[], object] | None = None
        """Called once when the budget is exceeded, to cancel the rest of the operation."""

    def add(self, found: Collection[object]) -> None:
        """Add records or groups. Raises LimitExceeded if the total exceeds the budget."""
        self._given += len(found)
        self.check()
        self.tags.update(filter(None, map(_tag, found)))

    def depend(self, *tags: str) -> None:
        """Add dependencies beyond the returned records: lists, and records that do not exist yet."""
        self.tags.update(tags)

    def check(self) -> None:
        """Raises LimitExceeded if the budget is already exceeded, so that the operation stops reading."""
        if self._given <= self._allowed:
            return
        if self.exceeded is None:
            self.exceeded = LimitExceeded("records", self._allowed, self._given)
            if self.stop:
                self.stop()
        raise self.exceeded


def _tag(found: object) -> str | None:
    match found:
        case Article() | Provider() | Topic():
            return found.id
        case Related():  # part of its article
            return found.source_id
        case Group():
            return _tag(found.value)
        case Similar():
            return found.article.id
    return None


_LISTS: Mapping[str, str] = {
    ARTICLES_OF_PROVIDER.name: "",
    ARTICLES_OF_TOPIC.name: "",
    PROVIDERS.name: cache_tags.PROVIDERS,
    TOPICS.name: cache_tags.TOPICS,
}
"""The corpus-wide list that a listing depends on. Default: the list of all articles."""


def _list(listing: Listing[Any]) -> str:
    """The cache tag of a listing. Empty if it depends only on its parent. A filter can depend on the names and counts
    that other articles contribute."""
    found = _LISTS.get(listing.name, cache_tags.ARTICLES)
    return cache_tags.ARTICLES if listing.filter and not found else found


class Loader(DataLoader[K, V], ABC):
    """Batched reads over one snapshot."""

    def __init__(self, snapshot: Snapshot, records: ReadBudget) -> None:
        me = weakref.proxy(
            self
        )  # avoids a reference cycle that would hold the results until the next garbage collection
        super().__init__(lambda keys: me._load(keys))  # noqa: PLW0108 - a bound method would hold it
        self.snapshot = snapshot
        self.records = records

    @abstractmethod
    async def read(self, keys: Sequence[K]) -> Sequence[V | BaseException]:
        """The value or the error of each key, in order."""

    async def _load(self, keys: Sequence[K]) -> Sequence[V | BaseException]:
        self.records.check()
        return await self.read(keys)

    def _depend_on(self, listing: Listing[Any]) -> None:
        if tag := _list(listing):
            self.records.depend(tag)


class ListLoader(Loader[K, Sequence[V]]):
    """A loader of whole lists. Each parent that shares a list counts its records again."""

    async def load(self, key: K) -> Sequence[V]:
        """Raises LimitExceeded if repeated lists exceed the budget."""
        is_again = self.cache_map.get(key) is not None
        found = await super().load(key)
        if is_again:
            self.records.add(found)
        return found


# One record per unique key. None if it is unknown or not visible.


class RecordLoader(Loader[str, T | None]):
    lookup: Lookup[T]
    collection = cache_tags.ARTICLES
    """The list in which a missing record could appear."""

    async def read(self, keys: Sequence[str]) -> Sequence[T | None]:
        found = await self.snapshot.find(self.lookup, keys)
        self.records.add(found.values())
        self.records.depend(
            *(key if cache_tags.is_record_id(key) else self.collection for key in keys if key not in found)
        )
        return [found.get(key) for key in keys]


class ArticleByIdLoader(RecordLoader[Article]):
    lookup = ARTICLE_BY_ID


class ArticleBySlugLoader(RecordLoader[Article]):
    lookup = ARTICLE_BY_SLUG


class ArticleByLocalizedSlugLoader(RecordLoader[Article]):
    lookup = ARTICLE_BY_LOCALIZED_SLUG


class ArticleByPathLoader(RecordLoader[Article]):
    lookup = ARTICLE_BY_PATH


class ArticleByUrlLoader(RecordLoader[Article]):
    """Several articles can have the URL, and a newer one can replace the result."""

    lookup = ARTICLE_BY_URL

    async def read(self, keys: Sequence[str]) -> Sequence[Article | None]:
        self.records.depend(cache_tags.ARTICLES)
        return await super().read(keys)


class ProviderByIdLoader(RecordLoader[Provider]):
    lookup = PROVIDER_BY_ID
    collection = cache_tags.PROVIDERS


class ProviderByKeyLoader(RecordLoader[Provider]):
    lookup = PROVIDER_BY_KEY
    collection = cache_tags.PROVIDERS


class ProviderBySlugLoader(RecordLoader[Provider]):
    lookup = PROVIDER_BY_SLUG
    collection = cache_tags.PROVIDERS


class TopicByIdLoader(RecordLoader[Topic]):
    lookup = TOPIC_BY_ID
    collection = cache_tags.TOPICS


class TopicByKeyLoader(RecordLoader[Topic]):
    lookup = TOPIC_BY_KEY
    collection = cache_tags.TOPICS


class TopicBySlugLoader(RecordLoader[Topic]):
    lookup = TOPIC_BY_SLUG
    collection = cache_tags.TOPICS


class RelatedByIdLoader(RecordLoader[Related]):
    lookup = RELATED_BY_ID


# Parts of an article, by its id.


class TopicsByArticleLoader(ListLoader[str, Topic]):
    async def read(self, keys: Sequence[str]) -> Sequence[Sequence[Topic]]:
        found = await self.snapshot.topics_of(keys)
        self.records.add(_joined(found))
        return [found.get(key, ()) for key in keys]


class TextByArticleLoader(Loader[str, Text]):
    async def read(self, keys: Sequence[str]) -> Sequence[Text]:
        found = await self.snapshot.texts_of(keys)
        return [found[key] for key in keys]


class SecuredByArticleLoader(Loader[str, str | None]):
    async def read(self, keys: Sequence[str]) -> Sequence[str | None]:
        found = await self.snapshot.secured_of(keys)
        return [found.get(key) for key in keys]


# Parameterised reads. Parents with equal parameters share one store call.


class Key(NamedTuple, Generic[Q]):
    parent: str
    question: Q


class Slice(NamedTuple):
    """Parameters of a page: list, order and window."""

    listing: Listing[Any]
    order: Order
    window: Window


class QuestionLoader(Loader[Key[Q], V]):
    """One store call per distinct set of parameters in a batch."""

    async def read(self, keys: Sequence[Key[Q]]) -> Sequence[V | BaseException]:
        parents: defaultdict[Q, list[str]] = defaultdict(list)
        for parent, question in keys:
            parents[question].append(parent)
        answers = {question: await self._answer(question, asked) for question, asked in parents.items()}
        return [answers[question][parent] for parent, question in keys]

    @abstractmethod
    async def ask(self, question: Q, parents: Sequence[str]) -> Mapping[str, V]:
        """The result of each parent."""

    async def _answer(self, question: Q, parents: Sequence[str]) -> Mapping[str, V | BaseException]:
        try:
            return {**await self.ask(question, parents)}
        except RequestError as error:  # fails only these keys: the rest of the batch succeeds
            return dict.fromkeys(parents, error)


class PageBySliceLoader(QuestionLoader[Slice, Page[Any]]):
    async def ask(self, question: Slice, parents: Sequence[str]) -> Mapping[str, Page[Any]]:
        found = await self.snapshot.pages(question.listing, parents, question.order, question.window)
        self.records.add([edge.node for page in found.values() for edge in page.edges])
        self._depend_on(question.listing)
        return found


class PrecededBySliceLoader(QuestionLoader[Slice, bool]):
    async def ask(self, question: Slice, parents: Sequence[str]) -> Mapping[str, bool]:
        self._depend_on(question.listing)
        return await self.snapshot.has_rows_before(question.listing, parents, question.order, question.window)


class OrderedListing(NamedTuple):
    """Parameters of neighbours."""

    listing: Listing[Article]
    order: Order


class AdjacentByListingLoader(QuestionLoader[OrderedListing, Adjacent]):
    """The parent is an article's id."""

    async def ask(self, question: OrderedListing, parents: Sequence[str]) -> Mapping[str, Adjacent]:
        found = await self.snapshot.adjacent(question.listing, parents, question.order)
        self.records.add([article for each in found.values() for article in each if article])
        self._depend_on(question.listing)
        return found


class CountByListingLoader(QuestionLoader[Listing[Any], int]):
    async def ask(self, question: Listing[Any], parents: Sequence[str]) -> Mapping[str, int]:
        self._depend_on(question)
        return await self.snapshot.counts(question, parents)


class Groups(NamedTuple):
    """Parameters of the largest groups of a list."""

    listing: Listing[Article]
    largest: Largest


class GroupsByListingLoader(QuestionLoader[Groups, Sequence[Group[Any]]]):
    async def ask(self, question: Groups, parents: Sequence[str]) -> Mapping[str, Sequence[Group[Any]]]:
        found = await self.snapshot.top_groups(question.listing, parents, question.largest)
        self.records.add(_joined(found))
        self._depend_on(question.listing)
        return found


class Histogram(NamedTuple):
    """Parameters of a list's date histogram."""

    listing: Listing[Article]
    interval: Interval


class HistogramByListingLoader(QuestionLoader[Histogram, Sequence[Group[datetime]]]):
    async def ask(self, question: Histogram, parents: Sequence[str]) -> Mapping[str, Sequence[Group[datetime]]]:
        found = await self.snapshot.histogram(question.listing, parents, question.interval)
        self.records.add(_joined(found))
        self._depend_on(question.listing)
        return found


class Ranges(NamedTuple):
    """Parameters of a list's quality ranges."""

    listing: Listing[Article]
    bounds: tuple[int, ...]


class RangesByListingLoader(QuestionLoader[Ranges, Sequence[int]]):
    async def ask(self, question: Ranges, parents: Sequence[str]) -> Mapping[str, Sequence[int]]:
        self._depend_on(question.listing)
        return await self.snapshot.quality_ranges(question.listing, parents, question.bounds)


class ScoreByArticleLoader(QuestionLoader[Search, float]):
    """Scores of the articles that match the search."""

    async def ask(self, question: Search, parents: Sequence[str]) -> Mapping[str, float]:
        self.records.depend(cache_tags.ARTICLES)
        return await self.snapshot.scores(question, parents)


class SimilarByArticleLoader(QuestionLoader[int, Sequence[Similar]]):
    """The parameter is the number of neighbours."""

    async def ask(self, question: int, parents: Sequence[str]) -> Mapping[str, Sequence[Similar]]:
        found = await self.snapshot.similar(parents, question)
        self.records.add(_joined(found))
        self.records.depend(cache_tags.ARTICLES)
        return {parent: found.get(parent, ()) for parent in parents}


class RelatedByArticleLoader(ListLoader[Key[int | None], Related], QuestionLoader[int | None, Sequence[Related]]):
    """The parameter is the maximum number of entries. None returns all."""

    async def ask(self, question: int | None, parents: Sequence[str]) -> Mapping[str, Sequence[Related]]:
        found = await self.snapshot.related_of(parents, question)
        self.records.add(_joined(found))
        return {parent: found.get(parent, ()) for parent in parents}


class StatisticsLoader(Loader[str, Statistics]):
    """The only key is the whole corpus."""

    async def read(self, keys: Sequence[str]) -> Sequence[Statistics]:
        self.records.depend(*cache_tags.LISTS)
        statistics = await self.snapshot.statistics()
        return [statistics for _ in keys]


def _joined(lists: Mapping[str, Sequence[T]]) -> list[T]:
    return [each for found in lists.values() for each in found]
