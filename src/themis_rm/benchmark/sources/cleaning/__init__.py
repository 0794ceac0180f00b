"""Removal of text that reveals which response is better: labels, names, comments, explanations of fixes."""
