"""What plugins share; none itself."""
