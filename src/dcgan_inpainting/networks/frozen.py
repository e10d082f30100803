"""The networks as inpainting uses them: plain weights, constant, normalisation worked into them."""

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations

from dcgan_inpainting.networks.devices import Network


def plain(network: Network) -> Network:
    """Return a copy in evaluation mode, with spectral normalisation worked into its weights."""
    copied = copy.deepcopy(network).eval()
    for module in list(copied.modules()):
        if isinstance(module, nn.Conv2d) and is_parametrized(module, "weight"):
            trained = module.get_parameter("parametrizations.weight.original")
            weight = nn.Parameter(module.weight.detach(), trained.requires_grad)
            # Not by remove_parametrizations: it takes `weight` from the class that torch made for
            # the original, which the copy shares.
            module.__class__ = type_before_parametrizations(module)
            del module.parametrizations
            module.weight = weight
    return copied


def freeze(network: Network) -> Network:
    """Return a copy for inference: normalisation worked into the convolutions, weights constant.

    In evaluation mode batch norm is an affine map for each channel, so the folded network computes
    the same function with a third fewer layers; only the gradient to the input remains.
    """
    frozen = plain(network).requires_grad_(False)
    _fold(frozen)
    return frozen


def _fold(module: nn.Module) -> None:
    for child in module.children():
        _fold(child)
    if isinstance(module, nn.Sequential):
        for index, layer in enumerate(module):
            if isinstance(layer, nn.BatchNorm2d):
                _fold_into(module[index - 1], layer)
                module[index] = nn.Identity()


def _fold_into(conv: nn.Module, norm: nn.BatchNorm2d) -> None:
    assert isinstance(conv, nn.Conv2d | nn.ConvTranspose2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight,
        conv.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
        transpose=isinstance(conv, nn.ConvTranspose2d),
    )
    conv.requires_grad_(False)
