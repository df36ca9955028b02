"""GraphQL types of the corpus as a whole: statistics and issues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.graph.connection import non_negative, or_none, resolved
from gateway.graph.context import Info
from gateway.graph.order_inputs import describe
from gateway.model.problems import Problem, Severity
from gateway.model.records import Statistics
from gateway.store.reads import StatisticsOf

describe(
    Severity,
    "IssueSeverity",
    "The severity of an issue.",
    ERROR="The file is not used. Its last good version is served, if there is one.",
    WARNING="A value was omitted or guessed. The rest of the file is used.",
    INFO="Information only. No content is lost.",
)


@strawberry.type(description="A problem in a content file.")
class ContentIssue:
    severity: Severity = strawberry.field(description="The severity.")
    code: str = strawberry.field(description="Stable code for this kind of issue.")
    message: str = strawberry.field(description="Description of the problem.")
    path: str = strawberry.field(description="Path of the file, relative to the content folder.")
    line: int | None = strawberry.field(description="Line number, from 1. Null if the issue concerns the whole file.")
    column: int | None = strawberry.field(description="Column in the line, from 1, in code points.")
    hint: str | None = strawberry.field(description="How to fix it.")


@strawberry.type(description="The loaded content, as the caller sees it.")
class Corpus:
    revision: strawberry.ID = strawberry.field(
        description="Identifies the served generation. Changes if and only if content visible to the caller changes."
    )
    loaded_date_time: datetime = strawberry.field(description="When content visible to the caller last changed.")

    @resolved("Number of articles visible to the caller.")
    @staticmethod
    async def article_count(info: Info) -> int:
        return (await _statistics(info)).articles

    @resolved("Number of providers of these articles and of their related entries.")
    @staticmethod
    async def provider_count(info: Info) -> int:
        return (await _statistics(info)).providers

    @resolved("Number of topics of these articles.")
    @staticmethod
    async def topic_count(info: Info) -> int:
        return (await _statistics(info)).topics

    @resolved("Number of authors of these articles.")
    @staticmethod
    async def author_count(info: Info) -> int:
        return (await _statistics(info)).authors

    @resolved(
        "Number of drafts and scheduled articles. Null without preview access, which hides how many drafts exist."
    )
    @staticmethod
    async def draft_count(info: Info) -> int | None:
        return (await _statistics(info)).drafts if info.context.shows_drafts else None

    @resolved(
        "Problems found while loading, most severe first. Null without preview access.", list[ContentIssue] | None
    )
    @staticmethod
    async def issues(
        info: Info,
        severity: Annotated[
            Severity | None, strawberry.argument(description="Return only issues of this severity.")
        ] = UNSET,
        first: Annotated[int | None, strawberry.argument(description="Maximum number of issues.")] = 50,
    ) -> Sequence[Problem] | None:
        number = non_negative("first", first)
        if not info.context.shows_drafts:
            return None
        return await info.context.snapshot.problems(or_none(severity), 50 if number is None else number)


async def _statistics(info: Info) -> Statistics:
    return await info.context.load(StatisticsOf())
