"""The corpus as a whole: what is loaded right now, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway import model
from gateway.graph.connection import non_negative, or_none, resolved
from gateway.graph.context import Info
from gateway.graph.loaders import StatisticsLoader
from gateway.graph.order_inputs import describe
from gateway.store.protocol import WHOLE

describe(
    model.Severity,
    "IssueSeverity",
    "How much an issue costs.",
    ERROR="The file is not used as it stands; its last good version, if there is one, is served.",
    WARNING="A value was left out or guessed; the rest of the file is used.",
    INFO="Worth knowing; nothing is lost.",
)


@strawberry.type(description="Something that is wrong with a file.")
class ContentIssue:
    severity: model.Severity = strawberry.field(description="How much it costs.")
    code: str = strawberry.field(description="A stable name for this kind of issue.")
    message: str = strawberry.field(description="What is wrong.")
    path: str = strawberry.field(description="The file's path, relative to the content folder.")
    line: int | None = strawberry.field(
        description="The line in the file, from 1; null where it is the file as a whole."
    )
    column: int | None = strawberry.field(description="The column in the line, from 1, in code points.")
    hint: str | None = strawberry.field(description="How to mend it.")


@strawberry.type(description="What is loaded right now, as the caller sees it.")
class Corpus:
    revision: strawberry.ID = strawberry.field(
        description="Names the generation that answers; changes when, and only when, content visible to the caller"
        " changed."
    )
    loaded_date_time: datetime = strawberry.field(description="When content visible to the caller last changed.")

    @resolved("How many articles the caller can see.")
    @staticmethod
    async def article_count(info: Info) -> int:
        return (await _statistics(info)).articles

    @resolved("How many providers these articles and their related entries have.")
    @staticmethod
    async def provider_count(info: Info) -> int:
        return (await _statistics(info)).providers

    @resolved("How many topics these articles have.")
    @staticmethod
    async def topic_count(info: Info) -> int:
        return (await _statistics(info)).topics

    @resolved("Drafts and scheduled articles; null without preview access, so that a count of drafts never leaks.")
    @staticmethod
    async def draft_count(info: Info) -> int | None:
        return (await _statistics(info)).drafts if info.context.shows_drafts else None

    @resolved(
        "Problems found while loading, the gravest first; null without preview access.", list[ContentIssue] | None
    )
    @staticmethod
    async def issues(
        info: Info,
        severity: Annotated[
            model.Severity | None, strawberry.argument(description="Only issues of this severity.")
        ] = UNSET,
        first: Annotated[int | None, strawberry.argument(description="How many to give, from the first on.")] = 50,
    ) -> Sequence[model.Problem] | None:
        number = non_negative("first", first)
        if not info.context.shows_drafts:
            return None
        return await info.context.snapshot.problems(or_none(severity), 50 if number is None else number)


async def _statistics(info: Info) -> model.Statistics:
    return await info.context.loader(StatisticsLoader).load(WHOLE)
