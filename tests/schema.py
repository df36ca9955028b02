"""The executable schema, built once per process. It has no store, so tests share it."""

from __future__ import annotations

from typing import Any

from graphql import get_named_type, is_leaf_type, is_required_argument

from gateway.app import executable_schema

SCHEMA = executable_schema()


def every_field(name: str, levels: int) -> str:
    """The selection of all fields of a type without required arguments, and of the objects in them, `levels` deep.

    Objects without a leaf are one level deeper.
    """
    of: Any = SCHEMA._schema.type_map[name]
    fields = {key: field for key, field in of.fields.items() if not any(map(is_required_argument, field.args.values()))}
    is_leaf = {key: is_leaf_type(get_named_type(field.type)) for key, field in fields.items()}
    descends = levels > 0 or not any(is_leaf.values())
    inner = {
        key: f"{key} {{ {every_field(get_named_type(field.type).name, levels - 1)} }}"
        for key, field in fields.items()
        if descends and not is_leaf[key]
    }
    return " ".join([*(key for key in fields if is_leaf[key]), *inner.values()])
