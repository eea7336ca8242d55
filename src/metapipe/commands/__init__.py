"""What stands behind each word of a command line. Parses, calls and prints; nothing below prints."""
