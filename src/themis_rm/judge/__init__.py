"""Language models that write and judge: prompts as templates, strict parsers, any OpenAI-compatible endpoint."""
