"""A headless Chromium driven over its DevTools protocol: opens a page, presses keys, reads what its web socket receives."""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
import subprocess
import time
from pathlib import Path

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
PATIENCE_S = 120
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
_KEYS = {"Enter": (13, "\r"), "ArrowDown": (40, ""), "F2": (113, ""), "F3": (114, ""), "Escape": (27, "")}


class Browser:
    """One page of a Chromium. Use as an asynchronous context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._answers: dict[int, asyncio.Future] = {}
        self._count = 0
        self.received = ""
        """Everything that came through web sockets, without terminal control sequences."""
        self.requested: list[str] = []
        """Addresses the page asked for."""

    async def __aenter__(self) -> Browser:
        import aiohttp

        options = (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--remote-debugging-port=0",
        )
        self._process = subprocess.Popen(
            [CHROMIUM, *options, f"--user-data-dir={self._folder}", "--window-size=1400,900", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        active = self._folder / "DevToolsActivePort"
        await _until(lambda: active.exists() and len(active.read_text().split()) == 2, "Chromium did not start")
        port = active.read_text().split()[0]
        self._session = aiohttp.ClientSession()
        async with self._session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            page = next(target for target in await answer.json() if target["type"] == "page")
        self._socket = await self._session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)
        self._reader = asyncio.create_task(self._read())
        await self.call("Network.enable")
        await self.call("Page.enable")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reader.cancel()
        await self._socket.close()
        await self._session.close()
        self._process.terminate()
        self._process.wait()

    async def _read(self) -> None:
        async for message in self._socket:
            content = message.json()
            if "id" in content:
                self._answers.pop(content["id"]).set_result(content)
            elif content["method"] == "Network.requestWillBeSent":
                self.requested.append(content["params"]["request"]["url"])
            elif content["method"] == "Network.webSocketFrameReceived":
                frame = content["params"]["response"]
                data = base64.b64decode(frame["payloadData"]) if frame["opcode"] == 2 else frame["payloadData"].encode()
                self.received += _CONTROL.sub("", data.decode("utf-8", "replace"))

    async def call(self, method: str, **parameters: object) -> dict:
        """One command of the protocol."""
        self._count += 1
        answer = self._answers[self._count] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._count, "method": method, "params": parameters})
        found = await asyncio.wait_for(answer, PATIENCE_S)
        assert "error" not in found, found
        return found["result"]

    async def open(self, address: str) -> None:
        """Go to a page."""
        await self.call("Page.navigate", url=address)

    async def see(self, *words: str) -> None:
        """Wait until all words have come since the last call."""
        await _until(
            lambda: all(w in self.received for w in words), lambda: f"never came: {words} in {self.received[-3000:]}"
        )
        self.received = ""

    async def write(self, words: str) -> None:
        """Type a text."""
        for character in words:
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=character, key=character)
            await self.call("Input.dispatchKeyEvent", type="keyUp", key=character)

    async def press(self, key: str) -> None:
        """Press a key by its name."""
        code, text = _KEYS[key]
        await self.call(
            "Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, text=text
        )
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    async def click(self, x: int, y: int) -> None:
        """Click into the page."""
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def picture(self) -> bytes:
        """A PNG of the page."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


async def _until(true, otherwise) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, otherwise() if callable(otherwise) else otherwise
        await asyncio.sleep(0.1)
