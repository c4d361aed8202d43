"""What commands print: tables, progress and machine-readable formats."""
