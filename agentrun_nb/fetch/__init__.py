"""Fetches tables in many requests: listings page by page, many runs by their ids."""
