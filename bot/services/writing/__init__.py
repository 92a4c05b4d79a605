"""All that writes rows: one engine, and the steps of an assignment and of an undo."""
