"""What a verification found: checks in sentences, problems with the line at fault, and what was not proved."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong; `line` is the seq of the ballot at fault, where it is one."""

    sentence: str
    line: int | None = None


@dataclass(slots=True)
class Check:
    """One thing that was compared, and what was found wrong in it."""

    sentence: str
    problems: list[Problem] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.problems

    def wrong(self, sentence: str, line: int | None = None) -> None:
        self.problems.append(Problem(sentence, line))


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found. `unproved` says what a file alone cannot show."""

    title: str
    digest: str
    checks: tuple[Check, ...]
    unproved: tuple[str, ...]
    rehearsal_of: str | None = None
    """The session that was rehearsed; such a file is no result, whether it holds or not."""

    @property
    def problems(self) -> list[Problem]:
        return [problem for check in self.checks for problem in check.problems]

    @property
    def holds(self) -> bool:
        return not self.problems
