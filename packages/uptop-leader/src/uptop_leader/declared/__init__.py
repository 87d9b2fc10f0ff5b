"""Configuration as code: a document that people write, and what it changes (DESIGN 16)."""
