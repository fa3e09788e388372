"""Turns every error into problem+json, the framework's own included."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.domain.errors import ArenaError, InvalidRequest, MalformedJson, NotFound
from app.schemas.problem import problem_fields
from app.services.identity import note_refusal

log = structlog.get_logger()


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


def problem_response(error: ArenaError, instance: str) -> ProblemResponse:
    headers = {}
    if retry_after_s := error.extra.get("retry_after_s"):
        headers["Retry-After"] = str(retry_after_s)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return ProblemResponse(problem_fields(error, instance), status_code=error.status, headers=headers)


def unexpected_response(error: Exception, path: str) -> ProblemResponse:
    """Write down what failed, and answer without a word of it."""
    log.error("unexpected error", path=path, exc_info=error)
    return problem_response(_Unexpected("Something failed here; nothing was counted. Try again."), path)


def add_problem_handlers(app: FastAPI) -> None:
    @app.exception_handler(ArenaError)
    async def _arena(request: Request, error: ArenaError) -> ProblemResponse:
        await note_refusal(request.app.state.arena, error)
        return problem_response(error, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> ProblemResponse:
        first = error.errors()[0] if error.errors() else {}
        if first.get("type") == "json_invalid":
            return problem_response(
                MalformedJson("The body is not valid JSON; check it and send again."), request.url.path
            )
        return problem_response(invalid_request(error.errors()), request.url.path)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> ProblemResponse:
        refusal: ArenaError
        if error.status_code == 404:
            refusal = NotFound("Nothing is at this address; check it against the documentation at /docs.")
        elif error.status_code == 400:
            # What JSON allows and its reader does not: brackets without end, a number of thousands of digits, bytes
            # that are no UTF-8.
            refusal = MalformedJson("The body cannot be read as JSON; check it and send again.")
        else:
            refusal = _FrameworkRefusal(error)
        response = problem_response(refusal, request.url.path)
        response.headers.update(error.headers or {})
        if error.status_code == 405:
            response.headers["Allow"] = ", ".join(_methods(request))
        return response

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> ProblemResponse:
        return unexpected_response(error, request.url.path)

    _describe(app)


def _describe(app: FastAPI) -> None:
    """Let the OpenAPI document say of every error that it comes as problem+json; the framework has forms of its own."""
    described = app.openapi
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

    def openapi() -> dict[str, Any]:
        document = described()
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if status >= "400":
                        answer["content"] = content
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def invalid_request(errors: Any) -> InvalidRequest:
    """Say in one sentence which field is wrong; the others stand in `errors`. What was sent is not repeated."""
    listed = [
        {"field": ".".join(str(part) for part in each["loc"] if part != "body"), "message": str(each["msg"])}
        for each in errors[:20]
    ]
    first = listed[0] if listed else {"field": "", "message": "not valid"}
    where = f"{first['field']}: " if first["field"] else ""
    return InvalidRequest(f"{where}{first['message']}.", errors=jsonable_encoder(listed))


def _methods(request: Request) -> list[str]:
    """List the methods that this address takes; the framework names those of the first route that it has."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= set(route.methods or ())
    return sorted(methods)


class _FrameworkRefusal(ArenaError):
    """A refusal of the framework's, such as 405; its numbers stand on the instance."""

    def __init__(self, error: HTTPException) -> None:
        super().__init__(f"{error.detail}; see the documentation at /docs.")
        self.code = "method_not_allowed" if error.status_code == 405 else "http_error"  # type: ignore[misc]
        self.status = error.status_code  # type: ignore[misc]
        self.title = str(error.detail)  # type: ignore[misc]


class _Unexpected(ArenaError):
    code, status, title = "internal_error", 500, "Something failed here"
