"""Bytes out: what each session looks like now, and who is to be told."""
