"""Stand-ins for the outside world: real servers that answer as a test tells them to, and real worker processes."""
