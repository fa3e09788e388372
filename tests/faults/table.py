"""Writes the table of docs/reliability.md from the figures of a run: `python -m tests.faults.table DIRECTORY PAGE`."""

import json
import sys
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- figures: written by `make faults` -->", "<!-- end of figures -->"
HEADER = "| fault | injected | asserted | figures | seed | test |\n|---|---|---|---|---|---|\n"


def row(page: dict[str, Any]) -> str:
    figures = "; ".join(f"{key.replace('_', ' ')} {shown(value)}" for key, value in page["figures"].items())
    path, _, name = page["test"].partition("::")
    test = f"`{path}::{name.partition('[')[0]}`"
    cells = [page["fault"], page["injected"], page["asserted"], figures, page["seed"] or "", test]
    return "| " + " | ".join(str(each).replace("|", "/") for each in cells) + " |"


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {number}" for key, number in value.items())
    if isinstance(value, float):
        return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def written(page: str, figures: list[dict[str, Any]]) -> str:
    """Return the page with the table of these figures.

    Raises:
        ValueError: a fault that stands in the page is missing from them: the run was not whole.
    """
    before, _, rest = page.partition(BEGIN)
    old, _, after = rest.partition(END)
    names = {each["fault"] for each in figures}
    gone = {line.split(" | ")[0][2:] for line in old.splitlines() if line.startswith("| ")} - names - {"fault"}
    if gone:
        raise ValueError(f"Not in this run, so the page stays as it is: {', '.join(sorted(gone))}.")
    dates = sorted({each["date"] for each in figures})
    machines = sorted({each["machine"] for each in figures})
    commands = sorted({each["command"] for each in figures})
    said = f"Date: {', '.join(dates)}. Machine: {'; '.join(machines)}. Command: `{'`, `'.join(commands)}`.\n\n"
    rows = "\n".join(row(each) for each in figures)
    return f"{before}{BEGIN}\n{said}{HEADER}{rows}\n{END}{after}"


def main(directory: Path, target: Path) -> None:
    figures = [json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))]
    try:
        target.write_text(written(target.read_text(), figures))
    except ValueError as error:
        print(error)
    else:
        print(f"{target}: {len(figures)} faults")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
