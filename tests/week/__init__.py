"""A week of a platform in virtual time: bursts, outages, edits, deletions, and a collector that is killed at random."""
