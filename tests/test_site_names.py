"""What the rules of a site accept is a schema."""

from __future__ import annotations

from graphql import validate_schema
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content import site_config
from gateway.graph.schema import build_schema

NAMES = st.sampled_from(
    [
        *("class", "None", "self", "cls", "info", "record", "resolve_type", "is_type_of", "mro", "_x", "x_", "lambda"),
        *(
            "a",
            "aB",
            "a_b",
            "A",
            "keys",
            "get",
            "items",
            "node",
            "edges",
            "cursor",
            "first",
            "after",
            "filter",
            "orderBy",
        ),
        *(
            "search",
            "eq",
            "isNull",
            "count",
            "value",
            "field",
            "ID",
            "name",
            "root",
            "type_",
            "origin",
            "data",
            "object",
        ),
    ]
)
TYPES = st.sampled_from(
    [
        *("String", "Int", "Float", "Boolean", "DateTime", "Date", "JSON", "Image", "Markdown", "Reference", "one"),
        *("[a, b]", "[mro, name, value]", "[_x, x_, class, None]", "[String]", "[[x, y]]", "[one]"),
        *("{a: Int, class: {get: String}}", "[{a: Int, items: [String]}]", "{type: Int, unique: true}"),
        *("{type: Reference, inverse: #}", "{type: one, inverse: #}", "{type: String, facet: true, search: true}"),
        *("{type: [self, cls], required: true}", "{type: Float, default: 1}", "{type: {true_: 'true', mro: x}}"),
    ]
)
FIELDS = st.dictionaries(NAMES, st.tuples(TYPES, NAMES).map(lambda drawn: drawn[0].replace("#", drawn[1])), max_size=4)


@settings(max_examples=25)
@given(FIELDS, NAMES, FIELDS)
def test_accepted_names_make_a_valid_schema(fields: dict[str, str], name: str, others: dict[str, str]) -> None:
    """Names that mean something in Python, in the schema or in its classes are as good as others."""
    declared = {"one": fields, name: others}
    text = "".join(
        f"  {name}:\n    path: {name}\n    fields: {{{', '.join(f'{key}: {type_}' for key, type_ in each.items())}}}\n"
        for name, each in declared.items()
    )
    read = site_config.parse(f"collections:\n{text}".encode())
    if read.is_good:
        assert validate_schema(build_schema(collections=read.site.collections)._schema) == []
