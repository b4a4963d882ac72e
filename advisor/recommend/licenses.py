"""What a licence of weights allows, as far as its name tells."""

from __future__ import annotations

_PERMISSIVE = ("apache-2.0", "mit", "bsd", "cc-by-4.0", "cc0", "unlicense", "isc")


def kind(license_name: str) -> str:
    """permissive, non-commercial, other (read it) or unknown."""
    folded = license_name.casefold()
    if folded in ("", "unknown"):
        return "unknown"
    if "-nc" in folded or "noncommercial" in folded or "non-commercial" in folded:
        return "non-commercial"
    if folded.startswith(_PERMISSIVE):
        return "permissive"
    return "other"
