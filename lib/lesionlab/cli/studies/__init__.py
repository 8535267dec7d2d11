"""The sub-commands of ``lesionlab study``: each module here is one, and adding one edits nothing else."""
