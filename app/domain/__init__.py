"""The rules of the arena: pure functions over frozen values, no input or output, no clock of their own."""
