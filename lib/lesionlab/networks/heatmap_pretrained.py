"""A heat map of lesions' centres on planes, over a body that has learned to see on natural images."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from lesionlab.networks.efficientnet import CHANNELS, EfficientNetLite0
from lesionlab.networks.heatmap import RARE_LOGIT

#: The stages whose outputs are fused, fine to coarse: at 1/2, 1/4, 1/8, 1/16 and 1/32 of the samples.
_FUSED = (0, 1, 2, 4, 6)
_GROUPS = 8


class PretrainedHeatmapNet(nn.Module):
    """EfficientNet-Lite0 with a feature pyramid (Lin et al. 2017): coarse stages say what it is, fine ones where.

    Answers as :class:`lesionlab.networks.heatmap.HeatmapNet` does, so that small lesions are found on the finest of the fused
    scales.

    Args:
        inputs: input channels.
        width: channels of the pyramid.
        classes: classes of lesions.
    """

    #: What the samples along each edge must be a multiple of.
    multiple = 32

    def __init__(self, inputs: int = 1, width: int = 64, classes: int = 1) -> None:
        super().__init__()
        # The last 1280 channels are for classification only.
        self.body = EfficientNetLite0(inputs, 0, depth=len(CHANNELS))
        self.lateral = nn.ModuleList(nn.Conv2d(CHANNELS[stage], width, 1) for stage in _FUSED)
        self.smooth = nn.ModuleList(
            nn.Sequential(
                nn.GroupNorm(_GROUPS, width), nn.SiLU(inplace=True), nn.Conv2d(width, width, 3, padding=1, bias=False)
            )
            for _ in _FUSED
        )
        self.head = nn.Sequential(
            nn.GroupNorm(_GROUPS, width), nn.SiLU(inplace=True), last := nn.Conv2d(width, classes + 1, 1)
        )
        assert last.bias is not None
        nn.init.constant_(last.bias[:-1], RARE_LOGIT)

    def load_imagenet(self) -> None:
        """Start the body from ImageNet. Raises NotFoundError when the weights are not installed."""
        self.body.load_imagenet()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, classes + 1, H / 2, W / 2): logits of centres, logarithm of the size in samples."""
        stages = self.body.stage_outputs(x)
        fused: Tensor | None = None
        for stage, lateral, smooth in reversed(list(zip(_FUSED, self.lateral, self.smooth, strict=True))):
            fine = lateral(stages[stage])
            if fused is not None:
                fine = fine + functional.interpolate(fused, size=fine.shape[2:], mode="bilinear", align_corners=False)
            fused = fine + smooth(fine)
        assert fused is not None
        answer: Tensor = self.head(fused)
        return answer
