"""What the agent says unprompted: greeting, announcements, apology and goodbye; and telephone keys."""
