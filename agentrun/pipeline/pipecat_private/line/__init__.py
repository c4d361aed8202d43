"""The line's sound on its way in and out."""
