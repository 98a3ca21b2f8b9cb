"""Looks at runs again until they have ended: one poller for each service, for all who watch."""
