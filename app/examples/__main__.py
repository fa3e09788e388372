"""`python -m app.examples`: writes the examples' files anew. The same seed writes the same bytes."""

from pathlib import Path

import orjson

from app.examples.gala import gala, nominees_csv
from app.examples.season import season

ROOT = Path(__file__).parents[2] / "examples"


def files() -> dict[str, bytes]:
    """Return what stands in examples/, by name."""
    year = gala()
    pretty = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return {
        "season-2017.json": orjson.dumps(season(), option=pretty),
        "gala-2021.json": orjson.dumps({**year, "nominees": len(year["nominees"])}, option=pretty),
        "gala-2021-nominees.csv": nominees_csv(year).encode("utf-8-sig"),
    }


if __name__ == "__main__":
    for name, content in files().items():
        (ROOT / name).write_bytes(content)
