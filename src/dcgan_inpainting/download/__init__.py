"""Stage download: the images and their split, out of an archive, a folder, or drawn."""
