"""Pages on which accounts, logins, doors and rights are kept, and what is known of brokers."""
