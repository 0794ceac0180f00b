"""Generative reward models: a chat model behind a URL reads a request and an answer and writes a score down."""
