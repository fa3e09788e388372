"""What processes on one database tell each other: who leads, what was published, who is there."""
