"""The providers, one file each; a scan of this folder finds them."""
