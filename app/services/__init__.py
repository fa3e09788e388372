"""Use cases. Each opens its unit of work, and answers after the commit."""
