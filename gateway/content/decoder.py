"""Decodes front matter and body to a document, or to the problems that prevent it.

An unreadable value that governs visibility quarantines the file. Any other unreadable value is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote

import orjson

from gateway.content import (
    author_names,
    custom_values,
    dates,
    destinations,
    dotted_names,
    file_names,
    links,
    markup,
    navigation,
    nested_fields,
    translations,
    values,
)
from gateway.content.assets import ABSOLUTE, AssetFolder, DocumentAssets
from gateway.content.field_lookup import FieldLookup, flat
from gateway.content.frontmatter import FrontMatter
from gateway.content.globs import Glob
from gateway.content.identity import digits, url_identity
from gateway.content.inheritance import FILE_NAME, PATH
from gateway.content.nested_fields import entries
from gateway.content.nodes import MappingEntry, MappingNode, Node, Position, ScalarNode
from gateway.content.page_addresses import former_addresses, other_names, site_path, spellings
from gateway.content.problem_collector import (
    BAD_VALUE,
    LOCALES_UNKNOWN,
    MISSING_FILE,
    MISSING_TITLE,
    PROVIDERS_LEFT_OUT,
    URL_WITHOUT_DATE,
    ProblemCollector,
)
from gateway.content.site import DEFAULT_SITE, NATIVE_KEYS, Site, with_prefixes
from gateway.content.text import slug
from gateway.content.url_templates import Page
from gateway.content.values import shown
from gateway.content.visibility import VisibilityDecoder
from gateway.model import fields
from gateway.model.documents import (
    FRONT_MATTER,
    AuthorName,
    CustomValues,
    Document,
    FieldOrigin,
    Hiding,
    Image,
    ProviderName,
    RelatedEntry,
    TopicName,
)
from gateway.model.fields import FIELDS, INSTANT, INTEGER, PHRASE, TEXT, Kind
from gateway.model.problems import Problem

T = TypeVar("T")

DECODER_VERSION = f"14.{fields.VERSION}"
"""Increment the first number when the same file decodes to a different document or to different problems."""

EXCERPT_SEPARATOR = "excerpt_separator"
POSTS = "_posts"
MISSING_FILE_HINT = "Add the file, or correct its path."
_OWN = frozenset({"title", "locale", "published_date_time", "web_url"})
"""The fields with a rule of their own."""
_PLAIN = tuple((field.name, field.key, field.kind, field.missing) for field in FIELDS if field.name not in _OWN)
_DECODERS: Mapping[Kind[Any], Callable[[Node], object]] = {
    TEXT: values.text,
    PHRASE: values.phrase,
    INTEGER: values.integer,
}

# A template for the generator, or a value that turns the page off: `/:year/:title/`, `{{ title | slugify }}`, `false`.
_NO_ADDRESS = re.compile(r"(?:.*/)?:[a-z].*|.*\{[{%].*|false", re.DOTALL)


class Decoded(NamedTuple):
    document: Document | None
    """None if the file is quarantined. Then this file, or a file that it inherits from, has an error."""
    problems: tuple[Problem, ...]
    field_origins: tuple[FieldOrigin, ...] = ()
    hidings: tuple[Hiding, ...] = ()


class _Address(NamedTuple):
    """An address in one of the keys that give the slug."""

    key: str
    address: str
    is_path: bool


class _Places(NamedTuple):
    """What the keys that give the slug hold."""

    slug: str
    """The slug that the file sets, or ""."""
    written: str
    """The same as it is written."""
    address: _Address | None
    """A URL, else a path."""
    path: str
    """The path of the page in the site, or ""."""


def decode(
    path: str, front_matter: FrontMatter, site: Site = DEFAULT_SITE, folder: AssetFolder | None = None
) -> Decoded:
    """Decode one file by the rules of its site, with the files that it refers to in the folder.

    Raises PositionNeeded only for front matter of `read_plain`.
    """
    collector = ProblemCollector(path)
    pattern, numbered = site.sources["publishedDateTime"].path, site.is_numbered(path)
    name = file_names.named(path, site.timezone, site.locales, pattern, numbered=numbered)
    decoder = _Decoder(collector, path, name, front_matter, site, folder=folder)
    document = decoder.document()
    found = None if collector.failed or site.is_unknown(path) else document
    return Decoded(found, tuple(collector.problems), tuple(decoder.lookup.given), tuple(decoder.visibility.hidings))


class _Decoder:
    """Decodes one file's front matter."""

    def __init__(
        self,
        collector: ProblemCollector,
        path: str,
        name: file_names.Named,
        front_matter: FrontMatter,
        site: Site,
        *,
        folder: AssetFolder | None,
    ) -> None:
        self._collector = collector
        self._path = path
        self._name = name
        self._fields = site.with_inherited(path, front_matter.fields)
        self._body = front_matter.body
        self._body_line = front_matter.body_line
        self._rules = site.body_rules(path)
        self._outline = markup.read(front_matter.body, self._rules)
        self._destinations = destinations.of_body(self._outline.html, front_matter.body, path, front_matter.body_line)
        self._site = site
        self._collection = site.collection_of(path)
        self._translated = translations.of_path(path, site.translations, site.locales)
        self._assets = DocumentAssets(folder, site, path) if folder else None
        self.lookup = FieldLookup(path, self._fields, site)
        self._left: dict[str, object] = {}
        self._instant = partial(dates.instant, zone=site.timezone)
        self.visibility = VisibilityDecoder(
            collector, path, self.lookup, name.date, PATH if name.is_in_folders else FILE_NAME
        )

    def document(self) -> Document:
        collector = self._collector
        # If a pin or another file's rule hides the file, a misspelled key in it cannot publish it.
        governing = frozenset[str]() if self.visibility.is_draft else self._site.governing
        collector.check_keys(self._fields, self._site.known, governing, self._site.claimed)
        if self._site.nested:
            beside = self._site.beside_nested(self._fields)
            collector.check_keys(beside, with_prefixes(frozenset(self._site.nested)), governing, self._site.claimed)
        published_date_time, public_from = self.visibility.dates()
        places = self._places()
        web_url, plain = self._web_url(places.address), self._plain_fields()
        given_slug = places.slug or self._slug_of_path() or digits(self._path)
        title, locale = self._title(), self._locale()
        address = self._url(places, given_slug, title, locale, published_date_time)
        url = address and self._site.based(address)
        own_urls = (plain["original_url"], web_url, plain["amp_web_url"], plain["cdn_amp_web_url"], *spellings(url))
        urls = _identities((*own_urls, *spellings(address)))
        names = self._other_names()
        return Document(
            path=self._path,
            slug=given_slug,
            title=title,
            locale=locale,
            url=url,
            published=self.visibility.published(),
            unlisted=self.visibility.unlisted(),
            published_date_time=published_date_time,
            public_from=public_from,
            public_until=self.visibility.public_until(),
            web_url=web_url,
            urls=urls,
            aliases=former_addresses(names, url, urls, self._site.based),
            names=other_names(names),
            provider=self._provider(),
            topics=self._topics(),
            authors=self._authors(),
            images=self._images(),
            related=self._related(),
            body=self._body,
            text=self._outline.text,
            headings=self._outline.headings,
            lead=markup.lead(self._body, self._rules, self._excerpt_separator()),
            body_rules=self._rules.text,
            destinations=self._destinations,
            addresses=tuple(self._addresses()),
            secured=self._secured(),
            navigation=navigation.entry(self._fields.entries, self._name, self._site.navigation),
            translation=self._translation(),
            **plain,
            collection=self._collection.name if self._collection else None,
            custom=self._custom_values(),
            assets=tuple(self._assets.files.values()) if self._assets else (),
            # These are last, because `_rest` needs to know which keys the other fields use.
            front_matter=orjson.dumps(rest := self._rest()),
            exposed=orjson.dumps({key: value for key, value in rest.items() if key in self._site.expose}),
        )

    def _plain_fields(self) -> dict[str, Any]:
        """The fields without a rule of their own, by name."""
        found: dict[str, Any] = {}
        for name, key, kind, missing in _PLAIN:
            decode = self._instant if kind is INSTANT else _DECODERS[kind]
            value = self._collector.value(decode, self.lookup.field(key))
            found[name] = missing if value is None else value
        return found

    def _locale(self) -> str | None:
        said = self.lookup.pinned("locale") or self.lookup.written("locale")
        language = file_names.language_of(self._path)
        if language and not said and not self._site.locales and not self._name.locale:
            message = f"`{language}` at the end of the name may be a language. It is read as a part of the name."
            hint = "List the languages of the site as `locales` in gateway.yaml."
            self._collector.inform(LOCALES_UNKNOWN, message, self._fields.position, hint)
        found = self._name.locale or self._translated.locale
        if said or not found:
            return self._collector.value(values.text, said or self.lookup.default("locale"))
        self.lookup.given.append(FieldOrigin("locale", FILE_NAME if self._name.locale else PATH))
        return found

    def _translation(self) -> str | None:
        """The key that all translations of the article have."""
        rules = self._site.translations
        for name in rules.keys if translations.Means.KEY in rules.by else ():
            if text := self._collector.value(values.text, dotted_names.find(self._fields.entries, name)):
                return translations.of_key(text)
        return self._translated.key

    def _title(self) -> str:
        title = self._collector.value(values.phrase, self.lookup.pinned("title") or self.lookup.written("title"))
        title = title or self._outline.title or self._collector.value(values.phrase, self.lookup.default("title"))
        if title:
            return title
        words = self._name.words
        message = f"There is neither a title nor a heading. The title is {shown(words)}, from the file's name."
        self._collector.warn(MISSING_TITLE, message, self._fields.position, "Give it a `title`.")
        return words

    def _places(self) -> _Places:
        pin = self.lookup.pinned("slug")
        wanted, as_written, path, addresses = self._slug(pin), self._text(pin), "", list[_Address]()
        for key in self.lookup.keys("slug"):
            field = self.lookup.fields.entries[key]
            written = self._collector.value(values.text, field)
            if written is None or _NO_ADDRESS.fullmatch(written):
                continue
            if identity := url_identity(written):
                addresses.append(_Address(key, written, is_path=identity.startswith("/")))
                if not addresses[-1].is_path:
                    continue
            path = path or site_path(key, written, is_path=identity is not None)
            found = file_names.address_slug(written)
            if found and not wanted:
                wanted = found
                as_written = "" if path else written
                self.lookup.take("slug", key)
            elif not found and not identity:
                message = f"`{key}` is left out: {shown(written)} has neither letters nor digits."
                self._collector.warn(BAD_VALUE, message, field.value.position, "Write words joined by `-`.")
        if not wanted and (default := self.lookup.default("slug")):
            wanted, as_written = self._slug(default), self._text(default)
        return _Places(wanted, as_written, min(addresses, key=lambda each: each.is_path, default=None), path)

    def _text(self, field: MappingEntry | None) -> str:
        return self._collector.value(values.text, field) or ""

    def _slug(self, field: MappingEntry | None) -> str:
        return file_names.address_slug(self._text(field))

    def _url(self, places: _Places, given: str, title: str, locale: str | None, date: datetime | None) -> str | None:
        """The address of the article below the site's base: that of the file, else one by the site's template."""
        rule = self._site.url_rule(self._path)
        template = rule and rule.template
        if places.path and not (template and template.holds_address):
            return places.path
        if rule is None or template is None:
            return None
        page = self._page(rule.glob, places)._replace(
            slug=given, title=title, locale=locale or "", date=date and date.astimezone(self._site.timezone)
        )
        if (address := template.address(page)) is None:
            message = "The site's template of addresses has a date, and the article does not. It has no `url`."
            hint = "Give it a `date`, or write a template without a date for its path under `url` in gateway.yaml."
            self._collector.inform(URL_WITHOUT_DATE, message, self._fields.position, hint)
        return address

    def _other_names(self) -> list[str]:
        """Former addresses and other names of the article. The keys stay in `frontMatter`."""
        fields = [(key, self.lookup.fields.entries[key]) for key in self.lookup.keys("aliases")]
        found = [self._collector.item(values.text, node, key) for key, field in fields for node in entries(field)]
        return list(filter(None, found))

    def _related(self) -> tuple[RelatedEntry, ...]:
        """An entry that is not a URL may name a file or a slug."""
        found, field = self._parts("related", partial(nested_fields.related, zone=self._site.timezone))
        own = self._own("related", field)
        return tuple([self._illustrated(entry if entry.url else self._named(entry), own) for entry in found])

    def _named(self, entry: RelatedEntry) -> RelatedEntry:
        key = links.key_named(self._path, entry.web_url or entry.title)
        return entry._replace(url=key) if key else entry

    def _illustrated(self, entry: RelatedEntry, field: MappingEntry | None) -> RelatedEntry:
        """An entry with the images of the folder, also those of its provider."""
        images, source = self._found(entry.images, field), entry.provider and self._depicted(entry.provider)
        if images is entry.images and source is entry.provider:
            return entry
        return entry._replace(images=images, provider=source)

    def _slug_of_path(self) -> str:
        name, rule = self._name, self._site.path_slug_rule(self._path)
        folders = self._folders_below(rule) if rule else []
        if name.is_index:
            folders = folders[:-1]  # the folder's name is that of the file
        return "/".join(filter(None, map(slug, [*folders, name.stem])))

    def _folders_below(self, rule: Glob) -> list[str]:
        folders = self._site.folders_below(rule, self._path)
        return [*map(file_names.without_number, folders)] if self._site.is_numbered(self._path) else folders

    def _page(self, rule: Glob, places: _Places) -> Page:
        """The parts of an address that the path and the keys give."""
        name, folders = self._name, self._folders_below(rule)
        is_root = name.is_index and not folders
        return Page(
            folders=folders[: -1 if name.is_index else None],
            filename="" if is_root else name.filename,
            name="" if is_root else name.stem,
            is_index=name.is_index,
            slug="",
            written_slug=places.written,
            title="",
            date=None,
            name_date=name.date and name.date.astimezone(self._site.timezone),
            locale="",
            language=name.locale or "",
            categories=self._categories(folders),
            address=places.path,
        )

    def _categories(self, folders: Sequence[str]) -> list[str]:
        """The categories of a post: the folders above `_posts`, and the keys `category` and `categories`."""
        above = folders[: folders.index(POSTS)] if POSTS in folders else []
        fields = [self._fields.entries[key] for key in ("category", "categories") if key in self._fields.entries]
        nodes = [node for field in fields for node in entries(self._site.sources["topics"].parted(flat(field)))]
        return [*above, *(node.text.strip() for node in nodes if isinstance(node, ScalarNode))]

    def _web_url(self, place: _Address | None) -> str | None:
        if pin := self.lookup.pinned("webUrl"):
            return self._collector.value(values.text, pin)
        if written := self._collector.value(values.text, self.lookup.written("webUrl")):
            return written
        if place:
            self.lookup.take("webUrl", place.key)
            return place.address
        return self._collector.value(values.text, self.lookup.default("webUrl"))

    def _parts(
        self, name: str, decode: Callable[[ProblemCollector, MappingEntry | None], tuple[T, nested_fields.Rest]]
    ) -> tuple[T, MappingEntry | None]:
        """Decode a nested field, and return it too. Keys that the schema does not model stay in `frontMatter`."""
        field = self.lookup.field(name)
        found, rest = decode(self._collector, field)
        self._leave(field, rest)
        return found, field

    def _images(self) -> tuple[Image, ...]:
        images, field = self._parts("images", nested_fields.images)
        return self._found(images, self._own("images", field))

    def _found(self, images: tuple[Image, ...], field: MappingEntry | None = None) -> tuple[Image, ...]:
        """Images with the addresses and sizes of those in the folder. Missing ones are reported in the field."""
        assets = self._assets
        if assets is None or all(image.url.startswith(ABSOLUTE) for image in images):
            return images
        found = [assets.find(image.url) for image in images]
        for image, asset in zip(images, found, strict=True):
            if asset is None and field and assets.is_lost(image.url):
                position = nested_fields.position_of(field, image.url)
                self._collector.warn(MISSING_FILE, _missing(image.url), position, MISSING_FILE_HINT)
        return tuple([asset.shown(image) if asset else image for image, asset in zip(images, found, strict=True)])

    def _own(self, name: str, field: MappingEntry | None) -> MappingEntry | None:
        """The field with a name, if it is in the file and not in the rules of the site."""
        if field is None or self._site.sources[name].joined:
            return field
        written = self.lookup.fields.entries.get(field.key.text)
        return field if written and written.key is field.key else None

    def _depicted(self, provider: ProviderName) -> ProviderName:
        """A provider with the images of the folder."""
        images = self._found(provider.images)
        return provider if images is provider.images else provider._replace(images=images)

    def _addresses(self) -> Iterator[tuple[str, str]]:
        """The addresses of the files that the body shows or links to, by their destinations."""
        assets = self._assets
        if assets is None:
            return
        for each in self._destinations:
            asset = assets.find(each.written, each.target)
            if asset and asset.address:
                yield each.written, asset.address
            elif asset is None and assets.is_lost(each.written):
                position = Position(each.line or self._body_line, each.column or 1)
                self._collector.warn(MISSING_FILE, _missing(unquote(each.written)), position, MISSING_FILE_HINT)

    def _leave(self, field: MappingEntry | None, rest: nested_fields.Rest) -> None:
        """Leave unmodelled keys of a field in `frontMatter`. Fields in nested mappings are there already."""
        if field and rest and (field.key.text in self._fields.entries or field.key.text in NATIVE_KEYS):
            self._left[field.key.text] = rest

    def _topics(self) -> tuple[TopicName, ...]:
        rule = self.lookup.pinned("topics")
        fields = [rule] if rule else self._written_topics()
        if not fields and (rule := self.lookup.default("topics")):
            fields = [rule]
        found, rests = nested_fields.topics(self._collector, fields, self._site.sources["topics"])
        for field in fields:
            self._leave(field, rests.get(field.key.text))
        return found

    def _written_topics(self) -> list[MappingEntry]:
        """The entries under the key `topics`, or else under all other keys of the field."""
        keys = self.lookup.keys("topics")
        entries = self.lookup.fields.entries
        empty = {key for key in keys if values.is_null(entries[key].value)}
        self.lookup.used |= empty
        said = [key for key in keys if key not in empty]
        is_joined = self._site.sources["topics"].joined
        said = ["topics"] if "topics" in said and not is_joined else said
        for key in said:
            self.lookup.take("topics", key)
        return [flat(entries[key]) if is_joined else entries[key] for key in said]

    def _authors(self) -> tuple[AuthorName, ...]:
        found, _ = self._parts("authors", partial(author_names.authors, known=self._site.inherited.authors))
        return tuple([each._replace(images=self._found(each.images)) if each.images else each for each in found])

    def _provider(self) -> ProviderName | None:
        """The first provider. The others stay in `frontMatter`."""
        field = self.lookup.field("provider")
        provider, rest, others = nested_fields.provider(self._collector, field)
        self._leave(field, rest)
        if field and others:
            message = (
                f"`{field.key.text}` names {others + 1} providers. Only one is used. The others stay in `frontMatter`."
            )
            self._collector.inform(PROVIDERS_LEFT_OUT, message, field.value.position, "Name one `provider`.")
        return provider and self._depicted(provider)

    def _secured(self) -> str | None:
        """The text of `secured`, verbatim. Messages must not quote it."""
        return self._collector.value(values.verbatim, self._fields.entries.get("secured"))

    def _custom_values(self) -> CustomValues:
        if self._collection is None:
            return custom_values.NONE
        context = custom_values.Decoding(self._path, self._site.timezone, self._custom_image, self._leave)
        return custom_values.decode(self._collection, self.lookup, self._collector, context)

    def _custom_image(self, field: MappingEntry) -> Image | None:
        """The image of a custom field, which is not a list."""
        images, _ = nested_fields.images(self._collector, field)
        return next(iter(self._found(images, field)), None)

    def _excerpt_separator(self) -> str:
        """Jekyll's mark for the end of the excerpt."""
        self.lookup.used.add(EXCERPT_SEPARATOR)
        field = self._fields.entries.get(EXCERPT_SEPARATOR)
        return field.value.text if field and isinstance(field.value, ScalarNode) else ""

    def _rest(self) -> dict[str, object]:
        """The keys that the schema does not model, as JSON."""
        unused = {key: field for key, field in self._fields.entries.items() if key not in self.lookup.used}
        rest = values.json_object(MappingNode(unused, self._fields.position)) | self._left
        self.lookup.given.extend(FieldOrigin(FRONT_MATTER, key) for key in rest)
        return rest


def _missing(written: str) -> str:
    return f"The file {shown(written)} does not exist."


def _identities(urls: Iterable[str | None]) -> tuple[str, ...]:
    found = [url_identity(url) for url in dict.fromkeys(urls) if url]
    return tuple(dict.fromkeys(identity for identity in found if identity))
