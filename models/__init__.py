"""How the shipped complaint model is made: prepare, train, export, evaluate."""
