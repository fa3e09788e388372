"""An imported list: columns by their names, and every fault by its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.roster import HEADERS, LENGTH_MAX, Fault, Nominee, Roster, read_rows

HEADER = ["姓名", "职务", "单位", "推荐单位", "编号"]


def read(*rows: list[str], header: list[str] | None = None, rows_max: int = 100) -> Roster:
    return read_rows(list(enumerate([header or HEADER, *rows], 1)), rows_max)


def faults(*rows: list[str], **options: list[str] | int) -> list[tuple[int, str]]:
    return [(each.line, each.field) for each in read(*rows, **options).faults]  # type: ignore[arg-type]


def test_good_rows_become_people_with_their_lines() -> None:
    roster = read(["王伟", "党委副书记", "澳洋医院", "卫健委", "wangwei"], ["", " "], [" 杨  玭 ", "", "公益联合会"])
    assert roster.nominees == [
        Nominee(2, "王伟", "党委副书记", "澳洋医院", unit="卫健委", key="wangwei"),
        Nominee(4, "杨 玭", organisation="公益联合会"),
    ]
    assert (roster.rows, roster.faults, roster.ignored) == (2, [], [])


@pytest.mark.parametrize(("column", "header"), [(column, each) for column, all_ in HEADERS.items() for each in all_])
def test_each_column_goes_by_several_names(column: str, header: str) -> None:
    value = {"key": "k1", "portrait_url": "https://a.cn/1.jpg", "clip_url": "http://a.cn/2"}.get(column, "某")
    row, head = ([value], [header.upper()]) if column == "name" else ([value, "王伟"], [header.upper(), "姓名"])
    assert getattr(read(row, header=head).nominees[0], column) == value


def test_columns_that_nothing_is_made_of_are_told() -> None:
    assert read(["王伟", "男", ""], header=["姓名", "性别", ""]).ignored == ["性别"]


def test_header_without_the_name_and_with_a_column_twice_is_refused() -> None:
    assert faults(["x"], header=["单位"]) == [(1, "name")]
    assert faults(["x", "y"], header=["姓名", "name"]) == [(1, "name")]


def test_file_with_nothing_in_it_is_refused() -> None:
    assert read_rows([], 10).faults == [Fault(1, "", "the file is empty; the first row names the columns")]
    assert faults() == [(2, "")]


def test_every_bad_row_is_told_and_good_ones_between() -> None:
    roster = read(
        ["", "党委书记"],
        ["王伟", "", "澳洋医院"],
        ["李" * 61],
        ["陈\x00某"],
        ["赵某", "", "", "", "Zhao Li"],
    )
    assert [(each.line, each.field) for each in roster.faults] == [(2, "name"), (4, "name"), (5, "name"), (6, "key")]
    assert roster.bad == 4
    assert [each.name for each in roster.nominees] == ["王伟"]


@pytest.mark.parametrize("beyond", [[], ["", ""]])
def test_a_row_with_more_cells_than_the_header_has_is_told_and_not_shifted(beyond: list[str]) -> None:
    roster = read(["王伟", "Acme", "Inc", "书记"], ["杨玭", "甲", "乙", ""], header=["姓名", "单位", "职务", *beyond])
    message = "more cells than columns; name the column above, or quote what holds a comma"
    assert roster.faults == [Fault(2, "", message)]
    assert [each.name for each in roster.nominees] == ["杨玭"]


@pytest.mark.parametrize("column", ["portrait_url", "clip_url"])
@pytest.mark.parametrize("address", ["javascript:alert(1)", "//a.cn/x", "https://a cn/", "data:image/png;base64,AA"])
def test_address_that_is_none_is_refused(column: str, address: str) -> None:
    assert faults(["王伟", address], header=["姓名", column]) == [(2, column)]


def test_same_person_twice_is_told_with_the_first_line() -> None:
    roster = read(["王伟", "", "澳洋医院"], ["杨玭"], ["王伟", "另写", "澳洋医院"])
    assert roster.faults == [Fault(4, "name", "line 2 has the same name and organisation")]
    assert read(["王伟", "", "甲"], ["王伟", "", "乙"]).faults == []


def test_two_of_one_name_in_one_place_need_a_key_each() -> None:
    assert read(["王伟", "", "甲", "", "w1"], ["王伟", "", "甲", "", "w2"]).faults == []
    assert faults(["王伟", "", "甲", "", "w1"], ["王伟", "", "甲"]) == [(3, "name")]


def test_same_key_twice_is_told() -> None:
    assert faults(["王伟", "", "甲", "", "w"], ["杨玭", "", "乙", "", "w"]) == [(3, "key")]


def test_rows_beyond_the_bound_are_not_read() -> None:
    assert faults(*[[f"第{i}人"] for i in range(9)], rows_max=5) == [(7, "")]


@given(st.lists(st.lists(st.text(max_size=70), max_size=6), max_size=8))
def test_whatever_stands_there_a_row_is_good_or_told(rows: list[list[str]]) -> None:
    roster = read(*rows)
    good, bad = {each.line for each in roster.nominees}, {each.line for each in roster.faults}
    assert not good & bad
    if roster.rows:
        assert roster.rows == len(good) + len(bad)
    for each in roster.nominees:
        assert each.name
        assert all(len(getattr(each, column)) <= most for column, most in LENGTH_MAX.items())
