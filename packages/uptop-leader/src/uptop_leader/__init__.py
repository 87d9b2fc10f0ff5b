"""uptop leader."""
