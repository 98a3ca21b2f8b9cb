"""What every other room may use and that knows none of them: tables, times, JSON text, paths, words."""
