"""The plain fields of an article: single values from its front matter.

Each is declared once, in `ArticleFields`. The decoder, the store and the schema derive what they need from FIELDS.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from types import UnionType
from typing import Any, Generic, NamedTuple, TypeVar, cast, dataclass_transform, get_type_hints

VERSION = 2
"""Increment this when a field changes. Databases are then rebuilt."""

T = TypeVar("T")
Class = TypeVar("Class")


class Field(NamedTuple):
    """The declaration of a field. The descriptions are those of the schema."""

    kind: Kind[Any]
    description: str
    filtered: str
    """The description of its filter. "" if articles are not filtered by it."""
    ordered: str
    """The description of its order. "" if articles are not ordered by it."""
    keys: tuple[str, ...]
    """Other keys of front matter that give it."""
    missing: object
    """Its value if the file does not set it."""
    name: str = ""
    """The name of its attribute and of its column."""
    type: Any = None

    @property
    def key(self) -> str:
        """Its key in front matter, and its name in the schema."""
        first, *words = self.name.split("_")
        return first + "".join(map(str.capitalize, words))

    @property
    def all_keys(self) -> tuple[str, ...]:
        return self.key, *self.keys

    @property
    def constant(self) -> str:
        """Its name in enums."""
        return self.name.upper()

    @property
    def is_optional(self) -> bool:
        return isinstance(self.type, UnionType)

    @property
    def is_folded(self) -> bool:
        """Whether its order ignores case and accents."""
        return bool(self.ordered) and self.kind.is_text


@dataclasses.dataclass(frozen=True, eq=False)
class Kind(Generic[T]):
    """A type of fields. A call declares a field of the type."""

    is_text: bool = False

    def __call__(
        self,
        description: str,
        *,
        filtered: str = "",
        ordered: str = "",
        keys: tuple[str, ...] = (),
        missing: T | None = None,
    ) -> T:
        declared = Field(self, description, filtered, ordered, keys, missing)
        return cast("T", dataclasses.field(metadata={"declared": declared}))


TEXT = Kind[str](is_text=True)
PHRASE = Kind[str](is_text=True)
"""Text for readers."""
INTEGER = Kind[int]()
INSTANT = Kind[datetime]()
KINDS = (TEXT, PHRASE, INTEGER, INSTANT)


@dataclass_transform(frozen_default=True, field_specifiers=(TEXT, PHRASE, INTEGER, INSTANT))
def record(cls: type[Class]) -> type[Class]:
    """A dataclass that the type checker treats as frozen. Freezing at run time makes its creation five times slower."""
    return dataclasses.dataclass(slots=True)(cls)


@record
class ArticleFields:
    """The fields of an article and of its document."""

    title: str = PHRASE("The title.", filtered="The title.", ordered="The title, ignoring case and accents.")
    subtitle: str | None = PHRASE(
        "The subtitle.", filtered="The subtitle.", ordered="The subtitle, ignoring case and accents."
    )
    excerpt: str | None = PHRASE("A short summary.", keys=("description", "summary"))
    category: str | None = TEXT("The category.", filtered="The category.")
    type: str = TEXT(
        "The kind of content in the front matter. Default: `article`.",
        filtered="The kind of content.",
        missing="article",
    )
    locale: str | None = TEXT(
        "The locale as written in the front matter.",
        filtered="The locale as written in the front matter.",
        keys=("lang",),
    )
    quality: int | None = INTEGER(
        "The quality, on a scale defined by the site.", filtered="The quality.", ordered="The article's quality."
    )
    heat: int | None = INTEGER(
        "How much the article is discussed, on a scale defined by the site.",
        filtered="The heat.",
        ordered="The article's heat.",
    )
    published_date_time: datetime | None = INSTANT(
        "The date of publication, past or future.",
        filtered="The date of publication.",
        ordered="The date of publication.",
    )
    updated_date_time: datetime | None = INSTANT(
        "The date of the last update in the front matter.",
        filtered="The date of the last update in the front matter.",
        ordered="The date of the last update in the front matter.",
        keys=("updated", "lastmod", "modified", "updatedDate"),
    )
    original_url: str | None = TEXT("URL of the first publication.")
    web_url: str | None = TEXT("URL of the page.")
    amp_web_url: str | None = TEXT("URL of the AMP version of the page.")
    cdn_amp_web_url: str | None = TEXT("URL of the AMP version in an AMP cache.")


_TYPES = get_type_hints(ArticleFields)
FIELDS: tuple[Field, ...] = tuple(
    each.metadata["declared"]._replace(name=each.name, type=_TYPES[each.name])
    for each in dataclasses.fields(ArticleFields)
)
FILTERED = sorted(filter(lambda field: field.filtered, FIELDS), key=lambda field: KINDS.index(field.kind))
"""Texts, then numbers, then times."""
ORDERED = sorted(filter(lambda field: field.ordered, FIELDS), key=lambda field: KINDS.index(field.kind), reverse=True)
"""Times, then numbers, then texts."""
