"""`uptop-leader demo`: the whole system on one machine, with an outage to watch."""
