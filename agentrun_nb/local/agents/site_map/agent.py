"""Maps a web site that it makes up, and leaves the whole tree in its manifest.

Input: `{"seed": 1}`, optional. `--pages N` and `--depth N` say how large and how deep the tree is.
"""

import argparse
import json
import random
import time
from pathlib import Path

WORDS = (
    "about",
    "archive",
    "blog",
    "café",
    "docs",
    "events",
    "faq",
    "jobs",
    "news",
    "press",
    "shop",
    "team",
)


def page(rng, path):
    return {
        "path": path,
        "status": rng.choices((200, 301, 404), (90, 6, 4))[0],
        "bytes": int(rng.lognormvariate(9, 1)),
        "title": rng.choice(WORDS).title(),
        "links": [],
    }


def build(rng, pages, depth):
    root = page(rng, "/")
    every, tip = [root], root
    for level in range(depth):
        tip["links"].append(child := page(rng, f"{tip['path']}{WORDS[level % len(WORDS)]}/"))
        every.append(child)
        tip = child
    while len(every) < pages:
        parent = rng.choice(every[: depth // 2 + 8])
        child = page(rng, f"{parent['path']}{rng.choice(WORDS)}-{len(every)}/")
        parent["links"].append(child)
        every.append(child)
    return root, every


parser = argparse.ArgumentParser()
parser.add_argument("--pages", type=int, default=800)
parser.add_argument("--depth", type=int, default=20)
options = parser.parse_args()
rng = random.Random(json.loads(Path("input.json").read_text()).get("seed", 1))
root, every = build(rng, options.pages, options.depth)
for visited in range(0, len(every), 300):
    print(f"visited {visited} pages")
    time.sleep(0.12)
Path("outputs/sitemap.txt").write_text(
    "".join(f"{one['path']}\n" for one in every), encoding="utf-8"
)
broken = [one["path"] for one in every if one["status"] == 404]
manifest = {
    "pages": len(every),
    "depth": options.depth,
    "score": round(1 - len(broken) / len(every), 4),
}
manifest |= {"broken": broken, "site": root}
Path("manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
