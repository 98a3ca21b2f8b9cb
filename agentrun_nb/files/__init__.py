"""Tables to files and back, to the letter."""
