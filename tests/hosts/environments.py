"""Environments of hosts that are not this one's, made once by pip and kept in `.venv-hosts`."""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

from tests.support.jupyter_server import REPOSITORY

PLACE = REPOSITORY / ".venv-hosts"
PATIENCE = 900
"""Seconds that a step of the making may take, and a test that waits for it: a mirror may be slow."""
BINDER = ("binder/requirements.txt", "binder/postBuild")


@dataclass(frozen=True)
class Environment:
    """What is in an environment beside this package, and how the package gets there.

    Attributes:
        name: the name of its folder.
        packages: what a host brings, before this package is installed.
        as_binder: whether the package comes as Binder does it: requirements and postBuild, in a copy of the checkout.
    """

    name: str
    packages: tuple[str, ...]
    as_binder: bool = False

    @property
    def folder(self) -> Path:
        return PLACE / self.name

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def copy(self) -> Path:
        """The copy of the checkout that the package was installed from."""
        return self.folder / "checkout"

    @property
    def brought(self) -> set[str]:
        """What the host brings, each as `name==version`, before this package is installed."""
        return set((self.folder / "brought.txt").read_text("utf-8").split("\n"))

    def installed(self) -> set[str]:
        """What is there now."""
        return set(self._run(self.python, "-m", "pip", "freeze").splitlines())

    @property
    def data(self) -> Path:
        """Where Jupyter's signatures of this environment are."""
        return self.folder / "data"

    def make(self) -> None:
        """Makes it, or brings this package in it up to date.

        Raises:
            subprocess.SubprocessError: pip, or a step of Binder's, failed or took too long.
        """
        made = self.folder / "made"
        if not made.exists() or made.read_text() != "\n".join(self.packages):
            shutil.rmtree(self.folder, ignore_errors=True)
            venv.create(self.folder, with_pip=True)
            self._run(self.python, "-m", "pip", "install", "--quiet", *self.packages)
            (self.folder / "brought.txt").write_text("\n".join(self.installed()), "utf-8")
            made.write_text("\n".join(self.packages))
        self._copy_checkout()
        if self.as_binder:
            requirements, post_build = BINDER
            self._run(self.python, "-m", "pip", "install", "--quiet", "-r", requirements)
            self._run(f"./{post_build}")
        else:
            self._run(self.python, "-m", "pip", "install", "--quiet", ".")

    def _run(self, *command: str | Path) -> str:
        own = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "JUPYTER_DATA_DIR": str(self.data),
        }
        env = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
        } | own
        place = self.copy if self.copy.exists() else self.folder
        done = subprocess.run(
            command, cwd=place, env=env, capture_output=True, text=True, timeout=PATIENCE
        )
        if done.returncode:
            told = (done.stdout + done.stderr)[-1_000:]
            raise subprocess.SubprocessError(
                f"{' '.join(map(str, command))} ended with {done.returncode}:\n{told}"
            )
        return done.stdout

    def _copy_checkout(self) -> None:
        shutil.rmtree(self.copy, ignore_errors=True)
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in (
            subprocess.run(listed, cwd=REPOSITORY, capture_output=True, check=True)
            .stdout.decode()
            .split("\0")
        ):
            if name and (REPOSITORY / name).is_file():
                (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(REPOSITORY / name, self.copy / name)


COLAB = (
    "aiohttp==3.13.2",
    "anywidget==0.9.21",
    "certifi==2025.11.12",
    "httpx==0.28.1",
    "ipykernel==6.17.1",
    "ipython==7.34.0",
    "ipywidgets==7.7.1",
    "notebook==6.5.7",
    "numpy==2.0.2",
    "pandas==2.2.3",
    "plotly==5.24.1",
    "pyarrow==18.1.0",
    "tornado==6.5.1",
    "tqdm==4.67.1",
    "traitlets==5.7.1",
)
"""What Colab brings, and Kaggle much of it; the front end is the last one for ipywidgets 7."""

ENVIRONMENTS = {
    "binder": Environment(
        "binder",
        ("jupyterlab==4.4.9", "notebook==7.4.7", "ipywidgets==8.1.7", "jupyter_server==2.17.0"),
        as_binder=True,
    ),
    "apps": Environment("apps", ("voila==0.5.13", "ipykernel", "marimo==0.25.2")),
    "colab": Environment("colab", COLAB),
}
"""The base that Binder freezes; the hosts that show a notebook as an application; Colab's versions."""
