"""What `arena verify` prints of a file: the outcome, each check in a sentence, what is wrong, what was not proved."""

from collections.abc import Iterator

from app.verify.check import Verification

TOLD_MAX = 20


def told(name: str, found: Verification) -> Iterator[str]:
    """Yield the lines for a file that could be read."""
    agrees = "账目相符" if found.holds else "账目不符"
    if found.rehearsal_of is not None:
        yield f"先锋擂台 · 计票核对 · 彩排，不是结果（{agrees}）: {name}"
        yield f"This is a rehearsal of {found.rehearsal_of}. It is no result, and none of it counts there."
    else:
        yield f"先锋擂台 · 计票核对 · {agrees}: {name}"
    yield found.title
    for check in found.checks:
        yield f"  {'ok   ' if check.holds else 'WRONG'} {check.sentence}"
        for problem in check.problems[:TOLD_MAX]:
            yield f"        - {problem.sentence}"
        if len(check.problems) > TOLD_MAX:
            yield f"        - and {len(check.problems) - TOLD_MAX} more of this kind."
    if found.holds:
        yield "It holds. What this does not prove:"
        yield from (f"  · {each}" for each in found.unproved)
    else:
        lines = sorted({each.line for each in found.problems if each.line is not None})
        named = f" Ballots at fault: {', '.join(map(str, lines[:TOLD_MAX]))}{' …' if lines[TOLD_MAX:] else ''}."
        yield f"It does not hold.{named if lines else ''}"
    yield f"Digest: {found.digest}"
