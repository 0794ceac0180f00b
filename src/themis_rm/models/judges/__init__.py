"""Generative reward models: a chat model behind a URL reads a request and a response, and writes a score."""
