"""Sends single requests safely: with retries, deadlines, limits on size, and typed errors.

Only `wire` and `connection` know httpx.
"""
