"""Building an image on a server from a folder of this computer: BuildKit through Docker's API. Imports remote alone."""
