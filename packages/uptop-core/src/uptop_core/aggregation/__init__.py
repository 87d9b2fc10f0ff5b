"""The aggregation strategies, one file each; a scan of this folder finds them."""
