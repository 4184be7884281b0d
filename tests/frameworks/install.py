"""Installs the frameworks that these tests run into one environment, and says which are there.

    python tests/frameworks/install.py ENVIRONMENT

torch comes first and by its exact version, or pip takes the one for CUDA; sinabs and Rockpool come
without their dependencies (but for pbr), because they demand an older nir than they need.
snnTorch, Norse, SpikingJelly and sinabs must install; the others are left out, by name and reason,
where they do not. ENVIRONMENT/frameworks.txt lists what is there: the tests of these may not skip.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TORCH = "torch==2.13.0"
REQUIRED = ("snntorch", "norse", "spikingjelly", "sinabs")
SINABS = ("--no-deps", "sinabs==3.1.3", "pbr")
OPTIONAL = {
    "rockpool": ("--no-deps", "rockpool==3.1.0"),
    "nengo": ("nengo==4.1.0",),
    "spyx": ("spyx==1.0.0",),
}
"""What pip is given for those that the extra ``frameworks`` does not bring."""
TESTING = ("pytest>=8", "pytest-timeout>=2.3", "pytest-xdist>=3.5")


def main() -> None:
    """Make the environment; ends with 1 if a required framework does not install."""
    folder = Path(sys.argv[1])
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "-q", "--no-compile"]
    subprocess.run([*pip, TORCH], check=True)
    subprocess.run([*pip, "-e", f"{ROOT}[frameworks]", *TESTING], check=True)
    subprocess.run([*pip, *SINABS], check=True)
    found = [*REQUIRED, *(name for name in OPTIONAL if _installed(pip, name))]
    missing = [name for name in found if not _imports(python, name)]
    if set(missing) & set(REQUIRED):
        sys.exit(f"installed, but cannot be found: {', '.join(missing)}")
    (folder / "frameworks.txt").write_text(",".join(found))
    print("frameworks tested:", ", ".join(found))


def _installed(pip: list[str], name: str) -> bool:
    done = subprocess.run([*pip, *OPTIONAL[name]], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        print(f"{name} is left out: {reason}")
    return not done.returncode


def _imports(python: Path, name: str) -> bool:
    """Whether the module is where Python looks (importing some takes seconds)."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is None)"
    return subprocess.run([str(python), "-c", code], check=False).returncode == 0


if __name__ == "__main__":
    main()
