"""The bucket that large answers are redirected to: a signed address is the key, an API key is refused."""

import gzip
from dataclasses import dataclass
from uuid import uuid4

from sandbox.http.request import Answer, Asked, RefusedError

PATH = "/overflow-bucket/results/{token}"


@dataclass(frozen=True, slots=True)
class _Stored:
    signature: str
    body: bytes
    headers: dict[str, str]


class Storage:
    """Bodies by token, for one reading or many."""

    def __init__(self) -> None:
        self._stored: dict[str, _Stored] = {}

    def put(self, body: bytes, headers: dict[str, str], gzip_unmarked: bool) -> str:  # noqa: FBT001  as Exchange calls it
        """Keep a body; returns the signed path to it."""
        token, signature = uuid4().hex, uuid4().hex
        self._stored[token] = _Stored(signature, gzip.compress(body, 1) if gzip_unmarked else body, headers)
        query = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=300&X-Amz-Signature={signature}"
        return f"{PATH.format(token=token)}?{query}"

    def answer(self, asked: Asked) -> Answer:
        """`GET` a stored body; RefusedError with an Authorization header, or without the right signature."""
        if "Authorization" in asked.headers:
            message = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter should be specified"
            raise RefusedError(_xml(400, "InvalidArgument", message))
        stored = self._stored.get(asked.places["token"])
        if stored is None:
            raise RefusedError(_xml(404, "NoSuchKey", "The specified key does not exist."))
        if asked.parameters.get("X-Amz-Signature") != stored.signature:
            raise RefusedError(_xml(403, "SignatureDoesNotMatch", "The signature does not match."))
        return Answer(stored.body, headers=stored.headers, content_type="application/json")


def _xml(status: int, code: str, message: str) -> Answer:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(body, status, content_type="application/xml")
