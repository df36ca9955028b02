"""The change log: per view and article, when it was first shown, added, changed and removed. Also, per provider and
topic, when it last changed. `schema.sql` describes the tables.

Delta sync and subscriptions read it, and tokens are positions in it. A removed article leaves a tombstone for the
retention time. A view has rows only for articles that it has shown.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.model.records import ChangeType, Generation
from gateway.store.cursor import ColumnType, decode, encode

WRITE = (
    """
    INSERT INTO change_log (view, id, shown, added, changed, removed, at, article, slug, status)
    SELECT :view, article.id, :counter, :counter, :counter, 0, :at, article.key, article.slug, article.status
    FROM article WHERE article.public >= :view AND (
      article.id IN (SELECT key FROM touched WHERE kind = 'id')
      OR article.wanted_slug IN (SELECT key FROM touched WHERE kind = 'slug')
    )
    ON CONFLICT (view, id) DO UPDATE SET
      added = CASE WHEN removed THEN excluded.added ELSE added END, changed = excluded.changed, removed = 0,
      at = excluded.at, article = excluded.article, slug = excluded.slug, status = excluded.status
    WHERE removed OR article <> excluded.article OR slug <> excluded.slug OR status <> excluded.status
    """,
    """
    UPDATE change_log SET changed = :counter, removed = 1, at = :at
    WHERE view = :view AND NOT removed AND id IN (SELECT key FROM touched WHERE kind = 'id')
      AND NOT EXISTS (SELECT 1 FROM article WHERE article.id = change_log.id AND article.public >= :view)
    """,
)
"""Records the changes of a run for one view. `counter` is the next counter of the view."""

_SHOWN = {
    "provider": "json_array({row}.name, {row}.slug, {row}.domain, {row}.count, {row}.images)",
    "topic": "json_array({row}.name, {row}.slug, {row}.count)",
}
"""All values that a view shows of a provider or topic."""
_CONCERNED = "wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = '{kind}')"
"""The touched records, and those whose slug they may take or release."""

_WORDS = {"provider": "words", "topic": "''"}
REMEMBER = tuple(
    f"INSERT INTO named SELECT '{kind}', view, key, id, {_WORDS[kind]}, {shown.format(row=kind)} FROM {kind}"  # noqa: S608
    f" WHERE {_CONCERNED.format(kind=kind)}"
    for kind, shown in _SHOWN.items()
)
"""Run before names are derived again, to detect changes."""

MARK = (
    *(
        f"""
        INSERT INTO record_change SELECT :view, id, :counter FROM {kind}
        WHERE min(view, 1) = :view AND {_CONCERNED.format(kind=kind)} AND NOT EXISTS (
          SELECT 1 FROM named
          WHERE named.view = {kind}.view AND named.id = {kind}.id AND shown = {shown.format(row=kind)}
        )
        ON CONFLICT DO UPDATE SET changed = excluded.changed
        """  # noqa: S608
        for kind, shown in _SHOWN.items()
    ),
    """
    INSERT INTO record_change SELECT :view, id, :counter FROM named
    WHERE min(view, 1) = :view
      AND NOT EXISTS (SELECT 1 FROM provider WHERE provider.view = named.view AND provider.id = named.id)
      AND NOT EXISTS (SELECT 1 FROM topic WHERE topic.view = named.view AND topic.id = named.id)
    ON CONFLICT DO UPDATE SET changed = excluded.changed
    """,
    """
    INSERT INTO record_change SELECT :view, key, :counter FROM touched WHERE kind = 'unlisted' AND :view = 1
    ON CONFLICT DO UPDATE SET changed = excluded.changed
    """,
    """
    INSERT INTO record_change SELECT :view, namesake.id, :counter FROM change_log
    CROSS JOIN article AS namesake ON namesake.slug = change_log.slug AND namesake.id <> change_log.id
    WHERE change_log.view = :view AND change_log.changed = :counter AND NOT change_log.removed
      AND namesake.reachable >= :view
    ON CONFLICT DO UPDATE SET changed = excluded.changed
    """,
)
"""Marks, for one view, the providers, topics and unlisted articles that a run changed, added or removed, and the
articles that share a slug with a changed or added one. Run after WRITE."""

CHANGED_IDS = """
SELECT id FROM change_log WHERE view = :view AND changed > :since
UNION SELECT id FROM record_change WHERE view = :view AND changed > :since
UNION SELECT provider.id FROM change_log CROSS JOIN article ON article.key = change_log.article
  CROSS JOIN provider ON provider.view = :view AND provider.key = article.provider
  WHERE change_log.view = :view AND changed > :since AND NOT removed
UNION SELECT topic.id FROM change_log CROSS JOIN article_topic ON article_topic.article = change_log.article
  CROSS JOIN topic ON topic.view = :view AND topic.key = article_topic.topic
  WHERE change_log.view = :view AND changed > :since AND NOT removed
LIMIT :limit
"""
"""Changed articles, changed providers and topics, and those of changed articles. A record that lost an article is
included: its count changed, or the article that replaced it is in the log."""

MOVED = "SELECT EXISTS (SELECT 1 FROM change_log WHERE view = 1 AND changed = :counter)"
"""Whether the public view changed."""

PRUNE = (
    """
    UPDATE pruned SET counter = max(counter, coalesce(
      (SELECT max(changed) FROM change_log WHERE removed AND at < :before AND +change_log.view = pruned.view), 0))
    """,
    "DELETE FROM change_log WHERE removed AND at < :before",
)
"""Deletes tombstones older than a time, and records how far each view is pruned. The `+` makes SQLite use the index on
time instead of scanning the view."""

CHANGES = """
SELECT id, added, changed, removed FROM change_log
WHERE view = :view AND changed >= :changed AND (changed > :changed OR id > :id)
  AND (NOT removed OR shown <= :base OR changed > :since AND shown <= :told)
ORDER BY changed, id LIMIT :limit
"""
"""Changes after a cursor. Removals are included only if the client held the article, or may have received it since.
They can include an article that came and went between two reads."""

CHANGE_COUNTS = """
SELECT count(*) FILTER (WHERE NOT removed AND added > :since), count(*) FILTER (WHERE NOT removed AND added <= :since),
  count(*) FILTER (WHERE removed AND shown <= :since)
FROM change_log WHERE view = :view AND changed > :since
"""

PRUNED_THROUGH = "SELECT counter FROM pruned WHERE view = :view"


class ChangeCursor(NamedTuple):
    """A position in the log of one view, before the row (`changed`, `id`)."""

    base: int
    """The counter of the client's last complete state. Articles added later are new to the client."""
    since: int
    """The counter at the start of this read. Tombstones after it must not be pruned."""
    changed: int
    id: str = ""

    @classmethod
    def start(cls, generation: Generation) -> ChangeCursor:
        """The cursor of a client without data."""
        return cls(0, generation.counter, 0)

    @classmethod
    def end(cls, generation: Generation) -> ChangeCursor:
        """The cursor of an up-to-date client."""
        return cls(generation.counter, generation.counter, generation.counter + 1)

    @classmethod
    def read(cls, token: str, generation: Generation, view: int) -> ChangeCursor | None:
        """None for a token of another database or view, or of a later counter. Raises BadUserInput."""
        epoch, of, base, since, changed, id_ = decode(token, "changes", _KINDS, called="token")
        if epoch != generation.epoch or of != view:
            return None
        assert isinstance(base, int) and isinstance(since, int) and isinstance(changed, int) and isinstance(id_, str)  # noqa: S101, PT018 - as decoded
        return cls(base, since, changed, id_) if since <= generation.counter else None

    def token(self, generation: Generation, view: int) -> str:
        return encode("changes", (generation.epoch, view, *self))

    @property
    def told(self) -> int:
        """The client may hold articles that were added up to this counter."""
        return max(self.base, self.changed) if self.id else self.base

    def change(self, added: int, removed: int) -> ChangeType:
        if removed:
            return ChangeType.REMOVED
        return ChangeType.ADDED if added > self.base else ChangeType.UPDATED


_KINDS = (ColumnType(str), ColumnType(int), ColumnType(int), ColumnType(int), ColumnType(int), ColumnType(str))
