"""Reads the rows of a file of people: CSV in UTF-8 or GB18030, or the first sheet of an .xlsx.

A file comes from outside and is small; what it unpacks to need not be. So an .xlsx is unpacked here within a bound and
packed again before its reader sees it, and a sheet whose cells lie far apart is refused: readers make room for all
between. Knows nothing of what the columns mean.
"""

import csv
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO

from python_calamine import CalamineError, load_workbook

UNPACKED_BYTES_MAX = 16 * 1_048_576
MEMBERS_MAX = 200
ROWS_MAX = 10_000
COLUMNS_MAX = 64
CELL_LENGTH_MAX = 4_000
_ZIP = b"PK\x03\x04"
_CELL = re.compile(rb"""<(?:\w+:)?(?:c|row|dimension)\b[^>]*?\b(?:r|ref)\s*=\s*["']([^"']{0,40})["']""")
_PLACE = re.compile(rb"([A-Za-z]*)([0-9]*)")
Row = tuple[int, Sequence[str]]


class UnreadableFile(ValueError):
    """A file that cannot be read at all; says why, and at which line (0: none in particular)."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def rows_of(content: bytes) -> list[Row]:
    """Return each row with its line, as an editor counts lines and a sheet counts rows, from 1.

    Raises:
        UnreadableFile
    """
    if content.startswith(_ZIP):
        return list(_sheet_rows(content))
    return list(_csv_rows(_text(content)))


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile("the file is UTF-16; save it as CSV UTF-8")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            at = error.start
    raise UnreadableFile("neither UTF-8 nor GB18030; save it as CSV UTF-8", content.count(b"\n", 0, at) + 1)


def _csv_rows(text: str) -> Iterator[Row]:
    if "\0" in text:
        raise UnreadableFile("the file holds zero bytes; it is no CSV", text.count("\n", 0, text.index("\0")) + 1)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(f"not CSV: {error}", line) from None


def _sheet_rows(content: bytes) -> Iterator[Row]:
    try:
        sheet = load_workbook(BytesIO(_repacked(content))).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except UnreadableFile:
        raise
    except (CalamineError, OSError, ValueError, IndexError) as error:
        raise UnreadableFile(f"not a readable .xlsx: {str(error)[:100]}") from None
    except BaseException as error:
        # A fault of the reader's, which is not written in Python, comes as an exception of its own kind.
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableFile("the .xlsx is damaged; save it again") from None
    for line, row in enumerate(rows, 1):
        yield line, [_cell(each) for each in row]


def _cell(value: object) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
    return str(value)[:CELL_LENGTH_MAX]


def _repacked(content: bytes) -> bytes:
    """Unpack an .xlsx within bounds, and pack what was read anew: its reader sees nothing else."""
    packed = BytesIO()
    room = UNPACKED_BYTES_MAX
    try:
        with zipfile.ZipFile(BytesIO(content)) as given, zipfile.ZipFile(packed, "w") as taken:
            members = given.infolist()
            if len(members) > MEMBERS_MAX:
                raise UnreadableFile(f"the .xlsx holds more than {MEMBERS_MAX} parts")
            for member in members:
                if member.is_dir():
                    continue
                with given.open(member) as part:
                    data = part.read(room + 1)
                room -= len(data)
                if room < 0:
                    raise UnreadableFile(f"the .xlsx unpacks to more than {UNPACKED_BYTES_MAX // 1_048_576} MiB")
                if member.filename.lower().startswith("xl/worksheets/"):
                    _require_near(data)
                taken.writestr(member.filename, data)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UnreadableFile(f"not a readable .xlsx: {str(error)[:100]}") from None
    except Exception as error:
        if type(error).__name__ not in ("error", "LZMAError"):  # of zlib and lzma
            raise
        raise UnreadableFile("the .xlsx is damaged; save it again") from None
    return packed.getvalue()


def _require_near(sheet: bytes) -> None:
    """Refuse a sheet with a cell far from the others. Only UTF-8 is looked through, so nothing else is taken."""
    if b"\0" in sheet or not sheet.lstrip().startswith((b"<", b"\xef\xbb\xbf<")):
        raise UnreadableFile("the sheet is not XML in UTF-8; save it again")
    for match in _CELL.finditer(sheet):
        for place in match[1].split(b":"):
            found = _PLACE.fullmatch(place)
            if found is None:
                raise UnreadableFile("a cell of the sheet has no place; save it again")
            column = 0
            for letter in found[1].upper()[:4]:
                column = column * 26 + letter - 64
            row = int(found[2][:9] or b"0")
            if row > ROWS_MAX or column > COLUMNS_MAX:
                raise UnreadableFile(
                    f"the sheet goes beyond {ROWS_MAX} rows or {COLUMNS_MAX} columns; delete what is empty", 0
                )
