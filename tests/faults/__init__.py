"""Faults and attacks, injected into a real service: what must hold while they last, and the figures of it.

`make faults` runs them all. The ordinary run takes only those marked `ordinary`: cheap, and no root needed.
"""
