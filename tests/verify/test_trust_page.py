"""docs/trust.md names tests that exist, for every promise."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "trust.md").read_text()


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 30
    for path, name in named:
        assert re.search(rf"def {name}\(", (ROOT / path).read_text()), f"{path}::{name}"


def test_every_promise_has_a_row_with_a_test() -> None:
    rows = dict(re.findall(r"^\| (\d+) \|(.*)$", PAGE, re.MULTILINE))
    assert list(rows) == [str(number) for number in range(1, 19)]
    assert all("::test_" in row for row in rows.values())
