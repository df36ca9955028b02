"""Checks that the names of collections and of their fields can be names in GraphQL, and derives those that are not
written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from gateway.content.nodes import Position
from gateway.content.values import shown
from gateway.model import api_names
from gateway.model.collections import Collection, CustomField, FieldType, pascal_case

Refuse = Callable[[str, Position, str], None]
"""Reports a message at a position with a hint."""

LONGEST_NAME = 64
NOT_VALUES = frozenset({"true", "false", "null"})
"""What the value of an enum cannot be called in GraphQL."""

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_WORD = re.compile(r"[0-9A-Za-z]+")
_CAPITALS = re.compile(r"\A(?:[A-Z]+(?![a-z])|[A-Z])")
_UNCHANGED = ("ss", "us", "is")
"""The ends of singular words."""
_UNCOUNTABLE = frozenset({"news", "series", "species"})
_LONG_PLURALS = ("sses", "shes", "ches", "xes")
_TYPES_OF_COLLECTION = ("", "Connection", "Edge", "Filter", "Order", "OrderField", "Facets")
"""The ends of the names of the types that a collection has."""
_TYPES_OF_FIELD: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.ENUM: ("", "Filter", "Count"),
    FieldType.OBJECT: ("", "Filter"),
    FieldType.REFERENCE: ("Filter", "Count"),
}
"""The ends of the names of the types that a field has."""
_MEMBERS_OF_API: Mapping[str, str] = {
    **dict.fromkeys(api_names.FACETS, "a facet of every article"),
    **dict.fromkeys(api_names.FILTERS, "a filter of every article"),
    **dict.fromkeys(api_names.ARTICLE_FIELDS, "a field of every article"),
}


def fault(name: str) -> str | None:
    """Why a text is not a name, or None."""
    if "__" in name:
        return f'{shown(name)} is reserved: names with "__" belong to GraphQL.'
    if len(name) > LONGEST_NAME:
        return f"{shown(name)} has more than {LONGEST_NAME} characters."
    return None if _NAME.fullmatch(name) else f"{shown(name)} is not a name in GraphQL."


def spelled(text: str) -> str:
    """A name for a text, in camel case, or "" if it has neither ASCII letters nor digits."""
    first, *others = _WORD.findall(text) or [""]
    name = "".join([first, *(word[:1].upper() + word[1:] for word in others)])
    return f"_{name}" if name[:1].isdigit() else name


def type_name(collection: str) -> str:
    """The name of a type: the singular of that of its collection."""
    name = pascal_case(singular(collection))
    return collection if fault(name) else name


def finder_name(collection: str, type_: str) -> str:
    """The name of the field of Query that finds one article."""
    name = _CAPITALS.sub(lambda found: found[0].lower(), type_)
    return f"{name}Item" if name == collection else name


def singular(name: str) -> str:
    """The singular of a plural in English. Of other words at most the last letter is left out."""
    lower = name.lower()
    if lower.endswith(_UNCHANGED) or any(lower.endswith(word) for word in _UNCOUNTABLE):
        return name
    if lower.endswith("ies") and len(name) > 4:
        return f"{name[:-3]}y"
    if lower.endswith(_LONG_PLURALS):
        return name[:-2]
    return name[:-1] if lower.endswith("s") and len(name) > 1 else name


class ClaimedNames:
    """The names of one namespace, with what uses each."""

    def __init__(self, refuse: Refuse, taken: Mapping[str, str] | None = None) -> None:
        """`taken` has what the API is for the names that it uses, such as "a type of the API"."""
        self._refuse = refuse
        self._taken = dict(taken or {})

    def claim(self, name: str, use: str, position: Position, hint: str) -> bool:
        """Use a name, unless it is used already."""
        if name in self._taken:
            self._refuse(f"{shown(name)} is {self._taken[name]}.", position, hint)
            return False
        self._taken[name] = f"also {use} (line {position.line})"
        return True


class SiteNames:
    """All names of a site's collections."""

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse
        self._types = ClaimedNames(
            refuse, dict.fromkeys(api_names.TYPES | api_names.COLLECTION_TYPES, "a type of the API")
        )
        self._root = ClaimedNames(refuse, dict.fromkeys(api_names.QUERY_FIELDS, "a field of Query"))
        self._members: dict[str, ClaimedNames] = {}
        """The fields of each collection's type."""
        self._constants: dict[str, ClaimedNames] = {}
        self._typed = set[str]()
        """The collections whose types have names of their own."""

    def claim_collection(self, collection: Collection, key: Position, type_: Position) -> None:
        """Claim the names of a collection with its key and its type at these positions."""
        name, claim, renamed = collection.name, self._root.claim, "Rename the collection."
        quoted, retyped = f'the collection "{name}"', "Write another `type`."
        if (
            claim(name, f"the list of {quoted}", key, renamed)
            and claim(f"{name}Facets", f"the facets of {quoted}", key, renamed)
            and self._claim_types(collection.type, _TYPES_OF_COLLECTION, quoted, type_, retyped)
            and claim(collection.finder, f"the field of Query that finds one article of {quoted}", type_, retyped)
        ):
            self._typed.add(name)
        self._members[name] = ClaimedNames(self._refuse, _MEMBERS_OF_API)
        self._constants[name] = ClaimedNames(
            self._refuse, dict.fromkeys(api_names.ORDERS, "the name of an order of every article")
        )

    def claim_field(self, collection: Collection, field: CustomField, position: Position) -> None:
        quoted = f'the field "{collection.name}.{".".join(field.path)}"'
        hint = f"Delete it, or rename it and write `from: {field.keys[0]}`."
        if len(field.path) == 1 and not self._members[collection.name].claim(field.name, quoted, position, hint):
            return
        if not self._constants[collection.name].claim(field.constant, f"the name in enums of {quoted}", position, hint):
            return
        if collection.name in self._typed:
            self._claim_types(collection.type_of(field), _TYPES_OF_FIELD.get(field.type, ()), quoted, position, hint)

    def _claim_types(self, name: str, ends: tuple[str, ...], use: str, position: Position, hint: str) -> bool:
        """Claim the types of one declaration, up to the first that is used already."""
        return all(self._types.claim(name + end, f"a type of {use}", position, hint) for end in ends)

    def claim_inverse(self, field: CustomField, position: Position) -> None:
        """Claim the name of an inverse in the types of its targets. All fields must be claimed before."""
        targets = [field.target] if field.target else list(self._members)
        use = f'the inverse of "{field.collection}.{".".join(field.path)}"'
        hint = "Choose another `inverse`."
        all(self._members[each].claim(field.inverse, use, position, hint) for each in targets if each in self._members)
