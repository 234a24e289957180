"""Industry packs: where customers touch a business, and when, as data."""
