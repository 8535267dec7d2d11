"""Single lesions of any shape and contrast in cubes of hard, random surroundings."""
