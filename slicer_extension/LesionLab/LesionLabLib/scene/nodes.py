"""Nodes of ours: made with their display, hidden from lists where they are only decoration, and removed completely."""

from __future__ import annotations

from .errors import SceneError


def new_node(scene, class_name: str, name: str, kept: bool = True):
    """Add a node with a display node.

    Args:
        scene: The MRML scene.
        class_name: The node's class.
        name: Its name.
        kept: Whether the user finds it in lists and saves it with the scene; otherwise it is decoration.
    """
    node = scene.AddNewNodeByClass(class_name, name)
    if node is None:
        raise SceneError(f"This 3D Slicer has no {class_name}: its module is missing.")
    if hasattr(node, "CreateDefaultDisplayNodes"):
        node.CreateDefaultDisplayNodes()
    if not kept:
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        display = node.GetDisplayNode() if hasattr(node, "GetDisplayNode") else None
        if display is not None:
            display.SetSaveWithScene(False)
    return node


def remove_node(scene, node) -> None:
    """Remove a node with its display and storage nodes; one that is gone already is left alone."""
    if node is None or not scene.IsNodePresent(node):
        return
    attached = []
    if hasattr(node, "GetNthDisplayNode"):
        attached += [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    if hasattr(node, "GetNthStorageNode"):
        attached += [node.GetNthStorageNode(n) for n in range(node.GetNumberOfStorageNodes())]
    scene.RemoveNode(node)
    for other in attached:
        if other is not None and scene.IsNodePresent(other):
            scene.RemoveNode(other)


def nodes_of_class(scene, class_name: str) -> list:
    """The scene's nodes of a class."""
    found = scene.GetNodesByClass(class_name)
    found.UnRegister(None)  # GetNodesByClass hands over a reference
    return [found.GetItemAsObject(n) for n in range(found.GetNumberOfItems())]
