"""A connection to an SFTP server: host key, login and time limits, and errors in plain words."""

from __future__ import annotations

import base64
import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from oms_import.connectors.secrets import private, resolved
from oms_import.connectors.sftp_names import opened
from oms_import.model.errors import (
    AuthenticationError,
    OmsImportError,
    SettingError,
    SourceUnreachableError,
)
from oms_import.profiles.sources import SftpSpec

_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)


@dataclass(frozen=True, slots=True)
class Login:
    """What it takes to log in, secrets resolved; kept in memory only."""

    spec: SftpSpec
    root: Path
    keys: tuple[Any, ...]
    password: str | None

    @classmethod
    def of(cls, spec: SftpSpec, root: Path) -> Login:
        """Resolve the references of a profile.

        Raises:
            SettingError: one names nothing, or a key file may be read by others.
        """
        for name in ("host", "user"):
            if not getattr(spec, name):
                raise SettingError(
                    f"source.sftp.{name} is missing", hint="say it in the channel's profile"
                )
        keys = [_key(spec, root)] if spec.key else []
        if spec.agent:
            keys += paramiko.Agent().get_keys()
        password = spec.password and resolved(spec.password, "source.sftp.password", root)
        if not keys and password is None:
            raise SettingError(
                "source.sftp has no way to log in",
                hint="say key, password or agent in the channel's profile",
            )
        return cls(spec, root, tuple(keys), password)

    @property
    def place(self) -> str:
        """The server as people know it: user@host:port."""
        return f"{self.spec.user}@{self.spec.host}:{self.spec.port}"


@dataclass(slots=True)
class Session:
    """An open connection."""

    transport: paramiko.Transport
    files: Any  # paramiko.SFTPClient

    def close(self) -> None:
        """Hang up."""
        self.transport.close()


def connect(login: Login) -> Session:
    """Connect, check the host key, log in.

    Raises:
        SourceUnreachableError: no answer, or not in time.
        AuthenticationError: the host key or the credentials are refused.
        SettingError: the file of host keys cannot be read.
    """
    spec = login.spec
    known = _known_keys(login)
    transport: paramiko.Transport | None = None
    try:
        transport = paramiko.Transport(_connected(spec))
        transport.banner_timeout = transport.auth_timeout = spec.connect_seconds
        transport.channel_timeout = spec.connect_seconds
        transport.daemon = True
        _prefer(transport, known)
        transport.start_client(timeout=spec.connect_seconds)
        _check_host(transport.get_remote_server_key(), known, login)
        _authenticate(transport, login)
        return Session(transport, opened(transport, spec.stall_seconds))
    except BaseException as error:
        if transport is not None:
            transport.close()
        if isinstance(error, OmsImportError) or not isinstance(error, Exception):
            raise
        raise explained(error, login) from None


def explained(error: Exception, login: Login) -> OmsImportError:
    """A failure of the protocol or the network, in words, without what the server quoted."""
    if isinstance(error, OmsImportError):
        return error
    said = str(error)
    if "timeout" in said.lower() and isinstance(error, paramiko.SSHException):
        error = TimeoutError()
    if isinstance(error, paramiko.AuthenticationException) and "shut down" not in said:
        return AuthenticationError(
            f"{login.place} refused the login",
            hint="check user, key or password with the server's owner",
            location=login.place,
        )
    if isinstance(error, IncompatiblePeer) or "no acceptable" in said:
        return AuthenticationError(
            f"{login.place} offers only algorithms that are no longer safe (such as SHA-1 keys)",
            hint="ask the server's owner to bring it up to date",
            location=login.place,
        )
    what, hint = _trouble(error, login)
    return SourceUnreachableError(what, hint=hint, location=login.place)


def _trouble(error: Exception, login: Login) -> tuple[str, str]:
    """What is wrong with network, server or folder, and what to do."""
    place = login.place
    known: tuple[tuple[type[Exception], str, str], ...] = (
        (socket.gaierror, f"there is no host {login.spec.host}", "check host and network"),
        (TimeoutError, f"{place} does not answer in time", "try again; is the server busy?"),
        (ConnectionRefusedError, f"nothing listens at {place}", "check the port; is it running?"),
        (FileNotFoundError, f"{place} has no such folder or file", "check source.sftp.path"),
        (PermissionError, f"{place} does not let us do that", "ask for rights to the folder"),
    )
    for kind, what, hint in known:
        if isinstance(error, kind):
            return what, hint
    if "banner" in str(error):
        return f"{place} does not greet us as SSH does", "check source.sftp.port"
    return f"the connection to {place} failed ({type(error).__name__})", "try again"


def _connected(spec: SftpSpec) -> socket.socket:
    """A socket that does not wait for more to send, and does not wait for ever."""
    opened = socket.create_connection((spec.host, spec.port), timeout=spec.connect_seconds)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if _USER_TIMEOUT is not None:
        opened.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, int(spec.stall_seconds * 1000))
    return opened


def _key(spec: SftpSpec, root: Path) -> Any:
    path = root / Path(spec.key or "").expanduser()
    private(path, "source.sftp.key")
    phrase = spec.passphrase and resolved(spec.passphrase, "source.sftp.passphrase", root)
    try:
        loading: Any = paramiko.PKey.from_path  # says str, and wants bytes
        return loading(path, phrase.encode() if phrase else None)
    except (paramiko.SSHException, ValueError, OSError, TypeError) as error:
        if isinstance(error, TypeError) and not phrase:  # what cryptography says to that
            why, hint = "has a passphrase", "say source.sftp.passphrase"
        else:
            why, hint = f"cannot be read ({type(error).__name__})", "check file and passphrase"
    raise SettingError(f"source.sftp.key: {path} {why}", hint=hint, location=str(path))


def _names(spec: SftpSpec) -> tuple[str, ...]:
    """What a known_hosts file calls the server."""
    return (spec.host,) if spec.port == 22 else (f"[{spec.host}]:{spec.port}",)


def _known_keys(login: Login) -> dict[str, Any]:
    """Kind of key → the key that the server is known by."""
    spec = login.spec
    own = login.root / Path(spec.known_hosts).expanduser()
    path = own if own.is_file() else Path("~/.ssh/known_hosts").expanduser()
    if not path.is_file():
        return {}
    keys = paramiko.HostKeys()
    try:
        keys.load(str(path))
    except (OSError, paramiko.SSHException, UnicodeDecodeError) as error:
        raise SettingError(
            f"{path} cannot be read ({type(error).__name__})", location=str(path)
        ) from None
    found: dict[str, Any] = {}
    for name in _names(spec):
        found |= dict(keys.lookup(name) or {})
    return found


def _prefer(transport: paramiko.Transport, known: dict[str, Any]) -> None:
    """Ask for a key of a kind we know the server by, where it has several; fast ciphers first."""
    options = transport.get_security_options()
    kinds = list(options.key_types)
    wanted = {"rsa-sha2-512", "rsa-sha2-256"} if "ssh-rsa" in known else set[str]()
    mine = [kind for kind in kinds if kind in known or kind in wanted]
    options.key_types = (*mine, *(kind for kind in kinds if kind not in mine))
    ciphers = list(options.ciphers)
    fast = [one for one in ciphers if "-gcm" in one]  # no second pass for a MAC
    options.ciphers = (*fast, *(one for one in ciphers if one not in fast))


def _check_host(key: Any, known: dict[str, Any], login: Login) -> None:
    if not known:
        raise _unknown(login, login.root / login.spec.known_hosts, key)
    mine = known.get(key.get_name())
    if mine is None or mine.asbytes() != key.asbytes():
        raise AuthenticationError(
            f"the host key of {login.place} is not the one we know it by "
            f"(it shows {_fingerprint(key)})",
            hint="ask the server's owner whether it was replaced; only then put the new key into "
            "known_hosts in place of the old one. Until then nothing is fetched from it",
            location=login.place,
            code="HOST_KEY_CHANGED",
        )


def _unknown(login: Login, path: Path, key: Any) -> AuthenticationError:
    port = "" if login.spec.port == 22 else f"-p {login.spec.port} "
    return AuthenticationError(
        f"the host key of {login.place} is not known (it shows {_fingerprint(key)})",
        hint=f"compare the fingerprint with the server's owner, then: "
        f"ssh-keyscan {port}{login.spec.host} >> {path}",
        location=login.place,
        code="HOST_KEY_UNKNOWN",
    )


def _fingerprint(key: Any) -> str:
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


def _authenticate(transport: paramiko.Transport, login: Login) -> None:
    """Each key in turn, then the password."""
    refused: paramiko.AuthenticationException | None = None
    for key in login.keys:
        try:
            transport.auth_publickey(login.spec.user, key)
        except paramiko.AuthenticationException as error:
            refused = error
        else:
            if transport.is_authenticated():
                return
    if login.password is not None:
        transport.auth_password(login.spec.user, login.password)
    if not transport.is_authenticated():
        raise refused or paramiko.AuthenticationException
