"""uptop probe."""
