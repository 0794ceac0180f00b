"""Chat templates: how they are found, rendered within limits and checked."""
