"""Call audio in the dashboard: recordings, waveforms, and live listening."""
