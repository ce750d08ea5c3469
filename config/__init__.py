"""Settings, URLs, schedule, embedded servers and supervisor of Postern."""
