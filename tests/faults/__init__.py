"""Faults of networks, services and records, each with its number: what is sent, what is expected, what is got."""

from . import answers, bodies, connection, listings, records
from .lab import FAULTS, attempt

__all__ = ["FAULTS", "answers", "attempt", "bodies", "connection", "listings", "records"]
