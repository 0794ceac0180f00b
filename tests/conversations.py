"""Conversations on which every kind of model is tried: short and long, plain and awkward, with and without a prompt."""

from themis_rm.prompts import conversation

ANSWERS = [
    "def f(x):\n    return x + 1",
    "x",
    "for (int i = 0; i < n; i++) { total += values[i]; }" * 4,
    "The pad token's text: <|endoftext|> <pad> <unk> [PAD].",
    "def g(a, b):\n    if a is None:\n        raise ValueError('a')\n    return a * b  # änderbar 😀\n" * 3,
    "puts 1",
]
CONVERSATIONS = [
    conversation(system, f"Request {number}", answer)
    for number, answer in enumerate(ANSWERS)
    for system in (None, "Grade the answer by its memory alone.")
]
