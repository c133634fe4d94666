"""What `make bench`, `make bench-peers` and `make bench-compare` are made of. Python's standard library only."""
