"""What the tests share: servers, records made of a few numbers, browsers."""
