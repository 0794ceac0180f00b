"""Mining: reads commits from git histories and documented functions from source trees."""
