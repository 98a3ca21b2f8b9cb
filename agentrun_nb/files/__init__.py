"""Saves tables as files and loads them again."""
