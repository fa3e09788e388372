"""`text`: the state in one line, for a ticker or a text source."""

from app.feeds.feed import Document, Feed, Language, Options
from app.feeds.table import Row, choices, one_line
from app.feeds.words import WORDS, round_name

SEPARATOR = " | "


def parts(document: Document, language: Language) -> list[str]:
    """Return the line's parts: the round, its phase, then each choice with its figures."""
    words, round_ = WORDS[language], document["round"]
    if round_ is None:
        return [one_line(document["session"]["title"])]
    head = [round_name(round_, language), words.phases[round_["phase"]]]
    if document["tally"] is None:
        return [*head, words.hidden, words.turnout(round_["turnout"])]
    return head + [choice_text(row, language) for row in choices(document)]


def choice_text(row: Row, language: Language) -> str:
    votes = WORDS[language].votes(str(row["votes_text"]) if language == "zh" else f"{row['votes']:,}")
    return f"{row['name']} {votes} {row['pct_text']}"


def render(document: Document, options: Options) -> bytes:
    return SEPARATOR.join(parts(document, options.language)).encode()


FEED = Feed("text", "text/plain", "The state in one line", render, "language")
