"""The office as a set of tables: what the sheets and columns are, how files are read and written. No database here."""
