"""MONAI Label's server with our tasks in it. The only folder that imports ``monailabel``."""
