"""What importing each row would do, and why not: pure reasoning over a picture of the office and the rows of a file."""
