"""Do messages of the same kind have the same fingerprint? Precision and recall of pairs, beside drain3.

Precision: of the pairs that are put together, how many are of one kind; recall: of the pairs of one kind, how many are
put together. `python -m benchmarks.fingerprints [FILE]` prints a table; with the path of another `fingerprints.py`,
that one's too. drain3 (pip install drain3) is left out where it is not installed; with the defaults it comes with, and
with masks for numbers and hexadecimal.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from types import ModuleType

from agentrun_nb.analysis.fingerprints import fingerprint

from .failure_messages import FOR_PROOF, FOR_WORK

Grouping = Callable[[list[str]], list[object]]


def pairs(labels: list[object]) -> set[tuple[int, int]]:
    """The places that bear the same label, two at a time."""
    places: defaultdict[object, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        places[label].append(place)
    return {pair for group in places.values() for pair in combinations(group, 2)}


def scores(kinds: dict[str, list[str]], grouping: Grouping) -> tuple[float, float]:
    """Precision and recall of a grouping."""
    true = pairs([kind for kind, messages in kinds.items() for _ in messages])
    found = pairs(grouping([message for messages in kinds.values() for message in messages]))
    return len(true & found) / max(1, len(found)), len(true & found) / len(true)


def by_rule(rule: Callable[[object], str]) -> Grouping:
    return lambda messages: [rule(message) for message in messages]


def by_drain(*masks: tuple[str, str]) -> Grouping:
    """Drain's clusters, after it has seen all messages once."""
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.masking_instructions = [MaskingInstruction(*mask) for mask in masks]

    def grouping(messages: list[str]) -> list[object]:
        miner = TemplateMiner(config=config)
        lines = [" ".join(message.split()) for message in messages]
        return [miner.add_log_message(line)["cluster_id"] for line in lines]

    return grouping


def module_of(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("other_fingerprints", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(paths: list[str]) -> None:
    groupings: dict[str, Grouping] = {path: by_rule(module_of(path).fingerprint) for path in paths}
    groupings["agentrun_nb"] = by_rule(fingerprint)
    if importlib.util.find_spec("drain3"):
        groupings["drain3"] = by_drain()
        groupings["drain3, masks"] = by_drain(
            (r"0x[\da-f]+", "HEX"), (r"(?<![A-Za-z])\d+(?:\.\d+)?", "NUM")
        )
    else:
        print("drain3 is left out: pip install drain3")
    sets = {"for work": FOR_WORK, "for proof": FOR_PROOF}
    for name, kinds in sets.items():
        print(f"{name}: {sum(map(len, kinds.values()))} messages of {len(kinds)} kinds")
        for label, grouping in groupings.items():
            precision, recall = scores(kinds, grouping)
            print(f"  {label[-40:]:40} precision {precision:.2f}, recall {recall:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
