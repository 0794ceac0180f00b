"""The adversarial edits. Each module registers one edit or a family of related ones."""
