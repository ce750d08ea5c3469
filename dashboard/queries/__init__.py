"""What composed pages show: several apps read for one screen, in a fixed number of queries."""
