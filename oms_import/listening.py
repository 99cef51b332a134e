"""`listen`: a receiver of webhooks. An event is answered with 2xx only when it is durable."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic, time
from typing import TYPE_CHECKING

from oms_import.connectors.secrets import resolved
from oms_import.connectors.webhook_spool import Spool, one_line
from oms_import.connectors.webhook_verify import Verifier, completed
from oms_import.model.errors import SettingError
from oms_import.profiles.model import Profile
from oms_import.workspace import Workspace

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

_EVENTS = 200_000  # ids that are remembered
_TENDED = 0.2  # seconds between looks at what is old enough to be sealed
_MEASURED = 1.0  # seconds between looks at the spool's size

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Hook:
    """A channel that takes events."""

    channel: str
    path: str
    verifier: Verifier


def hooks(profiles: Sequence[Profile], workspace: Workspace) -> list[Hook]:
    """The channels with a webhook as source, their secrets resolved.

    Raises:
        SettingError: there are none, two have one path, or a reference names nothing.
    """
    found = [_hook(one, workspace) for one in profiles if one.source.kind == "webhook"]
    if not found:
        raise SettingError(
            "no channel has a webhook as its source",
            hint='say kind = "webhook" in [source] of a profile',
            location="profiles/",
        )
    paths = [one.path for one in found]
    twice = [path for path in paths if paths.count(path) > 1]
    if twice:
        raise SettingError(f"two channels listen at {twice[0]}", location="profiles/")
    return found


def _hook(profile: Profile, workspace: Workspace) -> Hook:
    spec = completed(profile.source.webhook)
    key = f"{profile.name}: source.webhook.secrets"
    secrets = [resolved(one, key, workspace.root).encode() for one in spec.secrets]
    return Hook(profile.name, spec.path or f"/hooks/{profile.name}", Verifier(spec, secrets))


@dataclass(slots=True)
class Receiver:
    """Takes events of all hooks into one spool. All its methods run in one event loop."""

    spool: Spool
    most_bytes: int  # of the spool; beyond it senders are asked to wait
    told: Told
    taken: int = 0
    refused: int = 0
    _queue: asyncio.Queue[tuple[str, bytes, asyncio.Future[bool]]] = field(
        default_factory=asyncio.Queue
    )
    _seen: OrderedDict[tuple[str, str], None] = field(
        default_factory=OrderedDict[tuple[str, str], None]
    )
    _measured: tuple[float, int] = (-_MEASURED, 0)

    async def take(self, hook: Hook, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """One event: status code and a word for the sender.

        Args:
            hook: whose it is.
            body: as it came.
            headers: with names in small letters.
        """
        spec = hook.verifier.spec
        wrong = self._wrong(hook, body, headers)
        if wrong is not None:
            return wrong
        if spec.topics and headers.get(spec.topic_header.lower(), "") not in spec.topics:
            return 200, "not for us"
        event = (hook.channel, headers.get(spec.event_header.lower(), ""))
        if event[1] and event in self._seen:
            return 200, "taken before"
        if self._is_full():
            return 429, "wait"
        kept = await self._keep(hook.channel, body)
        if kept and event[1]:
            self._remember(event)
        return (200, "taken") if kept else (503, "cannot be kept now")

    def _wrong(self, hook: Hook, body: bytes, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Why an event is not its sender's, or no order."""
        refusal = hook.verifier.refusal(body, headers, time())
        if refusal is not None:
            self._refuse(f"{hook.channel}: an event with a wrong or old {refusal} was refused")
            return 401, f"wrong {refusal}"
        if not _is_json(body):
            self._refuse(f"{hook.channel}: an event that is not JSON was refused")
            return 400, "not JSON"
        return None

    async def _keep(self, channel: str, body: bytes) -> bool:
        """Wait until an event is durable."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        await self._queue.put((channel, one_line(body), done))
        kept = await done
        self.taken += kept
        return kept

    async def write(self) -> None:
        """Write what waits, again and again: many events share one sync of the disk."""
        while True:
            waiting = [await self._queue.get()]
            while not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            by_channel: dict[str, list[bytes]] = {}
            for channel, body, _ in waiting:
                by_channel.setdefault(channel, []).append(body)
            kept = await asyncio.to_thread(self._kept, by_channel)
            for _, _, done in waiting:
                if not done.done():
                    done.set_result(kept)

    async def tend(self) -> None:
        """Seal segments as they grow old, between writes."""
        while True:
            await asyncio.sleep(_TENDED)
            await asyncio.to_thread(self.spool.tend)

    def _kept(self, events: dict[str, list[bytes]]) -> bool:
        try:
            self.spool.append(events)
        except OSError as error:
            self.told(f"events cannot be written: {error.strerror}; senders are asked to try again")
            return False
        return True

    def _is_full(self) -> bool:
        at, size = self._measured
        if monotonic() - at >= _MEASURED:
            self._measured = (monotonic(), size := self.spool.size())
        return size >= self.most_bytes

    def _remember(self, event: tuple[str, str]) -> None:
        self._seen[event] = None
        while len(self._seen) > _EVENTS:
            self._seen.popitem(last=False)

    def _refuse(self, why: str) -> None:
        self.refused += 1
        self.told(why)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def application(receiver: Receiver, found: Sequence[Hook]) -> Starlette:
    """The ASGI application: a POST for each hook, and GET /health."""
    from starlette.applications import Starlette  # noqa: PLC0415 - an extra
    from starlette.responses import JSONResponse, PlainTextResponse  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    def route(hook: Hook) -> Route:
        async def post(request: Request) -> Response:
            body = await _body(request, hook.verifier.spec.max_bytes)
            if body is None:
                return PlainTextResponse("too large", 413)
            status, word = await receiver.take(hook, body, request.headers)
            headers = {"Retry-After": "30"} if status in {429, 503} else {}
            return PlainTextResponse(word, status, headers=headers)

        return Route(hook.path, post, methods=["POST"])

    async def health(request: Request) -> Response:
        del request
        return JSONResponse({"status": "ok", "taken": receiver.taken, "refused": receiver.refused})

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncGenerator[None]:
        del app
        tasks = [asyncio.create_task(receiver.write()), asyncio.create_task(receiver.tend())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    routes = [Route("/health", health), *(route(hook) for hook in found)]
    return Starlette(routes=routes, lifespan=living)


async def _body(request: Request, most: int) -> bytes | None:
    """The body; None: it is too large."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        return None
    blocks: list[bytes] = []
    size = 0
    async for block in request.stream():
        size += len(block)
        if size > most:
            return None
        blocks.append(block)
    return b"".join(blocks)
