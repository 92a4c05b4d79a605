"""Tries every setting for real, without posting or writing anything."""
