"""Benchmarks: the service beside the naive way, its peers and the floor, in one run. docs/performance.md reads them."""
