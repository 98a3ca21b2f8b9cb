"""Runs that are looked at again until they have ended."""
