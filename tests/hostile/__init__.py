"""Text that wants to be markup, in every place that the record of a run has for text."""
