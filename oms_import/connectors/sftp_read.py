"""Reading a file over SFTP with many requests under way, in the thread that asked.

paramiko reads ahead from a thread of its own, which prints a traceback when the line is cut; so the
protocol's READ (draft-ietf-secsh-filexfer-02, section 6.4) is spoken here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import paramiko
from paramiko.message import Message
from paramiko.sftp import CMD_DATA, CMD_READ, CMD_STATUS, int64

_BLOCK = 1 << 17  # a server may answer with less, down to 1 << 15
_AHEAD = 64  # requests under way


@dataclass(slots=True)
class _Asked:
    """A stretch of the file that was asked for."""

    number: int
    offset: int
    length: int


def blocks(files: Any, handle: bytes, start: int, end: int) -> Iterator[bytes]:
    """The bytes of an open file from `start` to `end`, in order; fewer where it ends before.

    Args:
        files: an SFTP session (paramiko.SFTPClient), used by this thread alone.
        handle: the open file's.
        start: the first byte.
        end: the byte after the last.

    Raises:
        OSError: the server does not let us read.
        EOFError: the connection was cut.
    """
    under_way: deque[_Asked] = deque()
    came: dict[int, bytes] = {}
    asked_to, most, ahead = start, _BLOCK, 1  # the first answer tells how much comes at once
    while under_way or asked_to < end:
        while asked_to < end and len(under_way) < ahead:
            length = min(most, end - asked_to)
            under_way.append(_ask(files, handle, asked_to, length))
            asked_to += length
        first = under_way[0]
        while first.number not in came:
            number, data = _answer(files)
            came[number] = data
        data = came.pop(first.number)
        under_way.popleft()
        if not data:
            return
        yield data
        ahead = _AHEAD
        if len(data) < first.length:
            most = max(1 << 12, min(most, len(data)))
            rest = first.length - len(data)
            under_way.appendleft(_ask(files, handle, first.offset + len(data), rest))


def _ask(files: Any, handle: bytes, offset: int, length: int) -> _Asked:
    number = files._async_request(type(None), CMD_READ, handle, int64(offset), length)
    return _Asked(number, offset, length)


def _answer(files: Any) -> tuple[int, bytes]:
    """The next answer: whose it is, and its bytes; none at the file's end."""
    kind, packet = files._read_packet()
    message = Message(packet)
    number = message.get_int()
    files._expecting.pop(number, None)
    if kind == CMD_STATUS:
        try:
            files._convert_status(message)
        except EOFError:
            return number, b""
    if kind != CMD_DATA:
        raise paramiko.SFTPError("data expected")
    return number, message.get_string()
