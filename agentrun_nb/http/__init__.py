"""One request at a time, safely: routes, retries, deadlines, bounds and errors.

Only `wire` knows httpx.
"""
