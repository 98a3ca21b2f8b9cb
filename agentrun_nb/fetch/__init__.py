"""Many requests to one table: paging, listings, single runs in bulk, and how complete it all is."""
