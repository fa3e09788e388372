"""The checklist of docs/interop.md: twenty-four items, each held by tests that are there."""

import re
from pathlib import Path

import pytest

from tests.test_docs import table

ROOT = Path(__file__).parents[2]
ROWS = {
    int(item): re.findall(r"`([^`]+)`", tests)
    for item, _, tests in table((ROOT / "docs" / "interop.md").read_text(), "item", "what", "test")
}
PYTHON = "".join(path.read_text() for path in sorted((ROOT / "tests").rglob("test_*.py")))
JAVASCRIPT = "".join(path.read_text() for path in sorted((ROOT / "tests").glob("*/*.test.mjs")))


def test_every_item_from_1_to_24_has_a_row() -> None:
    assert list(ROWS) == list(range(1, 25))


@pytest.mark.parametrize("item", range(1, 25))
def test_item_is_held_by_tests_that_are_there(item: int) -> None:
    assert ROWS[item]
    for name in ROWS[item]:
        found = PYTHON.count(f"def {name}(") if name.startswith("test_") else JAVASCRIPT.count(f'test("{name}",')
        assert found == 1, name


def test_a_test_named_after_an_item_stands_in_its_row() -> None:
    for name, item in re.findall(r"def (test_(?:interop|item)_(\d\d)_\w+)\(", PYTHON):
        assert name in ROWS[int(item)], name
