"""Widgets that several screens use, one to a file."""
