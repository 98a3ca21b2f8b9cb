"""The base that all other packages may import, and that imports none of them.

It holds the tables as data, times, JSON text, paths and text for people.
"""
