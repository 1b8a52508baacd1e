"""The tables of a store, the same for SQLite and PostgreSQL, and the triggers that let them only grow."""

from __future__ import annotations

import secrets

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    update,
)

from forensics.errors import StoreError, StoreMissing

__all__ = [
    "SCHEMA",
    "check_free",
    "check_schema",
    "create",
    "fingerprints",
    "log",
    "meta",
    "records",
    "revocations",
]

SCHEMA = 2  # 2: with the size of pictures

_metadata = MetaData()
_big = BigInteger().with_variant(Integer, "sqlite")

meta = Table(
    "forensics_meta",
    _metadata,
    Column("name", String(50), primary_key=True),
    Column("value", String(200), nullable=False),
)
log = Table(
    "forensics_log",
    _metadata,
    Column("number", _big, primary_key=True, autoincrement=False),
    Column("kind", String(20), nullable=False),
    Column("manifest_id", String(1000), nullable=False),
    Column("created", String(40), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
records = Table(
    "forensics_records",
    _metadata,
    Column("number", _big, ForeignKey(log.c.number), primary_key=True, autoincrement=False),
    Column("manifest_id", String(1000), nullable=False, unique=True),
    Column("media_type", String(1000), nullable=False),
    Column("asset_sha256", String(64), nullable=False, index=True),
    Column("pixel_sha256", String(64), nullable=False, index=True),
    Column("placement", Text),
    Column("scheme", Text),
    Column("key", Text),
    Column("payload", Text),
    Column("model", String(1000), nullable=False),
    Column("extra", Text, nullable=False),
    Column("width", Integer, nullable=False, server_default="0"),
    Column("height", Integer, nullable=False, server_default="0"),
    Column("manifest", LargeBinary, nullable=False),  # last: what is before it is read without it
    Column("skeleton", LargeBinary, nullable=False),
    Index("forensics_records_mark", "payload", "scheme", "key"),
)
fingerprints = Table(
    "forensics_fingerprints",
    _metadata,
    Column("record", _big, ForeignKey(records.c.number), primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(20), nullable=False),
    Column("quality", Float, nullable=False),
    Column("code", LargeBinary, nullable=False),
)
revocations = Table(
    "forensics_revocations",
    _metadata,
    Column("number", _big, ForeignKey(log.c.number), primary_key=True, autoincrement=False),
    Column("manifest_id", String(1000), nullable=False, index=True),
    Column("reason", Text, nullable=False),
)
_GROWING = (log, records, fingerprints, revocations)


def create(connection: Connection) -> None:
    """Make the tables and triggers of a store where they are missing, and add what an older one lacks."""
    fresh = not connection.dialect.has_table(connection, meta.name)
    _metadata.create_all(connection)
    if not fresh:
        _brought_up(connection)
        return
    values = {"schema": str(SCHEMA), "store": secrets.token_hex(16)}
    connection.execute(insert(meta), [{"name": name, "value": value} for name, value in values.items()])
    for statement in _triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)


def check_free(connection: Connection, place: str) -> None:
    """Refuse a file that is the database of another program; a server may be shared.

    Raises:
        StoreError: It is one.
    """
    names = inspect(connection).get_table_names() if connection.dialect.name == "sqlite" else []
    if names and meta.name not in names:
        raise StoreError(
            f"{place} is no manifest store, but a database of another program; name another place"
        )


def check_schema(connection: Connection, place: str) -> int:
    """Return the version of the tables.

    Raises:
        StoreMissing: There are none.
        StoreError: They are older or newer than this program, damaged, or those of another one.
    """
    check_free(connection, place)
    if not connection.dialect.has_table(connection, meta.name):
        raise StoreMissing(f"{place} is no manifest store; `forensics store init` makes one")
    said = str(connection.execute(select(meta.c.value).where(meta.c.name == "schema")).scalar())
    if not (said.isascii() and said.isdecimal()):
        raise StoreError(f"{place} is damaged: it does not say which version made it")
    found = int(said)
    if found > SCHEMA:
        raise StoreError(
            f"{place} was made by a newer version of this program (tables {found}, known {SCHEMA}): "
            "upgrade with `pip install -U synthetic-media-forensics`",
            expected=SCHEMA,
            actual=found,
        )
    if found < SCHEMA:
        raise StoreError(
            f"{place} was made by an older version of this program (tables {found}, now {SCHEMA}): "
            "bring it up to date with `forensics store init`, which keeps every entry",
            expected=SCHEMA,
            actual=found,
        )
    return found


def _brought_up(connection: Connection) -> None:
    """Add the columns of newer versions; what is in the store stays as it is."""
    known = meta.c.name == "schema"
    if connection.execute(select(meta.c.value).where(known)).scalar() != "1":
        return
    for name in ("width", "height"):
        statement = f"ALTER TABLE {records.name} ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0"
        connection.exec_driver_sql(statement)
    connection.execute(update(meta).where(known).values(value=str(SCHEMA)))


def _triggers(dialect: str) -> list[str]:
    """Return what makes the database itself refuse to change or remove rows."""
    names = [table.name for table in _GROWING]
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {name}_{action} BEFORE {action} ON {name} "
            "BEGIN SELECT RAISE(ABORT, 'a manifest store only grows'); END"
            for name in names
            for action in ("UPDATE", "DELETE")
        ]
    function = (
        "CREATE FUNCTION forensics_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a manifest store only grows'; END $$"
    )
    return [function] + [
        f"CREATE TRIGGER {name}_keep BEFORE UPDATE OR DELETE ON {name} "
        "FOR EACH ROW EXECUTE FUNCTION forensics_only_grows()"
        for name in names
    ]
