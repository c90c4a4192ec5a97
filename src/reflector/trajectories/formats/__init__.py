"""Importers: one file for every format in which people keep runs."""
