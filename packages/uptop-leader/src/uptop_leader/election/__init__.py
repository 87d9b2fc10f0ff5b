"""Who of a leader and its follower is active, and why (DESIGN 12.1). Pure."""
