"""Language models as writers: prompts that have a model write the request that a pair of code versions answers."""
