"""The interface in a browser: textual-serve around sessions that may neither write files nor measure.

Each visitor gets a process with the safe interface on a copy of the database, which is thrown away at the end.
"""

from __future__ import annotations

import ipaddress
import os
import shlex
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp_jinja2
from aiohttp import web
from textual_serve.server import Server

from advisor.errors import UsageError
from advisor.workflows.preparing import Progress, copied_home

_TEMPLATES = Path(__file__).with_name("templates")
_MOST_SESSIONS = 8
"""At once: each takes a process of about 100 MB."""
_EXPOSED = (
    "everyone who reaches this address can ask for advice and read what is in this database, your own measurements and "
    "profiles included; no files, no measuring and no shell are offered, nothing is encrypted and nobody must log in"
)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(host: str, port: int, *, expose: bool, say: Progress) -> None:
    """Serve until interrupted. Raises UsageError for an address that others reach and that was not exposed on purpose."""
    if not is_loopback(host) and not expose:
        raise UsageError(f"{host} can be reached by others: {_EXPOSED}. Add --expose if you want that")
    if not is_loopback(host):
        say(f"exposed: {_EXPOSED}")
    with tempfile.TemporaryDirectory(prefix="advisor-serve-") as folder:
        copied_home(Path(folder), say)
        os.environ["ADVISOR_HOME"] = folder  # of the sessions, which inherit it
        SafeServer(host, port, say).serve()


class SafeServer(Server):
    """One page and the sessions behind it."""

    def __init__(self, host: str, port: int, say: Progress) -> None:
        command = shlex.join([sys.executable, "-m", "advisor", "tui", "--safe"])
        super().__init__(command, host, port, title="advisor", templates_path=_TEMPLATES)
        self._say, self._sessions = say, 0

    async def _make_app(self) -> web.Application:
        app: web.Application = await super()._make_app()
        app.middlewares.append(_same_origin)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say where."""
        self._say(f"open http://{self.host}:{self.port}/ in a browser; Ctrl-C ends it")

    @aiohttp_jinja2.template("app_index.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        """The page."""
        size = request.query.get("fontsize", "")
        return {"font_size": int(size) if size.isdecimal() else 16, "application": {"name": self.title}}

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A session, unless there are too many."""
        if self._sessions >= _MOST_SESSIONS:
            raise web.HTTPServiceUnavailable(text=f"{_MOST_SESSIONS} sessions are open; try again later")
        self._sessions += 1
        try:
            return await super().handle_websocket(request)
        finally:
            self._sessions -= 1


@web.middleware
async def _same_origin(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse what another site's page sends through a visitor's browser."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="this page is served to its own address only")
    return await handler(request)
