"""The kinds of check, one file each; a scan of this folder finds them."""
