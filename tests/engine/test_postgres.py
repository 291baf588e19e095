"""PostgreSQL for real: the tests start a server."""

import pytest
from adbc_driver_postgresql import dbapi

from truenorth.errors import DataError

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]

ROWS = """
create schema if not exists shop;
drop table if exists shop."Orders";
create table shop."Orders" (
  id bigint primary key, who text, price numeric(10,2), paid boolean,
  at timestamp, seen timestamptz, tags text[], ref uuid
);
insert into shop."Orders" values
  (1, 'a', 12.50, true, '2026-01-01 00:00:01', '2026-01-01 02:00:00+01',
   array['x','y'], '11111111-1111-1111-1111-111111111111'),
  (2, 'b', null, false, '2026-01-01 00:00:02', null, array[]::text[], null);
drop table if exists plain;
create table plain as select 1 as n;
"""


@pytest.fixture
def database(postgres):
    with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        for statement in ROWS.split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        connection.commit()
    return postgres


def test_a_table_is_read_with_its_types(read, rows, database):
    source = {"path": database, "table": "shop.Orders", "time": "at", "key": "id", "known_at": "seen"}
    table = read(source)
    assert table.columns == {
        "id": "integer", "who": "text", "price": "number", "paid": "boolean", "at": "time", "seen": "time",
        "tags": "list", "ref": "text",
    }  # fmt: skip
    assert rows(table, "id", "who", "price", "paid", "__time", "__known", "tags") == [
        (1, "a", 12.5, True, 1767225601000000, 1767229200000000, ["x", "y"]),
        (2, "b", None, False, 1767225602000000, None, []),
    ]
    assert table.report.n_never_known == 1


def test_the_address_may_stand_in_the_environment(read, rows, database, monkeypatch):
    monkeypatch.setenv("SHOP_DATABASE", database.removeprefix("postgresql://"))
    table = read({"path": "postgresql://$SHOP_DATABASE", "table": "plain", "time": "none"})
    assert rows(table, "n") == [1]


@pytest.mark.parametrize("table", ["missing", 'plain"; drop table plain; --'])
def test_a_table_that_is_not_there_is_a_finding(read, rows, database, table):
    with pytest.raises(DataError, match=r"sources\.log\.path.*\[LOG001\]"):
        read({"path": database, "table": table, "time": "none"})
    assert rows(read({"path": database, "table": "plain", "time": "none"}), "n") == [1]


def test_a_server_that_does_not_answer_is_a_finding(read):
    with pytest.raises(DataError, match="database that answers"):
        read({"path": "postgresql://nobody@127.0.0.1:1/none", "table": "t", "time": "none"})
