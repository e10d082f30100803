"""A training step that a GPU replays as one piece.

A step of a small network is some two thousand kernels of a few microseconds, and Python takes
longer to start each than the GPU to run it. A CUDA graph starts all of them at once. Source: Ng,
Wu and others, "Accelerating PyTorch with CUDA Graphs", PyTorch's blog, 2021.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

# Steps before the graph is taken: libraries and optimisers make what they need at their first.
EAGER_STEPS = 3


class Replayed:
    """A step, which a GPU replays once it has taken some; on a CPU it is called each time.

    The step must do the same for all inputs of the same shapes: what changes from one to the next
    is an input. It must neither wait for the GPU nor copy anything to it. Optimisers in it are
    `capturable`, and take their rate as a tensor.
    """

    def __init__(self, step: Callable[..., Tensor], device: torch.device) -> None:
        """Take a step.

        Args:
            step: from inputs to its figures; changes networks and optimisers in place.
            device: where these are.
        """
        self._step = step
        self._device = device
        self._taken = 0
        self._stream: Any = None  # one for all, as memory is kept for each
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: list[Tensor] = []
        self._figures = torch.empty(0)

    def __call__(self, *inputs: Tensor | float) -> Tensor:
        """Take the step with inputs of the shapes of the first; return its figures.

        Args:
            inputs: tensors, on any device, and numbers; on a GPU the step gets numbers as tensors.
        """
        if self._device.type != "cuda":
            return self._step(*inputs)
        given = [torch.as_tensor(one).to(self._device, non_blocking=True) for one in inputs]
        if self._taken < EAGER_STEPS:
            self._taken += 1
            return self._aside(given)
        if self._graph is None:
            self._capture(given)
        assert self._graph is not None
        for place, value in zip(self._inputs, given, strict=True):
            place.copy_(value)
        self._graph.replay()
        return self._figures.clone()

    def _aside(self, inputs: list[Tensor]) -> Tensor:
        """Take a step kernel by kernel, on a stream of its own, as those before a graph must be."""
        stream = self._stream = self._stream or _new_stream(self._device)
        stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(stream):
            figures = self._step(*inputs)
        torch.cuda.current_stream(self._device).wait_stream(stream)
        return figures

    def _capture(self, inputs: list[Tensor]) -> None:
        """Record the step's kernels, none of which runs yet."""
        self._inputs = [one.clone() for one in inputs]
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._figures = self._step(*self._inputs)
        self._graph = graph


def _new_stream(device: torch.device) -> Any:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
