"""A page in a real browser without a window: a picture of it, and what its layout says."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.tools import require

NAMES = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")
_QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
_NO_NETWORK = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking")
PROBE = """
const root = document.documentElement;
const found = {
  images: [...document.images].map(i => [i.naturalWidth, i.clientWidth, i.clientHeight]),
  wide: root.scrollWidth - root.clientWidth,
  height: root.scrollHeight,
  loaded: performance.getEntriesByType('resource').map(e => e.name.slice(0, 40))
      .filter(name => !name.startsWith('data:')),
};
document.body.dataset.found = JSON.stringify(found);
"""


def browser() -> str:
    """A Chromium of this machine; skips, or fails where one was promised."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    require("chromium", path is not None, "no Chromium (apt install chromium-headless-shell)")
    assert path is not None
    return path


def picture(page: Path, png: Path, width: int, height: int) -> None:
    """Write a screenshot."""
    _run(f"--screenshot={png}", f"--window-size={width},{height}", page.as_uri(), cwd=png.parent)


def layout(page: Path, width: int, scratch: Path) -> dict[str, Any]:
    """What a script finds in a copy of the page: images, overflow, height, things loaded."""
    text = page.read_text(encoding="utf-8")
    policy = re.compile(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>")
    assert policy.search(text)
    text = policy.sub("", text)  # it forbids scripts, ours too
    copy = scratch / f"probe{width}.html"
    call = f"addEventListener('load', () => {{ {PROBE} }});"
    copy.write_text(text.replace("</body>", f"<script>{call}</script></body>"), encoding="utf-8")
    size = f"--window-size={width},900"
    dom = _run("--dump-dom", "--virtual-time-budget=5000", size, copy.as_uri(), cwd=scratch)
    found = re.search(r'data-found="([^"]*)"', dom)
    assert found, dom[-500:]
    result: dict[str, Any] = json.loads(html.unescape(found[1]))
    return result


def svgs(page: str) -> list[str]:
    """The charts of a page, decoded."""
    uris = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    return [base64.b64decode(uri).decode() for uri in uris]


def _run(*arguments: str, cwd: Path) -> str:
    command = [browser(), *_QUIET, *_NO_NETWORK, f"--user-data-dir={cwd / 'profile'}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, cwd=cwd)
    return done.stdout
