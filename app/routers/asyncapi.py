"""The AsyncAPI 3 document of the WebSocket, made from the very models that are read and written there."""

from functools import cache
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.live.close_codes import CloseCode
from app.schemas.messages import (
    HeartbeatMessage,
    HelloMessage,
    LikedMessage,
    LikeMessage,
    PingMessage,
    PongMessage,
    ProblemMessage,
    ReceiptMessage,
    VoteMessage,
    WelcomeMessage,
)
from app.schemas.tally import TallyDocument

router = APIRouter(include_in_schema=False)

ASKED: tuple[type[BaseModel], ...] = (HelloMessage, VoteMessage, LikeMessage, PingMessage, HeartbeatMessage)
SAID: tuple[type[BaseModel], ...] = (
    TallyDocument,
    WelcomeMessage,
    ReceiptMessage,
    LikedMessage,
    PongMessage,
    ProblemMessage,
)


@router.api_route("/asyncapi.json", methods=["GET", "HEAD"])
async def asyncapi(request: Request) -> Response:
    """Describe the WebSocket for machines, as /openapi.json describes HTTP."""
    document = asyncapi_document(request.app.version)
    return Response(orjson.dumps(document), media_type="application/json; charset=utf-8")


@cache
def asyncapi_document(version: str) -> dict[str, Any]:
    """Return the document (AsyncAPI 3.0.0). Schemas are JSON Schema 2020-12 as pydantic writes them."""
    asked, said = _schemas(ASKED, "validation"), _schemas(SAID, "serialization")
    ends = "; ".join(
        f"{each.number} {each.reason} ({'reconnect' if each.reconnect else 'do not reconnect'})" for each in CloseCode
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Pioneer Arena 先锋擂台: the WebSocket",
            "version": version,
            "description": "Text frames of JSON. The first frame is the whole tally; nothing has to be said to get it. "
            f"Unknown types, binary frames and trailing white space are tolerated. Close codes: {ends}.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "session": {
                "address": "/ws/sessions/{code}",
                "title": "One session",
                "parameters": {"code": {"description": "The session's code, such as K7M2QP, without regard to case."}},
                "bindings": {
                    "ws": {
                        "query": {
                            "type": "object",
                            "properties": {
                                "token": {
                                    "type": "string",
                                    "maxLength": 512,
                                    "description": "As in hello, for tools that cannot say one.",
                                }
                            },
                        }
                    }
                },
                "messages": {
                    _name(model): {"$ref": f"#/components/messages/{_name(model)}"} for model in (*ASKED, *SAID)
                },
            }
        },
        "operations": {
            # From the service's side: it receives what clients say, and sends what it answers.
            "listen": _operation("receive", "What a client may say.", ASKED),
            "speak": _operation("send", "What the service says.", SAID),
        },
        "components": {
            "messages": {
                _name(model): {
                    "name": _name(model),
                    "title": model.__name__.removesuffix("Message").removesuffix("Document"),
                    "summary": " ".join((model.__doc__ or _SUMMARIES.get(model, "")).split()),
                    "contentType": "application/json",
                    "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
                }
                for model in (*ASKED, *SAID)
            },
            "schemas": {**asked, **said},
        },
    }


_SUMMARIES: dict[type[BaseModel], str] = {
    HelloMessage: "Says who speaks; from then on the socket is given that view.",
    VoteMessage: "Casts a ballot; answered by a receipt or a problem with the same id.",
    LikeMessage: "Raises this phone's likes to these totals; answered by liked or a problem.",
    PingMessage: "Asks for the server's time.",
    HeartbeatMessage: "An overlay with an access token says that it lives and what it shows; nothing is answered.",
    TallyDocument: "The whole tally: first on connecting, then whenever something changed.",
}


def _name(model: type[BaseModel]) -> str:
    kind: str = model.model_fields["type"].annotation.__args__[0]  # type: ignore[union-attr]
    return kind


def _operation(action: str, summary: str, models: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/session"},
        "messages": [{"$ref": f"#/channels/session/messages/{_name(model)}"} for model in models],
    }


def _schemas(models: tuple[type[BaseModel], ...], mode: Any) -> dict[str, Any]:
    _, document = models_json_schema([(model, mode) for model in models], ref_template="#/components/schemas/{model}")
    schemas: dict[str, Any] = document["$defs"]
    return schemas
