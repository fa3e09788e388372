"""What goes over the wire: requests, documents, messages, problems."""

from pydantic import BaseModel, ConfigDict


class Request(BaseModel):
    """A body from outside. Unknown fields are tolerated, so that newer clients can talk to older servers."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)


class Document(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")
