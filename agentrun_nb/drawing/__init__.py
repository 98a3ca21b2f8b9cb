"""Still pictures and escaped text: what reads without a script, on a page or in a file."""
