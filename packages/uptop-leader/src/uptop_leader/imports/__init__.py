"""What other programs have set up → a document like that of `apply`, laid over what is there.

Out of each format only facts are taken: its fields, and what they mean. What has no counterpart is
told by name. Nothing that exists is removed.
"""
