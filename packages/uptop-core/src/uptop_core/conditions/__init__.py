"""The language of conditions: words, comparisons, and a clear word on what was found."""
