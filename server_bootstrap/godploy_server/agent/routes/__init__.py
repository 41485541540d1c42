"""The handlers, one file a subject. Each checks, calls the room that does the work, and says what is different now."""
