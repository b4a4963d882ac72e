"""Records to text: JSON, tables, CSV, Markdown. Pure: prints nothing, opens nothing."""

FORMATS = ("table", "json", "csv", "markdown")
