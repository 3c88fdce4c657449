"""The limit: Solomonoff's mixture over programs, bounded by exact enumeration of a monotone machine."""
