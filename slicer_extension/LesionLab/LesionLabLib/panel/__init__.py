"""The desktop window: a `.ui` file, and small controllers that draw `State` and call `Workflow`. The only Qt below `LesionLabLib`.

It speaks PythonQt's dialect: a property is read as an attribute (``edit.text``) and set by its method (``edit.setText``),
by assignment on widgets of CTK and Slicer, whose methods PythonQt does not all show; a signal
is connected by its signature (``button.connect("clicked()", ...)``).
"""
