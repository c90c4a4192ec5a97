"""The checks of an analysis: one file for each family."""
