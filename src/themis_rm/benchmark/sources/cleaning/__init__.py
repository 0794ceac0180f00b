"""How what tells the sides apart is taken out of code: labels, names, comments, what surrounds a fix."""
