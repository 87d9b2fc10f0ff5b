"""uptop tui."""
