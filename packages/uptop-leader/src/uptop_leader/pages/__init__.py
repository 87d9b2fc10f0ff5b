"""The status page as HTML, feeds and badges: values of `public_views` in, text out."""
