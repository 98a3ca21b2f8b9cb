"""Faults of networks, services, records, files and views, each with its number: what is sent, expected and got."""

from . import answers, archives, bodies, connection, exports, listings, records, views
from .lab import FAULTS, attempt

__all__ = [
    "FAULTS",
    "answers",
    "archives",
    "attempt",
    "bodies",
    "connection",
    "exports",
    "listings",
    "records",
    "views",
]
