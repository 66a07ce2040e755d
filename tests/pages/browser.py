"""A headless Chromium, driven over its DevTools protocol: real clicks and keys, and pictures."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome")


class PageError(Exception):
    """The page threw, or did not get to where it was awaited."""


def find():
    """The browser's program, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One browser with one tab; a context manager."""

    def __init__(self, width=1280, height=900, dark=False):
        self._profile = tempfile.TemporaryDirectory(prefix="leasehold-chromium-")
        command = [find(), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                   "--disable-dev-shm-usage", "--disable-extensions", "--hide-scrollbars",
                   "--disable-background-networking", "--remote-debugging-port=0",
                   f"--user-data-dir={self._profile.name}", f"--window-size={width},{height}",
                   "about:blank"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL,
                                         env={**os.environ, "HOME": self._profile.name})
        self._number = 0
        self.requests = []   # addresses that were asked for
        self.problems = []   # exceptions, and errors of the console
        try:
            self._socket = self._connect()
            for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
                self.call(f"{domain}.enable")
            self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=False)
            self.dark(dark)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for _ in range(20):  # its helpers let go of the profile a little later
            try:
                self._profile.cleanup()
                return
            except OSError:
                time.sleep(0.1)

    def _connect(self):
        port = Path(self._profile.name) / "DevToolsActivePort"
        deadline = time.monotonic() + 60
        while not (port.exists() and port.read_text().strip()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise PageError("Chromium did not start")
            time.sleep(0.05)
        number = port.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{number}/json/list", timeout=20) as answer:
            tabs = json.load(answer)
        tab = next(one for one in tabs if one["type"] == "page")
        return websocket.create_connection(tab["webSocketDebuggerUrl"], timeout=60,
                                           suppress_origin=True)

    def call(self, method, **parameters):
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method,
                                      "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._number:
                if "error" in message:
                    raise PageError(f"{method}: {message['error']}")
                return message["result"]
            self._event(message)

    def _event(self, message):
        parameters = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif message.get("method") == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or
                                 details["text"])
        elif message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.problems.append(parameters["entry"]["text"])

    # ---- what a test does -----------------------------------------------------------------------

    def dark(self, on):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def open(self, path, ready="document.body.dataset.ready === 'true'"):
        self.requests.clear()
        self.problems.clear()
        self.call("Page.navigate", url=Path(path).resolve().as_uri())
        self.until(f"document.readyState === 'complete' && ({ready})")

    def value(self, expression):
        """What JavaScript's `expression` is; a promise is awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise PageError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression, seconds=20):
        deadline = time.monotonic() + seconds
        while not self._holds(expression):
            if time.monotonic() > deadline:
                raise PageError(f"never so: {expression}; {self.problems}")
            time.sleep(0.02)

    def _holds(self, expression):
        try:
            return self.value(expression)
        except PageError as error:
            # Asked in the very moment in which one page goes and the next one comes: not yet.
            if "navigated or closed" in str(error) or "context was destroyed" in str(error):
                return False
            raise

    def text(self, selector):
        return self.value(f"document.querySelector({json.dumps(selector)}).innerText")

    def click_at(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                      buttons=1 if kind == "mousePressed" else 0, clickCount=1)

    def click(self, selector, dx=None, dy=None):
        """A real click in the middle of the element, or at a place within it."""
        box = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()")
        self.click_at(box[0] + (box[2] / 2 if dx is None else dx),
                      box[1] + (box[3] / 2 if dy is None else dy))

    def key(self, key, text=None):
        parameters = {"key": key} | ({"text": text or key} if text or len(key) == 1 else {})
        self.call("Input.dispatchKeyEvent", type="keyDown", **parameters)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def picture(self, path, whole=False):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(shot["data"]))
