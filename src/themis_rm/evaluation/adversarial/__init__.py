"""Judge-hacking edits: changes that impress a judge and leave what the code does as it was."""
