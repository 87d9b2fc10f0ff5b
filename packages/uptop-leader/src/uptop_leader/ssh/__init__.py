"""The terminal UI over SSH: extra `ssh`. Public keys only, and nothing but the app behind them."""
