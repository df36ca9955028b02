"""The arguments that name one article, and the read that they become."""

from __future__ import annotations

import unicodedata
from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.content.identity import url_identity
from gateway.errors import BadUserInput
from gateway.graph.connection import only_argument, or_none
from gateway.graph.loaders import Key
from gateway.limits import Limits
from gateway.store.reads import (
    ARTICLE_BY_ID,
    ARTICLE_BY_LOCALIZED_SLUG,
    ARTICLE_BY_PATH,
    ARTICLE_BY_SLUG,
    ARTICLE_BY_URL,
    Find,
    localized_slug,
)


def article_key(
    _limits: Limits,
    *,
    id_: Annotated[strawberry.ID | None, strawberry.argument(name="id", description="Id of the article.")] = UNSET,
    slug: Annotated[str | None, strawberry.argument(description="Slug of the article.")] = UNSET,
    path: Annotated[
        str | None, strawberry.argument(description="Path of the file, relative to the content folder.")
    ] = UNSET,
    url: Annotated[
        str | None,
        strawberry.argument(
            description="URL of the article. Matches `url`, `originalUrl`, `webUrl`, AMP variants and `aliases` after"
            " normalisation."
        ),
    ] = UNSET,
    locale: Annotated[
        str | None, strawberry.argument(description="Locale of the slug. Only valid with `slug`.")
    ] = UNSET,
) -> Key | None:
    within = or_none(locale)
    match only_argument(id=id_, slug=slug, path=path, url=url):
        case "slug", key if within is not None:
            return Find(ARTICLE_BY_LOCALIZED_SLUG), localized_slug(key, within)
        case name, _ if within is not None:
            raise BadUserInput(f"'locale' cannot be combined with '{name}'. Use it with 'slug'.", argument="locale")
        case "id", key:
            return Find(ARTICLE_BY_ID), key
        case "slug", key:
            return Find(ARTICLE_BY_SLUG), key
        case "path", key:
            return Find(ARTICLE_BY_PATH), unicodedata.normalize("NFC", key)
        case _, key:
            identity = url_identity(key)
            return None if identity is None else (Find(ARTICLE_BY_URL), identity)
