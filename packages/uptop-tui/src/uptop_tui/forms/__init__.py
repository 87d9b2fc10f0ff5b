"""Forms: what people fill in, drawn from JSON Schemas. What they mean is pure; `rows` shows them."""
