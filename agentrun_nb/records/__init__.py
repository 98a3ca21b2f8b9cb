"""Bytes of the service to cells: nothing lost, one odd value costs its own cell."""
