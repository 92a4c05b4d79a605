"""The obstacles between the bot and a server, told apart by what the network libraries raised."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from http.client import BadStatusLine, RemoteDisconnected
from urllib.error import URLError

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.exceptions import ProxyError as UnreachedProxyError

_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
_NO_AUTHORITIES = re.compile(r"CA certificate bundle|NO_CERTIFICATE_OR_CRL_FOUND|TLS certificate file")
_EXPIRED = 10  # OpenSSL's codes: X509_V_ERR_CERT_HAS_EXPIRED, ..._HOSTNAME_MISMATCH, ..._IP_ADDRESS_MISMATCH
_OTHER_HOST = frozenset({62, 64})
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"})
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})


class Culprit(Enum):
    """What has to be put right."""

    ADDRESS = auto()
    PROXY = auto()
    AUTHORITIES = auto()
    """The certificate authorities that are trusted."""
    MACHINE = auto()
    """The machine that the bot runs on: its clock, its network."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stood in the way, in words that follow "cannot be reached:", and what has to be put right."""

    what: str
    culprit: Culprit


def obstacle(error: Exception) -> Obstacle | None:
    """Why a server was not reached; None where that cannot be told, or where it was."""
    chain = list(_chain(error))
    found = (find(one) for find in (_of_proxy, _of_certificate, _of_connection) for one in chain)
    return next(filter(None, found), None)


def nothing_was_sent(error: Exception) -> bool:
    """Whether it failed for certain before a request left: no connection, or one that was not trusted."""
    early = (ConnectTimeoutError, NewConnectionError, UnreachedProxyError, ssl.SSLCertVerificationError)
    return any(isinstance(one, early) or _is_about_authorities(one) for one in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it was made of.  Not its context: that may belong to an earlier exchange."""
    yield error
    for inner in (error.__cause__, getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException):
            yield from _chain(inner)


def _of_proxy(error: BaseException) -> Obstacle | None:
    refused = _TUNNEL.search(str(error))
    if refused and refused[1] == "407":
        return Obstacle("the proxy does not accept its user and password (407)", Culprit.PROXY)
    if refused and refused[1] >= "500":
        return Obstacle(f"the proxy cannot get there ({refused[1]})", Culprit.ADDRESS)
    if refused:
        return Obstacle(f"the proxy does not let it through ({refused[1]})", Culprit.PROXY)
    if isinstance(error, requests.exceptions.ProxyError | UnreachedProxyError):
        return Obstacle("the proxy does not answer", Culprit.PROXY)
    return None


def _of_certificate(error: BaseException) -> Obstacle | None:
    if _is_about_authorities(error):
        return Obstacle("the file with certificate authorities cannot be read", Culprit.AUTHORITIES)
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code == _EXPIRED:
            return Obstacle("its certificate has expired, or the clock here is wrong", Culprit.MACHINE)
        if error.verify_code in _OTHER_HOST:
            return Obstacle("its certificate is that of another host", Culprit.ADDRESS)
        return Obstacle("its certificate is signed by an authority that is not known here", Culprit.AUTHORITIES)
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return Obstacle("it does not speak TLS there, so http:// or another port is meant", Culprit.ADDRESS)
    return None


def _is_about_authorities(error: BaseException) -> bool:
    return isinstance(error, OSError) and bool(_NO_AUTHORITIES.search(str(error)))


def _of_connection(error: BaseException) -> Obstacle | None:
    match error:
        case socket.gaierror():
            return Obstacle("no address is known for its name", Culprit.ADDRESS)
        case ConnectionRefusedError():
            return Obstacle("nothing listens at its port", Culprit.ADDRESS)
        case OSError(errno=number) if number in _NO_WAY:
            return Obstacle("there is no way to its network", Culprit.MACHINE)
        case NewConnectionError():
            return None  # its cause says more
        case ConnectTimeoutError() | URLError(reason=TimeoutError()):
            return Obstacle("it does not answer; a firewall may be in the way", Culprit.ADDRESS)
        case RemoteDisconnected():
            return None  # anybody may hang up
        case BadStatusLine():
            return Obstacle("it does not speak HTTP there, so https:// or another port is meant", Culprit.ADDRESS)
    return None
