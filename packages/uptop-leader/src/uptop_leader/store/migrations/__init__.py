"""The steps that bring a database to the tables of this version, one file each, forward only."""
