"""One thing that people set up, made, replaced, patched or removed on its own (`/api/v1`)."""
