"""Checks the rows of an imported list of people: which column is what, and what is wrong in which line. Pure.

All or nothing is for the caller: where one row is bad, none may be kept.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.text import is_plain

HEADERS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "姓名", "选手"),
    "title": ("title", "职务", "职称"),
    "organisation": ("organisation", "organization", "单位", "组织", "所在单位"),
    "sector": ("sector", "领域", "行业", "类别"),
    "unit": ("unit", "nominated_by", "推荐单位", "报送单位"),
    "slogan": ("slogan", "口号", "宣言", "事迹"),
    "portrait_url": ("portrait_url", "portrait", "照片"),
    "clip_url": ("clip_url", "clip", "视频"),
    "key": ("key", "编号"),
}
LENGTH_MAX: Mapping[str, int] = {
    "name": 60,
    "title": 120,
    "organisation": 120,
    "sector": 60,
    "unit": 120,
    "slogan": 200,
    "portrait_url": 500,
    "clip_url": 500,
    "key": 32,
}
KEY = re.compile(r"[a-z0-9_]{1,32}")
ADDRESS = re.compile(r"https?://[^\s<>\"]{1,490}")
_TOO_MANY = "more cells than columns; name the column above, or quote what holds a comma"


@dataclass(frozen=True, slots=True)
class Nominee:
    """One good row. `key` is empty where the row gives none."""

    line: int
    name: str
    title: str = ""
    organisation: str = ""
    sector: str = ""
    unit: str = ""
    slogan: str = ""
    portrait_url: str = ""
    clip_url: str = ""
    key: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        """Return by what a person without a key is known again."""
        return self.name, self.organisation


@dataclass(frozen=True, slots=True)
class Fault:
    line: int
    field: str
    message: str


@dataclass(slots=True)
class Roster:
    """A list as it was read: the good rows, every fault, and the columns that nothing is made of."""

    nominees: list[Nominee] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    rows: int = 0

    @property
    def bad(self) -> int:
        """Return how many lines have a fault."""
        return len({each.line for each in self.faults})


def read_rows(rows: Iterable[tuple[int, Sequence[str]]], rows_max: int) -> Roster:
    """Check a header and the rows under it, each with its line. Empty rows are passed over."""
    roster = Roster()
    columns: dict[int, str] | None = None
    width = 0
    keys: dict[str, int] = {}
    identities: dict[tuple[str, str], Nominee] = {}
    for line, cells in rows:
        texts = [_tidy(cell) for cell in cells]
        if not any(texts):
            continue
        if columns is None:
            columns = _columns(line, texts, roster)
            if columns is None:
                return roster
            width = max(place for place, text in enumerate(texts, 1) if text)
            continue
        roster.rows += 1
        if roster.rows > rows_max:
            roster.faults.append(Fault(line, "", f"there are more than {rows_max} rows; split the file"))
            return roster
        if any(texts[width:]):
            # Most likely a comma that was not quoted: then every cell behind it stands in a wrong column.
            roster.faults.append(Fault(line, "", _TOO_MANY))
            continue
        _take(line, texts, columns, roster, keys, identities)
    if columns is None:
        roster.faults.append(Fault(1, "", "the file is empty; the first row names the columns"))
    elif not roster.rows:
        roster.faults.append(Fault(2, "", "there is no row under the header"))
    return roster


def _columns(line: int, texts: Sequence[str], roster: Roster) -> dict[int, str] | None:
    names = {header: column for column, headers in HEADERS.items() for header in headers}
    columns: dict[int, str] = {}
    for place, text in enumerate(texts):
        column = names.get(text.casefold().replace(" ", "_"))
        if column is None:
            if text:
                roster.ignored.append(text[:60])
        elif column in columns.values():
            roster.faults.append(Fault(line, column, f"two columns are the {column}; keep one"))
        else:
            columns[place] = column
    if "name" not in columns.values():
        roster.faults.append(Fault(line, "name", "no column is the name; call one 姓名 or name"))
    return None if roster.faults else columns


def _take(
    line: int,
    texts: Sequence[str],
    columns: Mapping[int, str],
    roster: Roster,
    keys: dict[str, int],
    identities: dict[tuple[str, str], Nominee],
) -> None:
    values = {column: texts[place] if place < len(texts) else "" for place, column in columns.items()}
    faults = [Fault(line, *each) for each in _faults(values)]
    nominee = Nominee(line=line, **values)
    if nominee.key:
        if nominee.key in keys:
            faults.append(Fault(line, "key", f"line {keys[nominee.key]} has the same key"))
        keys.setdefault(nominee.key, line)
    if nominee.name:
        before = identities.setdefault(nominee.identity, nominee)
        # Two of one name in one organisation are two people only where each has a key.
        if before is not nominee and not (before.key and nominee.key):
            faults.append(Fault(line, "name", f"line {before.line} has the same name and organisation"))
    if faults:
        roster.faults += faults
    else:
        roster.nominees.append(nominee)


def _faults(values: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if not values["name"]:
        yield "name", "the name is missing"
    for column, text in values.items():
        if len(text) > LENGTH_MAX[column]:
            yield column, f"longer than {LENGTH_MAX[column]} characters"
        elif not is_plain(text):
            yield column, "holds a sign that no text has"
    if (key := values.get("key", "")) and not KEY.fullmatch(key):
        yield "key", "a key is made of a-z, 0-9 and _"
    for column in ("portrait_url", "clip_url"):
        if (address := values.get(column, "")) and not ADDRESS.fullmatch(address):
            yield column, "not an http(s) address"


def _tidy(cell: str) -> str:
    return " ".join(cell.split())
