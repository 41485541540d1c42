"""What services made from a template have besides: how to connect, who does, another password, another version."""
