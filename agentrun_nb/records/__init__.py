"""Decodes bytes of the service into cells: nothing is lost, and an odd value costs its own cell."""
