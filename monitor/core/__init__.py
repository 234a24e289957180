"""The domain: types and rules without I/O and without a clock."""
