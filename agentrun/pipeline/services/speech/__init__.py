"""OpenAI's text to speech: requested, checked, read at the pace of playout, and resumed if it breaks off."""
