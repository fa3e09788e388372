"""What goes over the wire: requests, documents, messages, problems."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator

from app.domain.text import is_plain


def plain(value: Any) -> Any:
    """Refuse control characters in a text, and in the texts of lists and objects however deep."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if not is_plain(each):
                raise ValueError("holds a control character; remove it")
        elif isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list):
            waiting += each
    return value


PlainText = Annotated[str, AfterValidator(plain)]


class Request(BaseModel):
    """A body from outside. Unknown fields are tolerated, so that newer clients can talk to older servers."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    _plain = field_validator("*")(plain)


class Document(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")
