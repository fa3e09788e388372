"""Loading a file of nominees: CSV and Excel, every bad row by its line, and none half-loaded."""

import zipfile
from collections.abc import Sequence
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import httpx2
import pytest

from tests.conftest import Running
from tests.players import problem
from tests.routers.programme import ROOT, SEASON, Programme, programme_of

pytestmark = pytest.mark.edge

PATH = f"{SEASON}/import"
HEADER = ["姓名", "职务", "单位", "领域", "推荐单位"]
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.fixture
def programme(arena: Running) -> Programme:
    return programme_of(arena)


def nominees(count: int) -> list[list[str]]:
    return [HEADER, *([f"榜样{i}", "书记", f"第{i}村", "乡村振兴", f"{i % 9}镇"] for i in range(1, count + 1))]


def csv_of(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    return "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"


def cell(column: int, row: int, value: str | float) -> str:
    place = f"{chr(65 + column)}{row}"
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def sheet_of(rows: Sequence[Sequence[str | float]]) -> str:
    body = "".join(
        f'<row r="{i}">{"".join(cell(j, i, value) for j, value in enumerate(row))}</row>'
        for i, row in enumerate(rows, 1)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'


def xlsx_of(sheet: str | bytes, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", method) as file:
        file.writestr("[Content_Types].xml", _TYPES)
        office = f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        file.writestr("_rels/.rels", _RELATIONS.format(office))
        sheets = f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        file.writestr("xl/_rels/workbook.xml.rels", _RELATIONS.format(sheets))
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="名单" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        file.writestr("xl/worksheets/sheet1.xml", sheet)
    return packed.getvalue()


def load(programme: Programme, content: bytes, **params: Any) -> httpx2.Response:
    return programme.client.post(PATH, content=content, params=params)


def loaded(programme: Programme, content: bytes, **params: Any) -> dict[str, Any]:
    answer = load(programme, content, **params)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def refused(programme: Programme, content: bytes) -> list[tuple[int, str]]:
    document = problem(load(programme, content), 422, "invalid_import")
    assert nothing_is_there(programme)
    return [(each["line"], each["field"]) for each in document["rows"]]


def entries(programme: Programme) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = programme.get(f"{SEASON}/entries", after=after, limit=250)
        found += page["entries"]
        after = page["next"]
    return found


def nothing_is_there(programme: Programme) -> bool:
    return not entries(programme) and not programme.get(f"{ROOT}/people")["people"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_comma_too_many_loads_nobody_with_shifted_cells(programme: Programme, kind: str) -> None:
    rows = [["姓名", "单位", "职务"], ["王伟", "Acme", " Inc", "书记"]]
    content = csv_of(rows).encode() if kind == "csv" else xlsx_of(sheet_of(rows))
    assert refused(programme, content) == [(2, "")]


@pytest.mark.parametrize("kind", ["utf-8", "utf-8-sig", "gb18030", "semicolon", "tab", "xlsx"])
def test_six_hundred_are_loaded_from_what_offices_write(programme: Programme, kind: str) -> None:
    rows = nominees(600)
    delimiter = {"semicolon": ";", "tab": "\t"}.get(kind, ",")
    encoding = kind if kind.startswith(("utf", "gb")) else "utf-8"
    content = xlsx_of(sheet_of(rows)) if kind == "xlsx" else csv_of(rows, delimiter).encode(encoding)
    answer = loaded(programme, content)
    assert {key: answer[key] for key in ("rows", "added", "known", "people_made", "people_known")} == {
        "rows": 600, "added": 600, "known": 0, "people_made": 600, "people_known": 0,
    }  # fmt: skip
    found = entries(programme)
    assert len(found) == 600
    assert found[0]["person"] | {"slogan": ""} == {
        "key": "p1", "name": "榜样1", "title": "书记", "organisation": "第1村", "sector": "乡村振兴",
        "portrait_url": "", "clip_url": "", "slogan": "",
    }  # fmt: skip
    assert (found[599]["person"]["key"], found[599]["unit"], found[599]["stage"]) == ("p600", "6镇", "nominated")
    record = programme.get(f"{SEASON}/moves", limit=1)["moves"][0]
    assert record["basis"] == {"kind": "import", "digest": answer["digest"], "line": 2}
    # The same file again adds nobody.
    again = loaded(programme, content)
    assert (again["added"], again["known"], again["notes"]) == (0, 600, [])
    assert len(entries(programme)) == 600


def test_every_bad_row_is_told_by_its_line_and_nothing_is_loaded(programme: Programme) -> None:
    rows = nominees(600)
    rows[3][0] = ""
    rows[100][1] = "长" * 121
    rows[200] = list(rows[5])
    rows[400][0] = '"引"'
    content = csv_of([*rows, ["后来", "", "", "", ""]]).encode()
    assert refused(programme, content) == [(4, "name"), (101, "title"), (201, "name")]
    document = load(programme, content).json()
    assert (document["bad"], document["total"]) == (3, 601)
    assert document["rows"][2]["message"] == "line 6 has the same name and organisation"


def test_lines_are_those_an_editor_counts(programme: Programme) -> None:
    content = '姓名,口号\r\n王伟,"第一行\n第二行"\r\n\r\n,无名\r\n'
    assert refused(programme, content.encode()) == [(5, "name")]
    sheet = xlsx_of(sheet_of([["姓名", "口号"], [], ["王伟", ""], ["", "无名"]]))
    assert refused(programme, sheet) == [(4, "name")]


def test_numbers_and_dates_of_a_sheet_become_text(programme: Programme) -> None:
    loaded(programme, xlsx_of(sheet_of([["姓名", "编号", "职务"], ["王伟", 12.0, 3.5]])))
    person = entries(programme)[0]["person"]
    assert (person["key"], person["title"]) == ("12", "3.5")


def test_dry_run_says_what_would_come_of_it(programme: Programme) -> None:
    answer = loaded(programme, csv_of([["姓名", "性别"], ["王伟", "男"]]).encode(), dry_run="1")
    assert (answer["dry_run"], answer["added"], answer["ignored"]) == (True, 1, ["性别"])
    assert nothing_is_there(programme)


def test_person_who_is_known_keeps_what_stands(programme: Programme) -> None:
    programme.post(f"{ROOT}/people", {"key": "wang", "name": "王伟", "organisation": "澳洋医院", "title": "副书记"})
    rows = [["姓名", "单位", "职务", "编号"], ["王伟", "澳洋医院", "书记", ""], ["杨玭", "", "", "yang"]]
    answer = loaded(programme, csv_of(rows).encode())
    assert (answer["people_made"], answer["people_known"], answer["added"]) == (1, 1, 2)
    assert answer["notes"] == [{"line": 2, "message": "wang is known and keeps title"}]
    assert [each["person"]["title"] for each in entries(programme)] == ["副书记", ""]


def test_keys_that_mean_somebody_else_are_told(programme: Programme) -> None:
    for key in ("w1", "w2"):
        programme.post(f"{ROOT}/people", {"key": key, "name": "王伟", "organisation": "澳洋医院"})
    rows = [["姓名", "单位", "编号"], ["李娜", "", "w1"], ["王伟", "澳洋医院", ""], ["王伟", "某处", "w2"]]
    document = problem(load(programme, csv_of(rows).encode()), 422, "invalid_import")
    assert [(each["line"], each["field"]) for each in document["rows"]] == [(2, "key"), (3, "key")]
    rows = [["姓名", "单位", "编号"], ["王伟", "某处", "w1"], ["王伟", "别处", "w2"]]
    assert loaded(programme, csv_of(rows).encode())["added"] == 2


def test_new_keys_go_round_those_that_the_file_takes(programme: Programme) -> None:
    rows = [["姓名", "编号"], ["甲", ""], ["乙", "p2"], ["丙", ""]]
    loaded(programme, csv_of(rows).encode())
    assert [each["person"]["key"] for each in entries(programme)] == ["p1", "p2", "p3"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        "姓名".encode("utf-16"),
        b"\x81\x30",
        b"name\0\nx",
        b'name\n"never closed',
        b"PK\x03\x04 no zip at all",
        b"PK\x03\x04" + b"\0" * 500,
        xlsx_of(sheet_of([["姓名"], ["王伟"]]))[:-30],
        xlsx_of(b"\xff\xfe<\0"),
        xlsx_of("<worksheet><sheetData><row"),
        b"title\nno column is the name",
        ("name\n" + "\n".join(f"n{i}" for i in range(5_001))).encode(),
    ],
    ids=[
        "empty", "utf-16 cut", "utf-16", "no encoding", "zero byte", "open quote", "no zip", "zeros", "cut",
        "sheet in utf-16", "cut sheet", "no name", "too many rows",
    ],
)  # fmt: skip
def test_file_that_cannot_be_read_loads_nothing(programme: Programme, content: bytes) -> None:
    assert len(refused(programme, content)) == 1


def test_sheet_whose_cells_lie_far_apart_is_refused_at_once(programme: Programme) -> None:
    for place in ("XFD1048576", "A1048576", "XFD1", "ZZZZZZZ1", "A99999999999"):
        sheet = sheet_of([["姓名"]]).replace("</sheetData>", f'<row><c r="{place}"><v>1</v></c></row></sheetData>')
        assert refused(programme, xlsx_of(sheet)) == [(0, "")]
    far = sheet_of([["姓名"]]).replace("</sheetData>", '<row r="999999999"><c><v>1</v></c></row></sheetData>')
    assert refused(programme, xlsx_of(far)) == [(0, "")]


def test_file_that_unpacks_to_much_more_is_refused(programme: Programme) -> None:
    bomb = sheet_of([["姓名"], ["王伟"]]).replace("王伟", " " * 40_000_000)
    content = xlsx_of(bomb)
    assert len(content) < 100_000
    assert refused(programme, content) == [(0, "")]


def test_part_that_lies_about_its_size_gives_no_more_than_it_says(programme: Programme) -> None:
    content = bytearray(xlsx_of(sheet_of([["姓名"], ["王伟"]]) + " " * 30_000_000))
    # The directory at the end says that the sheet is small; what is packed is not.
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = (200).to_bytes(4, "little")
    assert len(refused(programme, bytes(content))) == 1


def test_body_over_one_mebibyte_is_413(programme: Programme) -> None:
    problem(load(programme, b"name\n" + b"x" * 1_048_576), 413, "body_too_large")


def test_import_stands_in_the_audit_log_once(programme: Programme) -> None:
    content = csv_of(nominees(3)).encode()
    digest = loaded(programme, content)["digest"]
    loaded(programme, content)
    entries_ = [each for each in programme.audit() if each["action"] == "imported"]
    assert len(entries_) == 1
    assert (entries_[0]["after"]["added"], entries_[0]["after"]["digest"]) == (3, digest)
