"""The parts of a document that are more than a single value: provider, topics, images and related entries.

They are decoded one by one, so that an unreadable one costs no other.
"""

from __future__ import annotations

from gateway.content import values
from gateway.content.identity import provider_key, topic_key, url_host, url_identity
from gateway.content.nodes import Field, Fields, Items, Node, Scalar
from gateway.content.report import BAD_VALUE, RELATED_LEFT_OUT, RELATED_WITHOUT_TITLE, Report
from gateway.content.values import shown
from gateway.model import Image, ProviderName, RelatedEntry, TopicName

DEFAULT_TYPE = "article"

IMAGE_KEYS = frozenset({"url", "width", "height", "title", "isCached"})
PROVIDER_KEYS = frozenset({"name", "domain", "url", "images"})
RELATED_KEYS = frozenset(
    {"title", "excerpt", "publishedDateTime", "webUrl", "ampWebUrl", "cdnAmpWebUrl", "type", "provider", "quality"}
    | {"images"}
)


def entries(field: Field | None) -> tuple[Node, ...]:
    """The entries of a list without the empty ones; a single value is a list of one."""
    if field is None:
        return ()
    nodes = field.value.nodes if isinstance(field.value, Items) else (field.value,)
    return tuple(node for node in nodes if not values.is_null(node))


def topics(report: Report, field: Field | None) -> tuple[TopicName, ...]:
    """In file order, each key once, as it is spelled first."""
    found: dict[str, TopicName] = {}
    for node in entries(field):
        if name := report.item(values.text, node, "topics"):
            found.setdefault(topic_key(name), TopicName(topic_key(name), name))
    return tuple(found.values())


def images(report: Report, field: Field | None) -> tuple[Image, ...]:
    decoded = (_image(report, node) for node in entries(field))
    return tuple(image for image in decoded if image)


def provider(report: Report, field: Field | None) -> tuple[ProviderName | None, tuple[Node, ...]]:
    """The first that can be read, and the other entries: a provider may be written as a list of authors."""
    nodes = entries(field)
    for at, node in enumerate(nodes):
        if found := _provider(report, node):
            return found, nodes[:at] + nodes[at + 1 :]
    return None, nodes


def related(report: Report, field: Field | None) -> tuple[RelatedEntry, ...]:
    """In file order; an entry without title and URL is left out."""
    decoded = (_related_entry(report, node) for node in entries(field))
    return tuple(entry for entry in decoded if entry)


def _image(report: Report, node: Node) -> Image | None:
    if not isinstance(node, Fields):
        url = report.item(values.text, node, "images")
        return Image(url) if url else None
    report.check_keys(node, IMAGE_KEYS)
    get = node.entries.get
    url = report.value(values.text, get("url"))
    if not url:
        report.warn(BAD_VALUE, "An image without `url` is left out.", node.mark, "Give it a `url`.")
        return None
    return Image(
        url,
        report.value(values.integer, get("width")),
        report.value(values.integer, get("height")),
        report.value(values.text, get("title")),
        report.value(values.boolean, get("isCached")) or False,
    )


def _provider(report: Report, node: Node) -> ProviderName | None:
    if not isinstance(node, Fields):
        name = report.item(values.text, node, "provider")
        return ProviderName(provider_key(name, None), name, None) if name else None
    report.check_keys(node, PROVIDER_KEYS)
    get = node.entries.get
    name = report.value(values.text, get("name"))
    domain = report.value(values.text, get("domain")) or _domain(report.value(values.text, get("url")))
    if not name and not domain:
        report.warn(BAD_VALUE, "A provider without `name` and `domain` is left out.", node.mark, "Give it a `name`.")
        return None
    domain = domain and domain.lower()
    name = name or domain or ""
    return ProviderName(provider_key(name, domain), name, domain, images(report, get("images")))


def _domain(url: str | None) -> str | None:
    identity = url and url_identity(url)
    return url_host(identity) if identity else None


def _related_entry(report: Report, node: Node) -> RelatedEntry | None:
    fields = node if isinstance(node, Fields) else _link(report, node)
    if fields is None:
        return None
    report.check_keys(fields, RELATED_KEYS)
    get = fields.entries.get
    links = [report.value(values.text, get(key)) for key in ("webUrl", "ampWebUrl", "cdnAmpWebUrl")]
    url = next((identity for link in links if link and (identity := url_identity(link))), None)
    title = report.value(values.text, get("title")) or _title(report, fields, url or next(filter(None, links), None))
    if not title:
        return None
    return RelatedEntry(
        identity=url or title,
        url=url,
        title=title,
        excerpt=report.value(values.text, get("excerpt")),
        type=report.value(values.text, get("type")) or DEFAULT_TYPE,
        quality=report.value(values.integer, get("quality")),
        published_date_time=report.value(values.instant, get("publishedDateTime")),
        web_url=links[0],
        amp_web_url=links[1],
        cdn_amp_web_url=links[2],
        provider=provider(report, get("provider"))[0],
        images=images(report, get("images")),
    )


def _link(report: Report, node: Node) -> Fields | None:
    """An entry that is a single text: its URL, else its title."""
    written = report.item(values.text, node, "related")
    if written is None:
        return None
    key = "webUrl" if url_identity(written) else "title"
    return Fields({key: Field(Scalar(key, True, node.mark), node)}, node.mark)


def _title(report: Report, fields: Fields, url: str | None) -> str | None:
    """A title made of a URL's host and last segment."""
    if url is None:
        message = "A related entry with neither title nor URL is left out."
        report.warn(RELATED_LEFT_OUT, message, fields.mark, "Give it a `title` and a `webUrl`.")
        return None
    segment = url.partition("?")[0].rpartition("/")[2]
    host = url_host(url) if url.startswith("https://") else ""
    title = f"{host}/{segment}".strip("/") if segment != host else host
    title = title or url
    message = f"A related entry has no title, and is shown as {shown(title)}."
    report.warn(RELATED_WITHOUT_TITLE, message, fields.mark, "Give it a `title`.")
    return title
