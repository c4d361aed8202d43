"""The sound of calls in the dashboard: recordings, their pictures, and live calls as they are spoken."""
