"""The JSON documents in runs: their values as columns, their paths, outputs and differences."""
