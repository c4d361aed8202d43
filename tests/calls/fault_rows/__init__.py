"""The rows of the fault table, a module a part."""
