"""Importers of outside formats: file -> observations (printed names) -> measurements (mapped). No SQL, no numpy."""
