"""What a follower copies from its leader, and gives back to it (DESIGN 12.1)."""
