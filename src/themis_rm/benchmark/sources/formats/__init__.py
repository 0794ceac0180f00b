"""How native formats are read: documents, tables, statements, commits, examples, test programs."""
