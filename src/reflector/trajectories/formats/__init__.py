"""Importers: one file for every format in which people keep runs."""

from reflector.trajectories.formats.format import ArchiveLayout, Format, Record, Sample
from reflector.trajectories.formats.registry import FORMATS, find_format, recognize

__all__ = ["FORMATS", "ArchiveLayout", "Format", "Record", "Sample", "find_format", "recognize"]
