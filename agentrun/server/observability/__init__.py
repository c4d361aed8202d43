"""What operators see: metrics, traces and spans."""
