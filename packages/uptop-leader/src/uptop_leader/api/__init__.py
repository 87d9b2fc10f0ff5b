"""The leader's HTTP surface: probes, heartbeats, the API, the status page, metrics."""
