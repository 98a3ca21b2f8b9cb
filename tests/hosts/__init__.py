"""The widget in every front end that is promised, each in an environment of its own. Run by `make hosts`."""
