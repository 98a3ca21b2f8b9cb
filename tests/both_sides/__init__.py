"""What the page and Python must compute alike: files of cases that pytest and node read."""
