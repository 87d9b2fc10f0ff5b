"""The leader's database: tables, what is written to them and what is read (DESIGN 11)."""
