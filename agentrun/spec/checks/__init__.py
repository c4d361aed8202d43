"""What ``check`` says beyond types: what goes together, what can be spoken, what is a secret."""
