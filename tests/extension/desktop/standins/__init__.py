"""Stand-ins for what only a Slicer application has: `qt`, `ctk`, the qMRML widgets, `slicer.app`.

Tests that use them do not test in Slicer. Qt itself is real (PySide6, off-screen), and so is the MRML scene (slicer-core).
"""
