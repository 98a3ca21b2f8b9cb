"""How fast, beside what: each figure is the median of rounds in which both sides take turns in one process."""
