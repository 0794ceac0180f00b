"""The one HTTP client, used by generative judges, instruction writers and scalar models behind a server.

The client needs httpx and tenacity (extra ``judge``); the settings need neither.
"""
