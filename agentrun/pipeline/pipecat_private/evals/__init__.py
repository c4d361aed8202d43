"""What is private of the harness that has the conversations of tests; none of it is loaded by a server."""
