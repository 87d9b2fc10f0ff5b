"""The pages of the terminal UI, and what they are made of."""
