"""From a frame of runs to an answer: pure functions, each with the source of its statistics.

Nothing is left out in silence: rows that could not be fetched, that have no status or one that this
package does not know are counted and named in every result.
"""
