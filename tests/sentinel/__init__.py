"""What the sentinel test is made of: words that occur nowhere else, a service of their own, a drive, and places to search."""
