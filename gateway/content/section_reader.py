"""Reads the values of `gateway.yaml`, and reports those that are of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.content import values
from gateway.content.globs import BadGlob, Glob
from gateway.content.nodes import NOWHERE, MappingEntry, MappingNode, Node, Position, SequenceNode
from gateway.content.problem_collector import ProblemCollector, nearest
from gateway.content.values import Unreadable, shown

SITE_KEY = "SITE_KEY"
SITE_VALUE = "SITE_VALUE"


class SectionReader:
    """Reads values of one file. Continues after errors, to report all problems at once."""

    def __init__(self, report: ProblemCollector) -> None:
        self.report = report

    def refuse(self, message: str, position: Position, hint: str) -> None:
        self.report.error(SITE_VALUE, message, position, hint)

    def check(self, fields: MappingNode, known: frozenset[str]) -> None:
        """Report every unknown key."""
        for name in fields.entries.keys() - known:
            meant = nearest(name, known)
            hint = f"Write `{meant}`." if meant else f"The known keys are {', '.join(sorted(known))}."
            self.report.error(SITE_KEY, f"`{name}` is not a known key here.", fields.entries[name].key.position, hint)

    def flag(self, field: MappingEntry | None) -> bool:
        try:
            return field is not None and values.boolean(field.value) is True
        except Unreadable as error:
            self.refuse(str(error), field.value.position if field else NOWHERE, error.hint)
            return False

    def texts(self, field: MappingEntry | None) -> Iterator[tuple[str, Position]]:
        """The texts of a list, or one text."""
        if field is None:
            return
        nodes: Sequence[Node] = field.value.nodes if isinstance(field.value, SequenceNode) else (field.value,)
        for node in nodes:
            try:
                written = values.text(node)
            except Unreadable:
                written = None
            if written is None:
                self.refuse("This is not a text.", node.position, "Write a text, or a list of texts.")
            else:
                yield written, node.position

    def may_show(self, name: str, position: Position) -> bool:
        """Whether a key may be public. Reports one that may not."""
        if not any(part.strip().casefold() == "secured" for part in name.split(".")):
            return True
        self.refuse("The content of `secured` is never shown.", position, "Delete it here.")
        return False

    def globs(self, section: MappingEntry | None) -> Iterator[Glob]:
        for written, position in self.texts(section):
            if glob := self.glob(written, position):
                yield glob

    def glob(self, written: str, position: Position) -> Glob | None:
        try:
            return Glob.of(written)
        except BadGlob as error:
            self.refuse(f"{shown(written)} is not a valid path pattern: {error}", position, error.hint)
            return None
