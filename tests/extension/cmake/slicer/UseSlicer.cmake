# Slicer sets its compilers' flags here; a scripted extension needs none.
