"""What is seen without the live page, written down so that a change is seen in review."""
