"""From estimates and budgets to a ranked answer. Never measures, never fits, opens no database."""
