"""Several services for one job: where one fails, the next goes on with the same work."""
