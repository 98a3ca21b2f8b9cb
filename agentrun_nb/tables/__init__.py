"""Cells to pandas, and how complete a table is."""
