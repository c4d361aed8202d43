"""What is checked of a spec once its tools, its services and this machine are known."""
