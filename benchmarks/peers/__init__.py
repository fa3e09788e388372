"""The peers, each a server as its users would write it. They run in an environment of their own."""
