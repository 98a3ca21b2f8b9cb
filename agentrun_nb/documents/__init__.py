"""The JSON inside runs: what it holds, as columns, and what differs."""
