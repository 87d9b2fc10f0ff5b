"""Forms: what people fill in, drawn from JSON Schemas; no Textual in here, but in `widgets`."""
