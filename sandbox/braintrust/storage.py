"""The bucket that large answers are redirected to: a signed address is the key, an API key is refused."""

import gzip
import hashlib
from dataclasses import dataclass
from uuid import uuid4

from aiohttp import web

from sandbox.http.exchange import Exchange, body_of
from sandbox.http.request import Answer, Asked, RefusedError

PATH = "/overflow-bucket/results/{token}"
STORED = web.AppKey("stored", dict[str, Answer])


@dataclass(frozen=True, slots=True)
class RedirectToStorage:
    """Answer 303 to a signed address that refuses an Authorization header; the body there is gzip without saying so."""

    gzip_unmarked: bool = True

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        """Play it, as every fault."""
        answer, token = await exchange.answer(), uuid4().hex
        if answer.status != 200:
            return exchange.response(answer)
        body, cursor = body_of(answer), answer.headers.get("x-bt-cursor")
        headers = {"x-amz-meta-bt_cursor": cursor} if cursor else {}
        stored = gzip.compress(body, 1) if self.gzip_unmarked else body
        exchange.request.app[STORED][token] = Answer(stored, headers=headers)
        path = f"{PATH.format(token=token)}?X-Amz-Expires=300&X-Amz-Signature={_signature(token)}"
        return exchange.response(Answer("", 303, {"Location": str(exchange.request.url.origin()) + path}))


def read(stored: dict[str, Answer], asked: Asked) -> Answer:
    """`GET` a stored body; RefusedError with an Authorization header, or without the right signature."""
    token = asked.places["token"]
    if "Authorization" in asked.headers:
        raise _refused(400, "InvalidArgument", "Only one auth mechanism allowed")
    if token not in stored:
        raise _refused(404, "NoSuchKey", "The specified key does not exist.")
    if asked.parameters.get("X-Amz-Signature") != _signature(token):
        raise _refused(403, "SignatureDoesNotMatch", "The signature does not match.")
    return stored[token]


def _signature(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _refused(status: int, code: str, message: str) -> RefusedError:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return RefusedError(Answer(body, status, content_type="application/xml"))
