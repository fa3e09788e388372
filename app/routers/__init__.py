"""HTTP and WebSocket in, models out. No rule is decided here."""
