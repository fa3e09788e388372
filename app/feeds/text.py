"""`text`: the state in one line, for a ticker or a text source."""

from app.feeds.feed import Document, Feed, Language, Options
from app.feeds.table import Row, choices, is_sealed, one_line
from app.feeds.words import REHEARSAL, WORDS, round_name

SEPARATOR = " | "


def parts(document: Document, language: Language) -> list[str]:
    """Return the line's parts: a rehearsal's mark, the round, its phase, each choice with its figures, and what must be
    known of them.
    """
    words, round_, tally = WORDS[language], document["round"], document["tally"]
    mark = [REHEARSAL] if document["session"]["rehearsal"] else []
    if round_ is None:
        return [*mark, one_line(document["session"]["title"])]
    head = [*mark, round_name(round_, language), words.phases[round_["phase"]]]
    tail = [words.held(round_["held"])] if round_["held"] else []
    tail.append(words.deciding if document["session"]["deciding"] else words.popularity)
    if tally is None:
        return [*head, words.sealed if is_sealed(round_) else words.hidden, words.turnout(round_["turnout"]), *tail]
    if tally["corrections"]:
        head.append(words.corrected)
    return [*head, *(choice_text(row, language) for row in choices(document)), *tail]


def choice_text(row: Row, language: Language) -> str:
    votes = WORDS[language].votes(str(row["votes_text"]) if language == "zh" else f"{row['votes']:,}")
    share = WORDS[language].score(str(row["score_text"])) if row["score_text"] else row["pct_text"]
    return f"{row['name']} {votes} {share}"


def render(document: Document, options: Options) -> bytes:
    return SEPARATOR.join(parts(document, options.language)).encode()


FEED = Feed("text", "text/plain", "The state in one line", render, "language")
