"""Writes the pictures anew, after a change that is meant: `python -m tests.golden`."""

from __future__ import annotations

from tests.golden.pictures import PICTURES
from tests.golden.test_golden import FOLDER


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.iterdir():
        if file.name not in PICTURES:
            file.unlink()
    for name, draw in PICTURES.items():
        FOLDER.joinpath(name).write_text(draw(), "utf-8")
        print(name)


if __name__ == "__main__":
    main()
