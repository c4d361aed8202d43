"""What the mock server hears, thinks and speaks with."""
