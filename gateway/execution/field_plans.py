"""Plans fields: those with a source by the kind of the source, and the others by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import FieldNode, GraphQLField, get_named_type, get_nullable_type, is_leaf_type, is_list_type

from gateway import cache_tags
from gateway.errors import NotCompiled
from gateway.execution.connection_plan import ConnectionPlan
from gateway.execution.plan_builder import ArticleRows, FieldWriter, Items, PlanBuilder, Scope, found_scope
from gateway.execution.type_names import is_article, names_of
from gateway.graph.connection import SOURCE
from gateway.graph.custom_fields import ARTICLE, Custom, Reference
from gateway.graph.schema import BY_ID
from gateway.graph.sources import Answered, Derived, Kind, Named, Requested, Source
from gateway.model.collections import FieldType
from gateway.model.documents import Image
from gateway.store.reads import (
    ARTICLE_BY_ID,
    AUTHOR_BY_KEY,
    ENTRY,
    TOPIC_BY_KEY,
    WHOLE,
    Find,
    LinkAddressesOf,
    Lookup,
    ReferencesOf,
    SecuredOf,
    StatisticsOf,
    TextOf,
    TopicsOf,
)


def write_field(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    """The expression of a field. Raises NotCompiled."""
    name = nodes[0].name.value
    definition = field.extensions["strawberry-definition"]
    source = definition.metadata.get(SOURCE)
    if write := _KINDS.get(type(source)):
        return write(plan, scope, nodes, field, source)
    for type_ in names_of(scope.type):
        if handler := _HANDLERS.get((type_, name)):
            return handler(plan, scope, nodes, field)
    if definition.base_resolver is not None:
        raise NotCompiled(f"the field {scope.type.name}.{name}")
    return plan.plain(scope, nodes, field, scope.attribute(definition.python_name))


def _type(field: GraphQLField) -> Any:
    """The object type, or the leaf type, of a field."""
    return get_named_type(field.type)


# The fields that have a source, by the kind of the source.


def _read(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Source) -> str:
    if source.kind is Kind.CONNECTION:
        asked = plan.question(field, nodes[0], source.read)
        return ConnectionPlan(plan, scope, asked, plan.key(scope, source.by), _type(field)).object(nodes)
    key, level = plan.key(scope, source.by), 1 if source.by is None else scope.level + 1
    type_: Any = _type(field)
    if isinstance(scope, ArticleRows) and type_.name in _OWNED:
        return _OWNED[type_.name](plan, scope, nodes, field, source)
    asked = plan.question(field, nodes[0], source.read)
    if source.kind is Kind.RECORD and (is_article(type_) or type_.name in {"Provider", "Topic"}):
        return plan.found(scope, nodes, asked, key, type_)
    read = plan.read(level, asked, f"({key},)" if source.by is None else plan.parents(scope, key))
    name = plan.name("v")
    if source.kind is Kind.RECORD:
        inner = Scope(type_, name, f"for {name} in {read.name}.values()", level)
        return f"{plan.shape(inner, nodes)}({read.name}[{key}])"
    inner = Scope(type_, name, f"for {name}s in {read.name}.values() for {name} in {name}s", level)
    values = f"{read.name}[{key}]"
    return f"[{plan.object(inner, nodes)} for {name} in {f'listed({values})' if type_.name in _SHARED else values}]"


_SHARED = frozenset({"Topic", "Author", "Related", "Link"})
"""The types of lists that count for each parent in an answer."""


def _names(column: str, lookup: Lookup[Any], others: str) -> Callable[..., str]:
    """The records that a list names. Its entries are a key and `others`."""

    def handler(
        plan: PlanBuilder, scope: ArticleRows, nodes: list[FieldNode], field: GraphQLField, _source: Source
    ) -> str:
        type_: Any = _type(field)
        entries, name = scope.attribute(column), plan.name("k")
        within = Scope(type_, name, f"{scope.each} for {name}, {others} in {entries}", scope.level)
        found = plan.found(within, nodes, plan.constant(Find(lookup)), name, type_)
        return f"listed([{found} for {name}, {others} in {entries}])"

    return handler


def _related(plan: PlanBuilder, scope: ArticleRows, nodes: list[FieldNode], field: GraphQLField, source: Source) -> str:
    first = plan.question(field, nodes[0], source.read)
    entries, name = f"{scope.attribute('related')}[:{first}.first]", plan.name("r")
    members = {
        "id": f"related_id({scope.attribute('id')}, {name}[0])",
        "position": f"{name}_at",
        "source_id": scope.attribute("id"),
        **{member: f"{name}[{index}]" for index, member in enumerate(ENTRY)},
    }
    inner = Items(_type(field), name, f"{scope.each} for {name} in {entries}", scope.level, members)
    return f"[{plan.object(inner, nodes)} for {name}_at, {name} in enumerate(listed({entries}))]"


_OWNED: Mapping[str, Callable[..., str]] = {
    "Topic": _names("topics", TOPIC_BY_KEY, "_"),
    "Author": _names("authors", AUTHOR_BY_KEY, "_, _, _"),
    "Related": _related,
}
"""The lists that are in the row of an article."""


def _named(plan: PlanBuilder, _scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Named) -> str:
    asked, type_ = plan.question(field, nodes[0], source.key), _type(field)
    columns = ["id"] if is_article(type_) else None
    read = plan.read(1, f"{asked}[0] if {asked} else NOTHING", f"({asked}[1],) if {asked} else ()", columns)
    inner = found_scope(type_, plan.name("a"), read, 1)
    shows = f"{plan.constant(source.shows)}({asked}[0], {inner.attribute(source.by)})"
    return f"next(({plan.shape(inner, nodes)}({inner.name}) if {shows} else None {inner.each}), None)"


def _requested(plan: PlanBuilder, _scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Requested) -> str:
    return plan.object(Scope(_type(field), plan.question(field, nodes[0], source.make), "", 0), nodes)


def _derived(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Derived) -> str:
    value = scope.name if source.by is None else _attribute(scope, source.by)
    return plan.plain(scope, nodes, field, f"{plan.question(field, nodes[0], source.make)}({value})", is_made=True)


def _answered(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Answered) -> str:
    asked = plan.question(field, nodes[0], source.ask, scope.name if source.by is None else None)
    key, level = plan.key(scope, source.by), 1 if source.by is None else scope.level + 1
    read = plan.read(level, f"{asked}.read", f"({key},)" if source.by is None else plan.parents(scope, key))
    if is_leaf_type(_type(field)):
        return f"{asked}.value({read.name}[{key}], {key})"
    name = plan.name("v")
    each = f"for {name}_of, {name}s in {read.name}.items() for {name} in "
    if not is_list_type(get_nullable_type(field.type)):
        each += f"[{asked}.value({name}s, {name}_of)] if {name} is not None"
        inner = Scope(_type(field), name, each, level)
        return f"{plan.shape(inner, nodes)}({asked}.value({read.name}[{key}], {key}))"
    inner = Scope(_type(field), name, f"{each}{asked}.value({name}s, {name}_of)", level)
    return f"[{plan.object(inner, nodes)} for {name} in {asked}.value({read.name}[{key}], {key})]"


def _custom(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Custom) -> str:
    """A custom field. The values of an object are those of its article."""
    declared, values = source.field, scope.attribute("custom") if is_article(scope.type) else scope.name
    holder = f"{{**{values}, {ARTICLE!r}: {_article_id(scope)}}}"
    value = f"{values}.get({declared.key!r})"
    if declared.is_list:
        value = f"{value} or ()"
    elif declared.type is FieldType.OBJECT and source.keys:
        value = f"None if {plan.constant(source.keys)}.isdisjoint({values}) else {holder}"
    elif declared.type is FieldType.OBJECT:
        value = holder
    if declared.type is FieldType.IMAGE:
        inner = _image_items(plan, scope, field)
        listed = f"[{plan.object(inner, nodes)} for {inner.name} in {value}]"
        return listed if declared.is_list else f"{plan.shape(inner, nodes)}({value})"
    if not is_leaf_type(_type(field)):
        return plan.plain(scope, nodes, field, f"({value})")
    shown, name = _SHOWN.get(declared.type), plan.name("v")
    if declared.type is FieldType.ENUM:
        shown = plan.constant([each.name for each in declared.values]) + "[{}]"
    if not shown:
        return f"[*({value})]" if declared.is_list else value
    if declared.is_list:
        return f"[{shown.format(name)} for {name} in {value}]"
    return f"({shown.format(name)} if ({name} := {value}) is not None else None)"


def _article_id(scope: Scope) -> str:
    """The id of the article that has a custom field, also in an object."""
    return scope.attribute("id") if is_article(scope.type) else f"{scope.name}[{ARTICLE!r}]"


def _reference(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Reference) -> str:
    key, level, i = _article_id(scope), scope.level + 1, plan.name("i")
    ids = plan.read(level, plan.constant(ReferencesOf(source.field)), plan.parents(scope, key))
    first = "" if source.field.is_list else "[:1]"
    parents = f"{{{i}: 0 for {i}s in {ids.name}.values() for {i} in {i}s{first}}}"
    found = plan.read(level + 1, plan.constant(Find(ARTICLE_BY_ID)), parents, ["id"])
    shape = plan.shape(found_scope(_type(field), plan.name("a"), found, level + 1), nodes)
    articles = f"{shape}({found.name}[{i}]) for {i} in {ids.name}[{key}]"
    return f"[{articles}]" if source.field.is_list else f"next(({articles}), None)"


_KINDS: Mapping[type, Callable[..., str]] = {
    Source: _read,
    Named: _named,
    Requested: _requested,
    Derived: _derived,
    Answered: _answered,
    Custom: _custom,
    Reference: _reference,
}


_SHOWN: Mapping[FieldType, str] = {
    FieldType.FLOAT: "float({})",
    FieldType.BOOLEAN: "bool({})",
    FieldType.DATE_TIME: "instant_text({})",
    FieldType.DATE: "date_text({})",
}
"""The expressions of values in an answer. Other types are shown as they are encoded."""


# The other fields, by type and name.


def _attribute(scope: Scope, name: str) -> str:
    """An attribute as its record has it."""
    value = scope.attribute(name)
    return f"[Image(*i) for i in {value}]" if name == "images" and scope.is_row else value


def _images(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    if not scope.is_row:
        return plan.plain(scope, nodes, field, scope.attribute("images"))
    inner = _image_items(plan, scope, field)
    return f"[{plan.object(inner, nodes)} for {inner.name} in {scope.attribute('images')}]"


def _image_items(plan: PlanBuilder, scope: Scope, field: GraphQLField) -> Items:
    """Images as sequences of the values of an Image."""
    name = plan.name("i")
    members = {member: f"{name}[{at}]" for at, member in enumerate(Image._fields)}
    return Items(_type(field), name, "", scope.level, {**members, "aspect_ratio": f"Image(*{name}).aspect_ratio"})


def _source(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    if not isinstance(scope, ArticleRows):
        return plan.plain(scope, nodes, field, scope.attribute("source"))
    columns = {"path": "path", "sha256": "sha256", "bytes": "bytes", "modified_date_time": "modified_at"}
    members = {name: scope.attribute(column) for name, column in columns.items()}
    return plan.object(Items(_type(field), scope.name, "", scope.level, members), nodes)


def _member(name: str) -> FieldWriter:
    """An attribute of the parent."""

    def handler(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
        return plan.plain(scope, nodes, field, scope.attribute(name))

    return handler


def _search(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    asked, type_ = plan.question(field, nodes[0], plan.ask(field)), _type(field)
    return ConnectionPlan(plan, scope, asked, repr(WHOLE), type_, is_ranked=True).object(nodes)


def _node(plan: PlanBuilder, _scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    """One record by id, or several. The prefix of an id tells its type."""
    asked = plan.question(field, nodes[0], plan.ask(field))
    i, cases = plan.name("i"), []
    for prefix, lookup in BY_ID.items():
        type_ = plan.type(_TYPES[prefix])
        parents = f"{{i: 0 for i in {asked} if i.partition('_')[0] == {prefix!r}}}"
        columns = ["id"] if is_article(type_) else None
        read = plan.read(1, plan.constant(Find(lookup)), parents, columns)
        shape = plan.shape(found_scope(type_, plan.name("a"), read, 1), nodes)
        cases.append(f"{shape}({read.name}.get({i})) if {i}.partition('_')[0] == {prefix!r} else ")
    one = plan.function("n", i, f"return {''.join(cases)}None")
    is_list = is_list_type(get_nullable_type(field.type))
    return f"[{one}({i}) for {i} in {asked}]" if is_list else f"{one}({asked}[0])"


_TYPES = {"ar": "Article", "re": "Related", "pr": "Provider", "to": "Topic", "au": "Author"}


def _html(plan: PlanBuilder, scope: Scope, _nodes: list[FieldNode], _field: GraphQLField) -> str:
    key, has_links = scope.attribute("article_id"), scope.attribute("has_destinations")
    parents = f"{{{key}: 0 {scope.each} if {has_links}}}"
    read = plan.read(scope.level + 1, plan.constant(LinkAddressesOf()), parents)
    own = scope.attribute("addresses")
    addresses = f"({{**{read.name}[{key}].by_destination, **{own}}} if {has_links} else {own})"
    return f"x.html({scope.attribute('body')}, {scope.attribute('rules')}, {addresses})"


def _summary(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    of_text = plan.question(field, nodes[0], plan.ask(field))
    key, excerpt = scope.attribute("id"), scope.attribute("excerpt")
    read = plan.read(scope.level + 1, plan.constant(TextOf()), f"{{{key}: 0 {scope.each} if {excerpt} is None}}")
    return f"({of_text}({read.name}[{key}]) if {excerpt} is None else {excerpt})"


def _adjacent(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    asked, type_ = plan.question(field, nodes[0], plan.ask(field)), _type(field)
    inner = Items(type_, asked, scope.each, scope.level, {"id": scope.attribute("id")})
    return plan.object(inner, nodes)


def _beside(side: str, *, in_time: bool = False) -> FieldWriter:
    def handler(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
        key = scope.attribute("id")
        asked = f"replace({scope.name}, order=NEWEST_FIRST)" if in_time else scope.name
        read = plan.read(scope.level + 1, asked, plan.parents(scope, key))
        name = plan.name("a")
        each = f"for {name} in [each.{side} for each in {read.name}.values() if each.{side}]"
        inner = Scope(_type(field), name, each, scope.level + 1)
        return f"{plan.shape(inner, nodes)}({read.name}[{key}].{side})"

    return handler


def _shared_topics(plan: PlanBuilder, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    one, other = scope.attribute("of"), f"{scope.attribute('article')}.id"
    parents = f"{{**{plan.parents(scope, one)}, **{plan.parents(scope, other)}}}"
    read = plan.read(scope.level + 1, plan.constant(TopicsOf()), parents)
    name = plan.name("t")
    each = f"{scope.each} for {name} in shared({read.name}[{one}], {read.name}[{other}])"
    inner = Scope(_type(field), name, each, scope.level + 1)
    listed = f"shared(listed({read.name}[{one}]), listed({read.name}[{other}]))"
    return f"[{plan.object(inner, nodes)} for {name} in {listed}]"


def _secured(plan: PlanBuilder, scope: Scope, _nodes: list[FieldNode], _field: GraphQLField) -> str:
    key, shown = scope.attribute("id"), f"({scope.attribute('is_secured')} and x.shows_secured)"
    read = plan.read(scope.level + 1, plan.constant(SecuredOf()), f"{{{key}: 0 {scope.each} if {shown}}}")
    return f"{read.name}.get({key})"


def _corpus(plan: PlanBuilder, _scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    inner = Scope(_type(field), plan.name("g"), "", 0)
    depend = plan.function("d", "", f"x.budget.depend({cache_tags.ARTICLES!r})", "return x.generation")
    return f"{plan.shape(inner, nodes)}({depend}())"


def _statistic(name: str, condition: str = "True") -> FieldWriter:
    """A number of the corpus. Null unless the condition holds."""

    def handler(plan: PlanBuilder, _scope: Scope, _nodes: list[FieldNode], _field: GraphQLField) -> str:
        read = plan.read(1, plan.constant(StatisticsOf()), f"({WHOLE!r},) if {condition} else ()")
        return f"({read.name}[{WHOLE!r}].{name} if {condition} else None)"

    return handler


_HANDLERS: Mapping[tuple[str, str], FieldWriter] = {
    ("Query", "search"): _search,
    ("Query", "node"): _node,
    ("Query", "nodes"): _node,
    ("Query", "corpus"): _corpus,
    ("Article", "images"): _images,
    ("Related", "images"): _images,
    ("Article", "source"): _source,
    ("Article", "summary"): _summary,
    ("Article", "adjacent"): _adjacent,
    ("Body", "html"): _html,
    ("Article", "secured"): _secured,
    ("AdjacentArticles", "previous"): _beside("previous"),
    ("AdjacentArticles", "next"): _beside("next"),
    ("AdjacentArticles", "newer"): _beside("previous", in_time=True),
    ("AdjacentArticles", "older"): _beside("next", in_time=True),
    ("SimilarArticle", "sharedTopics"): _shared_topics,
    ("TopicCount", "topic"): _member("value"),
    ("ProviderCount", "provider"): _member("value"),
    ("AuthorCount", "author"): _member("value"),
    ("ValueCount", "value"): _member("value"),
    **{(type_, "count"): _member("size") for type_ in ("TopicCount", "ProviderCount", "AuthorCount", "ValueCount")},
    ("Corpus", "articleCount"): _statistic("articles"),
    ("Corpus", "providerCount"): _statistic("providers"),
    ("Corpus", "topicCount"): _statistic("topics"),
    ("Corpus", "authorCount"): _statistic("authors"),
    ("Corpus", "draftCount"): _statistic("drafts", "x.shows_drafts"),
}
