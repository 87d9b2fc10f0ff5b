"""What all tables have in common. Times are integer milliseconds UTC.

What PostgreSQL alone is told of tables (their parts, the conditions of indexes) stands only in the
migrations, which make them: naming it here would import its dialect, 2 MB, into every leader.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

METADATA = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "fk": "%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "%(table_name)s_key",
    }
)

# SQLite numbers rows by itself only in a column that is exactly INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")


def moment(**options: Any) -> Any:
    """A column of milliseconds, or of another number that may need 64 bits."""
    return Field(sa_type=BigInteger, **options)


def number() -> Any:
    """A key that grows with every row."""
    return Field(default=None, primary_key=True, sa_type=_Number)


class Row(SQLModel):
    """A row of the table named like the class without `Row`, in snake case."""

    metadata: ClassVar[MetaData] = METADATA

    @declared_attr  # type: ignore[arg-type]  # a name is no column, as the docs have it
    def __tablename__(cls) -> str:
        name = cls.__name__.removesuffix("Row")
        return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")
