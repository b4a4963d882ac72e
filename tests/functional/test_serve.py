"""The interface in a real browser, and what it does not offer there."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from browsing import CHROMIUM, Browser

from advisor.workflows import answering

pytest.importorskip("textual_serve", reason="extra 'serve' is not installed")


@contextmanager
def serving(home: Path, *options: str):
    """`advisor serve` on a free port; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "advisor", "serve", "--port", str(port), *options],
        env={**os.environ, "ADVISOR_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not listens(port):
            assert server.poll() is None, server.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)


def status(address: str, **headers: str) -> int:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    try:
        connection.request("GET", "/", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")
def test_in_a_real_browser_the_questions_lead_to_the_pick(home, tmp_path):
    expected = answering.recommend(device="jetson-orin-nano-8gb", max_latency="50ms").picks[0]
    before = sorted(path.name for path in home.iterdir())

    async def walk(address: str) -> list[str]:
        async with Browser(tmp_path / "profile") as browser:
            await browser.open(address)
            await browser.see("Which device will the model run on?", "Jetson Orin Nano 8GB")
            await browser.click(600, 8)  # into the terminal, where nothing is to be chosen
            await browser.write("orin nano 8gb")
            await browser.press("Enter")
            await browser.see("What must it keep?")
            await browser.write("50ms")
            await browser.see("of 954 architectures")
            await browser.press("F3")
            await browser.see("How do images arrive?")
            await browser.press("Enter")
            await browser.see("Which runtime and precision")
            await browser.press("F2")
            await browser.see(expected.model, f"{expected.top1:.1f}", "Why")
            if pictures := os.environ.get("ADVISOR_PICTURES"):  # for whoever wants to look at it
                Path(pictures, "browser.png").write_bytes(await browser.picture())
            return browser.requested

    with serving(home) as address:
        requested = asyncio.run(walk(address))
    assert [url for url in requested if not url.startswith((address, address.replace("http", "ws"), "about:"))] == []
    assert sorted(path.name for path in home.iterdir() if not path.name.endswith(("-wal", "-shm"))) == before


def test_another_address_is_refused_unless_it_is_exposed_on_purpose(advisor):
    done = advisor("serve", "--host", "192.0.2.1")
    assert done.returncode == 2
    assert "can be reached by others" in done.stderr
    assert "--expose" in done.stderr
    assert "no measuring and no shell" in done.stderr


def test_what_another_site_sends_through_a_browser_is_refused(home):
    with serving(home) as address:
        assert status(address) == 200
        assert status(address, Origin=address) == 200
        assert status(address, Origin="http://elsewhere.example") == 403
