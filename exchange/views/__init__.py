"""The pages of importing, exporting and the demo office."""
