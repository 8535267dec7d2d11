"""Stand-ins for CTK's and Slicer's own widgets: the properties and signals that a `.ui` file and the panel use, drawn simply."""

# ruff: noqa: N801, N815 (the names are those of CTK and Slicer)

from __future__ import annotations

import slicer
from PySide6.QtCore import Property, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)


class ctkCollapsibleButton(QAbstractButton):
    """A titled box that folds away."""

    contentsCollapsed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._collapsed = False
        self.setContentsMargins(0, 26, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.clicked.connect(lambda: self.setCollapsed(not self._collapsed))

    def setCollapsed(self, collapsed: bool) -> None:
        self._collapsed = collapsed
        for child in self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if collapsed:
                child.setProperty("shown", child.isVisibleTo(self))
                child.setVisible(False)
            elif child.property("shown") is not False:
                child.setVisible(True)
        self.updateGeometry()
        self.contentsCollapsed.emit(collapsed)

    collapsed = Property(bool, lambda self: self._collapsed, setCollapsed)

    def _folded(self) -> bool:
        return self._collapsed or self.layout() is None

    def sizeHint(self) -> QSize:
        return QSize(200, 26) if self._folded() else self.layout().sizeHint() + QSize(0, 26)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, 26) if self._folded() else self.layout().minimumSize() + QSize(0, 26)

    def hasHeightForWidth(self) -> bool:
        return not self._folded() and self.layout().hasHeightForWidth()

    def heightForWidth(self, width: int) -> int:
        return self.layout().totalHeightForWidth(width) + 26

    def paintEvent(self, _event: object) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        option.initFrom(self)
        option.rect = self.rect().adjusted(0, 0, 0, -(self.height() - 24))
        painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option)
        sign = "▸" if self._collapsed else "▾"
        painter.drawText(option.rect.adjusted(8, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, f"{sign}  {self.text()}")


class ctkSliderWidget(QWidget):
    """A slider and a spin box with one value."""

    valueChanged = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider, self._spin = QSlider(Qt.Orientation.Horizontal), QDoubleSpinBox()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._spin)
        self._page = 10.0
        self._range()
        self._slider.valueChanged.connect(
            lambda steps: self._spin.setValue(self._spin.minimum() + steps * self._spin.singleStep())
        )
        self._spin.valueChanged.connect(self._tell)

    def _range(self) -> None:
        self._slider.blockSignals(True)
        self._slider.setRange(0, round((self._spin.maximum() - self._spin.minimum()) / self._spin.singleStep()))
        self._slider.setValue(round((self._spin.value() - self._spin.minimum()) / self._spin.singleStep()))
        self._slider.blockSignals(False)

    def _tell(self, value: float) -> None:
        self._range()
        self.valueChanged.emit(value)

    def _set(self, setter: str, value: object) -> None:
        getattr(self._spin, setter)(value)
        self._range()

    def setValue(self, value: float) -> None:
        self._spin.setValue(value)

    def setMaximum(self, value: float) -> None:
        self._set("setMaximum", value)

    def setMinimum(self, value: float) -> None:
        self._set("setMinimum", value)

    value = Property(float, lambda self: self._spin.value(), setValue)
    minimum = Property(float, lambda self: self._spin.minimum(), setMinimum)
    maximum = Property(float, lambda self: self._spin.maximum(), setMaximum)
    singleStep = Property(
        float, lambda self: self._spin.singleStep(), lambda self, step: self._set("setSingleStep", step)
    )
    pageStep = Property(float, lambda self: self._page, lambda self, step: setattr(self, "_page", step))
    decimals = Property(int, lambda self: self._spin.decimals(), lambda self, count: self._set("setDecimals", count))
    suffix = Property(str, lambda self: self._spin.suffix(), lambda self, text: self._set("setSuffix", text))


class qMRMLWidget(QWidget):
    """Hands its scene on to the selectors in it, as the connections in the `.ui` file say."""

    mrmlSceneChanged = Signal(object)

    def setMRMLScene(self, scene: slicer.vtkMRMLScene) -> None:
        for selector in self.findChildren(qMRMLNodeComboBox):
            selector.setMRMLScene(scene)


class qMRMLNodeComboBox(QComboBox):
    """The nodes of some classes in a real MRML scene."""

    currentNodeIDChanged = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._types: list[str] = []
        self._flags: dict[str, bool] = {}
        self.currentIndexChanged.connect(lambda _index: self.currentNodeIDChanged.emit(self.currentData() or ""))
        self.addItem("None", "")

    def setMRMLScene(self, scene: slicer.vtkMRMLScene) -> None:
        self.clear()
        self.addItem("None", "")
        for kind in self._types:
            for number in range(scene.GetNumberOfNodesByClass(kind)):
                node = scene.GetNthNodeByClass(number, kind)
                self.addItem(node.GetName(), node.GetID())

    def setCurrentNodeID(self, node_id: str) -> None:
        self.setCurrentIndex(max(self.findData(node_id), 0))

    nodeTypes = Property(
        "QStringList", lambda self: self._types, lambda self, types: setattr(self, "_types", list(types))
    )
    currentNodeID = Property(str, lambda self: self.currentData() or "", setCurrentNodeID)
    noneEnabled = Property(bool, lambda self: True, lambda self, on: self._flags.update(none=on))
    addEnabled = Property(bool, lambda self: False, lambda self, on: self._flags.update(add=on))
    removeEnabled = Property(bool, lambda self: False, lambda self, on: self._flags.update(remove=on))
    renameEnabled = Property(bool, lambda self: False, lambda self, on: self._flags.update(rename=on))


CUSTOM = (ctkCollapsibleButton, ctkSliderWidget, qMRMLWidget, qMRMLNodeComboBox)
