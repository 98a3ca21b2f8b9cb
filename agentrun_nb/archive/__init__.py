"""A local copy of runs that reads like the client."""
