"""SFTP sessions whose listings survive names that are not UTF-8.

paramiko reads every name of a listing as UTF-8 and gives up the whole listing at the first that is
not; so the protocol's READDIR (draft-ietf-secsh-filexfer-02, section 6.7) is spoken here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import paramiko
from paramiko.message import Message
from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_OPENDIR, CMD_READDIR, CMD_STATUS

_AHEAD = 8  # requests under way: a folder of 100,000 files is listed in seconds, not minutes
_attributes: Any = paramiko.SFTPAttributes


def opened(transport: paramiko.Transport, stall_seconds: float) -> Any:
    """An SFTP session (paramiko.SFTPClient) that gives up after so long a silence.

    Raises:
        paramiko.SSHException: the server has no SFTP.
    """
    files = paramiko.SFTPClient.from_transport(transport)
    channel = None if files is None else files.get_channel()
    if channel is None:
        raise paramiko.SSHException("no SFTP")
    channel.settimeout(stall_seconds)
    return files


def entries(files: Any, folder: str | bytes) -> Iterator[tuple[bytes, Any]]:
    """Everything in a folder: names, as the bytes they are, and SFTPAttributes.

    Raises:
        OSError: there is no such folder, or it may not be read.
    """
    kind, answer = files._request(CMD_OPENDIR, files._adjust_cwd(folder))
    if kind != CMD_HANDLE:
        raise paramiko.SFTPError("a handle expected")
    handle = answer.get_string()
    try:
        ended = False
        while not ended:
            asked = [files._async_request(type(None), CMD_READDIR, handle) for _ in range(_AHEAD)]
            answers = [_listed(files) for _ in asked]
            for found in answers:
                yield from found or ()
            ended = None in answers
    finally:
        files._request(CMD_CLOSE, handle)


def _listed(files: Any) -> list[tuple[bytes, Any]] | None:
    """The next answer; None: the folder's end."""
    kind, data = files._read_packet()
    answer = Message(data)
    answer.get_int()
    if kind == CMD_STATUS:
        try:
            files._convert_status(answer)
        except EOFError:
            return None
    found: list[tuple[bytes, Any]] = []
    for _ in range(answer.get_int()):
        name = answer.get_string()
        answer.get_string()  # as `ls -l` has it
        found.append((name, _attributes._from_msg(answer)))
    return [(name, about) for name, about in found if name not in {b".", b".."}]
