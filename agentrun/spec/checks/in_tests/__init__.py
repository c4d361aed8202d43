"""What can't be right about the tests of a spec."""
