"""What stands at the edge of the building in tests: real servers that do as they are told, and real worker processes."""
